//! Documents that services give to everybody: an answer with one of them proves nothing about a token.

use serde_json::{Map, Value};

use super::HttpAnswer;

/// Members of documents about authorities and protocols, of which each document has all: OpenID Connect Discovery 1.0 §3, RFC 8414
/// §2, RFC 7517 §5, the discovery of authorities, the kind of an account, Autodiscover version 2, OpenAPI.
const DOCUMENTS: [&[&str]; 9] = [
    &["issuer", "jwks_uri"],
    &["issuer", "authorization_endpoint"],
    &["issuer", "token_endpoint"],
    &["tenant_discovery_endpoint"],
    &["NameSpaceType"],
    &["account_type", "cloud_instance_name"],
    &["Protocol", "Url"],
    &["openapi", "paths"],
    &["swagger", "paths"],
];

/// Roots of such documents in XML, in lower case: metadata of federation servers and of OData.
const ROOTS: [&str; 3] = ["edmx", "entitiesdescriptor", "entitydescriptor"];

impl HttpAnswer {
    /// Whether the body is a document that needs no token. Autodiscover in XML needs one, so it counts where none was sent.
    pub(super) fn is_public_document(&self) -> bool {
        match self.json() {
            Some(Value::Object(members)) => is_public(&members),
            Some(_) => false,
            None => super::body::root(&self.body).is_some_and(|root| {
                ROOTS.contains(&root.as_str())
                    || (root == "autodiscover" && self.authorization.is_none())
            }),
        }
    }
}

fn is_public(members: &Map<String, Value>) -> bool {
    let is_key = |key: &Value| key.get("kty").is_some_and(Value::is_string);
    let has_keys = || {
        members.get("keys").and_then(Value::as_array).is_some_and(|keys| keys.iter().all(is_key))
    };
    DOCUMENTS.iter().any(|names| names.iter().all(|name| members.contains_key(*name))) || has_keys()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_documents_are_told_from_data() {
        let of = |body: &str| HttpAnswer::of_body(body).is_public_document();
        for public in [
            r#"{"issuer":"https://login.microsoftonline.com/x/v2.0","jwks_uri":"https://x"}"#,
            r#"{"keys":[{"kty":"RSA","kid":"k"}]}"#,
            r#"{"Protocol":"ActiveSync","Url":"https://x"}"#,
            "<?xml version=\"1.0\"?><Autodiscover xmlns=\"x\"><Response/></Autodiscover>",
            "<edmx:Edmx xmlns:edmx=\"x\"/>",
        ] {
            assert!(of(public), "{public}");
        }
        for data in [
            r#"{"id":"1","issuer":"Contoso"}"#,
            r#"{"keys":[{"name":"a"}]}"#,
            r#"{"value":[]}"#,
            "<Sync><Status>1</Status></Sync>",
            "",
        ] {
            assert!(!of(data), "{data}");
        }
    }
}
