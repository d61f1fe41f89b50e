//! A password in place of a token (RFC 7617).

use crate::service::hypothesis::token_explains;
use crate::service::{HttpAnswer, Hypothesis, Service};
use crate::{Confidence, Facts, RuleId};

/// The cause where a password was sent and the server accepts only tokens.
pub(super) fn cause(facts: &Facts, answer: &HttpAnswer, text: &str) -> Option<Hypothesis> {
    let sent = answer.authorization.as_ref();
    let sent_basic = sent.is_some_and(|value| {
        value.expose().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("basic "))
    });
    // A deployment to App Service has passwords of its own.
    let of_deployment = ["azurewebsites", "scm basic", "publish profile", "publishing credential"]
        .iter()
        .any(|word| text.contains(word));
    let named = (text.contains("basic auth") && text.contains("disabled") && !of_deployment)
        // The object of Python's `requests` that sends passwords.
        || text.contains("requests.auth.httpbasicauth");
    let bare = facts.shape().is_none()
        && answer.status == Some(401)
        && matches!(answer.service(), Service::Ews | Service::Eas | Service::Exchange)
        && answer.header("www-authenticate").next().is_some()
        && answer
            .header("www-authenticate")
            .all(|value| value.to_ascii_lowercase().starts_with("basic"));
    if (sent_basic && !token_explains(facts)) || named {
        // A sentence alone may speak of anything.
        let is_shown = sent_basic || !answer.is_prose();
        return Some(Hypothesis::new(
            RuleId::BasicAuthDisabled,
            if is_shown { Confidence::Certain } else { Confidence::Likely },
            "a password was sent; Exchange Online accepts only tokens",
        ));
    }
    bare.then(|| {
        Hypothesis::possible(
            RuleId::BasicAuthDisabled,
            "the service offers only password sign-in, and does not accept passwords",
        )
    })
}
