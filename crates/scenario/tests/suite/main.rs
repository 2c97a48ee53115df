//! Scenario files: what is read from them, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod plans;
mod probes;
mod problems;
mod schema;
mod secrets;
mod statements;
