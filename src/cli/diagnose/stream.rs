//! `entrada diagnose --stream`: one piece of evidence a line in, one judgement a line out, in constant memory.

use std::borrow::Cow;
use std::io::{BufRead, BufReader};

use super::super::app::App;
use super::super::progress::Progress;
use super::super::{Exit, Failure};
use super::{ContextResolver, worse};
use crate::render::json;
use entrada_core::NumericDate;
use entrada_diagnose::{self as diagnose, Evidence, Verdict};

/// Bytes of one line that are looked at. No token and no answer is longer.
const LINE_MAX: usize = 1 << 20;
/// Bytes read and written at a time.
const BUFFER: usize = 64 << 10;

pub(super) fn run(resolver: &ContextResolver, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let clock = app.sys.clock;
    let mut output = Vec::with_capacity(2 * BUFFER);
    let mut line = StreamLine::default();
    let mut exit = Exit::Success;
    let progress = Progress::start_beside_output(app);
    let (mut read, mut problems) = (0u64, 0u64);
    let mut input = BufReader::with_capacity(BUFFER, &mut *app.stdin);
    while line.read(&mut input)? {
        read += 1;
        for case in resolver.cases(line.evidence(clock.now())) {
            let diagnosis = diagnose::judge(&case);
            json::append(&mut output, &diagnosis)?;
            problems += u64::from(diagnosis.verdict == Verdict::Problem);
            exit = worse(exit, &diagnosis);
        }
        progress.show(|| format!("{read} lines diagnosed, {problems} problems"));
        // The sender may wait for this line before it sends the next one.
        if BUFFER <= output.len() || input.buffer().is_empty() {
            app.stdout.write_all(&output)?;
            app.stdout.flush()?;
            output.clear();
        }
    }
    Ok(exit)
}

/// One line, and whether there was more of it than is looked at.
#[derive(Default)]
struct StreamLine {
    text: zeroize::Zeroizing<Vec<u8>>,
    cut: bool,
}

impl StreamLine {
    /// Reads the next line; false at the end.
    fn read(&mut self, input: &mut impl BufRead) -> std::io::Result<bool> {
        self.text.clear();
        self.cut = false;
        let mut any = false;
        loop {
            let chunk = input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = memchr::memchr(b'\n', chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = LINE_MAX.saturating_sub(self.text.len());
            self.cut |= room < part.len();
            self.text.extend_from_slice(&part[..part.len().min(room)]);
            let used = end.map_or(chunk.len(), |end| end + 1);
            input.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    /// Parses the line. A line that cannot be read is reported as undiagnosable, and does not end the stream.
    fn evidence(&self, now: NumericDate) -> Evidence {
        let nothing = || Evidence { unrecognised: true, now: Some(now), ..Evidence::default() };
        if self.cut {
            return nothing();
        }
        let read = |text: &str| {
            let evidence = diagnose::recognise(text, now).ok();
            // An unknown job is an error: another job must not replace it.
            evidence.filter(|evidence| evidence.context.job_name.is_none()).unwrap_or_else(nothing)
        };
        let text = match std::str::from_utf8(&self.text) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(&self.text),
        };
        read(&text)
    }
}
