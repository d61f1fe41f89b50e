//! Gets OAuth tokens from Microsoft Entra ID, keeps refresh tokens in the keyring of the system, and refreshes them.
#![forbid(unsafe_code)]

pub mod flow;
pub mod store;
pub mod sys;
pub mod trace;
