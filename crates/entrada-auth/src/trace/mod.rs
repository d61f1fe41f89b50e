//! Records a run as an HTTP archive: every request and answer, the opened page, and the requests to the redirect
//! listener.
//!
//! Secrets are replaced when they are recorded. No other form of them is kept.

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
    Content, Har, HarEntry, Request, Response, Timings, TraceSummary, timestamp,
};
use entrada_core::{Redactor, Secret, to_json_pretty};

const COMMENT: &str = "Secrets were replaced when this was recorded, by redacted-FINGERPRINT-LENGTH; names, addresses \
    and claims were not. `entrada trace show FILE` prints it in order.";

/// How many requests to the listener with the same answer status are recorded.
const CALLBACKS_MAX: usize = 50;

/// A written trace file.
#[derive(Debug)]
pub struct TraceFile {
    /// The file's path.
    pub path: PathBuf,
    /// Whether to tell the user about the file.
    pub announce: bool,
}

/// The recording of one run. Empty until [`Recorder::start`].
#[derive(Clone, Default)]
pub struct Recorder {
    tape: Arc<Mutex<Option<Tape>>>,
    redactor: Redactor,
}

struct Tape {
    har: Har,
    redactor: Redactor,
    file: OutputFile,
    announce: bool,
    /// How many requests to the listener were recorded, by the status of their answer.
    callbacks: BTreeMap<u16, usize>,
    /// How many requests to the listener were not recorded.
    more_callbacks: u64,
    /// Start time in milliseconds since 1970.
    began: i64,
    since: Box<dyn Fn() -> Duration + Send>,
}

