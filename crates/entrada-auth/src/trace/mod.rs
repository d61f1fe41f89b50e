//! Writes a run down as an HTTP archive: every request and answer, the page that was opened, who came to the listener.
//!
//! What is secret is replaced when it is recorded; nothing else of it is kept.

mod wire;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use url::Url;

use crate::sys::{
    Bundle, CallbackRequest, Http, HttpError, HttpRequest, HttpResponse, Interrupted, Line,
    Listener, Loopback, OutputFile, OutputOptions, Stream, Sys, Terminal,
};
use entrada_core::har::{
    Content, Entry, Har, Redactor, Request, Response, Timings, TraceSummary, timestamp,
};
use entrada_core::{self as model, Secret, to_json_pretty};

const COMMENT: &str = "Secrets were replaced when this was recorded, by redacted-FINGERPRINT-LENGTH; names, addresses \
    and claims were not. `entrada trace show FILE` prints it in order.";

/// Visits to the listener that are noted, of those that got the same answer.
const VISITS_MAX: usize = 50;

/// A trace that was written.
#[derive(Debug)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// Whether the user wants to hear of it.
    pub announce: bool,
}

/// What is written down of one run; nothing until [`Recorder::start`].
#[derive(Clone, Default)]
pub struct Recorder {
    tape: Arc<Mutex<Option<Tape>>>,
    redactor: model::Redactor,
}

struct Tape {
    har: Har,
    redactor: Redactor,
    file: OutputFile,
    announce: bool,
    /// How many visits to the listener were noted, by the status of their answer.
    visits: BTreeMap<u16, usize>,
    /// Visits that were not.
    more_visits: u64,
    /// Milliseconds since 1970 when it began.
    began: i64,
    since: Box<dyn Fn() -> Duration + Send>,
}

impl Recorder {
    /// One that replaces every secret that `redactor` knows when the file is written.
    pub fn new(redactor: model::Redactor) -> Self {
        Self { redactor, ..Self::default() }
    }

    /// Begins to record for the file `path`, which must be writable now and is written by [`Recorder::finish`].
    ///
    /// # Errors
    ///
    /// What the system said of `path`.
    pub fn start(
        &self,
        sys: &Sys<'_>,
        path: &Path,
        about: TraceSummary,
        announce: bool,
    ) -> io::Result<()> {
        if self.tape().is_some() {
            // A command that asks for several tokens is one run.
            return Ok(());
        }
        let file = OutputFile::open(path, OutputOptions::default())?;
        let mut salt = [0; 16];
        sys.entropy.fill(&mut salt)?;
        *self.tape() = Some(Tape {
            har: Har::new(COMMENT, about),
            redactor: Redactor::new(salt, self.redactor.clone()),
            announce: announce && file.is_file(),
            file,
            visits: BTreeMap::new(),
            more_visits: 0,
            began: sys.clock.now().0.saturating_mul(1_000),
            since: sys.clock.stopwatch(),
        });
        Ok(())
    }

    /// Records nothing any more, and writes no file.
    pub fn cancel(&self) {
        *self.tape() = None;
    }

    /// Notes that the user was shown the page `url`. What happens on it is not ours to see.
    pub fn page(&self, url: &Url) {
        self.with(|tape| {
            tape.unanswered(url, "the sign-in page; a browser asks for it, unseen from here");
        });
    }

    /// Writes the file, of a run that ends with the code `exit`; `None` where nothing was recorded. `stdout` is where a trace
    /// to `-` goes.
    ///
    /// # Errors
    ///
    /// What the system said of the file.
    pub fn finish(&self, exit: u8, stdout: &mut dyn Write) -> io::Result<Option<Written>> {
        let written = self.write(exit, stdout);
        *self.tape() = None;
        written
    }

    /// Writes the file, of a run that ends with the code `exit` unless [`Recorder::finish`] comes to say otherwise.
    ///
    /// # Errors
    ///
    /// What the system said of the file.
    pub fn write(&self, exit: u8, stdout: &mut dyn Write) -> io::Result<Option<Written>> {
        let mut tape = self.tape();
        let Some(Tape { har, file, announce, redactor, .. }) = &mut *tape else { return Ok(None) };
        if let Some(about) = &mut har.log.about {
            about.exit = Some(exit);
        }
        let mut document = serde_json::to_value(har)?;
        // Some of it was written down before a secret in it was known.
        document.pointer_mut("/log/entries").into_iter().for_each(|all| redactor.texts(all));
        let mut text = Vec::new();
        to_json_pretty(&mut text, &document)?;
        text.push(b'\n');
        file.write(stdout, &text)?;
        let path = file.path().to_owned();
        // Once is enough.
        Ok(Some(Written { path, announce: std::mem::take(announce) }))
    }

    /// The network, listened in on.
    pub fn http<'a>(&'a self, inner: &'a dyn Http) -> impl Http + 'a {
        Recorded { inner, recorder: self }
    }

    /// The loopback, listened in on.
    pub fn loopback<'a>(&'a self, inner: &'a dyn Loopback) -> impl Loopback + 'a {
        Recorded { inner, recorder: self }
    }

    /// The terminal, of which addresses are noted that are pasted.
    pub fn terminal<'a>(&'a self, inner: &'a dyn Terminal) -> impl Terminal + 'a {
        Recorded { inner, recorder: self }
    }

    fn tape(&self) -> MutexGuard<'_, Option<Tape>> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, note: impl FnOnce(&mut Tape) -> T) -> Option<T> {
        self.tape().as_mut().map(note)
    }
}

impl Tape {
    /// Milliseconds since it began.
    fn passed(&self) -> i64 {
        i64::try_from((self.since)().as_millis()).unwrap_or(i64::MAX)
    }

