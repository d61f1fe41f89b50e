//! What a service answered when a token was shown to it: over HTTP, or in a mail protocol; and what that points to.

mod by_http;
mod by_mail;
mod http;
mod mail;
mod mail_log;
mod rights;
mod sasl;
mod told;
mod whose;
mod words;

pub use http::HttpAnswer;
pub use mail::MailTalk;
pub(super) use told::{Told, advise, causes, finding};
pub use whose::Service;
