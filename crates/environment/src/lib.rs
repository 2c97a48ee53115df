//! Starts an environment, applies its setup, stops it, and cleans up after runs that could not: real Vault and
//! PostgreSQL as child processes on loopback or in containers, on free ports, in one private folder; no daemon and no
//! root needed.
//!
//! Everything is in the run's ledger before it is created, and every server ends with the harness. In an environment
//! that is already running ([`Attached`]), the harness works with its own accounts and creates only its token. This
//! crate never judges, and no other crate starts or stops a server.

mod attached;
mod clean;
mod clocks;
mod environment;
mod error;
mod faults;
pub mod installed;
mod launch;
mod open_run;
mod placeholders;
mod requirements;
mod servers;
mod setup;
mod statements;
mod token;

pub use attached::{
    Attached, CleanedThing, CleanedThings, GRANTS, Need, RolledBack, ThingState, clean_attached, client_rights,
    harness_needs, in_clear, left_by_login, not_done_there, rolled_back, sent_in_clear, unusable_inputs,
};
pub use clean::{CleanReport, CleanedRun, clean, clean_in};
pub use environment::bare::{Bare, Layout, Replication, Storage, TARGET};
pub use environment::bare_storage::STORAGE;
pub use environment::{Environment, StartOptions};
pub use error::{AttachError, EnvironmentError, SetupError, SetupFault, left_there};
pub use faults::Injected;
pub use launch::containers::{FoundImage, find_images};
pub use launch::limits::raise_file_limit;
pub use launch::logs::LogStream;
pub use launch::process::{start_time, this_host, this_user};
pub use open_run::{CleanOutcome, MadeBy};
pub use requirements::{Requirement, requirements};
pub use servers::link::Link;
pub use servers::pooler::Pooler;
pub use servers::powerdns::PowerDnsAccess;
pub use setup::operator::Operator;
pub use token::ClientToken;
