//! Judges a run: from history and plan to verdicts, with one small check per promise.
//!
//! Everything here is a pure fold over the events: the same history and plan give the same bytes on any machine. A
//! check fails only if the order of events is certain, and passes only if it has samples; otherwise it is Unknown.
//! This crate does no I/O and reads no clock.

mod arrivals;
mod catalogue;
mod causes;
mod check;
mod checks;
mod clusters;
mod collector;
mod coverage;
mod fold;
mod judge;
mod known_issue;
mod met;
mod observed;
mod outcome;
mod part;
mod privilege_diff;
mod saturation;
mod seconds;
mod server_words;
mod spans;
mod statistics;
mod timeouts;
mod times;
mod trend;
mod validity;
mod wall;
mod windows;
mod words;

pub use catalogue::catalogue_markdown;
pub use causes::GeneratedNames;
pub use judge::{Judged, credential_ends, judge, overall};
pub use privilege_diff::{Deviation, DeviationKind, privilege_diff};
pub use statistics::{Clocking, Extent};
