//! The built-in person: signs in at the emulator's pages, as a user with a browser does.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entrada_core::har::Pair;
use entrada_emulator::Reply;
use http::{Method, Request, Response, header};
use url::Url;
use url::form_urlencoded::Serializer;

use super::cookies::Cookies;
use super::front::{begin, finish};
use super::{World, clock, hosts};

/// Pages after which the person gives up.
const STEPS_MAX: usize = 12;
/// Milliseconds between two looks at the pending device codes.
const LOOK: u64 = 200;
/// How long a program is waited for that is to listen at its redirect address.
const LISTENS: u64 = 5_000;
const DEVICE_PAGE: &str = "https://login.microsoftonline.com/devicelogin";

/// A user at a browser.
pub(crate) struct Person {
    world: Arc<World>,
    /// The user name of the account to sign in with; without one, the first that the page offers.
    user: Option<String>,
    cookies: Mutex<Cookies>,
}

/// The addresses of authorization requests in what a program prints for its user to open. A log may shorten an address: what
/// lacks a parameter that every such request has is none.
pub(crate) fn printed_addresses(text: &str) -> Vec<String> {
    let is_end = |c: char| c.is_whitespace() || c.is_control() || "\"'<>`".contains(c);
    // The last word may be incomplete.
    let complete = text.rfind(is_end).map_or("", |end| &text[..end]);
    let words = complete.match_indices("https://").map(|(at, _)| {
        let rest = &complete[at..];
        &rest[..rest.find(is_end).unwrap_or(rest.len())]
    });
    let is_complete = |url: &Url| {
        let has = |wanted: &str| url.query_pairs().any(|(name, _)| name == wanted);
        has("client_id") && has("response_type") && (has("scope") || has("resource"))
    };
    let is_authorization = |word: &&str| {
        word.contains("/authorize?")
            && Url::parse(word).is_ok_and(|url| {
                url.host_str().is_some_and(hosts::is_microsoft) && is_complete(&url)
            })
    };
    words.filter(is_authorization).map(str::to_owned).collect()
}

/// One way to the next page.
struct Step<'a> {
    url: &'a Url,
    /// The page that leads there.
    from: Option<&'a Url>,
    /// What is submitted.
    form: Option<&'a [Pair]>,
}

impl<'a> Step<'a> {
    fn to(url: &'a Url) -> Self {
        Self { url, from: None, form: None }
    }
}

/// A page, and where it came from.
struct Page {
    url: Url,
    response: Response<Vec<u8>>,
}

impl Person {
    pub(crate) fn new(world: Arc<World>, user: Option<String>) -> Self {
        Self { world, user, cookies: Mutex::default() }
    }

    /// Opens `url` and signs in. Returns when the last page is shown.
    pub(crate) fn open(&self, url: &str) {
        let Ok(url) = Url::parse(url.trim()) else { return };
        let Some(mut page) = self.load(&Step::to(&url), true) else { return };
        for _ in 0..STEPS_MAX {
            let Some(next) = self.next(&page, None) else { return };
            page = next;
        }
    }

    /// Enters `user_code` at the device page and signs in.
    pub(crate) fn enter_code(&self, user_code: &str) {
        let Ok(url) = Url::parse(DEVICE_PAGE) else { return };
        let Some(mut page) = self.load(&Step::to(&url), false) else { return };
        for _ in 0..STEPS_MAX {
            let Some(next) = self.next(&page, Some(user_code)) else { return };
            page = next;
        }
    }

    /// Enters every code that programs wait for. It does not return.
    pub(crate) fn watch_codes(&self) {
        let mut entered: BTreeSet<String> = BTreeSet::new();
        loop {
            clock::pause(LOOK);
            for code in self.world.emulator.pending_user_codes() {
                if entered.insert(code.clone()) {
                    self.enter_code(&code);
                }
            }
        }
    }

    /// Follows a redirect, or submits the form of the page; `None` on the last page.
    fn next(&self, page: &Page, user_code: Option<&str>) -> Option<Page> {
        // A program may open a page of its own, which leads to the authority.
        let is_own = page.url.host_str().is_some_and(hosts::is_local);
        let is_recorded = |url: &Url| is_own || url.host_str().is_some_and(hosts::is_local);
        let location = page.response.headers().get(header::LOCATION);
        if let Some(location) = location.and_then(|value| value.to_str().ok()) {
            let url = page.url.join(location).ok()?;
            return self.load(&Step { from: Some(&page.url), ..Step::to(&url) }, is_recorded(&url));
        }
        let text = String::from_utf8_lossy(page.response.body()).into_owned();
        let form = Form::in_page(&text)?;
        let url = page.url.join(&form.action).ok()?;
        let members = form.filled_in(self.user.as_deref(), user_code)?;
        let step = Step { url: &url, from: Some(&page.url), form: Some(&members) };
        self.load(&step, is_recorded(&url))
    }

