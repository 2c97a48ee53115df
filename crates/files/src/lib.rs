//! Reading of files that others wrote, and writing of files that others read.
//!
//! What is read is a regular file and no larger than its reader expects: a FIFO, a device or an endless file neither
//! blocks nor fills the memory. What is written appears whole under its name, or not at all. The crate never looks at
//! what a file holds.

mod limits;
mod read;
mod write;

pub use limits::{CERTIFICATES, INPUT, PLAN, RECORD, SECRET};
pub use read::{last_lines, open, read, read_text};
pub use write::write;
