use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::entra::clouds::Cloud;

pub(super) static RULE: Rule = Rule {
    id: RuleId::FederatedCredentialMismatch,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/federated-credential-mismatch.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = refusal::explain(
        facts,
        &RULE,
        "no federated credential of the registration matches the external token",
    )?;
    let cloud = facts.context().cloud.filter(|cloud| *cloud != Cloud::Public);
    Some(match cloud {
        Some(cloud) => finding.help(format!(
            "in the cloud `{}` the audience of the external token is `{}`",
            cloud.id(),
            cloud.facts().federation_audience
        )),
        None => finding,
    })
}
