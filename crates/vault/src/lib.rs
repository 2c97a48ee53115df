//! A typed client of Vault's HTTP API: sys, leases, tokens and the database secrets engine.
//!
//! A response, an unreadable response and a missing response are three different results here, because a lost response
//! may have left a lease behind. Over https it verifies the server's certificate. This crate does not depend on
//! PostgreSQL, never retries a request, never follows a redirect, and never shows a token or a password in an error or
//! a `Debug`.

mod answer;
mod client;
mod database;
mod encryption;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod health;
mod held;
mod lease;
mod login;
mod metrics;
mod reach;
mod renewal;
mod sys;
mod token;

pub use answer::Answer;
pub use client::Client;
pub use database::Issued;
pub use encryption::{BadEncryption, EncryptionFiles};
pub use error::{Error, on_one_line};
pub use health::{Clock, Health};
pub use lease::{LeaseInfo, Renewed};
pub use login::{Credentials, OwnToken};
pub use reach::Reach;
pub use renewal::Renewal;
pub use sys::{Initialised, Mount};
pub use token::{Token, TokenRequest};
