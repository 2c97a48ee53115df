use std::ffi::OsString;
use std::path::Path;

use leaseproof_history::Ledger;

use crate::EnvironmentError;
use crate::launch::child::Launch;
use crate::launch::program::{PostgresPrograms, Program};

/// Where the programs of an environment are and how they are started: on this machine ([`Processes`]) or in containers of
/// its engine ([`Containers`]).
///
/// [`Processes`]: crate::launch::processes::Processes
/// [`Containers`]: crate::launch::containers::Containers
pub(crate) trait Launcher: Send + Sync {
    /// Vault.
    fn vault(&self) -> Result<Program, EnvironmentError>;

    /// HAProxy.
    fn haproxy(&self) -> Result<Program, EnvironmentError>;

    /// PostgreSQL of that major version.
    fn postgres(&self, major: &str) -> Result<PostgresPrograms, EnvironmentError>;

    /// PowerDNS's server.
    fn powerdns(&self) -> Result<Program, EnvironmentError>;

    /// The words of a shell that run a program where that server of the run is, if it is not on this machine; the server need
    /// not run yet.
    fn within(&self, run: &str, server: &str, program: &str) -> Option<String>;

    /// What those words need in their environment.
    fn variables(&self) -> Vec<(String, OsString)>;

    /// The process to start for that launch. What it makes beside the process is in the ledger first.
    fn prepare(&self, launch: Launch, of: &Launched<'_>) -> Result<Launch, EnvironmentError>;
}

/// What is launched, and for which run.
pub(crate) struct Launched<'a> {
    /// The run.
    pub(crate) run: &'a str,
    /// The run's private folder.
    pub(crate) folder: &'a Path,
    /// The run's ledger.
    pub(crate) ledger: &'a Ledger,
    /// `vault`, `postgres.<cluster>`, `initdb of postgres.<cluster>`.
    pub(crate) name: &'a str,
    /// The image that has the program, if it is not this machine's.
    pub(crate) image: Option<&'a str>,
}
