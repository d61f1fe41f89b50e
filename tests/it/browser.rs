//! A browser and the loopback address it comes back to, without either: pages are opened at the emulator in process, and
//! redirects to the listener become visits.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use entrada::in_process::Stopwatch;
use entrada_auth::sys::{
    Browser, CallbackRequest, Clock as _, Entropy, Env, HostKind, HttpRequest, HttpResponse,
    Interrupted, Line, Listener, Loopback,
};
use entrada_core::NumericDate;
use entrada_emulator::{Emulator, Reply};
use url::Url;

/// The port that the machine seems to have free.
pub(crate) const PORT: u16 = 50_123;

/// Who sits at the browser, and what becomes of pages there.
#[derive(Clone, Default)]
pub(crate) struct Desk {
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Addresses that the program had opened.
    started: RefCell<Vec<Url>>,
    /// Addresses of sign-in pages that opened in the browser.
    opened: RefCell<Vec<Url>>,
    /// The site of those pages, and the time there.
    site: RefCell<Option<(Rc<Emulator>, NumericDate)>>,
    /// Why no browser opens, if none does.
    unopened: RefCell<Option<io::ErrorKind>>,
    /// Requests that will come to the listener, the next one first.
    coming: RefCell<VecDeque<HttpRequest>>,
    /// Responses that no client has read yet.
    answers: RefCell<Vec<tokio::sync::oneshot::Receiver<HttpResponse>>>,
    /// What clients received: status and body.
    seen: RefCell<Vec<(u16, String)>>,
    /// Lines that somebody types.
    typed: RefCell<VecDeque<String>>,
    /// The state of a generator that is random enough for a test.
    drawn: RefCell<u64>,
}

impl Desk {
    /// Addresses that the program had opened: words on the command line of a browser.
    pub(crate) fn started(&self) -> Vec<Url> {
        self.shared.started.borrow().clone()
    }

    /// No browser opens from now on.
    pub(crate) fn opens_nothing(&self) {
        *self.shared.unopened.borrow_mut() = Some(io::ErrorKind::NotFound);
    }

    /// Addresses of sign-in pages that opened in the browser.
    pub(crate) fn opened(&self) -> Vec<Url> {
        self.shared.opened.borrow().clone()
    }

    /// What clients of the listener received, in order.
    pub(crate) fn seen(&self) -> Vec<(u16, String)> {
        self.look();
        self.shared.seen.borrow().clone()
    }

    /// Somebody will visit the listener.
    pub(crate) fn comes(&self, request: HttpRequest) {
        self.shared.coming.borrow_mut().push_back(request);
    }

    /// Somebody will type `line`.
    /// What was typed, for whoever asks for it first.
    pub(crate) fn typed(&self) -> Option<String> {
        self.shared.typed.borrow_mut().pop_front()
    }

    pub(crate) fn types(&self, line: &str) {
        self.shared.typed.borrow_mut().push_back(line.to_owned());
    }

    /// Takes in the answers that have come; a redirect is followed.
    fn look(&self) {
        let mut waiting = self.shared.answers.take();
        waiting.retain_mut(|answer| match answer.try_recv() {
            Ok(response) => {
                let body = String::from_utf8_lossy(response.body()).into_owned();
                self.shared.seen.borrow_mut().push((response.status().as_u16(), body));
                if let Some(location) = response.headers().get("location") {
                    let location = location.to_str().unwrap();
                    match Url::parse(location) {
                        Ok(page) => self.browse(&page),
                        Err(_) => self.shared.coming.borrow_mut().push_front(get(location)),
                    }
                }
                false
            }
            Err(tokio::sync::oneshot::error::TryRecvError::Empty) => true,
            Err(_) => false,
        });
        self.shared.answers.borrow_mut().append(&mut waiting);
    }

    /// Opens `url` as a browser does: follows the emulator to where it leads, and its form, if it posts one.
    fn browse(&self, url: &Url) {
        self.shared.opened.borrow_mut().push(url.clone());
        let Some((emulator, now)) = self.shared.site.borrow().clone() else { return };
        let request = http::Request::builder().uri(url.as_str()).body(Vec::new()).unwrap();
        let Reply::Answer(page) = emulator.handle(request, now) else { return };
        if let Some(location) = page.headers().get("location") {
            let location = Url::parse(location.to_str().unwrap()).unwrap();
            let query = location.query().unwrap_or_default();
            self.comes(get(&format!("{}?{query}", location.path())));
        } else if let Some(form) = form_of(&String::from_utf8_lossy(page.body())) {
            self.comes(form);
        }
    }
}

