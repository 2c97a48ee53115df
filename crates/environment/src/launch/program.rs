//! The programs that servers are started from, and whether each is the one that its name says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::EnvironmentError;
use crate::launch::identity::{Identity, identify};

/// A program that is looked for by its name alone.
pub(crate) struct Sought {
    /// As it stands in `PATH`.
    pub(crate) name: &'static str,
    /// As its users call it.
    pub(crate) called: &'static str,
    /// The variable that may name another one: its path.
    pub(crate) setting: &'static str,
    /// The command that brings it.
    pub(crate) get: &'static str,
    /// The argument that makes it show its version.
    pub(crate) version: &'static str,
}

pub(crate) const HAPROXY: Sought = Sought {
    name: "haproxy",
    called: "HAProxy",
    setting: "HAPROXY_BIN",
    get: "apt-get install haproxy",
    version: "-v",
};

pub(crate) const PDNS: Sought = Sought {
    name: "pdns_server",
    called: "PowerDNS (pdns_server)",
    setting: "PDNS_BIN",
    get: "apt-get install pdns-server pdns-backend-pgsql",
    version: "--version",
};

impl Sought {
    /// What the program's own words hold: its name as its users write it.
    pub(crate) fn marker(&self) -> &'static str {
        self.called.split(' ').next().unwrap_or(self.called)
    }

    /// Whether that program is the one that is looked for, and which version.
    pub(crate) fn identity(&self, program: &Path) -> Identity {
        identify(program, self.version, self.marker())
    }

    /// The command that brings it, or the variable that names another one.
    pub(crate) fn how_to_get(&self) -> String {
        let Self { name, setting, get, .. } = self;
        format!("{get}, or name one by {setting}=/path/to/{name}")
    }
}

/// A program, and by which rule it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) source: String,
    /// The image that has it, where it is not this machine's.
    pub(crate) image: Option<String>,
}

/// The programs of one PostgreSQL version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PostgresPrograms {
    /// The folder with `postgres` and `initdb`.
    pub(crate) bin: PathBuf,
    /// `15.18`.
    pub(crate) version: String,
    /// By which rule it was found.
    pub(crate) source: String,
    /// The image that has it, where it is not this machine's.
    pub(crate) image: Option<String>,
}

impl Program {
    /// The program, if it is the wanted one. Each is asked once by a process: a cluster starts several of them.
    pub(crate) fn checked(
        self,
        wanted: &'static str,
        identity: impl FnOnce(&Path) -> Identity,
        how_to_get: &str,
    ) -> Result<Self, EnvironmentError> {
        static KNOWN: Mutex<BTreeSet<(PathBuf, &str)>> = Mutex::new(BTreeSet::new());
        let this = (self.path.clone(), wanted);
        if KNOWN.lock().unwrap_or_else(PoisonError::into_inner).contains(&this) {
            return Ok(self);
        }
        match identity(&self.path) {
            Identity::Is(_) => {
                KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(this);
                Ok(self)
            }
            Identity::IsNot(why) => Err(EnvironmentError::AnotherProgram {
                wanted: wanted.to_owned(),
                program: self.path,
                found_by: self.source,
                why,
                how_to_get: how_to_get.to_owned(),
            }),
        }
    }
}

/// Whether that program is Vault, and which version.
pub(crate) fn vault_identity(program: &Path) -> Identity {
    identify(program, "version", "Vault v")
}

/// Whether that program is PostgreSQL's server, and which version.
pub(crate) fn postgres_identity(program: &Path) -> Identity {
    identify(program, "--version", "PostgreSQL")
}

/// `15` of `15.18`, `17beta1` or `18devel`.
pub(crate) fn major_of(version: &str) -> &str {
    version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::major_of;

    #[test]
    fn a_version_has_a_major() {
        assert_eq!(["15.18", "17beta1", "18devel"].map(major_of), ["15", "17", "18"]);
    }
}
