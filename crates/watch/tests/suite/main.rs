//! What is observed of real servers.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod logs;
mod real_servers;
