//! What a service answered when a token was shown to it: over HTTP, or in a mail protocol; and what that points to.

mod by_http;
mod by_mail;
mod http;
mod hypothesis;
mod mail;
mod mail_log;
mod rights;
mod sasl;
mod service_id;
mod words;

pub use http::HttpAnswer;
pub(super) use hypothesis::{Hypothesis, advise, causes, finding};
pub use mail::MailLog;
pub use service_id::Service;
