//! The URL of a call.

use url::Url;

use super::HttpAnswer;
use entrada_core::entra::clouds::Cloud;

/// The base URL for a bare path.
const NOWHERE: &str = "https://host.invalid/";

/// The segments of the path of `address`, decoded (RFC 3986 §6.2.2): empty ones and `.` and `..` are gone, and a key in
/// parentheses is a separate segment, as in OData: `users('ada')` is `users/ada`.
///
/// An encoded slash parts two segments like a plain one, but in a quoted key: no other segment that is looked for has one in it.
pub(crate) fn segments(address: &str) -> Vec<String> {
    let url = Url::parse(address).or_else(|_| {
        // Not `join`: it reads `//users` as a host.
        Url::parse(NOWHERE)
            .and_then(|base| base.join(&format!("./{}", address.trim_start_matches('/'))))
    });
    let Ok(url) = url else { return Vec::new() };
    let path = percent_decoded(url.path());
    let whole = split(&path).unwrap_or_else(|| path.split('/').collect());
    whole.into_iter().flat_map(with_key).filter(|segment| !segment.is_empty()).collect()
}

/// `path`, split at its slashes except inside a quoted key; `None` if a quote is not closed.
fn split(path: &str) -> Option<Vec<&str>> {
    let mut all = Vec::new();
    let (mut start, mut in_key, mut in_quotes) = (0, false, false);
    for (at, c) in path.char_indices() {
        match c {
            '\'' if in_key => in_quotes = !in_quotes,
            '(' | ')' if !in_quotes => in_key = c == '(',
            '/' if !in_quotes => {
                all.push(path.get(start..at)?);
                (start, in_key) = (at + 1, false);
            }
            _ => (),
        }
    }
    all.push(path.get(start..)?);
    (!in_quotes).then_some(all)
}

/// `segment`, and the key that follows it in OData (Part 2, §4.3.4).
fn with_key(segment: &str) -> Vec<String> {
    let keyed = segment.strip_suffix(')').and_then(|rest| rest.split_once('('));
    let Some((name, key)) = keyed.filter(|(name, _)| !name.is_empty()) else {
        return vec![segment.to_owned()];
    };
    // `userPrincipalName='ada'`: an alternate key.
    let key = key.split_once("='").map_or(key, |(_, value)| value);
    let key = key.strip_prefix('\'').unwrap_or(key);
    let key = key.strip_suffix('\'').unwrap_or(key);
    vec![name.to_owned(), key.replace("''", "'")]
}

/// `text`, percent-decoded; `+` is a plus sign in a path.
fn percent_decoded(text: &str) -> String {
    let whole = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let decoded = url::form_urlencoded::parse(whole.as_bytes()).next();
    decoded.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// Whether `segment` names an operation on a collection, rather than one of its members: `$count`, `delta`.
fn is_operation(segment: &str) -> bool {
    segment.starts_with('$')
        || segment.eq_ignore_ascii_case("delta")
        || segment.to_ascii_lowercase().starts_with("microsoft.graph.")
}

impl HttpAnswer {
    /// The segments of the requested path, decoded (RFC 3986 §6.2.2), without empty ones.
    pub fn segments(&self) -> Vec<String> {
        self.url.as_deref().map(segments).unwrap_or_default()
    }

    /// The same in lower case: Microsoft's paths are case-insensitive.
    pub fn plain_segments(&self) -> Vec<String> {
        self.segments().iter().map(|segment| segment.to_ascii_lowercase()).collect()
    }

    /// Whether the call is known.
    pub fn names_a_call(&self) -> bool {
        self.url.is_some() && self.plain_segments().last().is_none_or(|last| last != "$batch")
    }

    /// The requested host, in lower case.
    pub fn host(&self) -> Option<String> {
        Some(Url::parse(self.url.as_deref()?).ok()?.host_str()?.to_owned())
    }

    /// The requested scheme and host.
    pub fn origin(&self) -> Option<String> {
        Some(Url::parse(self.url.as_deref()?).ok()?.origin().ascii_serialization())
    }

    /// Whether the request went to an OAuth endpoint, or to a host of such endpoints.
    pub fn is_of_an_authority(&self) -> bool {
        let Some(host) = self.host() else {
            // `curl -i` shows no URL, but Entra's sign-in servers identify themselves in a header.
            return self.header("x-ms-ests-server").next().is_some();
        };
        // A container registry issues its own tokens at `/oauth2/token`, for a token of Azure.
        let is_registry = host.ends_with(".azurecr.io") || host.ends_with(".azurecr.cn");
        (!is_registry && self.plain_segments().iter().any(|segment| segment == "oauth2"))
            || Cloud::of_authority_host(&host).is_some()
    }

    /// The requested mailbox: the segment after `users` in the URL.
    pub fn mailbox(&self) -> Option<String> {
        let mut segments = self.segments().into_iter();
        segments.find(|segment| segment.eq_ignore_ascii_case("users"))?;
        segments.next().filter(|name| !is_operation(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_however_it_is_spelled() {
        let read = |address: &str| segments(address).join(" ");
        for address in [
            "https://graph.microsoft.com/v1.0/users/a@b.example/messages",
            "/v1.0/users/a@b.example/messages",
            "//v1.0//users/a%40b.example/messages/",
            "v1.0/./me/../%75sers%2Fa@b.example/messages?x=/y#/z",
            "/v1.0/users('a@b.example')/messages",
            "/v1.0/users(%27a@b.example%27)/messages",
            "/v1.0/users(userPrincipalName='a@b.example')/messages",
        ] {
            assert_eq!(read(address), "v1.0 users a@b.example messages", "{address}");
        }
        assert_eq!(read("/users('o''neil%2540x+y')"), "users o'neil%40x+y", "decoded once");
        assert_eq!(segments("/me/messages('A/B')/$value"), ["me", "messages", "A/B", "$value"]);
        assert_eq!(segments("/root:/it('s/x"), ["root:", "it('s", "x"], "a quote without an end");
        assert_eq!(read("/users(1)/a&b=c"), "users 1 a&b=c");
        assert_eq!(read(""), "");
        assert_eq!(read("/drive/root:/a (1).txt"), "drive root: a (1).txt");
    }

    #[test]
    fn the_mailbox_is_the_user_in_the_address() {
        let of =
            |url: &str| HttpAnswer { url: Some(url.into()), ..HttpAnswer::default() }.mailbox();
        assert_eq!(
            of("https://graph.microsoft.com/v1.0/users/bob%40contoso.example/messages?$top=1")
                .as_deref(),
            Some("bob@contoso.example")
        );
        assert_eq!(
            of("https://graph.microsoft.com/V1.0/Users('Bob@contoso.example')/Messages").as_deref(),
            Some("Bob@contoso.example")
        );
        for none in ["/v1.0/me", "/v1.0/users", "/users/$count", "/users/$value", "/users/delta()"]
        {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
