//! Histories, ledgers and the folders that they are in.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod folder;
mod format;
mod history;
mod ledger;
