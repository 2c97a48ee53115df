//! The client against a real Vault, and against broken answers.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod broken;
mod database;
mod encryption;
mod login;
mod real;
