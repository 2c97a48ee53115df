//! A run's durable record: the history of what was done and seen, the folder that keeps it, and the ledger of what was
//! made and has to be gone again.
//!
//! What is written here can be read after the harness was killed at any moment: a history is flushed twice a second
//! and read up to where it was cut, a ledger's entry is on disk before its thing is made. The room writes and reads;
//! it never judges.

mod error;
mod folder;
mod ledger;
mod limits;
mod memory;
mod reader;
mod recorder;

pub use error::Error;
pub use folder::RunFolder;
pub use ledger::{Entry, Ledger, MadeThere, OpenLedger, Proof};
pub use reader::{History, ReadEnd};
pub use recorder::{NewRun, Recorder, Written};