impl Recorder {
    /// A recorder that replaces every secret that `redactor` knows when the file is written.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, ..Self::default() }
    }

    /// Starts the recording for the file `path`, which must be writable now. [`Recorder::finish`] writes it.
    ///
    /// # Errors
    ///
    /// What the system said of `path`.
    pub fn start(
        &self,
        sys: &Sys<'_>,
        path: &Path,
        summary: TraceSummary,
        announce: bool,
    ) -> io::Result<()> {
        if self.tape().is_some() {
            // A command that acquires several tokens is one run.
            return Ok(());
        }
        let file = OutputFile::open(path, OutputOptions::default())?;
        let mut salt = [0; 16];
        sys.entropy.fill(&mut salt)?;
        *self.tape() = Some(Tape {
            har: Har::new(COMMENT, summary),
            redactor: self.redactor.with_fingerprints(salt),
            announce: announce && file.is_file(),
            file,
            callbacks: BTreeMap::new(),
            more_callbacks: 0,
            began: sys.clock.now().0.saturating_mul(1_000),
            since: sys.clock.stopwatch(),
        });
        Ok(())
    }

    /// Stops the recording without writing a file.
    pub fn cancel(&self) {
        *self.tape() = None;
    }

    /// Records that the page `url` was shown to the user. entrada does not see what happens on the page.
    pub fn page(&self, url: &Url) {
        self.with(|tape| {
            tape.add_unanswered(
                url,
                "the sign-in page; the browser requests it outside this trace",
            );
        });
    }

    /// Writes the file for a run that ends with the exit code `exit`; `None` if nothing was recorded. A trace to `-`
    /// goes to `stdout`.
    ///
    /// # Errors
    ///
    /// What the system said of the file.
    pub fn finish(&self, exit: u8, stdout: &mut dyn Write) -> io::Result<Option<TraceFile>> {
        let written = self.write(exit, stdout);
        *self.tape() = None;
        written
    }

    /// Writes the file for a run with the exit code `exit`. A later [`Recorder::finish`] replaces it.
    ///
    /// # Errors
    ///
    /// What the system said of the file.
    pub fn write(&self, exit: u8, stdout: &mut dyn Write) -> io::Result<Option<TraceFile>> {
        let mut tape = self.tape();
        let Some(Tape { har, file, announce, redactor, .. }) = &mut *tape else { return Ok(None) };
        if let Some(summary) = &mut har.log.summary {
            summary.exit = Some(exit);
        }
        let mut document = serde_json::to_value(har)?;
        // Some entries were recorded before a secret in them was known.
        document.pointer_mut("/log/entries").into_iter().for_each(|all| redactor.texts_in(all));
        let mut text = Vec::new();
        to_json_pretty(&mut text, &document)?;
        text.push(b'\n');
        file.write(stdout, &text)?;
        let path = file.path().to_owned();
        // The file is reported once.
        Ok(Some(TraceFile { path, announce: std::mem::take(announce) }))
    }

    /// The network, with recording.
    pub fn http<'a>(&'a self, inner: &'a dyn Http) -> impl Http + 'a {
        Recorded { inner, recorder: self }
    }

    /// The loopback interface, with recording.
    pub fn loopback<'a>(&'a self, inner: &'a dyn Loopback) -> impl Loopback + 'a {
        Recorded { inner, recorder: self }
    }

    /// The terminal, with recording of pasted addresses.
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
    /// Milliseconds since the start.
    fn passed(&self) -> i64 {
        i64::try_from((self.since)().as_millis()).unwrap_or(i64::MAX)
    }

    /// Records a request. Returns its index.
    fn add_request(&mut self, request: Request, comment: Option<&str>) -> usize {
        let at = timestamp(self.began.saturating_add(self.passed()));
        self.har.log.entries.push(HarEntry {
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

    /// Records the answer to the request `index`.
    fn add_answer(&mut self, index: usize, answer: Result<&HttpResponse, &HttpError>) {
        let until = self.began.saturating_add(self.passed());
        let Some(entry) = self.har.log.entries.get_mut(index) else { return };
        let took = until.saturating_sub(entry.started_milliseconds().unwrap_or(until));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one request")]
        let took = took.max(0) as f64;
        entry.time = took;
        entry.timings.wait = took;
        match answer {
            Ok(answer) => wire::answer(entry, answer, &self.redactor),
            Err(error) => {
                entry.response.error = Some(self.redactor.one_line(&wire::reasons(error)));
            }
        }
    }

    /// Records a request to the listener and its answer. Any program on this machine can send requests to it.
    fn add_callback(&mut self, request: Request, answer: &HttpResponse) {
        let count = self.callbacks.entry(answer.status().as_u16()).or_default();
        if CALLBACKS_MAX <= *count {
            self.more_callbacks = self.more_callbacks.saturating_add(1);
            let comment = format!(
                "{COMMENT} Left out: {} more requests to the listener.",
                self.more_callbacks
            );
            self.har.log.comment = Some(comment);
            return;
        }
        *count += 1;
        let index = self.add_request(request, Some("a request to the loopback listener"));
        self.add_answer(index, Ok(answer));
    }

    /// Records an address that was requested outside the program, without an answer.
    fn add_unanswered(&mut self, url: &Url, comment: &str) {
        let (url, query_string) = self.redactor.url(url);
        let request = Request {
            method: "GET".to_owned(),
            url,
            query_string,
            headers_size: -1,
            ..Request::default()
        };
        let index = self.add_request(request, Some(comment));
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
            let request = wire::request(&request, base, &tape.redactor);
            tape.add_request(request, None)
        });
        let answer = self.inner.send(request);
        if let Some(index) = index {
            self.recorder.with(|tape| tape.add_answer(index, answer.as_ref()));
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
        let Some(callback) = self.inner.next(wait)? else { return Ok(None) };
        let base = Url::parse(&format!("http://localhost:{}", self.inner.port())).ok();
        let request = self
            .recorder
            .with(|tape| wire::request(&callback.request, base.as_ref(), &tape.redactor));
        let Some(request) = request else { return Ok(Some(callback)) };
        let recorder = self.recorder.clone();
        Ok(Some(callback.with_response_hook(move |answer| {
            recorder.with(|tape| tape.add_callback(request, answer));
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
                // Text that is not an address may be a bare code.
                let hidden = || Url::parse(&format!("pasted:{}", tape.redactor.hide(&text))).ok();
                if let Some(url) = address.or_else(hidden) {
                    tape.add_unanswered(&url, "pasted at the prompt");
                }
            });
        }
        polled
    }
}
