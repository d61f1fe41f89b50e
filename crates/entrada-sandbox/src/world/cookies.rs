//! The cookies that programs set in the browser of the built-in person.

use std::collections::BTreeMap;

use http::{HeaderMap, Method, header};
use url::Url;

/// The cookies by host and name. A browser sends those of `localhost` to each of its ports.
#[derive(Default)]
pub(super) struct Cookies(BTreeMap<(String, String), Cookie>);

struct Cookie {
    value: String,
    same_site: SameSite,
}

/// The requests from pages of other sites that a cookie is sent with (RFC 6265bis §5.6.7).
#[derive(Clone, Copy, PartialEq, Eq)]
enum SameSite {
    /// None.
    Strict,
    /// Those that open a page with GET.
    Lax,
    /// All. Chromium does the same for two minutes where the attribute is absent.
    None,
}

impl Cookies {
    /// Keeps what the answer of `host` sets. An empty value removes a cookie.
    pub(super) fn keep(&mut self, host: &str, headers: &HeaderMap) {
        let set = headers.get_all(header::SET_COOKIE).iter();
        for text in set.filter_map(|value| value.to_str().ok()) {
            let mut parts = text.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let key = (host.to_owned(), name.to_owned());
            if value.is_empty() {
                self.0.remove(&key);
                continue;
            }
            let attribute =
                parts.filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
                    name.eq_ignore_ascii_case("samesite").then(|| value.to_ascii_lowercase())
                });
            let same_site = match attribute.as_deref() {
                Some("strict") => SameSite::Strict,
                Some("lax") => SameSite::Lax,
                _ => SameSite::None,
            };
            self.0.insert(key, Cookie { value: value.to_owned(), same_site });
        }
    }

    /// The header `Cookie` of a request to `host`, which a page at `from` leads to; nothing where the person opens the address.
    pub(super) fn header(&self, host: &str, from: Option<&Url>, method: &Method) -> Option<String> {
        let is_from_elsewhere = from.is_some_and(|url| url.host_str() != Some(host));
        let is_sent = |cookie: &Cookie| {
            !is_from_elsewhere
                || match cookie.same_site {
                    SameSite::Strict => false,
                    SameSite::Lax => method == Method::GET,
                    SameSite::None => true,
                }
        };
        let own = self.0.iter().filter(|((own, _), cookie)| own == host && is_sent(cookie));
        let pairs: Vec<String> =
            own.map(|((_, name), cookie)| format!("{name}={}", cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use crate::world::{Person, World, WorldOptions};

    #[test]
    fn a_cookie_goes_where_its_site_lets_it() {
        let mut cookies = Cookies::default();
        let mut headers = HeaderMap::new();
        for text in ["a=1; Path=/", "b=2; SameSite=Lax", "c=3; samesite=strict; HttpOnly", "d"] {
            headers.append(header::SET_COOKIE, text.parse().unwrap());
        }
        cookies.keep("localhost", &headers);
        let other = Url::parse("https://login.microsoftonline.com/x").unwrap();
        let own = Url::parse("http://localhost:5000/x").unwrap();
        let sent = |from, method: Method| cookies.header("localhost", from, &method);
        assert_eq!(sent(None, Method::GET).unwrap(), "a=1; b=2; c=3");
        assert_eq!(sent(Some(&own), Method::POST).unwrap(), "a=1; b=2; c=3");
        assert_eq!(sent(Some(&other), Method::GET).unwrap(), "a=1; b=2");
        assert_eq!(sent(Some(&other), Method::POST).unwrap(), "a=1");
        assert_eq!(cookies.header("127.0.0.1", None, &Method::GET), None);
        headers.clear();
        headers.append(header::SET_COOKIE, "a=; Max-Age=0".parse().unwrap());
        cookies.keep("localhost", &headers);
        assert_eq!(cookies.header("localhost", Some(&other), &Method::POST), None);
    }

    /// A web application knows its user by a cookie when the answer comes.
    #[test]
    fn the_person_comes_back_with_the_cookie_of_a_session() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let address = format!(
            "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?response_type=code&state=st4te\
             &client_id=11111111-1111-1111-1111-111111111111&scope=User.Read&response_mode=form_post&redirect_uri={here}/back"
        );
        let program = std::thread::spawn(move || {
            let redirect = format!(
                "HTTP/1.1 302 Found\r\nSet-Cookie: sid=s3ssion; Path=/; HttpOnly\r\nLocation: {address}\r\n\r\n"
            );
            let answers = [redirect.as_str(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"];
            let mut requests = answers.into_iter().map(|answer| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 4_096];
                let length = stream.read(&mut request).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                String::from_utf8_lossy(&request[..length]).into_owned()
            });
            (requests.next().unwrap(), requests.next().unwrap())
        });
        let options = WorldOptions { scenarios: vec!["normal".into()], user: None, tenant: None };
        Person::new(World::new(&options), None).open(&format!("{here}/login"));
        let (first, second) = program.join().unwrap();
        assert!(first.starts_with("GET /login") && !first.contains("Cookie:"), "{first}");
        let is_back =
            second.starts_with("POST /back") && second.contains("\r\nCookie: sid=s3ssion\r\n");
        assert!(is_back, "{second}");
    }
}
