//! The provider's metadata: the discovery document (RFC 8414 §3; OIDC Discovery §4).

use http::{Method, header};
use serde_json::Value;
use url::Url;

use super::{Answer, HttpRequest, HttpResponse, ProtocolError, RETRYABLE_STATUS, read};
use crate::{Authority, Endpoints, NumericDate, check_transport, clean, is_loopback};

const STEP: &str = "the discovery request";

/// Asks for the metadata of `authority`.
///
/// ```
/// use entrada_core::{Authority, oauth::discovery};
///
/// let authority = Authority::at("https://idp.example/realms/one", None)?;
/// let request = discovery::request(&authority);
/// assert_eq!(request.uri().path(), "/realms/one/.well-known/openid-configuration");
/// # Ok::<(), entrada_core::AddressError>(())
/// ```
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

/// Discovery found no endpoints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// The server has no discovery document, regardless of the body.
    #[error(
        "{authority} is not an OpenID provider: its discovery document {url} does not exist (HTTP {status})"
    )]
    Missing {
        /// The authority that was asked.
        authority: String,
        /// The address of the document.
        url: String,
        /// 404 or 410.
        status: u16,
    },
    /// The document is withheld: the answer is a redirect, which is not followed, or an error status without an OAuth error.
    #[error("{authority} gives no discovery document: {url} answers with HTTP {status}{}",
        if (300..400).contains(status) { ", a redirect, which is not followed" } else { "" })]
    Withheld {
        /// The authority.
        authority: String,
        /// The URL of the document.
        url: String,
        /// 3xx or 4xx.
        status: u16,
    },
    /// The document belongs to another issuer (OIDC Discovery §4.3).
    #[error("the discovery document of {authority} does not name it as the issuer: {}",
        issuer.as_ref().map_or_else(|| "it has no `issuer`".to_owned(), |issuer| format!("its `issuer` is `{issuer}`")))]
    OtherIssuer {
        /// The authority that was asked.
        authority: String,
        /// The issuer in the document, cleaned.
        issuer: Option<String>,
    },
    /// The document has the right issuer, but no usable endpoint.
    #[error("the discovery document of {authority} cannot be used: {reason}")]
    Unusable {
        /// The authority that was asked.
        authority: String,
        /// The reason.
        reason: String,
    },
    /// The response is not a discovery document.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
}

/// Statuses of a document that does not exist; a retry does not help.
const MISSING: [u16; 2] = [404, 410];
/// The number of characters of another issuer that are shown.
const ISSUER_MAX: usize = 200;

