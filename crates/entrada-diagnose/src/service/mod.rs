//! The answers of services that received a token, over HTTP or in a mail protocol, and the causes that they point to.

mod address;
pub(super) mod azure;
mod body;
mod by_http;
mod by_mail;
mod by_statement;
mod callback;
mod directory_client;
pub(super) mod hosts;
mod http;
mod hypothesis;
pub(super) mod known_errors;
mod mail;
mod mail_commands;
mod mail_context;
mod mail_log;
mod mail_outcome;
mod mail_rights;
mod mail_sign_in;
pub(super) mod misspelt;
mod other_mail_server;
mod public_document;
mod rights;
mod sasl;
mod service_id;
pub(super) mod stated;
mod success;
mod token_check;
mod words;
mod xml;

pub(super) use address::segments;
pub(super) use body::{has_failure, is_error_document, is_error_object, is_page};
pub(super) use callback::find as failed_callback;
pub(super) use directory_client::permission as directory_permission;
pub use http::HttpAnswer;
pub(super) use http::is_request_line;
pub(super) use hypothesis::{Hypothesis, causes, has_code};
pub use mail::MailLog;
pub(super) use mail_log::is_marked;
pub(super) use sasl::Initial;
pub use service_id::Service;
pub(super) use token_check::find as failed_check;

#[cfg(test)]
mod prose_tests;