    /// Loads a page. What the program itself caused is recorded: the address that it opened, and the answer that it gets.
    fn load(&self, step: &Step<'_>, is_recorded: bool) -> Option<Page> {
        let Step { url, from, form } = *step;
        let host = url.host_str()?.to_owned();
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let cookies = || self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let cookie = cookies().header(&host, from, &method);
        let body = form.map(|members| {
            let pairs = members.iter().map(|pair| (&pair.name, &pair.value));
            Serializer::new(String::new()).extend_pairs(pairs).finish()
        });
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, host.as_str())
            .header(header::USER_AGENT, "entrada sandbox (built-in person)")
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.unwrap_or_default().into_bytes())
            .ok()?;
        if let Some(cookie) = cookie.and_then(|cookie| cookie.parse().ok()) {
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let mut exchange = begin(url.scheme(), &host, &request);
        let response = if hosts::is_local(&host) {
            let response = ask_program(url, &request).ok();
            if let Some(response) = &response {
                cookies().keep(&host, response.headers());
            }
            response
        } else {
            match self.world.respond(&host, request) {
                Reply::Answer(response) => Some(response),
                Reply::Delayed(delay, response) => {
                    clock::pause(delay.as_millis().try_into().unwrap_or(u64::MAX));
                    Some(response)
                }
                Reply::Hang | Reply::Cut => None,
            }
        };
        finish(&mut exchange, response.as_ref());
        if is_recorded {
            self.world.note(exchange);
        }
        Some(Page { url: url.clone(), response: response? })
    }
}

/// Sends a request to the program, which listens on this machine.
fn ask_program(url: &Url, request: &Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
    let port = url.port_or_known_default().unwrap_or(80);
    let mut stream = connect(port)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nUser-Agent: entrada sandbox\r\nAccept: text/html\r\n",
        request.method(),
        request.uri()
    );
    if let Some(cookie) = request.headers().get(header::COOKIE).and_then(|own| own.to_str().ok()) {
        head.extend(["Cookie: ", cookie, "\r\n"]);
    }
    if !request.body().is_empty() {
        let length = request.body().len().to_string();
        head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ";
        head += &length;
        head += "\r\n";
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(request.body())?;
    let mut answer = Vec::new();
    // A program may close the connection without ceremony, or keep it open: what came counts.
    let _ = stream.take(1 << 20).read_to_end(&mut answer);
    parsed(&answer).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let mut waited = 0;
    loop {
        let tried =
            TcpStream::connect(("127.0.0.1", port)).or_else(|_| TcpStream::connect(("::1", port)));
        match tried {
            Ok(stream) => return Ok(stream),
            Err(error) if LISTENS <= waited => return Err(error),
            Err(_) => {
                clock::pause(50);
                waited += 50;
            }
        }
    }
}

/// The status and the headers that matter, of a program's small server.
fn parsed(answer: &[u8]) -> Option<Response<Vec<u8>>> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.lines();
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut response = Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        response = response.header(name.trim(), value.trim());
    }
    response.body(answer[end + 4..].to_vec()).ok()
}

/// A form of one of the emulator's pages.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    action: String,
    inputs: Vec<Pair>,
    buttons: Vec<Pair>,
}

impl Form {
    /// The first form of the page.
    fn in_page(html: &str) -> Option<Self> {
        let start = html.find("<form")?;
        let form = &html[start..];
        let form = &form[..form.find("</form>").unwrap_or(form.len())];
        let mut tags = form.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
        let action = attribute(tags.next()?, "action")?;
        let (mut inputs, mut buttons) = (Vec::new(), Vec::new());
        for tag in tags {
            let list = match tag.split_whitespace().next() {
                Some("input") => &mut inputs,
                Some("button") => &mut buttons,
                _ => continue,
            };
            if let Some(name) = attribute(tag, "name") {
                list.push(Pair { name, value: attribute(tag, "value").unwrap_or_default() });
            }
        }
        Some(Self { action, inputs, buttons })
    }

