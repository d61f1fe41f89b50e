use super::admin_consent_required;
use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};

pub(super) static RULE: Rule = Rule {
    id: RuleId::UserConsentRequired,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/user-consent-required.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "the user has not consented to this application and these scopes yet",
    )?;
    if let Some(help) = admin_consent_required::authorise_microsofts_client(facts) {
        return Some(Finding { help: Vec::new(), ..finding }.by(Who::Developer).help(help));
    }
    let finding = refusal::sign_in_again(facts, finding);
    let link = admin_consent_required::admin_consent_page(facts, None);
    Some(match admin_consent_required::barred_by_default(facts) {
        Some(why) => finding.help(why).help(format!("an administrator opens {link}")),
        None => finding.help(format!("if users may not consent, an administrator opens {link}")),
    })
}
