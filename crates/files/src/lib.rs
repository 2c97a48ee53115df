//! Reads files that others wrote, and writes files that others read.
//!
//! An input file must be a regular file and no larger than its reader expects: a FIFO, a device or an endless file
//! neither blocks nor fills the memory. An output file is written completely or not at all. This crate never
//! interprets a file's content.

mod limits;
mod read;
mod write;

pub use limits::{CERTIFICATES, INPUT, PLAN, RECORD, SECRET};
pub use read::{last_lines, open, read, read_text};
pub use write::write;
