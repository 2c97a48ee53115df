use leaseproof_domain::HarnessFault;
use thiserror::Error;

/// Why there is no run, or no judgment.
#[derive(Debug, Error)]
pub enum Error {
    /// The scenario or a run's files cannot be used.
    #[error("{0}")]
    Input(String),
    /// The run's folder cannot be written, or signals cannot be handled.
    #[error("{0}")]
    Machine(String),
    /// The run has no verdicts, and a setup step was rejected or something that the run created was left behind.
    #[error("{0}")]
    Failed(String),
    /// leaseproof ran out of something, such as file descriptors. It says nothing about the environment.
    #[error("{0}")]
    Harness(String),
}

impl Error {
    pub(crate) fn input(words: impl std::fmt::Display) -> Self {
        Self::Input(words.to_string())
    }

    pub(crate) fn machine(words: impl std::fmt::Display) -> Self {
        Self::Machine(words.to_string())
    }

    /// This error, unless what leaseproof itself ran out of is the source's cause.
    pub(crate) fn unless_harness(self, source: &(dyn std::error::Error + 'static)) -> Self {
        match HarnessFault::of(source) {
            Some(fault) => Self::Harness(fault.explain(&self)),
            None => self,
        }
    }
}
