//! A run's durable record: the history of operations and observations, the folder that contains it, and the
//! write-ahead ledger of everything that must be removed again.
//!
//! All files can be read even if the harness was killed at any moment: a history is flushed twice per second and read
//! up to where it was cut; a ledger entry is on disk before the thing is created. This crate reads and writes; it
//! never judges.

mod clock;
mod error;
mod file;
mod folder;
mod ledger;
mod limits;
mod memory;
mod reader;
mod recorder;
mod stream;

pub use clock::RunClock;
pub use error::Error;
pub use file::Written;
pub use folder::RunFolder;
pub use ledger::{Entry, Ledger, MadeThere, OpenLedger, Proof};
pub use reader::{History, ReadEnd};
pub use recorder::{NewRun, Recorder, Recording};
pub use stream::EventStream;
