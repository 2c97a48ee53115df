//! Starts an environment, applies its setup, stops it, and cleans up after runs that could not: real Vault and
//! PostgreSQL as child processes on loopback or in containers, on free ports, in one private folder; no daemon and no
//! root needed.
//!
//! Everything is in the run's ledger before it is created, and every server ends with the harness. In an environment
//! that is already running ([`Attached`]), the harness works with its own accounts and creates only its token. This
//! crate never judges, and no other crate starts or stops a server.

mod account;
mod all;
mod attached;
mod bare;
mod bare_storage;
mod base_backup;
mod child;
mod clean;
mod clocks;
mod cluster;
mod configuration;
mod containers;
mod context;
mod control;
mod disk;
mod environment;
mod error;
mod faults;
mod find;
mod flood;
mod folder;
mod front;
mod haproxy;
mod identity;
mod limits;
mod link;
mod links;
mod logs;
mod members;
mod operator;
mod patroni;
mod placeholders;
mod pooler;
mod ports;
mod powerdns;
mod process;
mod program;
mod proxy;
mod replication;
mod requirements;
mod server;
pub mod servers;
mod setup;
mod skew;
mod spawner;
mod statements;
mod tampering;
mod tls;
mod token;
mod variables;
mod vault;

pub use attached::{
    AttachError, Attached, CleanedThing, CleanedThings, GRANTS, Need, RolledBack, ThingState, clean_attached,
    client_rights, harness_needs, in_clear, left_by_login, not_done_there, rolled_back, sent_in_clear, unusable_inputs,
};
pub use bare::{Bare, Layout, Replication, Storage, TARGET};
pub use bare_storage::STORAGE;
pub use clean::{CleanOutcome, CleanReport, CleanedRun, MadeBy, clean, clean_in};
pub use containers::{FoundImage, find_images};
pub use environment::{Environment, StandOptions};
pub use error::{EnvironmentError, SetupError, SetupFault, left_there};
pub use faults::Injected;
pub use limits::raise_file_limit;
pub use link::Link;
pub use logs::LogStream;
pub use operator::Operator;
pub use pooler::Pooler;
pub use powerdns::PowerDnsAccess;
pub use process::{start_time, this_host, this_user};
pub use requirements::{Requirement, requirements};
pub use token::ClientToken;
