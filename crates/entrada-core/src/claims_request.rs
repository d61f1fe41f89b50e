//! The `claims` request parameter (OIDC Core §5.5): claims that a token must have in addition to those of its scopes.

use std::fmt;

use serde_json::{Map, Value, json};

use super::clean;

/// The largest claims request in bytes. It is sent in a URL, and Entra refuses URLs of about 16 kB.
const LEN_MAX: usize = 8 << 10;

/// A claims request: a JSON object with members such as `access_token` and `id_token`, each with the requested claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimsRequest(Map<String, Value>);

/// The text is not a claims request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsRequestError {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// The JSON is not an object.
    #[error("not a JSON object such as {{\"access_token\":{{…}}}}")]
    Shape,
    /// A member is neither an object nor null.
    #[error("its member `{0}` is neither an object nor null")]
    Member(String),
    /// The request is too long for a URL.
    #[error("it is longer than {} kB", LEN_MAX >> 10)]
    TooLong,
}

impl ClaimsRequest {
    /// Reads `text`, for example `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`.
    ///
    /// ```
    /// use entrada_core::ClaimsRequest;
    ///
    /// let claims = ClaimsRequest::parse(r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#)?;
    /// assert!(claims.and(&ClaimsRequest::cp1()).to_string().contains("xms_cc"));
    /// # Ok::<(), entrada_core::ClaimsRequestError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ClaimsRequestError`] if `text` is not a JSON object of objects, or too long for an address.
    pub fn parse(text: &str) -> Result<Self, ClaimsRequestError> {
        if LEN_MAX < text.len() {
            return Err(ClaimsRequestError::TooLong);
        }
        let value: Value = serde_json::from_str(text)
            .map_err(|error| ClaimsRequestError::Json(clean(&error.to_string()).into_owned()))?;
        let Value::Object(members) = value else { return Err(ClaimsRequestError::Shape) };
        let invalid = members.iter().find(|(_, value)| !value.is_object() && !value.is_null());
        if let Some((name, _)) = invalid {
            return Err(ClaimsRequestError::Member(clean(name).chars().take(40).collect()));
        }
        Ok(Self(members))
    }

    /// The declaration that the client handles claims challenges. With it, a service may issue tokens of a day and revoke
    /// them at any time (continuous access evaluation).
    pub fn cp1() -> Self {
        let capability = json!({ "xms_cc": { "values": ["cp1"] } });
        Self(Map::from_iter([("access_token".to_owned(), capability)]))
    }

    /// Merges two optional requests. See [`ClaimsRequest::and`].
    pub fn merge(one: Option<&Self>, other: Option<&Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.clone().and(other)),
            (one, other) => one.or(other).cloned(),
        }
    }

    /// Merges two requests. Where they differ about a claim, `other` wins.
    pub fn and(mut self, other: &Self) -> Self {
        merge_members(&mut self.0, &other.0);
        self
    }

    /// Whether the request has no claims.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn merge_members(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (Some(Value::Object(known)), Value::Object(added)) => merge_members(known, added),
            _ => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

/// One line of JSON, the same for equal requests.
impl fmt::Display for ClaimsRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ClaimsRequest {
        ClaimsRequest::parse(text).unwrap()
    }

    #[test]
    fn a_request_is_an_object_of_objects() {
        assert_eq!(parse(" {\"id_token\": null} ").to_string(), r#"{"id_token":null}"#);
        for (text, expected) in [
            ("", "not JSON: EOF while parsing a value at line 1 column 0"),
            ("[]", "not a JSON object such as {\"access_token\":{…}}"),
            (
                "{\"access_token\":\"eyJ\"}",
                "its member `access_token` is neither an object nor null",
            ),
        ] {
            assert_eq!(ClaimsRequest::parse(text).unwrap_err().to_string(), expected);
        }
        let long = format!("{{\"a\":{{\"b\":\"{}\"}}}}", "x".repeat(LEN_MAX));
        assert_eq!(ClaimsRequest::parse(&long), Err(ClaimsRequestError::TooLong));
    }

    #[test]
    fn merging_keeps_the_claims_of_both_requests() {
        let challenge = parse(r#"{"access_token":{"nbf":{"essential":true,"value":"17"}}}"#);
        assert_eq!(
            ClaimsRequest::cp1().and(&challenge).to_string(),
            r#"{"access_token":{"nbf":{"essential":true,"value":"17"},"xms_cc":{"values":["cp1"]}}}"#
        );
        let newer = parse(r#"{"access_token":{"nbf":{"value":"18"}}}"#);
        assert_eq!(
            challenge.and(&newer).to_string(),
            r#"{"access_token":{"nbf":{"essential":true,"value":"18"}}}"#
        );
        assert_eq!(ClaimsRequest::merge(None, None), None);
        assert_eq!(ClaimsRequest::merge(None, Some(&newer)), Some(newer.clone()));
        assert_eq!(ClaimsRequest::merge(Some(&newer), None), Some(newer));
    }
}
