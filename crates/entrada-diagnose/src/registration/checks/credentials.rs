//! Whether the secrets and certificates of the registration are still valid.

use entrada_core::{NumericDate, human_duration};

use super::{Case, Outcome};
use crate::registration::application::{Credential, CredentialKind, Platform};
use crate::registration::document::Member;
use crate::{Confidence, Finding, Rule, RuleId, Severity};

/// Seconds before its end within which a credential is to be replaced.
const SOON: i64 = 30 * 86_400;

/// Of an application that signs in as itself: one of them has to be valid.
pub(super) fn check(case: &Case, outcome: &mut Outcome) {
    outcome.unchecked("federated credentials: they are not part of a registration's export");
    outcome.unchecked("whether the secret or certificate in use is one of the registered ones");
    let all = case.application.and_then(|one| one.credentials.as_ref());
    let (Some(all), Some(now)) = (all, case.facts.now) else {
        outcome.missing("secrets and certificates: the files do not have them");
        return;
    };
    if all.is_empty() {
        outcome.missing("secrets and certificates: the registration has none");
        return;
    }
    let (valid, expired): (Vec<_>, Vec<_>) = all.iter().partition(|one| now < end(one));
    if let Some(last) = expired.iter().max_by_key(|one| end(one)) {
        let finding = expired_finding(last, now);
        outcome.add(if valid.is_empty() {
            finding.with_severity(Severity::Error).with_confidence(Confidence::Likely)
        } else {
            finding.with_severity(Severity::Warning)
        });
    }
    let Some(last) = valid.iter().max_by_key(|one| end(one)) else { return };
    let left = end(last).seconds_since(now);
    if left < SOON {
        let message = format!("the last valid {} ends in {}", title(last), human_duration(left));
        let finding = rule(last).finding(message).with_severity(Severity::Warning);
        outcome.add(
            with_end(finding, last)
                .help("add a new one now, and remove the old one when nothing uses it"),
        );
    } else {
        outcome.healthy("a secret or certificate that is valid");
    }
}

/// Of an application that signs users in: a public client uses none of them.
pub(super) fn check_unused(case: &Case, outcome: &mut Outcome) {
    let Some(application) = case.application else { return };
    let (Some(all), Some(now)) = (&application.credentials, case.facts.now) else { return };
    let is_public = matches!(application.public_client, Some(Member { value: true, .. }))
        || application
            .redirect_uris(Platform::PublicClient)
            .is_some_and(|member| !member.value.is_empty());
    let expired = all.iter().filter(|one| end(one) <= now).max_by_key(|one| end(one));
    if let Some(last) = expired {
        let severity = if is_public { Severity::Note } else { Severity::Warning };
        outcome.add(expired_finding(last, now).with_severity(severity));
    }
}

/// Its end; one without an end is valid for ever.
fn end(credential: &Credential) -> NumericDate {
    credential.ends.as_ref().map_or(NumericDate(i64::MAX), |ends| ends.value)
}

fn title(credential: &Credential) -> &'static str {
    match credential.kind {
        CredentialKind::Secret => "client secret",
        CredentialKind::Certificate => "certificate",
    }
}

fn rule(credential: &Credential) -> &'static Rule {
    match credential.kind {
        CredentialKind::Secret => RuleId::ClientSecretExpired.rule(),
        CredentialKind::Certificate => RuleId::ClientAssertionInvalid.rule(),
    }
}

fn expired_finding(credential: &Credential, now: NumericDate) -> Finding {
    let ago = human_duration(now.seconds_since(end(credential)));
    let message = format!("a {} of the registration expired {ago} ago", title(credential));
    with_end(rule(credential).finding(message), credential)
        .help("add a new one under Certificates & secrets, and remove the expired one")
}

fn with_end(finding: Finding, credential: &Credential) -> Finding {
    let Some(ends) = &credential.ends else { return finding };
    let name = credential.name.as_deref().unwrap_or(&credential.key_id);
    let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
    finding.with_evidence(ends.path, format!("{}{name}", ends.value))
}
