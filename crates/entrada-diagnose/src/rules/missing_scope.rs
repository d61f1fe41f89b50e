use std::borrow::Cow;

use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::entra::{permissions, resources};
use entrada_core::oauth::TokenResponse;
use entrada_core::{ScopeSet, TokenSubject, shell_quoted};

pub(super) static RULE: Rule = Rule {
    id: RuleId::MissingScope,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/missing-scope.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    if facts.is_id_token()
        || facts.is_served()
        || facts.audience_fits() == Some(false)
        || super::wrong_audience::by_granted_scopes(facts).is_some()
    {
        // The token is for another service: `wrong-audience` reports it.
        return None;
    }
    if super::mixed_resources::misses_the_job(facts)
        || super::first_party_preauthorization::lacks(facts)
    {
        return None;
    }
    no_permission_at_all(facts).or_else(|| for_the_job(facts)).or_else(|| not_granted(facts))
}

fn advise(facts: &Facts, finding: Finding) -> Finding {
    let Some(scope) = facts.required_scope() else { return facts.request_job_scope(finding) };
    // The challenge names the permission, without its API.
    let api = facts.claims().and_then(|claims| claims.aud().map(str::to_owned));
    let whole = |name: &str| match &api {
        Some(api) if !name.contains('/') => format!("{}/{name}", api.trim_end_matches('/')),
        _ => name.to_owned(),
    };
    let flags: Vec<String> = scope
        .split_whitespace()
        .map(|name| format!("--scope {}", shell_quoted(&whole(name))))
        .collect();
    finding.help(format!("request it: {}", facts.login(&flags.join(" "))))
}

/// Whether `granted` has one of the permissions that suffice for the job. True for a job that needs none.
pub(super) fn suffices(facts: &Facts, granted: &ScopeSet) -> bool {
    let sufficient = facts.needs.sufficient;
    sufficient.is_empty() || permissions::holds_any(&permissions::closure(granted), sufficient)
}

/// The token has neither `scp` nor `roles`, or only sign-in scopes. A user's roles are not API permissions.
fn no_permission_at_all(facts: &Facts) -> Option<Finding> {
    facts.wanted_resource()?;
    // Another rule says that the token is for the wrong API.
    if facts.is_checked_by_own_api() || facts.shows_audience_alone() {
        return None;
    }
    if facts.subject() == TokenSubject::App || facts.is_app_only() {
        return None;
    }
    let finding = match facts.granted() {
        None => {
            facts.claims()?;
            RULE.finding("the token carries no permissions: it has neither `scp` nor `roles`")
        }
        Some(granted) if !granted.has_api() => RULE
            .finding("the token carries no permission for an API, only sign-in scopes")
            .with_evidence("granted", granted),
        Some(_) => return None,
    };
    Some(ask(facts, finding))
}

/// The least permission that the job needs, and the granted scopes, if they do not suffice.
pub(super) fn misses<'a>(facts: &'a Facts) -> Option<(Cow<'static, str>, &'a ScopeSet)> {
    if facts.subject() == TokenSubject::App || facts.is_app_only() {
        return None;
    }
    let granted = facts.granted()?;
    // The names of Live Connect's scopes do not show what they allow.
    let legacy = granted.iter().any(resources::is_of_live_connect);
    if facts.suffices() || !granted.has_api() || legacy {
        return None;
    }
    if let Some(check) = facts.call() {
        return Some((check.least(facts)?, granted));
    }
    let least = facts.needs.least_privilege.first().or(facts.needs.sufficient.first())?;
    Some((Cow::Borrowed(least), granted))
}

pub(super) fn for_the_job(facts: &Facts) -> Option<Finding> {
    let (least, granted) = misses(facts)?;
    let task = facts.task();
    let message = match similar(facts, granted) {
        Some(near) => format!("`{least}` is missing for `{task}`; `{near}` does not suffice"),
        None => format!("`{least}` is missing for `{task}`"),
    };
    let field =
        if facts.response().and_then(TokenResponse::granted).is_some() { "scope" } else { "scp" };
    let mut finding = RULE.finding(message).with_evidence(field, granted);
    // It stands for whatever has consent, which the token shows where it can be read.
    if granted.iter().any(resources::is_default_scope) && facts.claims().is_none() {
        let message =
            format!("whether `{least}` was granted is not shown: the scope is `.default`");
        let finding = finding.with_message(message).with_confidence(Confidence::Possible);
        return Some(ask(facts, finding));
    }
    let Some(check) = facts.call() else {
        if was_requested(facts) {
            finding = finding.with_evidence("requested", "yes, but not granted");
        }
        return Some(ask(facts, finding));
    };
    if check.is_of_another_user(facts) == Some(true) {
        finding = finding.with_evidence("call", "on another user, not on the token's own");
    }
    Some(ask(facts, finding.with_confidence(check.confidence(facts))))
}

