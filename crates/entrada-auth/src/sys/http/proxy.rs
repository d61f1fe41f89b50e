//! Chooses the route of a request: direct, or through a proxy.

use http::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::error::{ProxyFailure, ProxyFault, SetupFailure};
use crate::sys::{Env, TextVariable};
use entrada_core::is_loopback;

/// The proxy variables, in the order in which they are read. Only https requests go through a proxy.
///
/// Any of them may hold a password.
pub const PROXY_VARIABLES: [TextVariable; 4] = [
    TextVariable::HttpsProxy,
    TextVariable::HttpsProxyLower,
    TextVariable::AllProxy,
    TextVariable::AllProxyLower,
];
/// Hosts that are reached without the proxy.
const EXCEPTIONS: [TextVariable; 2] = [TextVariable::NoProxy, TextVariable::NoProxyLower];

/// The proxy for requests to `url`, as host and port; `None` if they go direct or the setting is invalid.
pub fn proxy_of(url: &Url, env: &Env) -> Option<String> {
    let proxy = Proxy::of(url, env).ok().flatten()?;
    Some(proxy.failure(ProxyFault::Refused).proxy)
}

/// A proxy for requests.
pub(super) struct Proxy {
    /// Its address, with user name and password.
    url: Url,
    /// User name and password, if they are not part of the address.
    auth: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy for `url`, from the environment or the system's settings. Requests to this machine never use one.
    pub(super) fn of(url: &Url, env: &Env) -> Result<Option<Self>, SetupFailure> {
        let Ok(uri) = url.as_str().parse::<http::Uri>() else { return Ok(None) };
        if is_loopback(url) {
            return Ok(None);
        }
        let names = PROXY_VARIABLES.into_iter().chain(EXCEPTIONS).map(TextVariable::name);
        let is_not_text = |name: &&str| env.os(name).is_some_and(|value| value.to_str().is_none());
        if let Some(variable) = names.into_iter().find(is_not_text) {
            return Err(SetupFailure::ProxyVariable { variable, why: "it is not UTF-8" });
        }
        let named =
            PROXY_VARIABLES.into_iter().find_map(|name| Some((name.name(), env.get(name)?)));
        let Some((variable, value)) = named else { return Ok(Self::of_the_system(&uri)) };
        let proxy =
            parse(value.trim()).map_err(|why| SetupFailure::ProxyVariable { variable, why })?;
        let except = EXCEPTIONS.into_iter().find_map(|name| env.get(name)).unwrap_or_default();
        // Only used to find out whether `NO_PROXY` covers the host, so any proxy address is fine.
        let matcher = Matcher::builder().all("http://proxy").no(except).build();
        Ok(matcher.intercept(&uri).map(|_| Self { url: proxy, auth: None }))
    }

    /// The proxy from the settings of macOS or Windows.
    fn of_the_system(uri: &http::Uri) -> Option<Self> {
        if cfg!(not(any(target_os = "macos", windows))) {
            return None;
        }
        let found = Matcher::from_system().intercept(uri)?;
        let url = Url::parse(&found.uri().to_string()).ok()?;
        Some(Self { url, auth: found.basic_auth().cloned() })
    }

    /// The proxy in the form that the client takes.
    pub(super) fn rule(&self) -> Result<reqwest::Proxy, SetupFailure> {
        let rule = reqwest::Proxy::all(self.url.clone()).map_err(|_| SetupFailure::Client)?;
        Ok(match &self.auth {
            Some(auth) => rule.custom_http_auth(auth.clone()),
            None => rule,
        })
    }

    /// Whether a user name is sent to the proxy.
    pub(super) fn has_login(&self) -> bool {
        self.auth.is_some() || !self.url.username().is_empty() || self.url.password().is_some()
    }

    /// The failure `fault` with the proxy's name.
    pub(super) fn failure(&self, fault: ProxyFault) -> ProxyFailure {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or_default();
        ProxyFailure { proxy: format!("{host}:{port}"), fault }
    }
}

