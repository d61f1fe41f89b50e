//! A challenge that requests a new token with certain claims (continuous access evaluation).

use crate::RuleId;
use crate::service::words::CHALLENGED;
use crate::service::{HttpAnswer, Hypothesis};

/// Words of a challenge because of a location, in lower case.
const OF_PLACE: [&str; 2] = ["locationconditionevaluationsatisfied", "xms_rp_ipaddr"];

/// The cause where the answer is such a challenge. `text` is what the answer says, in lower case.
pub(super) fn cause(answer: &HttpAnswer, text: &str) -> Option<Hypothesis> {
    let asks = answer.claims();
    if asks.is_none() && !CHALLENGED.iter().any(|word| text.contains(word)) {
        return None;
    }
    let mut told = Hypothesis::certain(
        RuleId::ClaimsChallengeCae,
        "the service asks for a new token with certain claims (continuous access evaluation)",
    );
    let asks = asks.map(|claims| claims.to_string());
    let is_of_place = |text: &str| OF_PLACE.iter().any(|word| text.contains(word));
    if is_of_place(text) || asks.as_deref().is_some_and(is_of_place) {
        "a Conditional Access policy allows certain locations: the service saw the request from another IP address than the sign-in, or from outside of them"
            .clone_into(&mut told.message);
        told = told
            .help("sign in again with the challenge: `az login --claims-challenge CHALLENGE` with the value of `claims` in `WWW-Authenticate`")
            .help("let this machine reach `login.microsoftonline.com` and the service from one address: the same VPN, proxy and IP version (IPv4 or IPv6) for both")
            .help("an administrator compares the address in the sign-in log with the named locations of the policy");
    }
    told.evidence.extend(asks.map(|claims| ("claims", claims)));
    Some(told)
}
