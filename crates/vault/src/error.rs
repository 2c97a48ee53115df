use std::time::Duration;

use leaseproof_domain::{Failure, FailureSource, Outcome};

/// How a request to Vault did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Vault answered, and said no.
    #[error("Vault answered HTTP {status}: {}", joined(errors))]
    Answer {
        /// The HTTP status.
        status: u16,
        /// Vault's `errors`, in its own words; empty where it gave none, as in a 404 of what does not exist.
        errors: Vec<String>,
    },
    /// No answer came: the request may have been carried out, or never have arrived.
    #[error("no answer from Vault: {why}")]
    NoAnswer {
        /// What was seen instead.
        why: String,
    },
    /// Vault said yes, in an answer that cannot be read: what was asked for may have been made.
    #[error("Vault answered HTTP {status}, and the answer cannot be read: {why}")]
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it; never its text, which may hold a password.
        why: String,
    },
    /// The client was given an address that no request can be sent to.
    #[error("`{address}` is no address of a Vault: {why}; expected one such as http://127.0.0.1:8200")]
    BadAddress {
        /// What was given.
        address: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Error {
    /// What is known of the operation: a no is a failure, everything else leaves it open.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Answer { status, errors } => Outcome::Failed(Failure {
                source: FailureSource::Vault,
                code: status.to_string(),
                message: joined(errors),
            }),
            _ => Outcome::Indeterminate { why: self.to_string() },
        }
    }

    /// The HTTP status, where an answer came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answer { status, .. } | Self::Unreadable { status, .. } => Some(*status),
            Self::NoAnswer { .. } | Self::BadAddress { .. } => None,
        }
    }

    pub(crate) fn unreadable(status: u16, why: impl Into<String>) -> Self {
        Self::Unreadable { status, why: why.into() }
    }
}

fn joined(errors: &[String]) -> String {
    if errors.is_empty() { "without a reason".to_owned() } else { errors.join("; ") }
}

/// What reqwest saw, down to its first cause and without the URL (the address is known, and a path says nothing new).
pub(crate) fn cause(error: reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("it took longer than {} ms", timeout.as_millis());
    }
    leaseproof_domain::with_causes(&error.without_url())
}
