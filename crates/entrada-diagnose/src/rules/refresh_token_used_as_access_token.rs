use crate::{Facts, Finding, Rule, Severity, Shape, Who};

pub(super) static RULE: Rule = Rule {
    id: "refresh-token-used-as-access-token",
    severity: Severity::Error,
    order: 201,
    who: Who::User,
    docs: "\
## What it means

This is a refresh token (or an authorization code, which looks alike). Only the authority takes it; Graph and
Exchange answer as if it were garbage.

## Why it happens

The wrong member of the token response was copied, or a cache entry was taken for the token.

## What to do

Take `access_token`, not `refresh_token`. `entrada token` prints an access token and nothing else. Treat the
refresh token as a password: it has just been on a clipboard.
",
    check,
};

fn check(facts: &Facts) -> Option<Finding> {
    let finding = match facts.shape()? {
        Shape::EntraGrant { tenant, client_id, length } => {
            let mut finding = RULE
                .finding("this is a refresh token or an authorization code, not an access token")
                .with_evidence("token", format!("{length} characters, shape of a work account's grant"));
            // Undocumented, so it is shown as seen and decides nothing.
            if let Some(tenant) = tenant {
                finding = finding.with_evidence("tenant (read from its head, undocumented)", tenant);
            }
            if let Some(client_id) = client_id {
                finding = finding.with_evidence("client (read from its head, undocumented)", client_id);
            }
            finding
        }
        Shape::MsaRefreshToken { length } => RULE
            .finding("this is a personal account's refresh token or code, not an access token")
            .with_evidence("token", format!("{length} characters, shape of a personal account's grant")),
        Shape::PrtCookie => RULE
            .finding("this is a broker's cookie with the device's refresh token (PRT), not an access token")
            .with_evidence("token", "a JWT with `refresh_token` in it"),
        _ => return None,
    };
    if facts.evidence.at_rest {
        // In a cache, which has no access token that is still good: nobody took it for one.
        return Some(
            finding
                .with_severity(Severity::Note)
                .help("nothing is wrong with that: a program gets its next access token with it"),
        );
    }
    Some(finding.help("use the `access_token`; `entrada token` prints one"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, pasted};

    #[test]
    fn a_refresh_token_is_recognised() {
        let token = format!("M.C546_BAY.0.U.-{}", "Ab".repeat(60));
        assert!(finding_of(&RULE, &pasted(&token)).unwrap().contains("refresh token"));
        assert_eq!(finding_of(&RULE, &pasted("x")), None);
    }
}
