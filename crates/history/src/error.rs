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
    /// Another version of leaseproof wrote the history, in another format.
    #[error(
        "{path}: expected history format {expected}, got {found}: use the version of leaseproof that recorded the run (`run.json` has it)"
    )]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The format that this build reads.
        expected: u32,
    },
}
