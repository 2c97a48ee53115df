//! Observes a run and writes the observations into the history: PostgreSQL's roles and their privileges, Vault's
//! leases, the server logs and Vault's audit log.
//!
//! Every observation has the times before the query and after the answer; a failed one is a gap, never a guess.
//! Secrets are removed from logs as they pass: nothing on disk contains a secret. This crate changes nothing in the
//! environment and never judges.

mod audit;
mod auth_failure;
mod collector;
mod databases;
mod delta;
mod dependencies;
mod error;
mod failed_revocation;
#[cfg(fuzzing)]
pub mod fuzzing;
mod leases;
mod leases_before;
mod log_line;
mod logged_note;
mod logs;
mod objects;
mod pace;
mod privileges;
mod release;
mod roles;
mod sessions;
mod tail;
mod telemetry;
mod watch;

pub use databases::Watched;
pub use error::Error;
pub use logs::LogSource;
pub use release::ReleaseWait;
pub use watch::{Config, Watch};
