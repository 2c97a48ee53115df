use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Something that a run makes and that has to be gone after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "made")]
pub enum Entry {
    /// The process that owns the run.
    Harness {
        /// Its id.
        pid: u32,
        /// When it was started, in clock ticks since boot (`/proc/<pid>/stat`, field 22): a process with the same id
        /// and another start time is a stranger.
        start_time: u64,
    },
    /// Who started the run, and for what.
    Started {
        /// The scenario's name, or the command that needs none.
        scenario: String,
        /// The folder that leaseproof was started in.
        folder: PathBuf,
        /// The user's name.
        user: String,
        /// The user's id.
        uid: u32,
        /// The machine. A process id says something on this machine only.
        host: String,
    },
    /// A folder.
    Folder {
        /// Where.
        path: PathBuf,
    },
    /// A file that lies outside such a folder, e.g. a socket.
    File {
        /// Where.
        path: PathBuf,
    },
    /// A server.
    Process {
        /// What it is: `vault`, `postgres.target`.
        name: String,
        /// What stands in its environment and so in its children's: `LEASEPROOF_RUN=<run>`.
        marker: String,
    },
    /// A container of this machine's engine.
    Container {
        /// Its name.
        name: String,
    },
    /// The run works in an environment that it did not make: what it leaves there does not end with a process.
    Attached {
        /// Vault's address.
        vault: String,
        /// Which Vault answered there: its cluster id (`sys/health`). Older ledgers lack it.
        #[serde(default)]
        cluster_id: Option<String>,
        /// The namespace that every path is below.
        #[serde(default)]
        namespace: Option<String>,
    },
    /// Which PostgreSQL cluster answered there.
    ClusterFound {
        /// Its name in the scenario.
        cluster: String,
        /// Where it answered: `host:port`.
        at: String,
        /// Its system identifier (`pg_control_system()`): initdb gives each cluster its own.
        system_identifier: String,
        /// Its timeline: another one begins with each restore and each promotion. None in ledgers that do not have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeline: Option<String>,
    },
    /// Something else that the run is about to make there.
    MadeThere {
        /// What.
        what: MadeThere,
    },
    /// How that thing is recognized. For what PostgreSQL makes in a transaction it is written before the commit.
    Proof {
        /// What.
        what: MadeThere,
        /// How.
        proof: Proof,
    },
    /// That thing is gone again.
    TakenAway {
        /// What.
        what: MadeThere,
    },
    /// A Vault token whose end is the end of every lease under it.
    TokenAccessor {
        /// Vault's address.
        vault: String,
        /// The token's accessor, with which it can be revoked and not used.
        accessor: String,
        /// When it ends by itself, in seconds since 1970. Older ledgers lack it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ends: Option<u64>,
    },
    /// The Vault token of the harness's own login to an environment that the run did not make.
    LoginAccessor {
        /// Vault's address.
        vault: String,
        /// The token's accessor.
        accessor: String,
        /// When it ends unless it is renewed, in seconds since 1970.
        ends: u64,
    },
    /// A credential of the run's that is still there after its token was revoked: Vault could not revoke it.
    CredentialLeft {
        /// Its PostgreSQL cluster.
        cluster: String,
        /// Its PostgreSQL role.
        role: String,
        /// Its lease.
        lease: String,
        /// The role's OID. None in ledgers that do not have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        oid: Option<u32>,
    },
    /// A credential that the run did not revoke. After its token was revoked, the check whether the role still exists failed.
    CredentialUnchecked {
        /// Its PostgreSQL role.
        role: String,
        /// Its lease.
        lease: String,
        /// Its PostgreSQL cluster, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cluster: Option<String>,
        /// The role's OID, if it was observed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        oid: Option<u32>,
    },
    /// The ledger names every credential of that token's that was not checked.
    CredentialsNamed {
        /// The token's accessor.
        accessor: String,
    },
    /// Every credential that was issued under that token is gone, or is in the ledger.
    CredentialsChecked {
        /// The token's accessor.
        accessor: String,
    },
    /// That credential is gone.
    CredentialGone {
        /// Its PostgreSQL role.
        role: String,
    },
    /// A PostgreSQL role that is new since the setup, and neither the setup's nor a credential of the run's.
    RoleLeft {
        /// Its PostgreSQL cluster.
        cluster: String,
        /// The role.
        role: String,
        /// Its OID.
        oid: u32,
    },
    /// That role is gone.
    RoleGone {
        /// Its PostgreSQL cluster.
        cluster: String,
        /// Its OID.
        oid: u32,
    },
    /// That token is revoked.
    TokenRevoked {
        /// The token's accessor.
        accessor: String,
    },
    /// The process that keeps a detached environment.
    Supervisor {
        /// Its id.
        pid: u32,
        /// When it was started, as for the harness.
        start_time: u64,
    },
}

/// What a setup makes in an environment that the run did not make.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MadeThere {
    /// A mount of Vault's, with all that is below it.
    Mount {
        /// Its path, without a slash at its end.
        path: String,
    },
    /// A policy of Vault's.
    Policy {
        /// Its name.
        name: String,
    },
    /// A PostgreSQL role.
    Role {
        /// Its cluster.
        cluster: String,
        /// Its name.
        name: String,
    },
    /// A database, with all that is in it.
    Database {
        /// Its cluster.
        cluster: String,
        /// Its name.
        name: String,
    },
}

/// How something that a run made is distinguished from another thing with the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Proof {
    /// A role's or a database's OID. PostgreSQL gives it to no other one before its counter has run around.
    Oid {
        /// The OID.
        oid: u32,
    },
    /// The name that a database has while it is being made. It holds the run's name.
    MadeAs {
        /// That name.
        name: String,
    },
    /// A mount's accessor, which Vault gives to no other mount.
    Accessor {
        /// The accessor.
        accessor: String,
    },
    /// A text of the run's own in a mount's description or a policy's rules, written with the thing itself.
    Marker {
        /// The text.
        text: String,
    },
}

impl fmt::Display for MadeThere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mount { path } => write!(f, "mount {path}"),
            Self::Policy { name } => write!(f, "policy {name}"),
            Self::Role { cluster, name } => write!(f, "role {name} of postgres.{cluster}"),
            Self::Database { cluster, name } => write!(f, "database {name} of postgres.{cluster}"),
        }
    }
}
