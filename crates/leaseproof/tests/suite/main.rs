//! The built program, as its users run it, on real servers.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod actions;
mod attached;
mod cases;
mod clean;
mod conformance;
mod containers;
mod crate_graph;
mod cut_off;
mod documentation;
mod ended_early;
mod exit_codes;
mod faults;
mod grants;
mod hostile;
mod images;
mod interruptions;
mod module_graph;
mod mutants;
mod powerdns;
mod published;
mod reference;
mod robustness;
mod roles;
mod scenarios;
mod scripts;
mod secrets;
mod series;
mod signals;
mod support;
mod unwritten;
mod validity;
mod variants;
mod words;
