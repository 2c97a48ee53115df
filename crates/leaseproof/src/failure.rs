//! A command that could not do its work: what it says and what it ends with.

use std::fmt;

use leaseproof_domain::visible_lines;

use crate::exit::Exit;

/// Why a command stops, in words for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What the process ends with.
    pub(crate) exit: Exit,
    /// What happened, what was expected and what to do; hidden characters of texts from outside are escaped.
    pub(crate) words: String,
}

impl Failure {
    /// A failure of that kind.
    pub(crate) fn new(exit: Exit, words: impl fmt::Display) -> Self {
        Self { exit, words: visible_lines(&words.to_string()).into_owned() }
    }

    /// Wrong usage, in words that are colored and escaped already.
    pub(crate) fn rendered(words: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, words: words.into() }
    }

    /// Wrong usage.
    pub(crate) fn usage(words: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, words)
    }

    /// No environment, or no place to write to.
    pub(crate) fn environment(words: impl fmt::Display) -> Self {
        Self::new(Exit::Environment, words)
    }
}

impl From<leaseproof_pipeline::Error> for Failure {
    fn from(error: leaseproof_pipeline::Error) -> Self {
        match error {
            leaseproof_pipeline::Error::Input(words) => Self::usage(words),
            leaseproof_pipeline::Error::Machine(words) => Self::environment(words),
            leaseproof_pipeline::Error::Failed(words) => Self::new(Exit::Failed, words),
            leaseproof_pipeline::Error::Harness(words) => Self::new(Exit::Invalid, words),
        }
    }
}

/// How a command ends.
pub(crate) type Ended = Result<Exit, Failure>;
