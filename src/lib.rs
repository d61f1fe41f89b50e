//! Gets OAuth tokens from Microsoft Entra ID and says at once why one will or will not do its job.

#[cfg(feature = "emulator")]
pub mod emulator;
pub mod model;
pub mod oauth;
pub mod store;
pub mod sys;
