//! Entra's facts as tables: clouds, resources, permissions, jobs, error numbers. No I/O; each table is parsed at its first
//! use.

pub mod aadsts;
pub mod causes;
pub mod clouds;
pub mod jobs;
pub mod known;
pub mod lives;
pub mod oauth_errors;
pub mod permission_ids;
pub mod permissions;
pub mod resources;

pub use aadsts::Aadsts;
pub use clouds::Cloud;
pub use jobs::JobFacts;
pub use resources::{Resource, ResourceOfScope};