/// A browser's GET of `path` at the listener.
pub(crate) fn get(path: &str) -> HttpRequest {
    let host = format!("localhost:{PORT}");
    http::Request::builder().uri(path).header("host", host).body(Vec::new()).unwrap()
}

/// The browser and the listener of one run.
pub(crate) struct Machine<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) emulator: &'a Rc<Emulator>,
    pub(crate) clock: &'a Stopwatch,
    pub(crate) place: HostKind,
}

/// The form that a page posts to the listener by itself.
fn form_of(page: &str) -> Option<HttpRequest> {
    let form = &page[page.find("<form method=\"POST\" name=\"hiddenform\"")?..];
    let quoted = |text: &str, name: &str| {
        let rest = &text[text.find(&format!("{name}=\""))? + name.len() + 2..];
        Some(rest[..rest.find('"')?].replace("&amp;", "&"))
    };
    let action = Url::parse(&quoted(form, "action")?).unwrap();
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    for input in form.split("<input").skip(1) {
        // The button for browsers without scripts has no name.
        if let Some(name) = quoted(input, "name") {
            body.append_pair(&name, &quoted(input, "value")?);
        }
    }
    let request = http::Request::builder()
        .method("POST")
        .uri(action.path())
        .header("host", format!("localhost:{PORT}"))
        .header("origin", "null")
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded");
    Some(request.body(body.finish().into_bytes()).unwrap())
}

impl Browser for Machine<'_> {
    fn host_kind(&self, _: &Env) -> HostKind {
        self.place
    }

    fn open(&self, url: &Url, env: &Env) -> io::Result<mpsc::Receiver<io::Error>> {
        let is_asked = self.place == HostKind::Desktop || env.is_set("BROWSER");
        assert!(is_asked, "nobody asked to open {url}");
        let shared = &self.desk.shared;
        shared.started.borrow_mut().push(url.clone());
        if let Some(why) = *shared.unopened.borrow() {
            return Err(why.into());
        }
        *shared.site.borrow_mut() = Some((Rc::clone(self.emulator), self.clock.now()));
        if url.port() == Some(PORT) {
            self.desk.comes(get(url.path()));
        } else {
            self.desk.browse(url);
        }
        Ok(mpsc::channel().1)
    }
}

impl Loopback for Machine<'_> {
    fn listen(&self, ports: &[u16]) -> io::Result<Box<dyn Listener>> {
        match ports {
            [] => (),
            ports if ports.contains(&PORT) => (),
            _ => return Err(io::ErrorKind::AddrInUse.into()),
        }
        Ok(Box::new(Port(self.desk.clone())))
    }
}

struct Port(Desk);

impl Listener for Port {
    fn port(&self) -> u16 {
        PORT
    }

    fn next(&mut self, _: Duration) -> Result<Option<CallbackRequest>, Interrupted> {
        self.0.look();
        let Some(request) = self.0.shared.coming.borrow_mut().pop_front() else { return Ok(None) };
        let (visit, answer) = CallbackRequest::new(request);
        self.0.shared.answers.borrow_mut().push(answer);
        Ok(Some(visit))
    }

    fn close(self: Box<Self>, _: Duration) {}
}

/// What somebody types; nobody there is the end of the input.
pub(crate) struct Typed(pub(crate) Desk);

impl Line for Typed {
    fn poll(&mut self) -> Option<io::Result<entrada_core::Secret>> {
        let line = self.0.typed();
        Some(line.map(entrada_core::Secret::new).ok_or_else(|| io::ErrorKind::UnexpectedEof.into()))
    }
}

impl Entropy for Desk {
    /// Different at each call, and the same in each run.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut drawn = self.shared.drawn.borrow_mut();
        for byte in bytes {
            // Knuth's constants for a linear generator of 64 bits.
            *drawn = drawn
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = u8::try_from(*drawn >> 56).unwrap();
        }
        Ok(())
    }
}
