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

/// Hosts of the pages that error messages link to.
const PAGES: [&str; 3] = ["aka.ms", "learn.microsoft.com", "docs.microsoft.com"];

/// The redirect URI in the authority's text: `The redirect URI 'https://…' specified in the request`, whatever quotes or marks of
/// Markdown are around it and around the whole message. Without its query, which may contain anything.
fn quoted_uri(text: &str) -> Option<Url> {
    let is_mark = |c: char| c.is_whitespace() || "'\"`*<>‘’“”".contains(c);
    let parts =
        text.split(['\'', '"', '`', '‘', '’', '“', '”']).map(|part| part.trim_matches(is_mark));
    let is_uri = |part: &&str| {
        part.split_once(':').is_some_and(|(_, rest)| !rest.is_empty())
            && part.len() <= URI_MAX
            && !part.contains(char::is_whitespace)
    };
    let is_page = |url: &Url| url.host_str().is_some_and(|host| PAGES.contains(&host));
    let mut uris = parts.filter(is_uri).filter_map(|part| Url::parse(part).ok());
    let mut uri = uris.find(|url| !is_page(url))?;
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
    fn quotes_and_marks_around_the_message_and_the_uri_are_no_part_of_it() {
        let message = "AADSTS50011: The redirect URI '**https://app.contoso.example/cb**' specified in the request";
        for text in [
            format!("error: '{message} does not match'"),
            format!("{{\"error_description\":\"{}\"}}", message.replace('*', "")),
            format!("“{}”", message.replace('\'', "`")),
            format!("see 'https://aka.ms/redirectUriMismatchError', {message}"),
        ] {
            let found = quoted_uri(&text).map(String::from);
            assert_eq!(found.as_deref(), Some("https://app.contoso.example/cb"), "{text}");
        }
    }

    #[test]
    fn a_text_without_a_uri_gives_none() {
        assert_eq!(help("none"), None);
        assert_eq!(quoted_uri("The reply URL does not match: '7b1d9c34'."), None);
    }
}
