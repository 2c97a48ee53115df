//! Looks on while a run lasts, and writes what it sees into the history: PostgreSQL's roles and what they may do,
//! Vault's leases, the servers' logs and Vault's audit log.
//!
//! Every look carries the moments before the question and after the answer; one that fails is a gap, never a guess.
//! Logs are scrubbed while they pass: what reaches the disk holds no secret. The room changes nothing of the estate and
//! never judges.

mod audit;
mod auth_failure;
mod collector;
mod databases;
mod delta;
mod dependencies;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod leases;
mod log_line;
mod logged_note;
mod logs;
mod looks;
mod privileges;
mod release;
mod roles;
mod sessions;
mod tail;
mod telemetry;
mod watch;

pub use error::Error;
pub use release::ReleaseWait;
pub use watch::{Config, LogSource, Watch, Watched};
