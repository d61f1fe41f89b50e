//! Who and what a case is about, and the ids by which its requests are found in logs.

use super::api;
use crate::Facts;
use crate::HttpAnswer;
use entrada_core::{Claims, TokenSubject, clean};

/// Who and what a case is about: from the claims of the token, otherwise from the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseIdentity {
    /// The user's name and object id; `None` for an application's token, or if it is not known.
    pub user: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// The application's name and client id.
    pub application: Option<String>,
    /// The API that the token is for, by name and `aud`.
    pub audience: Option<String>,
    /// The ids of requests and of the token in the logs of Entra ID and of services, each with its name.
    pub log_ids: Vec<(&'static str, String)>,
}

impl CaseIdentity {
    pub(super) fn new(facts: &Facts) -> Self {
        let context = facts.context();
        let claims = facts.claims();
        let claim = |name: &str| claims.and_then(|claims| claims.text(name));
        let is_user = facts.subject() == TokenSubject::User;
        let user = named(claims.and_then(Claims::user_name), claim("oid"));
        let asked = context.account.as_deref().map(|account| clean(account).into_owned());
        Self {
            user: user.or(asked).filter(|_| is_user),
            tenant: claim("tid").or(context.tenant.as_deref()).map(|own| clean(own).into_owned()),
            application: named(
                claim("app_displayname"),
                claims.and_then(Claims::client_id).or(context.client_id.as_deref()),
            ),
            audience: audience(facts),
            log_ids: log_ids(facts),
        }
    }
}

/// A name with its id.
fn named(name: Option<&str>, id: Option<&str>) -> Option<String> {
    match (name, id) {
        (Some(name), Some(id)) => Some(format!("{} ({})", clean(name), clean(id))),
        (one, other) => one.or(other).map(|text| clean(text).into_owned()),
    }
}

fn audience(facts: &Facts) -> Option<String> {
    let aud = facts.claims().and_then(Claims::aud).map(clean);
    match (facts.audience(), aud) {
        (Some(_), Some(aud)) => Some(format!("{} ({aud})", api(facts)?)),
        (None, Some(aud)) => Some(aud.into_owned()),
        (_, None) => None,
    }
}

/// The headers in which services name a request.
const HEADERS: [(&str, &str); 4] = [
    ("request-id", "Request ID"),
    ("x-ms-request-id", "Request ID"),
    ("client-request-id", "Client request ID"),
    ("x-ms-correlation-request-id", "Correlation ID"),
];

fn log_ids(facts: &Facts) -> Vec<(&'static str, String)> {
    let mut ids: Vec<(&'static str, String)> = Vec::new();
    let mut add = |name: &'static str, value: Option<&str>| {
        let value = value.map(|value| clean(value.trim()).into_owned());
        let new =
            value.filter(|value| !value.is_empty() && ids.iter().all(|(_, own)| own != value));
        ids.extend(new.map(|value| (name, value)));
    };
    if let Some(refusal) = &facts.evidence.refusal {
        add("Correlation ID", refusal.correlation_id.as_deref());
        add("Trace ID", refusal.trace_id.as_deref());
        add("Timestamp", refusal.timestamp.as_deref());
    }
    if let Some(answer) = &facts.evidence.answer {
        for (header, name) in HEADERS {
            add(name, answer.header(header).next());
        }
        for (member, name) in [
            ("request-id", "Request ID"),
            ("client-request-id", "Client request ID"),
            ("date", "Timestamp"),
        ] {
            add(name, inner_error(answer, member).as_deref());
        }
    }
    add("Token ID (uti)", facts.claims().and_then(|claims| claims.text("uti")));
    ids
}

/// A member of the `innerError` that Microsoft Graph sends.
fn inner_error(answer: &HttpAnswer, member: &str) -> Option<String> {
    let body = answer.json()?;
    let error = body.get("error")?;
    let inner = error.get("innerError").or_else(|| error.get("innererror"))?;
    Some(inner.get(member)?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Evidence;
    use crate::rules::testing::{NOW, token};

    fn read(text: &str) -> Evidence {
        crate::recognise(text, NOW).unwrap()
    }

    #[test]
    fn a_token_names_its_user_tenant_application_and_api() {
        let claims = r#"{"aud":"https://graph.microsoft.com","tid":"t-1","appid":"a-1","app_displayname":"Mail\u001b[2J",
            "upn":"ada@contoso.example","oid":"o-1","scp":"Mail.Read","uti":"u-1","exp":1700003600}"#;
        let identity = CaseIdentity::new(&Facts::new(&token(claims)));
        assert_eq!(identity.user.as_deref(), Some("ada@contoso.example (o-1)"));
        assert_eq!(identity.tenant.as_deref(), Some("t-1"));
        assert_eq!(identity.application.as_deref(), Some("Mail (a-1)"));
        assert_eq!(
            identity.audience.as_deref(),
            Some("Microsoft Graph (https://graph.microsoft.com)")
        );
        assert_eq!(identity.log_ids, [("Token ID (uti)", "u-1".to_owned())]);
    }

    #[test]
    fn the_ids_of_a_refusal_and_of_a_service_are_those_of_their_logs() {
        let evidence = read(
            r#"{"error":"invalid_grant","error_description":"AADSTS65001: no","trace_id":"t-1","correlation_id":"c-1","timestamp":"2026-01-02 03:04:05Z"}"#,
        );
        let ids = CaseIdentity::new(&Facts::new(&evidence)).log_ids;
        let names: Vec<&str> = ids.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["Correlation ID", "Trace ID", "Timestamp"]);
        let text = "HTTP/1.1 401 Unauthorized\r\nrequest-id: r-1\r\nclient-request-id: r-1\r\n\r\n\
            {\"error\":{\"code\":\"x\",\"message\":\"y\",\"innerError\":{\"request-id\":\"r-1\",\"date\":\"2026-01-02\"}}}";
        let evidence = read(text);
        let ids = CaseIdentity::new(&Facts::new(&evidence)).log_ids;
        assert_eq!(
            ids,
            [("Request ID", "r-1".to_owned()), ("Timestamp", "2026-01-02".to_owned())],
            "each value once"
        );
    }
}
