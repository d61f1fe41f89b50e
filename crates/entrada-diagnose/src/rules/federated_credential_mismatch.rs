use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::entra::clouds::Cloud;

pub(super) static RULE: Rule = Rule {
    id: RuleId::FederatedCredentialMismatch,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The application signs in with a token of another issuer (workload identity federation), and no federated credential
of the registration has the issuer, subject and audience of that token; or the tenant does not allow such credentials.

## Why it happens

- One of the three values differs; case counts.
- The workflow runs for another branch, tag or environment, so its subject is another.
- The credential was created a moment ago and does not work everywhere yet.

## What to do

Compare the three values in the authority's text with the federated credential, character by character. The audience
is `api://AzureADTokenExchange` in the worldwide cloud; other clouds have their own. Wait some minutes after a change.
",
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
