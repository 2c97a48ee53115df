//! Verdicts over runs that are made up of events.

#![allow(clippy::unwrap_used, reason = "what a test sets up may break the test")]

mod accounts_and_logs;
mod actions;
mod before;
mod causes;
mod clusters;
mod coverage;
mod credentials;
mod dns;
mod encrypted;
mod expiry;
mod faults;
mod groups;
mod laws;
mod load;
mod observed;
mod privileges;
mod probes;
mod renewals;
mod roles;
mod rules;
mod seconds;
mod sessions;
mod validity;

use leaseproof_testkit::story;
