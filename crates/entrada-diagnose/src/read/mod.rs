//! Readers of pasted text: what people copy from terminals, logs, mails and web pages, made readable for the diagnosis.
//! Pure; each runs in linear time and memory over any input.

pub(crate) mod claims_text;
mod fold;
pub(crate) mod lenient_json;
pub(crate) mod normalise;
mod scan;
