use std::io;
use std::path::PathBuf;

/// Why a run's record could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder that a run's files were to go to cannot be written.
    #[error("cannot write to the output folder {path}: {source}; name a writable folder with --output")]
    NotWritable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder that was named is no run's.
    #[error("{path} is not a run's folder: expected a file {expected} in it")]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// The file that a run's folder has.
        expected: &'static str,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no history.
    #[error("{path} is not a history: expected zstd-compressed lines that begin with a header; {came}")]
    NotAHistory {
        /// The file.
        path: PathBuf,
        /// What was met instead.
        came: String,
    },
    /// A newer leaseproof wrote the history.
    #[error(
        "{path} has history format {found}, and this build reads up to {known}: judge it with the leaseproof that wrote it, or a newer one"
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format that this build reads.
        known: u32,
    },
}
