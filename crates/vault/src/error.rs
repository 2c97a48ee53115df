use std::time::Duration;

use leaseproof_domain::{Failure, FailureSource, HarnessFault, Outcome};

use crate::BadEncryption;

/// How a request to Vault did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Vault answered, and said no.
    #[error("Vault answered HTTP {status}: {}", said(*status, errors))]
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
    /// The request failed on this side: it says nothing about Vault.
    #[error("no answer from Vault: {why}")]
    Harness {
        /// What was missing here.
        fault: HarnessFault,
        /// What was seen.
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
    /// The connection was encrypted, and who answered is not believed, or does not believe the client: nothing was
    /// asked.
    #[error("{address} is not to be trusted: {why}")]
    NotTrusted {
        /// Vault's address.
        address: String,
        /// What was expected, what came, and what to do.
        why: String,
    },
    /// Plain http was spoken to a listener that speaks TLS: nothing was asked.
    #[error(
        "{address} speaks TLS, and plain http was spoken to it: write {} and name the CA of its certificate",
        address.replacen("http://", "https://", 1)
    )]
    NotEncrypted {
        /// Vault's address.
        address: String,
    },
    /// The files behind an https address cannot be used.
    #[error("{0}")]
    BadEncryption(#[from] BadEncryption),
    /// A namespace that no HTTP header can carry.
    #[error("`{namespace}` is no namespace of a Vault; expected one such as team-a/databases")]
    BadNamespace {
        /// What was given.
        namespace: String,
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
            Self::Harness { fault, .. } => Outcome::Harness { fault: *fault, why: self.to_string() },
            _ => Outcome::Indeterminate { why: self.to_string() },
        }
    }

    /// What the harness itself lacked, where that is why.
    pub fn harness(&self) -> Option<HarnessFault> {
        match self {
            Self::Harness { fault, .. } => Some(*fault),
            _ => None,
        }
    }

    /// What the harness itself lacked, where this answers a request with its own token: a 403 says that the token ended or
    /// lost rights.
    pub fn own_fault(&self) -> Option<HarnessFault> {
        let refused = self.status() == Some(403);
        self.harness().or(refused.then_some(HarnessFault::Token))
    }

    /// The HTTP status, where an answer came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answer { status, .. } | Self::Unreadable { status, .. } => Some(*status),
            _ => None,
        }
    }

    pub(crate) fn unreadable(status: u16, why: impl Into<String>) -> Self {
        Self::Unreadable { status, why: why.into() }
    }
}

/// Vault's words; of a redirect, which has none, what it means.
fn said(status: u16, errors: &[String]) -> String {
    match status {
        307 if errors.is_empty() => {
            "a redirect, which is not followed: this node is a standby, name the active one".to_owned()
        }
        _ => joined(errors),
    }
}

fn joined(errors: &[String]) -> String {
    if errors.is_empty() {
        return "without a reason".to_owned();
    }
    errors.iter().map(|error| on_one_line(error)).collect::<Vec<_>>().join("; ")
}

/// An error of Vault without its line ends. Vault puts several errors, or one, into one text: `1 error occurred:`, and a line with `\t* ` for each
/// (hashicorp/go-multierror, format.go).
pub fn on_one_line(error: &str) -> String {
    let is_title = |line: &str| line.ends_with("occurred:") && line.starts_with(|first: char| first.is_ascii_digit());
    let lines = error.lines().map(|line| line.trim().trim_start_matches("* "));
    let parts: Vec<&str> = lines.filter(|line| !line.is_empty() && !is_title(line)).collect();
    if parts.is_empty() { error.trim().to_owned() } else { parts.join("; ") }
}

/// What reqwest saw, down to its first cause and without the URL (the address is known, and a path says nothing new).
pub(crate) fn cause(error: reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("it took longer than {} ms", timeout.as_millis());
    }
    leaseproof_domain::with_causes(&error.without_url())
}

#[cfg(test)]
mod tests {
    use super::on_one_line;

    #[test]
    fn several_errors_in_one_text_are_on_one_line() {
        let text = "2 errors occurred:\n\t* no such policy\n\t* cannot rotate\n\n";
        assert_eq!(on_one_line(text), "no such policy; cannot rotate");
        assert_eq!(on_one_line("permission denied"), "permission denied");
    }
}
