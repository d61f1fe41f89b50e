//! Gets OAuth tokens from Microsoft Entra ID and says at once why one will or will not do its job.

pub mod diagnose;
pub mod entra;
pub mod model;
pub mod oauth;
pub mod store;
pub mod sys;