/// `value` as an address: `http://`, which may be omitted, or `https://`. Errors describe the problem and never
/// contain the value.
fn parse(value: &str) -> Result<Url, &'static str> {
    let whole = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&whole).map_err(|_| "it is no URL")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("only `http://` and `https://` proxies can be used");
    }
    // An unescaped `/`, `?` or `#` in a password ends the host part early. The rest is not shown, and the part before
    // it would be taken for the host.
    let rest = &url[url::Position::BeforePath..];
    if rest.contains('@') {
        return Err("its user name or password is not percent-encoded");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> Env {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
    }

    #[test]
    fn the_variables_name_the_proxy_and_its_exceptions() {
        let proxy = ("HTTPS_PROXY", "http://proxy.example:3128");
        for (variables, url, expected) in [
            (&[][..], "https://login.example/", Ok(None)),
            (&[proxy], "https://login.example/", Ok(Some("proxy.example:3128"))),
            (
                &[("https_proxy", "proxy.example")],
                "https://a.example/",
                Ok(Some("proxy.example:80")),
            ),
            (
                &[("ALL_PROXY", "https://p.example")],
                "https://a.example/",
                Ok(Some("p.example:443")),
            ),
            (&[("all_proxy", "[::1]:8080")], "https://a.example/", Ok(Some("[::1]:8080"))),
            (
                &[("ALL_PROXY", "http://other:1"), proxy],
                "https://a.example/",
                Ok(Some("proxy.example:3128")),
            ),
            (&[("HTTPS_PROXY", "")], "https://a.example/", Ok(None)),
            // Plain http is sent only to this machine, so its variable is not used.
            (&[("HTTP_PROXY", "http://other:1")], "https://a.example/", Ok(None)),
            (&[proxy, ("NO_PROXY", "a.example")], "https://login.a.example/", Ok(None)),
            (&[proxy, ("no_proxy", ".a.example, 10.0.0.0/8")], "https://10.1.2.3/", Ok(None)),
            (
                &[proxy, ("NO_PROXY", "b.example")],
                "https://a.example/",
                Ok(Some("proxy.example:3128")),
            ),
            (&[proxy, ("NO_PROXY", "*")], "https://a.example/", Ok(None)),
            // Requests to this machine never go through a proxy.
            (&[proxy], "https://localhost:8400/", Ok(None)),
            (&[proxy], "http://127.0.0.1:8400/", Ok(None)),
            (&[proxy], "https://127.9.8.7/", Ok(None)),
            (&[proxy], "https://[::1]:8400/", Ok(None)),
            (&[("HTTPS_PROXY", "nonsense://")], "https://localhost/", Ok(None)),
            (&[("HTTPS_PROXY", "http://user:s3cret@p:1")], "https://a.example/", Ok(Some("p:1"))),
            (&[("HTTPS_PROXY", "http://user:p@ss@p:1")], "https://a.example/", Ok(Some("p:1"))),
            (&[("HTTPS_PROXY", "http://")], "https://a.example/", Err("it is no URL")),
            (&[("https_proxy", "http://p:port")], "https://a.example/", Err("it is no URL")),
            (
                &[("ALL_PROXY", "socks5://p:1080")],
                "https://a.example/",
                Err("only `http://` and `https://` proxies can be used"),
            ),
            (
                &[("HTTPS_PROXY", "http://user:1#s3cret@p:1")],
                "https://a.example/",
                Err("its user name or password is not percent-encoded"),
            ),
        ] {
            let env = env(variables);
            let found = match Proxy::of(&Url::parse(url).unwrap(), &env) {
                Ok(proxy) => Ok(proxy.map(|proxy| proxy.failure(ProxyFault::Refused).proxy)),
                Err(SetupFailure::ProxyVariable { why, variable }) => {
                    assert!(env.is_set(variable));
                    Err(why)
                }
                Err(other) => panic!("{other}"),
            };
            assert_eq!(found, expected.map(|name| name.map(str::to_owned)), "{variables:?} {url}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_text_is_an_error_and_does_not_disable_the_proxy() {
        use std::os::unix::ffi::OsStringExt as _;
        let url = Url::parse("https://a.example/").unwrap();
        for name in PROXY_VARIABLES.into_iter().chain(EXCEPTIONS).map(TextVariable::name) {
            let value = std::ffi::OsString::from_vec(b"http://p\xff:1".to_vec());
            let fault = Proxy::of(&url, &Env::from_iter([(name.to_owned(), value)])).err();
            let expected =
                Some(SetupFailure::ProxyVariable { variable: name, why: "it is not UTF-8" });
            assert_eq!(fault, expected);
        }
    }
}