/// Whether the request asked for a permission that suffices for the job.
fn was_requested(facts: &Facts) -> bool {
    facts.context().requested.as_ref().is_some_and(|asked| suffices(facts, asked))
}

/// A granted permission that looks sufficient and is not.
fn similar<'a>(facts: &Facts, granted: &'a ScopeSet) -> Option<&'a str> {
    if let Some(check) = facts.call() {
        return check.similar(facts, granted);
    }
    let closure = permissions::closure(granted);
    let is_held =
        |scope: &str| closure.contains(&resources::short_name(scope).to_ascii_lowercase());
    facts.needs.tempting.iter().copied().find(|scope| is_held(scope))
}

/// A requested scope was not granted, although the granted ones suffice for the job.
fn not_granted(facts: &Facts) -> Option<Finding> {
    let requested = facts.context().requested.as_ref()?.api();
    let granted = facts.granted()?;
    let closure = permissions::closure(granted);
    let missing: ScopeSet = requested
        .iter()
        .filter(|scope| !resources::is_default_scope(scope))
        .filter(|scope| !closure.contains(&resources::short_name(scope).to_ascii_lowercase()))
        // Scopes of another API cannot be in this token: `mixed-resources` reports them.
        .filter(|scope| granted.api().iter().any(|own| same_api(own, scope)))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let names: Vec<String> = missing.iter().map(|scope| format!("`{scope}`")).collect();
    let finding = RULE
        .finding(format!(
            "{} {} requested, but not granted",
            names.join(", "),
            if names.len() == 1 { "was" } else { "were" }
        ))
        .with_evidence("scope", granted);
    // All of them, so that the new token keeps what was granted before.
    let flags: Vec<String> =
        requested.iter().map(|scope| format!("--scope {}", shell_quoted(scope))).collect();
    Some(finding.help(format!(
        "sign in again and accept the scopes on the consent page: {}",
        facts.login(&flags.join(" "))
    )))
}

/// Whether both scopes belong to one API. A granted scope without a prefix belongs to the API that the token is for.
fn same_api(granted: &str, asked: &str) -> bool {
    let api = |scope| resources::of_scope(scope).resource().map(|api| api.app_id);
    !granted.contains('/') || api(granted) == api(asked)
}

