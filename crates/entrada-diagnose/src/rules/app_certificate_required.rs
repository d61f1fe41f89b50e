use crate::{Facts, Finding, Rule, Severity, Who, service};

pub(super) static RULE: Rule = Rule {
    id: "app-certificate-required",
    severity: Severity::Error,
    order: 275,
    who: Who::Developer,
    docs: "\
## What it means

SharePoint takes an application's token only when the application proved itself by a certificate. This one used a
secret (`appidacr` is 1), so it is refused although its roles are right.

## Why it happens

The application signed in with `client_secret`. Graph takes such tokens, SharePoint's own API does not.

## What to do

Upload a certificate to the registration and sign in with a signed assertion, or call SharePoint through Microsoft Graph.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = service::finding(facts, &RULE)?;
    Some(
        finding
            .help("sign in with a certificate instead of a secret, or go through Microsoft Graph"),
    )
}
