use crate::{Facts, Finding, Rule, RuleId, Severity, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AppCertificateRequired,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

SharePoint accepts an application's token only if the application signed in with a certificate. This application
used a client secret (`appidacr` is 1), so SharePoint refuses the token even if its roles are right.

## Why it happens

The application signed in with `client_secret`. Graph accepts such tokens. SharePoint's own API does not.

## What to do

Upload a certificate to the app registration and sign in with a signed assertion. Or call SharePoint through
Microsoft Graph.
",
    check: Rule::no_finding,
    advise,
};

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding
            .help("sign in with a certificate instead of a secret, or call SharePoint through Microsoft Graph")
}
