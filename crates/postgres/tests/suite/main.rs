//! PostgreSQL itself against what this crate reads from it.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod encryption;
mod figures;
mod limits;
mod oracle;
mod oracle_random;
mod privileges;
mod probe;
mod recipes;
mod removal;
