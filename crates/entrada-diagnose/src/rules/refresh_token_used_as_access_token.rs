use crate::{Facts, Finding, Rule, RuleId, Severity, Shape, Who};

pub(super) static RULE: Rule = Rule {
    id: RuleId::RefreshTokenUsedAsAccessToken,
    severity: Severity::Error,
    who: Who::User,
    docs: include_str!("pages/refresh-token-used-as-access-token.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    // Beside the refusal of a token request, a code or refresh token is what the request sent.
    if facts.refusal().is_some() && facts.evidence.answer.is_none() && facts.evidence.mail.is_none()
    {
        return None;
    }
    let finding = match facts.shape()? {
        Shape::EntraGrant { tenant, client_id, length } => {
            let mut finding = RULE
                .finding("this is a refresh token or an authorization code, not an access token")
                .with_evidence("token", format!("{length} characters, form of a work account's grant"));
            // Undocumented, so it is shown and no decision depends on it.
            if let Some(tenant) = tenant {
                finding = finding.with_evidence("tenant (read from its first bytes, undocumented)", tenant);
            }
            if let Some(client_id) = client_id {
                finding = finding.with_evidence("client (read from its first bytes, undocumented)", client_id);
            }
            finding
        }
        Shape::MsaRefreshToken { length } => RULE
            .finding("this is a personal account's refresh token or code, not an access token")
            .with_evidence("token", format!("{length} characters, form of a personal account's grant")),
        Shape::PrtCookie => RULE
            .finding("this is a broker's cookie with the primary refresh token (PRT) of the device, not an access token")
            .with_evidence("token", "a JWT with `refresh_token` in it"),
        _ => return None,
    };
    if facts.evidence.at_rest {
        // The token is in a cache without a valid access token: no program used it as one.
        return Some(
            finding
                .with_severity(Severity::Note)
                .help("this is normal: a program gets its next access token with it"),
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
