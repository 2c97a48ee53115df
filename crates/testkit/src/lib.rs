//! What the tests of several crates share: throw-away servers, and made-up histories to judge. No program uses it.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]
#![allow(missing_docs, reason = "read in the test that uses it; there is no other user")]

pub mod crowd;
pub mod ports;
pub mod postgres;
pub mod story;
pub mod two_clusters;
pub mod vault;
