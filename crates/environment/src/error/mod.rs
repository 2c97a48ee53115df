mod attach;

use std::io;
use std::path::PathBuf;

use leaseproof_domain::{HarnessFault, Origin, visible};
use leaseproof_scenario::{Plan, WrongKey};

pub use self::attach::AttachError;

/// Why the environment could not be started, or not be ended.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// A server that the scenario asks for is not on this machine.
    #[error("{wanted} is not on this machine. Looked for it in: {}. To get it: {how_to_get}", searched.join("; "))]
    ServerMissing {
        /// What was wanted, with its version: `PostgreSQL 15`.
        wanted: String,
        /// The places that were searched, in order.
        searched: Vec<String>,
        /// The command that brings it.
        how_to_get: String,
    },
    /// A program has a server's name, and is another one.
    #[error("{} (from {found_by}) is not {wanted}: {why}. To get it: {how_to_get}", .program.display())]
    AnotherProgram {
        /// What was wanted.
        wanted: String,
        /// The program.
        program: PathBuf,
        /// By which rule it was found: `VAULT_BIN`, `PATH`.
        found_by: String,
        /// What was expected of it, and what it said.
        why: String,
        /// The command that brings the wanted one.
        how_to_get: String,
    },
    /// A link between two members cannot be laid.
    #[error("cannot lay the link between {from} and {to}: {source}")]
    NoLink {
        /// Who connects.
        from: String,
        /// Where to.
        to: String,
        /// What the system said.
        source: io::Error,
    },
    /// The server is there in other versions only.
    #[error("wanted {wanted}, found {}. To get it: {how_to_get}", found.join(" and "))]
    WrongVersion {
        /// What was wanted, with its version: `PostgreSQL 15`.
        wanted: String,
        /// What was found instead, and where.
        found: Vec<String>,
        /// The command that brings the wanted one.
        how_to_get: String,
    },
    /// A port that the scenario fixes is in use.
    #[error(
        "{origin}: port {port} of {server} is taken by another process on 127.0.0.1: end that process, name another port, or leave `port` out to have a free one"
    )]
    PortTaken {
        /// `vault` or `postgres.<cluster>`.
        server: String,
        /// The port.
        port: u16,
        /// The scenario line that fixes it.
        origin: Origin,
    },
    /// No free port was found.
    #[error("{server}: none of {tried} ports between 15000 and 32767 was free on 127.0.0.1")]
    NoFreePort {
        /// `vault` or `postgres.<cluster>`.
        server: String,
        /// How many were tried.
        tried: u32,
    },
    /// PostgreSQL refuses to run as root, and there is no other account to run it as.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither the user `postgres` nor `nobody`: run leaseproof as another user, or add one of them"
    )]
    NoAccount,
    /// The servers cannot use the folder that the run would make for them.
    #[error(
        "the servers' folder cannot be {path}: {why}; set TMPDIR to a folder with a plain path that others may enter, such as /tmp"
    )]
    UnfitFolder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A folder or file of the environment cannot be written.
    #[error("cannot {doing} {path}: {source}")]
    Folder {
        /// `make`, `write`, `remove`.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The small file system that a fault is to fill cannot be mounted.
    #[error(
        "{server} cannot have a small file system of its own, as a fault of kind `disk-full` needs: mount says {source}. Run leaseproof as root (in a container: with CAP_SYS_ADMIN), or take that fault out"
    )]
    NoMount {
        /// `postgres.<cluster>`.
        server: String,
        /// What the system said.
        source: io::Error,
    },
    /// A process cannot be started at all.
    #[error("cannot start {program} for {server}: {source}")]
    Spawn {
        /// `vault` or `postgres.<cluster>`.
        server: String,
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A server, or a command that prepares it, ended or never answered.
    #[error("{server} did not start: {why}{}", last_words(tail))]
    NotStarted {
        /// `vault` or `postgres.<cluster>`.
        server: String,
        /// What was waited for, and what came.
        why: String,
        /// The last lines of its log, scrubbed of secrets.
        tail: Vec<String>,
    },
    /// A server that is to speak TLS cannot be given its certificate.
    #[error("{server} cannot be given a certificate: {why}")]
    Certificate {
        /// `vault`, `postgres.<cluster>`, or the authority itself.
        server: String,
        /// What went wrong.
        why: String,
    },
    /// Vault's configuration names a part of the environment that is not there.
    #[error("{origin}: {why}")]
    Placeholder {
        /// The scenario line.
        origin: Origin,
        /// Which one, and which there are.
        why: String,
    },
    /// A step of the setup that comes before Vault's start did not end as the scenario expects.
    #[error(transparent)]
    SetUp(#[from] Box<SetupError>),
    /// Vault refused what the harness itself needs.
    #[error("vault: cannot {doing}: {source}")]
    Vault {
        /// What was asked for.
        doing: &'static str,
        /// Vault's answer.
        source: leaseproof_vault::Error,
    },
    /// An environment that already stands cannot be worked in.
    #[error(transparent)]
    Attached(#[from] AttachError),
    /// PostgreSQL refused what the harness itself needs.
    #[error("{server}: cannot {doing}: {source}")]
    Postgres {
        /// `postgres.<cluster>`.
        server: String,
        /// What was asked for.
        doing: &'static str,
        /// PostgreSQL's answer.
        source: leaseproof_postgres::Error,
    },
    /// The ledger cannot be written, so nothing more may be made.
    #[error(transparent)]
    Ledger(#[from] leaseproof_history::Error),
    /// Something is left after the environment was ended; `leaseproof clean` tries again.
    #[error("left behind: {}; `leaseproof clean` tries again", left.join(", "))]
    LeftBehind {
        /// Processes, folders and files.
        left: Vec<String>,
    },
    /// Something is left in an environment that is not leaseproof's.
    #[error("{}", left_there(left))]
    LeftThere {
        /// What, why, and what removes it.
        left: Vec<String>,
    },
    /// It was asked to end between two steps.
    #[error("it was asked to end")]
    Ended,
}

/// What is left in an environment that is not leaseproof's, a line each.
pub fn left_there(left: &[String]) -> String {
    format!(
        "left behind:\n  {}\n`leaseproof clean --attached SCENARIO` removes what is the run's, once nothing keeps it",
        // A line break in what a server said is no line of its own.
        left.iter().map(|line| visible(line)).collect::<Vec<_>>().join("\n  ")
    )
}

fn last_words(tail: &[String]) -> String {
    if tail.is_empty() {
        return String::new();
    }
    format!("\nIts last lines:\n  {}", tail.join("\n  "))
}

/// A setup step that did not end as the scenario expects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{origin}: {}{}", blamed(wrong.as_deref()), self.met(), self.hinted())]
pub struct SetupError {
    /// The step's number, from 1.
    pub step: u32,
    /// The step's line in the scenario.
    pub origin: Origin,
    /// What it did, in a few words: `write database/roles/powerdns-role`.
    pub action: String,
    /// In which way it went wrong.
    pub fault: SetupFault,
    /// The server's own words, scrubbed of secrets.
    pub words: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
    /// The key of an earlier step that is wrong, where the server's message is about one.
    pub wrong: Option<Box<WrongKey>>,
    /// What leaseproof itself ran out of, if that is why the step was not done: no server rejected it.
    pub harness: Option<HarnessFault>,
}

impl SetupError {
    /// The same, with the key of an earlier step of `plan` that is the reason.
    pub(crate) fn explained(self, plan: &Plan) -> Self {
        let wrong = plan.wrong_key(&self.words, Some(self.step)).map(Box::new);
        Self { wrong, ..self }
    }
}

fn blamed(wrong: Option<&WrongKey>) -> String {
    wrong.map(|wrong| format!("{}: {wrong}\n", wrong.origin)).unwrap_or_default()
}

impl SetupError {
    /// Which step went wrong, in which way, and the server's message.
    pub fn met(&self) -> String {
        let Self { step, action, fault, words, .. } = self;
        match fault {
            // The step is only the one after which it was noticed.
            SetupFault::WithoutReplication => words.clone(),
            _ => format!("setup step {step} ({action}) {fault}: {words}"),
        }
    }

    /// In which way it went wrong, the server's message, and what to do.
    pub fn complaint(&self) -> String {
        format!("{}: {}{}", self.fault, self.words, self.hinted())
    }

    fn hinted(&self) -> String {
        self.hint.iter().map(|hint| format!("\nhint: {hint}")).collect()
    }
}

/// In which way a setup step went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupFault {
    /// The server, or the script, said no.
    Rejected,
    /// No answer came: the server hangs or is gone.
    Unanswered,
    /// The scenario expects a failure, and there was none or another.
    NotAsExpected,
    /// It was done, and a server warned of something that the scenario wants to fail for.
    Warned,
    /// The step itself cannot be sent: it names a part of the environment that is not there.
    Unsendable,
    /// After it, standbys cannot replicate with the account that `replicate_as` names.
    WithoutReplication,
}

impl std::fmt::Display for SetupFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rejected => "was rejected",
            Self::Unanswered => "had no answer",
            Self::NotAsExpected => "did not fail as the scenario expects",
            Self::Warned => "was answered with a warning",
            Self::Unsendable => "cannot be done",
            Self::WithoutReplication => "does not let standbys replicate",
        })
    }
}

