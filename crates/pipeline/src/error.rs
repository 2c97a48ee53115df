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
}

impl Error {
    pub(crate) fn input(words: impl std::fmt::Display) -> Self {
        Self::Input(words.to_string())
    }

    pub(crate) fn machine(words: impl std::fmt::Display) -> Self {
        Self::Machine(words.to_string())
    }
}
