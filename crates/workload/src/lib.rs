//! What is done to the estate while a run lasts: arrivals at their scheduled moments, each beginning the life of one
//! credential; the few requests that have to be refused; and questions to a live DNS server.
//!
//! The load is open: an arrival does not wait for answers, and every request counts from the moment it was due. The
//! room never starts or stops a server and never judges; what it sees goes into the history.

mod choices;
mod dns;
mod gauges;
mod kept;
mod life;
mod probes;
mod probing;
mod progress;
mod record;
mod run;
mod schedule;
mod steps;
mod world;

pub use dns::{DnsTarget, ask_dns};
pub use progress::Progress;
pub use run::{Finished, run};
pub use world::Targets;
