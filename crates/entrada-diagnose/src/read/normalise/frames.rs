//! Stack traces: the frames and source lines go, the exceptions stay.

use memchr::memmem;

/// What shows that a text has frames of a stack trace.
const SIGNS: [&[u8]; 12] = [
    b"Traceback (most",
    b"File \"",
    b"at ",
    b"goroutine ",
    b"bei ",
    b"#0 ",
    b"from ",
    b"... ",
    b"--- End of",
    b"\xc3\xa0 ",
    b"en ",
    b"\xd0\xb2 ",
];

/// Removes the frames of stack traces, and the source lines that Python shows below them.
pub(super) fn remove(text: &str) -> Option<String> {
    if !SIGNS.iter().any(|sign| memmem::find(text.as_bytes(), sign).is_some()) {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut trace = Trace::None;
    for line in text.split_inclusive('\n') {
        match trace.next(line) {
            Frame::No => plain.push_str(line),
            Frame::Yes => {}
            // Node shows the members of the error after the last frame.
            Frame::Opens => {
                plain.push_str("{\n");
            }
        }
    }
    (plain.len() < text.len()).then_some(plain)
}

/// Whether a line is a frame.
enum Frame {
    No,
    Yes,
    /// A frame after which `{` opens the members of the error.
    Opens,
}

/// The trace that the previous lines are of.
#[derive(Clone, Copy)]
enum Trace {
    None,
    /// Python, after its heading.
    Python,
    /// Python, after `File "…", line N` with this indentation. Its source may follow.
    Source {
        indent: usize,
        seen: bool,
    },
    /// A goroutine.
    Go,
}

impl Trace {
    fn next(&mut self, line: &str) -> Frame {
        let trimmed = line.trim();
        let indent = line.len() - line.trim_start().len();
        if matches!(
            trimmed,
            "Traceback (most recent call last):"
                | "During handling of the above exception, another exception occurred:"
                | "The above exception was the direct cause of the following exception:"
        ) {
            *self = Self::Python;
            return Frame::Yes;
        }
        if is_python_frame(trimmed) {
            *self = Self::Source { indent, seen: false };
            return Frame::Yes;
        }
        if trimmed.starts_with("goroutine ") && trimmed.ends_with("]:") {
            *self = Self::Go;
            return Frame::Yes;
        }
        match *self {
            Self::Source { indent: frame, seen } => {
                let marks =
                    !trimmed.is_empty() && trimmed.bytes().all(|byte| b"^~ ".contains(&byte));
                let repeated = trimmed.starts_with("[Previous line repeated ");
                let deeper = frame < indent && !trimmed.is_empty();
                // Where a copy lost the indentation, one line of source follows.
                let flat =
                    frame == 0 && !seen && class_end(trimmed).is_none() && !trimmed.is_empty();
                if marks || repeated || deeper || flat {
                    *self = Self::Source { indent: frame, seen: true };
                    return Frame::Yes;
                }
                *self = Self::None;
            }
            Self::Go => {
                let call = trimmed.ends_with(')') || trimmed.starts_with("created by ");
                if !trimmed.is_empty() && (call || indent != 0 && trimmed.contains(".go:")) {
                    return Frame::Yes;
                }
                *self = Self::None;
            }
            Self::Python | Self::None => *self = Self::None,
        }
        frame(trimmed, indent)
    }
}

/// `File "mail.py", line 12, in main`.
fn is_python_frame(line: &str) -> bool {
    line.strip_prefix("File \"")
        .and_then(|rest| rest.split_once("\", line "))
        .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// A frame of Java, .NET, node, PHP or Ruby.
fn frame(line: &str, indent: usize) -> Frame {
    const WORDS: [&str; 5] = ["at ", "bei ", "à ", "en ", "в "];
    let (line, opens) = match line.strip_suffix(" {") {
        Some(line) => (line, true),
        None => (line, false),
    };
    let found = match WORDS.iter().find_map(|word| line.strip_prefix(*word)) {
        Some(call) => is_call(call, indent),
        None if line.starts_with("--- End of ") => line.ends_with("---"),
        None if line.starts_with("... ") => {
            let count = line[4..].split(' ').next().unwrap_or_default();
            line.ends_with(" more") && count.bytes().all(|b| b.is_ascii_digit())
                || line.ends_with("common frames omitted")
        }
        None if line.starts_with('#') => is_php(line),
        None => line.strip_prefix("from ").is_some_and(|call| 0 < indent && call.contains(".rb:")),
    };
    match (found, opens) {
        (false, _) => Frame::No,
        (true, false) => Frame::Yes,
        (true, true) => Frame::Opens,
    }
}

/// Whether `call` is what follows `at` in a frame: `a.b.C.d(C.java:12)`, `A.B(String c) in C:\d.cs:line 7`,
/// `async f (file:///a.js:1:2)`, `/a.js:1:2`.
fn is_call(call: &str, indent: usize) -> bool {
    let call = call.trim_start_matches("async ").trim_start_matches("new ");
    let position = |text: &str| {
        let text = text.trim_end_matches(')');
        let end = text.trim_end_matches(|c: char| c.is_ascii_digit());
        end.len() < text.len()
            && (end.ends_with(":line ")
                || end.ends_with(":Zeile ")
                || end.strip_suffix(':').is_some_and(|text| {
                    text.ends_with(|c: char| c.is_ascii_digit())
                        && (text.contains(".js:")
                            || text.contains(".ts:")
                            || text.contains("js:")
                            || text.contains('/')
                            || text.contains('\\'))
                        || [".java", ".kt", ".scala"].iter().any(|end| text.ends_with(end))
                }))
    };
    let name = call.split(['(', ' ']).next().unwrap_or_default();
    let named = !name.is_empty() && !name.contains("://");
    if position(call) && (named || call.contains("://")) {
        return true;
    }
    let dotted = name.contains('.') || matches!(name, "<anonymous>" | "process");
    let closed = call.ends_with(')') && call.contains('(');
    dotted
        && closed
        && (0 < indent
            || call.contains("java")
            || call.contains("Unknown Source")
            || call.contains("Native Method"))
        || 0 < indent && closed && (call.ends_with("(<anonymous>)") || call.ends_with("(native)"))
        || 0 < indent && call == "<anonymous>"
}

/// `#0 /app/mail.php(12): send()` or `#3 {main}`.
fn is_php(line: &str) -> bool {
    let rest = line[1..].trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() + 1 < line.len()
        && (rest == " {main}" || rest.contains("): ") && rest.contains(".php("))
}

/// Puts the class of an exception on a line of its own, so that its message starts a line.
pub(super) fn split_class(text: &str) -> Option<String> {
    memmem::find(text.as_bytes(), b": ")?;
    let mut plain = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        while let Some(end) = class_end(rest).filter(|end| !rest[*end..].trim().is_empty()) {
            let class = rest[..end].trim_end();
            if !is_generic(class) {
                plain.push_str(class);
                plain.push('\n');
            }
            rest = rest[end..].trim_start();
        }
        plain.push_str(rest);
    }
    (plain != text).then_some(plain)
}

/// Whether `class`, with its colon, is an exception that any program throws: its name states nothing.
fn is_generic(class: &str) -> bool {
    const NAMES: [&str; 19] = [
        "AggregateException",
        "ApplicationException",
        "AssertionError",
        "CompletionException",
        "Error",
        "Exception",
        "ExecutionException",
        "IllegalArgumentException",
        "IllegalStateException",
        "InvalidOperationException",
        "RuntimeError",
        "RuntimeException",
        "StandardError",
        "SystemException",
        "TypeError",
        "UncaughtException",
        "UndeclaredThrowableException",
        "UnhandledException",
        "ValueError",
    ];
    let name = class.trim_end_matches(':').rsplit(['.', '\\', ' ', '[', '$']).next();
    name.is_some_and(|name| NAMES.contains(&name))
}

/// What stands before the class of an exception.
const BEFORE: [&str; 10] = [
    "Caused by: ",
    "Unhandled exception. ",
    "Unhandled Exception: ",
    "Uncaught ",
    "---> ",
    "[",
    "PHP Fatal error:  Uncaught ",
    "Fatal error: Uncaught ",
    "Unhandled rejection ",
    "Original exception: ",
];

/// Maximum length in bytes of the name of a class.
const CLASS_MAX: usize = 160;

/// The end of the class of an exception at the start of `line`, with its colon.
fn class_end(line: &str) -> Option<usize> {
    let mut start = 0;
    if line.starts_with(' ') && line.trim_start().starts_with("---> ") {
        start = line.len() - line.trim_start().len();
    }
    for before in BEFORE {
        if line[start..].starts_with(before) {
            start += before.len();
        }
    }
    if let Some(thread) = line.strip_prefix("Exception in thread \"") {
        start = line.len() - thread.len() + thread.find("\" ")? + 2;
    }
    let name = &line[start..];
    let end = name
        .bytes()
        .take(CLASS_MAX)
        .position(|b| !(b.is_ascii_alphanumeric() || b"._$\\".contains(&b)))?;
    let (name, rest) = name.split_at(end);
    // Its message is only the key.
    if name == "KeyError" {
        return None;
    }
    let last = name.rsplit(['.', '\\', '$']).next()?;
    let dotted = last.len() < name.len();
    let capital = last.starts_with(|c: char| c.is_ascii_uppercase());
    let class = capital
        && (last.ends_with("Error") || last.ends_with("Exception") || last.ends_with("Fault"))
        || dotted
            && (last == "error"
                || capital && (name.contains(".errors.") || name.contains("exception")));
    let known =
        class && rest.starts_with(": ") && name.starts_with(|c: char| c.is_ascii_alphabetic());
    known.then_some(start + end + 2)
}
