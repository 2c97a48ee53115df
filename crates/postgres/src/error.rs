use std::time::Duration;

use leaseproof_domain::{Failure, FailureSource, Outcome};
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
        }
    }

    /// The SQLSTATE, where an answer came.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Answer { sqlstate, .. } => Some(sqlstate),
            Self::NoAnswer { .. } => None,
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
            None => Self::NoAnswer { why: leaseproof_domain::with_causes(&error) },
        }
    }
}

impl From<&DbError> for Error {
    fn from(error: &DbError) -> Self {
        let mut message = error.message().to_owned();
        for (word, text) in [("DETAIL", error.detail()), ("HINT", error.hint())] {
            if let Some(text) = text {
                message.push_str(&format!("; {word}: {text}"));
            }
        }
        let position = error.position().and_then(|position| match position {
            ErrorPosition::Original(place) => Some(*place),
            ErrorPosition::Internal { .. } => None,
        });
        Self::Answer { sqlstate: error.code().code().to_owned(), message, position }
    }
}