/// Reads the response to [`request`]. The `issuer` must be the requested authority, and every endpoint must use https. Only an
/// authority on this machine may name endpoints on it, also without https: another one would make entrada send codes and tokens
/// to a program of this machine. Any other document is refused (OIDC Discovery §4.3).
///
/// [`DiscoveryError::Protocol`] may be temporary; the others stay until the authority or the settings change.
///
/// # Errors
///
/// [`DiscoveryError`] if the response is not a discovery document, or is that of another issuer.
pub fn parse(
    authority: &Authority,
    response: &HttpResponse,
    received_at: Option<NumericDate>,
) -> Result<Answer<Endpoints>, DiscoveryError> {
    let status = response.status().as_u16();
    if MISSING.contains(&status) {
        let url = authority.discovery_url().to_string();
        return Err(DiscoveryError::Missing { authority: authority.base(), url, status });
    }
    let is_local = is_loopback(&authority.discovery_url());
    let is_withheld = (300..500).contains(&status) && !RETRYABLE_STATUS.contains(&status);
    let found = read(STEP, response, received_at, |members| {
        let issuer = members.get("issuer").and_then(Value::as_str).unwrap_or_default();
        if !authority.accepts_issuer(issuer) {
            let shown: String = clean(issuer).chars().take(ISSUER_MAX).collect();
            let issuer = Some(shown).filter(|issuer| !issuer.is_empty());
            return Ok(Err(DiscoveryError::OtherIssuer { authority: authority.base(), issuer }));
        }
        let endpoint = |name: &str| -> Result<Option<Url>, String> {
            let Some(value) = members.get(name) else { return Ok(None) };
            let url = value.as_str().and_then(|text| Url::parse(text).ok());
            let url = url.ok_or_else(|| format!("its `{name}` is not a URL"))?;
            check_transport(&url).map_err(|_| format!("its `{name}` is not https"))?;
            if is_loopback(&url) && !is_local {
                return Err(format!("its `{name}` is on this machine, and the authority is not"));
            }
            Ok(Some(url))
        };
        let endpoints = || {
            Ok(Endpoints {
                issuer: Some(issuer.to_owned()),
                token: endpoint("token_endpoint")?
                    .ok_or_else(|| "it has no `token_endpoint`".to_owned())?,
                device_authorization: endpoint("device_authorization_endpoint")?,
                authorization: endpoint("authorization_endpoint")?,
                keys: endpoint("jwks_uri")?,
                revocation: endpoint("revocation_endpoint")?,
                iss_parameter_supported: members
                    .get("authorization_response_iss_parameter_supported")
                    == Some(&Value::Bool(true)),
            })
        };
        Ok(endpoints().map_err(|reason: String| DiscoveryError::Unusable {
            authority: authority.base(),
            reason,
        }))
    });
    // An OAuth error is from Entra, and says more than the status.
    let says_more = matches!(found, Ok(Err(_))) && authority.tenant().is_some();
    if is_withheld && !says_more {
        let url = authority.discovery_url().to_string();
        return Err(DiscoveryError::Withheld { authority: authority.base(), url, status });
    }
    found?.map_or_else(|refusal| Ok(Err(refusal)), |endpoints| endpoints.map(Ok))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tenant;
    use crate::oauth::testing::response;

    fn endpoints(body: &str) -> Result<Endpoints, String> {
        let authority = Authority::parse("https://idp.example", None).unwrap();
        parse(&authority, &response(200, body), None).map(Result::unwrap).map_err(|error| {
            match error {
                DiscoveryError::Unusable { reason, .. } => reason,
                other => other.to_string(),
            }
        })
    }

    #[test]
    fn endpoints_are_taken_from_the_document() {
        let found = endpoints(
            r#"{"issuer":"https://idp.example","token_endpoint":"https://idp.example/t",
                "device_authorization_endpoint":"https://idp.example/d",
                "revocation_endpoint":"https://idp.example/r"}"#,
        )
        .unwrap();
        assert_eq!(found.revocation.unwrap().as_str(), "https://idp.example/r");
        assert_eq!(found.token.as_str(), "https://idp.example/t");
        assert_eq!(found.device_authorization.unwrap().as_str(), "https://idp.example/d");
    }

    #[test]
    fn a_document_of_another_issuer_is_refused() {
        let error =
            endpoints(r#"{"issuer":"https://evil.example","token_endpoint":"https://x/t"}"#);
        assert!(error.unwrap_err().ends_with("its `issuer` is `https://evil.example`"));
        let hostile = r#"{"issuer":"https://evil.example/\u001b[2J\n\u202e"}"#;
        let error = endpoints(hostile).unwrap_err();
        assert!(
            error.contains("https://evil.example/")
                && !error.contains(['\u{1b}', '\n', '\u{202e}'])
        );
        for body in ["{}", r#"{"issuer":""}"#, r#"{"issuer":7}"#] {
            assert!(endpoints(body).unwrap_err().ends_with("it has no `issuer`"), "{body}");
        }
    }

    #[test]
    fn a_missing_document_and_an_unavailable_one_are_different_errors() {
        let authority = Authority::parse("https://idp.example/realm", None).unwrap();
        let of = |status: u16, body: &str| parse(&authority, &response(status, body), None);
        for status in [404, 410] {
            for body in
                ["", "<html>no such page</html>", r#"{"error":"Realm does not exist"}"#, "{}"]
            {
                let error = of(status, body).unwrap_err();
                assert!(
                    matches!(error, DiscoveryError::Missing { .. }),
                    "{status} {body}: {error}"
                );
                let url = "https://idp.example/realm/.well-known/openid-configuration";
                assert!(error.to_string().contains(url), "{error}");
            }
        }
        for status in [301, 302, 307, 400, 401, 403, 451] {
            let error = of(status, "<html>no</html>").unwrap_err();
            assert!(matches!(error, DiscoveryError::Withheld { .. }), "{status}: {error}");
        }
        for status in [200, 408, 429, 500, 503] {
            let error = of(status, "<html>try later</html>").unwrap_err();
            assert!(matches!(error, DiscoveryError::Protocol(_)), "{status}: {error}");
        }
        let refusal = r#"{"error":"invalid_tenant"}"#;
        assert!(matches!(of(400, refusal).unwrap_err(), DiscoveryError::Withheld { .. }));
        let entra =
            Authority::parse("https://login.example", Tenant::parse("common").ok()).unwrap();
        assert!(matches!(parse(&entra, &response(400, refusal), None), Ok(Err(_))));
    }

    #[test]
    fn endpoints_without_tls_are_refused() {
        for url in ["http://idp.example/t", "javascript:alert(1)", "file:///etc/passwd"] {
            let body = format!(r#"{{"issuer":"https://idp.example","token_endpoint":"{url}"}}"#);
            assert_eq!(endpoints(&body).unwrap_err(), "its `token_endpoint` is not https");
        }
    }

    #[test]
    fn an_authority_elsewhere_names_no_endpoint_on_this_machine() {
        let of = |issuer: &str, endpoint: &str, member: &str| {
            let authority = Authority::parse(issuer, None).unwrap();
            let mut body = serde_json::json!({
                "issuer": issuer, "token_endpoint": format!("{issuer}/t"),
            });
            body[member] = endpoint.into();
            parse(&authority, &response(200, &body.to_string()), None)
        };
        let members = ["token_endpoint", "device_authorization_endpoint", "authorization_endpoint"];
        for member in members.into_iter().chain(["jwks_uri", "revocation_endpoint"]) {
            for local in [
                "http://localhost:8400/t",
                "http://127.0.0.1/t",
                "https://localhost/t",
                "https://127.1.2.3:8443/t",
                "https://[::1]/t",
            ] {
                let error = of("https://idp.example", local, member).unwrap_err().to_string();
                let expected = format!("its `{member}` is on this machine");
                assert!(error.contains(&expected), "{local}: {error}");
                for issuer in ["http://localhost:8400", "https://localhost:8443"] {
                    of(issuer, local, member).unwrap().unwrap();
                }
            }
            of("https://idp.example", "https://other.example/t", member).unwrap().unwrap();
        }
    }
}
