//! One HTTP request without TLS, on a connection of its own that is closed before the answer is returned.
//!
//! An answer has a size limit: a server that never stops sending does not fill the memory. The crate never interprets what
//! an answer says, and never sends a request twice.

mod exchange;

pub use exchange::{NoAnswer, exchange};