fn ask(facts: &Facts, finding: Finding) -> Finding {
    if let Some(how) = facts.ask_as_application() {
        return finding.help(how);
    }
    let job = facts.task_flag();
    let finding = if facts.call().is_none() && was_requested(facts) {
        // The same sign-in once more gets the same token.
        let page = super::admin_consent_required::admin_consent_page(facts, None);
        finding.help(format!(
            "it was requested, so its consent is missing: accept it on the consent page, or an administrator opens {page}; then sign in again"
        ))
    } else {
        finding
    };
    let finding = match facts.job_scopes().first() {
        Some(scope) => finding.help(format!("sign in with `{scope}`: {}", facts.login(&job))),
        None => finding.help(format!("sign in with a scope of that API: {}", facts.login(&job))),
    };
    let list = facts.call().and_then(|check| check.list(facts));
    let by_call = list.and_then(|list| Some(list.least()?.admin_consent));
    if by_call.unwrap_or(facts.needs.admin_consent) {
        finding.help("this permission usually needs an administrator's consent")
    } else {
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response, token};
    use entrada_core::Job;

    fn graph(scp: &str) -> Option<String> {
        let claims = format!(r#"{{"aud":"https://graph.microsoft.com","scp":"{scp}"}}"#);
        let mut evidence = token(&claims);
        evidence.context.job = Some(Job::GraphMailRead);
        finding_of(&RULE, &evidence)
    }

    #[test]
    fn a_token_that_nobody_asked_to_read_mail_lacks_nothing() {
        for scp in ["User.Read", "Files.Read.All", "Mail.Send"] {
            let claims = format!(r#"{{"aud":"https://graph.microsoft.com","scp":"{scp}"}}"#);
            assert_eq!(finding_of(&RULE, &token(&claims)), None, "{scp}");
        }
    }

    #[test]
    fn reading_mail_needs_mail_read() {
        assert_eq!(
            graph("User.Read profile openid").unwrap(),
            "`Mail.Read` is missing for `graph-mail-read`; `User.Read` does not suffice"
        );
        assert_eq!(
            graph("Mail.ReadBasic").unwrap(),
            "`Mail.Read` is missing for `graph-mail-read`; `Mail.ReadBasic` does not suffice"
        );
    }

    #[test]
    fn the_stronger_permission_includes_the_weaker_and_case_does_not_matter() {
        for scp in [
            "Mail.Read",
            "mail.read",
            "Mail.ReadWrite",
            "Mail.Read.Shared",
            "Mail.ReadWrite.Shared",
        ] {
            assert_eq!(graph(scp), None, "{scp}");
        }
    }

    #[test]
    fn sign_in_scopes_are_not_permissions() {
        assert!(graph("openid profile").unwrap().contains("only sign-in scopes"));
        assert!(
            finding_of(&RULE, &token(r#"{"aud":"https://graph.microsoft.com"}"#))
                .unwrap()
                .contains("the token carries no permissions")
        );
    }

    #[test]
    fn a_users_roles_are_not_api_permissions() {
        for claims in [
            r#"{"aud":"https://graph.microsoft.com","scp":"openid profile","roles":["Admin"]}"#,
            r#"{"aud":"https://graph.microsoft.com","scp":"","roles":["Admin"]}"#,
            r#"{"aud":"https://graph.microsoft.com","idtyp":"user","roles":["Admin"]}"#,
        ] {
            assert!(finding_of(&RULE, &token(claims)).is_some(), "{claims}");
        }
        let body = r#"{"access_token":"opaque","scope":"openid profile email"}"#;
        assert!(finding_of(&RULE, &response(body, "")).is_some());
    }

    #[test]
    fn an_application_for_azure_needs_no_role_in_its_token() {
        let mut evidence = token(r#"{"aud":"https://management.azure.com/","idtyp":"app"}"#);
        evidence.context.job = Some(Job::Arm);
        assert_eq!(finding_of(&RULE, &evidence), None);
    }

    #[test]
    fn granted_scopes_come_from_the_token_if_the_response_has_none() {
        let part = |json: &str| {
            use base64::Engine as _;
            base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json)
        };
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read"}"#;
        let body =
            format!(r#"{{"access_token":"{}.{}.x"}}"#, part(r#"{"alg":"RS256"}"#), part(claims));
        assert_eq!(
            finding_of(&RULE, &response(&body, "Mail.Read Mail.Send")).unwrap(),
            "`Mail.Send` was requested, but not granted"
        );
    }

    #[test]
    fn a_wrong_audience_silences_it() {
        let claims = r#"{"aud":"https://management.azure.com","scp":"user_impersonation"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }

    #[test]
    fn a_job_that_needs_no_permission_accepts_any() {
        let mut evidence = token(r#"{"aud":"https://graph.microsoft.com","scp":"User.Read"}"#);
        evidence.context.job = Some(Job::Graph);
        assert_eq!(finding_of(&RULE, &evidence), None);
    }

    #[test]
    fn a_requested_scope_that_was_not_granted_is_named() {
        let body = r#"{"access_token":"opaque","scope":"Mail.Read openid profile email"}"#;
        let requested = "https://graph.microsoft.com/Mail.Read https://graph.microsoft.com/Calendars.Read offline_access";
        assert_eq!(
            finding_of(&RULE, &response(body, requested)).unwrap(),
            "`https://graph.microsoft.com/Calendars.Read` was requested, but not granted"
        );
        assert_eq!(finding_of(&RULE, &response(body, "mail.read offline_access openid")), None);
    }

    #[test]
    fn a_response_without_scope_brings_no_finding() {
        assert_eq!(finding_of(&RULE, &response(r#"{"access_token":"opaque"}"#, "Mail.Read")), None);
    }

    #[test]
    fn a_permission_that_was_requested_wants_consent_and_not_the_same_sign_in_alone() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"User.Read"}"#;
        let mut evidence = token(claims);
        evidence.context.job = Some(Job::GraphMailRead);
        let help = |evidence: &crate::Evidence| {
            let diagnosis = crate::run(evidence);
            let found = diagnosis.findings.into_iter().find(|one| one.rule.id == RULE.id);
            found.unwrap().help.join("\n")
        };
        assert!(!help(&evidence).contains("consent is missing"));
        evidence.context.requested = Some(ScopeSet::parse("Mail.Read offline_access"));
        evidence.context.tenant = Some("contoso.example".to_owned());
        let told = help(&evidence);
        assert!(told.contains("consent is missing") && told.contains("adminconsent"), "{told}");
    }
}
