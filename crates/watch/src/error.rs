use std::io;
use std::path::PathBuf;

use leaseproof_domain::HarnessFault;

/// Why the watch could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A log cannot be kept.
    #[error("cannot write the log {}: {source}; is its folder writable and the disk not full?", path.display())]
    Log {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// PostgreSQL could not be observed.
    #[error("cannot read {what} of PostgreSQL cluster `{cluster}`: {source}")]
    Postgres {
        /// What was asked for.
        what: &'static str,
        /// The cluster.
        cluster: String,
        /// What came instead.
        source: leaseproof_postgres::Error,
    },
    /// Vault's leases could not be observed.
    #[error("cannot list the leases of `{mount}/creds/{role}`: {source}")]
    Vault {
        /// The secrets engine's mount.
        mount: String,
        /// The Vault role.
        role: String,
        /// What came instead.
        source: leaseproof_vault::Error,
    },
}

impl Error {
    /// What leaseproof itself ran out of, if that is the cause.
    pub fn harness(&self) -> Option<HarnessFault> {
        match self {
            Self::Log { source, .. } => HarnessFault::of(source),
            Self::Postgres { source, .. } => source.harness(),
            Self::Vault { source, .. } => source.harness(),
        }
    }

    /// The same, or that its own account is no longer accepted.
    pub fn own_fault(&self) -> Option<HarnessFault> {
        match self {
            Self::Log { source, .. } => HarnessFault::of(source),
            Self::Postgres { source, .. } => source.own_fault(),
            Self::Vault { source, .. } => source.own_fault(),
        }
    }
}
