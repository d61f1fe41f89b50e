//! Refusals that only the token of an application meets.

use crate::service::{HttpAnswer, Hypothesis, Service};
use crate::{Facts, RuleId};

/// The cause where the token is one of an application without a user.
pub(super) fn cause(facts: &Facts, answer: &HttpAnswer, text: &str) -> Option<Hypothesis> {
    let claims = facts.claims().filter(|_| facts.is_app_only())?;
    let of_me = answer.plain_segments().iter().take(2).any(|segment| segment == "me");
    if of_me && answer.service() == Service::Graph && facts.audience_fits() != Some(false) {
        return Some(Hypothesis::certain(
            RuleId::AppOnlyTokenForDelegatedJob,
            "`/me` requires a signed-in user, and the token has no user",
        ));
    }
    let by_secret = claims.text("appidacr") == Some("1") || claims.text("azpacr") == Some("1");
    if text.contains("unsupported app only token") && by_secret {
        return Some(Hypothesis::certain(
            RuleId::AppCertificateRequired,
            "SharePoint accepts application tokens only from applications that sign in with a certificate",
        ));
    }
    let may_impersonate = claims.roles().is_some_and(|roles| roles.contains(&"full_access_as_app"));
    (may_impersonate && text.contains("errorimpersonateuserdenied")).then(|| {
        Hypothesis::likely(
            RuleId::ExchangePolicyBlock,
            "the application has a permission for all mailboxes, so a policy blocks its access to this one",
        )
    })
}
