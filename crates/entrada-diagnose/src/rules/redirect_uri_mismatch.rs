use crate::{Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use url::Url;

pub(super) static RULE: Rule = Rule {
    id: RuleId::RedirectUriMismatch,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/redirect-uri-mismatch.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let mut finding = refusal::explain(facts, &RULE, "the redirect URI is not registered")?;
    let Some(uri) = facts.refusal().and_then(|refusal| quoted_uri(&refusal.text())) else {
        return Some(finding);
    };
    finding.help.clear();
    Some(finding.with_evidence("redirect_uri", &uri).help(advice(&uri)))
}

/// How to register `uri`: the platform depends on its scheme and host.
fn advice(uri: &Url) -> String {
    let text = uri.as_str();
    match (uri.scheme(), uri.host_str()) {
        ("http", Some("localhost")) => format!(
            "register `{}` under `Mobile and desktop applications`: the port does not count, the path does",
            without_port(uri)
        ),
        ("http", Some("127.0.0.1" | "[::1]")) => format!(
            "add `{text}` in the registration's manifest, which the portal's form does not accept; or use `http://localhost`"
        ),
        ("http", _) => format!(
            "`{text}` is plain `http`: if a proxy ends TLS, let it forward `X-Forwarded-Proto`, and register the `https` address under `Web`"
        ),
        ("https", _) => format!(
            "register `{text}` under `Web`, or under `Single-page application` if the code is redeemed in the browser"
        ),
        _ => format!("register `{text}` under `Mobile and desktop applications`"),
    }
}

fn without_port(uri: &Url) -> String {
    let mut uri = uri.clone();
    let _ = uri.set_port(None);
    let text = uri.to_string();
    // A bare origin is registered without the slash.
    if uri.path() == "/" { text.trim_end_matches('/').to_owned() } else { text }
}

/// The longest URI that is quoted, in characters.
const URI_MAX: usize = 200;

/// The redirect URI in the authority's text: `The redirect URI 'https://…' specified in the request`. Without its query,
/// which may contain anything.
fn quoted_uri(text: &str) -> Option<Url> {
    let quoted = text.split('\'').skip(1).step_by(2);
    let mut uris = quoted.filter(|part| part.contains(':') && part.len() <= URI_MAX);
    let mut uri = uris.find_map(|part| Url::parse(part).ok())?;
    uri.set_query(None);
    uri.set_fragment(None);
    let _ = uri.set_username("");
    let _ = uri.set_password(None);
    Some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(uri: &str) -> Option<String> {
        let text = format!(
            "AADSTS50011: The redirect URI '{uri}' specified in the request does not match the redirect URIs configured \
             for the application '7b1d9c34-52ae-4f0d-9e68-c3a41f7e2d05'."
        );
        quoted_uri(&text).map(|uri| advice(&uri))
    }

    #[test]
    fn the_advice_names_the_uri_and_its_platform() {
        for (uri, expected) in [
            ("http://localhost:8400/", "register `http://localhost` under `Mobile and desktop"),
            (
                "http://localhost:8400/cb",
                "register `http://localhost/cb` under `Mobile and desktop",
            ),
            (
                "http://127.0.0.1:53/cb",
                "add `http://127.0.0.1:53/cb` in the registration's manifest",
            ),
            (
                "https://app.contoso.example/cb?x=1",
                "register `https://app.contoso.example/cb` under `Web`",
            ),
            ("http://app.contoso.example/cb", "`http://app.contoso.example/cb` is plain `http`"),
            ("myapp://auth", "register `myapp://auth` under `Mobile and desktop applications`"),
        ] {
            let help = help(uri).unwrap();
            assert!(help.starts_with(expected), "{help}");
        }
    }

    #[test]
    fn a_text_without_a_uri_gives_none() {
        assert_eq!(help("none"), None);
        assert_eq!(quoted_uri("The reply URL does not match: '7b1d9c34'."), None);
    }
}
