//! Entra's facts as tables: clouds, resources, permissions, consent, jobs, error
//! numbers. No I/O; each table is parsed at its first use.

pub mod aadsts;
pub mod causes;
pub mod claims;
pub mod clouds;
pub mod consent;
pub mod exchange_rbac;
pub mod graph;
pub mod jobs;
pub mod known;
pub mod lifetimes;
pub mod oauth_errors;
pub mod permission_ids;
pub mod permissions;
pub mod resources;

pub use aadsts::Aadsts;
pub use clouds::Cloud;
pub use jobs::JobFacts;
pub use resources::{Resource, ResourceOfScope};
