use super::admin_consent_required;
use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::UserConsentRequired,
    severity: Severity::Error,
    who: Who::User,
    docs: "\
## What it means

The user has not consented to this application, this API and these scopes. If there is a refresh token, it stays
valid.

## Why it happens

- A scope was added after the last sign-in.
- The consent was withdrawn.
- The application is new in this tenant.

## What to do

Sign in again with the scopes named, and accept the consent page. If the page says that an administrator must
approve, see `admin-consent-required`: by default, users of an organisation can no longer consent to reading mail or
to IMAP. After a consent, it takes some seconds until all servers know it.

Do not force the consent page with `prompt=consent`: where an administrator has consented and users may not, it stops a
sign-in that would have worked.
",
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "the user has not consented to this application and these scopes yet",
    )?;
    let finding = refusal::sign_in_again(facts, finding);
    let link = admin_consent_required::admin_consent_url(facts, None);
    Some(match admin_consent_required::barred_by_default(facts) {
        Some(why) => finding.help(why).help(format!("an administrator opens {link}")),
        None => finding.help(format!("if users may not consent, an administrator opens {link}")),
    })
}