    /// Notes a request; its number.
    fn asked(&mut self, request: Request, comment: Option<&str>) -> usize {
        let at = timestamp(self.began.saturating_add(self.passed()));
        self.har.log.entries.push(Entry {
            started_date_time: at,
            time: 0.0,
            request,
            response: Response { headers_size: -1, body_size: -1, ..Response::default() },
            cache: serde_json::Map::new(),
            timings: Timings::default(),
            comment: comment.map(str::to_owned),
            tokens: std::collections::BTreeMap::new(),
        });
        self.har.log.entries.len() - 1
    }

    /// Notes what came to request number `index`.
    fn answered(&mut self, index: usize, answer: Result<&HttpResponse, &HttpError>) {
        let until = self.began.saturating_add(self.passed());
        let Some(entry) = self.har.log.entries.get_mut(index) else { return };
        let took = until.saturating_sub(entry.started_milliseconds().unwrap_or(until));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one request")]
        let took = took.max(0) as f64;
        entry.time = took;
        entry.timings.wait = took;
        match answer {
            Ok(answer) => wire::answer(entry, answer, &mut self.redactor),
            Err(error) => {
                entry.response.error = Some(self.redactor.clear(&wire::reasons(error)));
            }
        }
    }

    /// Notes a visit to the listener and its answer. Anything on this machine can come there, as often as it likes.
    fn visited(&mut self, request: Request, answer: &HttpResponse) {
        let alike = self.visits.entry(answer.status().as_u16()).or_default();
        if VISITS_MAX <= *alike {
            self.more_visits = self.more_visits.saturating_add(1);
            let comment =
                format!("{COMMENT} Left out: {} more visits to the listener.", self.more_visits);
            self.har.log.comment = Some(comment);
            return;
        }
        *alike += 1;
        let index = self.asked(request, Some("a visitor at the loopback listener"));
        self.answered(index, Ok(answer));
    }

    /// Notes an address of which no more is known than that it was asked for.
    fn unanswered(&mut self, url: &Url, comment: &str) {
        let (url, query_string) = self.redactor.address(url);
        let request = Request {
            method: "GET".to_owned(),
            url,
            query_string,
            headers_size: -1,
            ..Request::default()
        };
        let index = self.asked(request, Some(comment));
        let nothing = Content { mime_type: "x-unknown".to_owned(), ..Content::default() };
        if let Some(entry) = self.har.log.entries.get_mut(index) {
            entry.response.content = nothing;
        }
    }
}

struct Recorded<'a, T: ?Sized> {
    inner: &'a T,
    recorder: &'a Recorder,
}

impl Http for Recorded<'_, dyn Http + '_> {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let base = None;
        let index = self.recorder.with(|tape| {
            let request = wire::request(&request, base, &mut tape.redactor);
            tape.asked(request, None)
        });
        let answer = self.inner.send(request);
        if let Some(index) = index {
            self.recorder.with(|tape| tape.answered(index, answer.as_ref()));
        }
        answer
    }

    fn trust(&self, bundle: Bundle) {
        self.inner.trust(bundle);
    }
}

impl Loopback for Recorded<'_, dyn Loopback + '_> {
    fn listen(&self, ports: &[u16]) -> io::Result<Box<dyn Listener>> {
        let inner = self.inner.listen(ports)?;
        Ok(Box::new(RecordedListener { inner, recorder: self.recorder.clone() }))
    }
}

struct RecordedListener {
    inner: Box<dyn Listener>,
    recorder: Recorder,
}

impl Listener for RecordedListener {
    fn port(&self) -> u16 {
        self.inner.port()
    }

    fn next(&mut self, wait: Duration) -> Result<Option<CallbackRequest>, Interrupted> {
        let Some(visit) = self.inner.next(wait)? else { return Ok(None) };
        let base = Url::parse(&format!("http://localhost:{}", self.inner.port())).ok();
        let request = self
            .recorder
            .with(|tape| wire::request(&visit.request, base.as_ref(), &mut tape.redactor));
        let Some(request) = request else { return Ok(Some(visit)) };
        let recorder = self.recorder.clone();
        Ok(Some(visit.with_response_hook(move |answer| {
            recorder.with(|tape| tape.visited(request, answer));
        })))
    }

    fn close(self: Box<Self>, grace: Duration) {
        self.inner.close(grace);
    }
}

impl Terminal for Recorded<'_, dyn Terminal + '_> {
    fn is_terminal(&self, stream: Stream) -> bool {
        self.inner.is_terminal(stream)
    }

    fn width(&self) -> Option<usize> {
        self.inner.width()
    }

    fn read_password(&self, prompt: &str) -> io::Result<Secret> {
        self.inner.read_password(prompt)
    }

    fn read_line(&self) -> io::Result<Box<dyn Line>> {
        let inner = self.inner.read_line()?;
        Ok(Box::new(RecordedLine { inner, recorder: self.recorder.clone() }))
    }
}

struct RecordedLine {
    inner: Box<dyn Line>,
    recorder: Recorder,
}

impl Line for RecordedLine {
    fn poll(&mut self) -> Option<io::Result<Secret>> {
        let polled = self.inner.poll();
        if let Some(Ok(line)) = &polled {
            self.recorder.with(|tape| {
                let text: String = line.expose().split_whitespace().collect();
                let address = Url::parse(&text).ok().filter(Url::has_host);
                // Whatever else it is, it may be a bare code.
                let hidden = || Url::parse(&format!("pasted:{}", tape.redactor.hide(&text))).ok();
                if let Some(url) = address.or_else(hidden) {
                    tape.unanswered(&url, "pasted at the prompt");
                }
            });
        }
        polled
    }
}
