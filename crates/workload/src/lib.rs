//! The load of a run: arrivals at their intended starts, each beginning the lifecycle of one credential; the few
//! requests that must be rejected; and queries to a live DNS server.
//!
//! The load is an open model: an arrival does not wait for responses, and response times count from the intended
//! start. This crate never starts or stops a server and never judges; it records its observations in the history.

mod context;
mod dns;
mod gauges;
mod held;
mod lifecycle;
mod load_state;
mod probes;
mod probing;
mod record;
mod run;
mod steps;
mod trial;

pub use context::{RoleTarget, Targets};
pub use dns::{DnsTarget, ask_dns};
pub use load_state::LoadState;
pub use run::{Finished, run};