impl EnvironmentError {
    /// What leaseproof itself ran out of, if that is the cause.
    pub fn harness(&self) -> Option<HarnessFault> {
        match self {
            Self::SetUp(step) => step.harness,
            _ => match self.client_error() {
                Some(ClientError::Vault(source)) => source.harness(),
                Some(ClientError::Postgres(source)) => source.harness(),
                None => HarnessFault::of(self),
            },
        }
    }

    /// What the harness itself lacked, where that is why a server was not asked or did not do it.
    pub fn own_fault(&self) -> Option<HarnessFault> {
        match self.client_error() {
            Some(ClientError::Vault(source)) => source.own_fault(),
            Some(ClientError::Postgres(source)) => source.own_fault(),
            None => self.harness(),
        }
    }

    /// The error of a client of Vault or PostgreSQL. It holds what leaseproof lacked as a value, and not as its source.
    fn client_error(&self) -> Option<ClientError<'_>> {
        match self {
            Self::Vault { source, .. } | Self::Attached(AttachError::Vault { source, .. }) => {
                Some(ClientError::Vault(source))
            }
            Self::Postgres { source, .. }
            | Self::Attached(AttachError::Postgres { source, .. } | AttachError::Operator { source, .. }) => {
                Some(ClientError::Postgres(source))
            }
            _ => None,
        }
    }
}

enum ClientError<'e> {
    Vault(&'e leaseproof_vault::Error),
    Postgres(&'e leaseproof_postgres::Error),
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::HarnessFault;

    use super::EnvironmentError;
    use crate::AttachError;

    #[test]
    fn what_leaseproof_lacks_is_found_in_every_client_error_of_an_attached_environment() {
        let fault = HarnessFault::FileDescriptors;
        let vault = || leaseproof_vault::Error::Harness { fault, why: "too many open files".to_owned() };
        let postgres = || leaseproof_postgres::Error::Harness { fault, why: "too many open files".to_owned() };
        let (address, cluster) = ("http://vault.example:8200".to_owned(), "target".to_owned());
        for error in [
            AttachError::Vault { address, doing: "list what exists there", source: vault() },
            AttachError::Postgres { cluster: cluster.clone(), source: postgres() },
            AttachError::Operator { cluster, source: postgres() },
        ] {
            let error = EnvironmentError::Attached(error);
            assert_eq!((error.harness(), error.own_fault()), (Some(fault), Some(fault)), "{error}");
        }
    }
}