    /// What the person submits: the code, the account. `None` where there is nothing to press.
    fn filled_in(mut self, user: Option<&str>, user_code: Option<&str>) -> Option<Vec<Pair>> {
        for input in &mut self.inputs {
            if input.name == "otc" && input.value.is_empty() {
                user_code?.clone_into(&mut input.value);
            }
        }
        let is_account = |pair: &&Pair| pair.name == "account";
        let wanted = self
            .buttons
            .iter()
            .filter(is_account)
            .find(|pair| user.is_some_and(|user| pair.value.eq_ignore_ascii_case(user)));
        let pressed = wanted.or_else(|| self.buttons.iter().find(is_account));
        self.inputs.extend(pressed.cloned());
        Some(self.inputs)
    }
}

/// The value of an attribute in a tag, with its character references resolved.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split_once(&format!(" {name}=\""))?.1;
    let value = &rest[..rest.find('"')?];
    let plain = value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    Some(plain.replace("&#39;", "'").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::WorldOptions;

    fn person(user: &str) -> Person {
        let options = WorldOptions { scenarios: vec!["normal".into()], user: None, tenant: None };
        Person::new(World::new(&options), Some(user.to_owned()))
    }

    fn ask(person: &Person, path: &str, body: &str) -> serde_json::Value {
        let request = Request::post(format!("/organizations/oauth2/v2.0/{path}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.as_bytes().to_vec())
            .unwrap();
        let Reply::Answer(answer) = person.world.respond("login.microsoftonline.com", request)
        else {
            panic!()
        };
        serde_json::from_slice(answer.body()).unwrap()
    }

    const CLIENT: &str = "client_id=11111111-1111-1111-1111-111111111111";

    #[test]
    fn the_person_enters_a_code_as_the_chosen_account() {
        let lin = person("lin@contoso.example");
        let scope = "scope=openid+profile+User.Read";
        let start = ask(&lin, "devicecode", &format!("{CLIENT}&{scope}"));
        lin.enter_code(start["user_code"].as_str().unwrap());
        let code = start["device_code"].as_str().unwrap();
        let grant = "grant_type=urn:ietf:params:oauth:grant-type:device_code";
        let tokens = ask(&lin, "token", &format!("{CLIENT}&{grant}&device_code={code}"));
        let token =
            entrada_core::Jwt::decode_unverified(tokens["access_token"].as_str().unwrap()).unwrap();
        assert_eq!(
            token.claims.get("upn").and_then(serde_json::Value::as_str),
            Some("lin@contoso.example")
        );
        assert!(
            lin.world.recorded().exchanges.is_empty(),
            "the pages of the person are not the program's requests"
        );
    }

    #[test]
    fn the_person_signs_in_at_the_address_that_a_program_opens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let program = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4_096];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let ada = person("ada@contoso.example");
        ada.open(&format!(
            "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize?{CLIENT}&response_type=code\
             &scope=User.Read&state=st4te&redirect_uri=http://localhost:{port}"
        ));
        let request = program.join().unwrap();
        assert!(
            request.starts_with("GET /?code=") && request.contains("&state=st4te"),
            "{request}"
        );
        let recorded = ada.world.recorded().exchanges;
        let urls: Vec<&str> =
            recorded.iter().map(|one| one.url.split('?').next().unwrap()).collect();
        assert_eq!(
            urls,
            [
                "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize",
                "http://localhost/",
            ]
        );
    }

    #[test]
    fn addresses_to_open_are_found_in_what_is_printed() {
        let start = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=x&response_type=code";
        let url = format!("{start}&scope=openid&state=y");
        let text = format!("Open <{url}> or\nhttps://example.com/authorize?x then {url}\n{url}");
        assert_eq!(printed_addresses(&text), [&*url, &*url], "the last one may go on");
        assert!(printed_addresses(&format!("opens {start}&scop ...\n")).is_empty());
        assert!(printed_addresses("https://login.microsoftonline.com/devicelogin \n").is_empty());
    }

    #[test]
    fn a_form_is_read_with_its_references() {
        let html = r#"<form method="post" action="/a?b=1&amp;c=2"><input type="hidden" name="x" value="&quot;1&quot;">
            <button name="account" value="ada"><b>Ada</b></button><button name="action" value="cancel">No</button></form>"#;
        let form = Form::in_page(html).unwrap();
        assert_eq!(form.action, "/a?b=1&c=2");
        let names: Vec<String> = form
            .filled_in(None, None)
            .unwrap()
            .into_iter()
            .map(|pair| pair.name + "=" + &pair.value)
            .collect();
        assert_eq!(names, ["x=\"1\"", "account=ada"]);
    }
}
