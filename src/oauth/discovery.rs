//! The provider's own description of itself (RFC 8414 §3; OIDC Discovery §4).

use http::{Method, header};
use serde_json::Value;
use url::Url;

use super::{Answer, HttpRequest, HttpResponse, ProtocolError, read};
use crate::model::{Authority, Endpoints, check_transport};

const STEP: &str = "the discovery request";

/// Asks for the metadata of `authority`.
pub fn request(authority: &Authority) -> HttpRequest {
    let mut request = HttpRequest::new(Vec::new());
    *request.method_mut() = Method::GET;
    if let Ok(uri) = authority.discovery_url().as_str().parse() {
        *request.uri_mut() = uri;
    }
    request
        .headers_mut()
        .insert(header::ACCEPT, header::HeaderValue::from_static("application/json"));
    request
}

/// Reads the answer to [`request`]. The `issuer` must be the authority that was asked, and every endpoint must be
/// reached over https or on this machine: a document that says otherwise is refused (OIDC Discovery §4.3).
pub fn parse(
    authority: &Authority,
    response: &HttpResponse,
) -> Result<Answer<Endpoints>, ProtocolError> {
    read(STEP, response, None, |members| {
        let issuer = members.get("issuer").and_then(Value::as_str).unwrap_or_default();
        if !authority.may_be_called(issuer) {
            return Err("its `issuer` is not the authority that was asked".to_owned());
        }
        let endpoint = |name: &str| -> Result<Option<Url>, String> {
            let Some(value) = members.get(name) else { return Ok(None) };
            let url = value.as_str().and_then(|text| Url::parse(text).ok());
            let url = url.ok_or_else(|| format!("its `{name}` is not a URL"))?;
            check_transport(&url).map_err(|_| format!("its `{name}` is not https"))?;
            Ok(Some(url))
        };
        Ok(Endpoints {
            issuer: Some(issuer.to_owned()),
            token: endpoint("token_endpoint")?
                .ok_or_else(|| "it has no `token_endpoint`".to_owned())?,
            device_authorization: endpoint("device_authorization_endpoint")?,
            authorization: endpoint("authorization_endpoint")?,
            keys: endpoint("jwks_uri")?,
            names_itself: members.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::testing::response;

    fn endpoints(body: &str) -> Result<Endpoints, String> {
        let authority = Authority::parse("https://idp.example", None).unwrap();
        parse(&authority, &response(200, body)).map(Result::unwrap).map_err(|error| error.reason)
    }

    #[test]
    fn endpoints_are_taken_from_the_document() {
        let found = endpoints(
            r#"{"issuer":"https://idp.example","token_endpoint":"https://idp.example/t",
                "device_authorization_endpoint":"https://idp.example/d"}"#,
        )
        .unwrap();
        assert_eq!(found.token.as_str(), "https://idp.example/t");
        assert_eq!(found.device_authorization.unwrap().as_str(), "https://idp.example/d");
    }

    #[test]
    fn a_document_of_somebody_else_is_refused() {
        let error =
            endpoints(r#"{"issuer":"https://evil.example","token_endpoint":"https://x/t"}"#);
        assert_eq!(error.unwrap_err(), "its `issuer` is not the authority that was asked");
    }

    #[test]
    fn endpoints_in_the_clear_are_refused() {
        for url in ["http://idp.example/t", "javascript:alert(1)", "file:///etc/passwd"] {
            let body = format!(r#"{{"issuer":"https://idp.example","token_endpoint":"{url}"}}"#);
            assert_eq!(endpoints(&body).unwrap_err(), "its `token_endpoint` is not https");
        }
    }
}
