//! The vocabulary of OAuth at Microsoft Entra ID: authorities, scopes, tokens, messages, error numbers, HTTP archives.
//!
//! This crate is pure: it does no I/O, reads no clock and has no knowledge of the command line.
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

mod account;
mod address;
mod authority;
mod authority_kind;
mod claims_request;
pub mod entra;
pub mod har;
mod job;
mod json;
mod jwt;
mod mail;
mod named_host;
pub mod oauth;
mod redact;
mod redirect;
mod scope;
mod secret;
mod text;
mod time;

pub use account::Account;
pub use address::AddressError;
pub use authority::{
    Authority, AuthorityError, Endpoints, Tenant, TenantError, check_transport, is_loopback,
};
pub use authority_kind::AuthorityKind;
pub use claims_request::{ClaimsRequest, ClaimsRequestError};
pub use job::{Job, OwnJob, OwnNeeds, TokenSubject};
pub use json::{to_json, to_json_pretty, with_readable_values};
pub use jwt::{Claims, Jwt, JwtError};
pub use mail::{Protocol, Side};
pub use named_host::{HostError, NamedHost};
pub use redact::{Redactor, is_secret_name};
pub use redirect::{RedirectUri, RedirectUriError};
pub use scope::{OIDC_SCOPES, ScopeSet};
pub use secret::{Secret, fingerprint};
pub use text::{clean, clean_layout, parse_bool, posix_quoted, shell_quoted, xml_escaped};
pub use time::{NumericDate, human_duration};
