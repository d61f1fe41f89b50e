use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::entra::known;
use entrada_core::entra::permissions;

pub(super) static RULE: Rule = Rule {
    id: RuleId::WrongAuthorityEndpoint,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/wrong-authority-endpoint.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    for_work_accounts_only(facts)
        .or_else(|| {
            let message = "this account or application needs another value of `--tenant`";
            refusal::explain(facts, &RULE, message)
        })
        .or_else(|| {
            let message = "the application may be registered for work accounts only";
            refusal::may_be(facts, &RULE, message)
        })
        .or_else(|| before_asking(facts))
}

/// The page that turns a personal account away: "You can't sign in here with a personal account".
fn for_work_accounts_only(facts: &Facts) -> Option<Finding> {
    let text = facts.refusal()?.error_description.as_deref()?.to_ascii_lowercase();
    if !text.contains("sign in here with a personal account") {
        return None;
    }
    let message = "the account is a personal one, and the application, or the authority that it signs in at, is for work or school accounts only";
    let finding = refusal::explain(facts, &RULE, message)?;
    Some(
        finding
            .help("the user signs in with a work or school account, or an administrator invites the personal account as a guest of the organisation")
            .help("to admit personal accounts, the developer sets `signInAudience` of the registration to `AzureADandPersonalMicrosoftAccount` and signs in at `https://login.microsoftonline.com/common`"),
    )
}

/// Scopes that personal accounts do not have, requested from an authority for personal accounts only.
fn before_asking(facts: &Facts) -> Option<Finding> {
    let requested = facts.request()?;
    let tenant = facts.context().tenant.as_deref()?;
    let api = requested.api();
    let work_only = api.iter().find(|scope| {
        permissions::find(scope).and_then(|permission| permission.personal_accounts) == Some(false)
    });
    let scope = work_only.filter(|_| known::is_consumers(tenant))?;
    Some(
        RULE.finding(format!(
            "`{scope}` is for work and school accounts, but `{tenant}` is for personal accounts"
        ))
        .with_evidence("tenant", tenant)
        .help("sign in to the organisation: `--tenant organizations`, or its domain"),
    )
}
