//! Gets OAuth tokens from Microsoft Entra ID, keeps refresh tokens in the keyring of the system, and refreshes them.
//!
//! [`Client`] is what most programs need:
//!
//! ```
//! # use entrada_auth::{Client, store::StoreKind};
//! # let entra = entrada_emulator::Emulator::start()?;
//! # let builder = || Client::builder().authority(entra.authority()).store(StoreKind::Memory).interactive(true);
//! let client = builder() // in a program: `Client::builder()`
//!     .tenant("organizations")
//!     .client_id("e1a7a000-0000-4000-8000-000000000002")
//!     .scope("https://graph.microsoft.com/Mail.Read")
//!     .build()?;
//! let token = client.token()?; // cached, refreshed, or by sign-in
//! println!("{} is signed in until {}", token.account().label(), token.expires_at());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Below it are [`flow`], the steps of a sign-in and a refresh; [`store`], which stores grants; [`trace`], a record of the
//! requests without their secrets; and [`sys`], everything that touches the machine, as traits.
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

pub mod client;
pub mod flow;
pub mod store;
pub mod sys;
pub mod trace;

pub use client::{BuildError, Client, ClientBuilder, TerminalPrompt, Token};
pub use flow::{AcquireError, AwaitedLock, FlowKind, Prompt};
pub use store::{Backend, StoreKind};
