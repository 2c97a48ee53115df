use std::time::Duration;

use leaseproof_domain::{Failure, FailureSource, HarnessFault, Outcome};
use tokio_postgres::error::{DbError, ErrorPosition};

/// How a login or a statement did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// PostgreSQL answered, and said no.
    #[error("PostgreSQL answered {sqlstate}: {message}")]
    Answer {
        /// The SQLSTATE, e.g. `28P01`.
        sqlstate: String,
        /// The server's own words, with its DETAIL and HINT.
        message: String,
        /// Where in the text that was sent, in characters from 1.
        position: Option<u32>,
    },
    /// No answer came: what was asked for may have been done, or never have arrived.
    #[error("no answer from PostgreSQL: {why}")]
    NoAnswer {
        /// What was seen instead.
        why: String,
    },
    /// It failed on this side: it says nothing about PostgreSQL.
    #[error("no answer from PostgreSQL: {why}")]
    Harness {
        /// What was missing here.
        fault: HarnessFault,
        /// What was seen.
        why: String,
    },
}

impl Error {
    /// What is known of the operation: a no is a failure, everything else leaves it open.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Answer { sqlstate, message, .. } => Outcome::Failed(Failure {
                source: FailureSource::Postgres,
                code: sqlstate.clone(),
                message: message.clone(),
            }),
            Self::NoAnswer { .. } => Outcome::Indeterminate { why: self.to_string() },
            Self::Harness { fault, .. } => Outcome::Harness { fault: *fault, why: self.to_string() },
        }
    }

    /// What the harness itself lacked, where this answers a question of its own account: a login that is refused (class 28)
    /// or a right that is missing (42501).
    pub fn own_fault(&self) -> Option<HarnessFault> {
        let refused = self.sqlstate().is_some_and(|code| code.starts_with("28") || code == "42501");
        self.harness().or(refused.then_some(HarnessFault::Observer))
    }

    /// The SQLSTATE, where an answer came.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Answer { sqlstate, .. } => Some(sqlstate),
            Self::NoAnswer { .. } | Self::Harness { .. } => None,
        }
    }

    /// What the harness itself lacked, where that is why.
    pub fn harness(&self) -> Option<HarnessFault> {
        match self {
            Self::Harness { fault, .. } => Some(*fault),
            _ => None,
        }
    }

    /// What no answer came for: something that the harness itself lacks, or something at the other end.
    pub(crate) fn unanswered(error: &(dyn std::error::Error + 'static), why: String) -> Self {
        match HarnessFault::of(error) {
            Some(fault) => Self::Harness { fault, why },
            None => Self::NoAnswer { why },
        }
    }

    pub(crate) fn timed_out(timeout: Duration) -> Self {
        Self::NoAnswer { why: format!("it took longer than {} ms", timeout.as_millis()) }
    }

    /// A column that does not hold what the query above it selects.
    pub(crate) fn column(name: &str, why: impl std::fmt::Display) -> Self {
        Self::NoAnswer { why: format!("the catalog's column `{name}` cannot be read: {why}") }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(answer) => Self::from(answer),
            None => {
                let why = leaseproof_domain::with_causes(&error);
                Self::unanswered(&error, why)
            }
        }
    }
}

impl From<&DbError> for Error {
    fn from(error: &DbError) -> Self {
        let mut message = error.message().to_owned();
        for detail in details(error) {
            message.push_str(&format!("; {detail}"));
        }
        let position = error.position().and_then(|position| match position {
            ErrorPosition::Original(place) => Some(*place),
            ErrorPosition::Internal { .. } => None,
        });
        Self::Answer { sqlstate: error.code().code().to_owned(), message, position }
    }
}

/// DETAIL and HINT, each with its word.
pub(crate) fn details(said: &DbError) -> Vec<String> {
    let parts = [("DETAIL", said.detail()), ("HINT", said.hint())];
    parts.into_iter().filter_map(|(word, text)| Some(format!("{word}: {}", text?))).collect()
}
