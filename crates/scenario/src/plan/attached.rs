//! An environment that already stands.

use std::collections::BTreeMap;
use std::path::PathBuf;

use leaseproof_domain::{CheckId, Origin, Ttl};
use serde::{Deserialize, Serialize};

/// Where the servers run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentKind {
    /// As children of leaseproof on loopback.
    #[default]
    Processes,
    /// As containers of this machine's engine.
    Containers,
    /// Somewhere, and not by leaseproof.
    Attached,
}

impl EnvironmentKind {
    /// Its word in a scenario.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Containers => "containers",
            Self::Attached => "attached",
        }
    }

    pub(crate) fn is_processes(&self) -> bool {
        *self == Self::Processes
    }
}

/// Where an environment stands, and as whom the harness works there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedPlan {
    /// Whether leaseproof does the scenario's setup there, and takes it away afterwards.
    pub ours: bool,
    /// Whether nobody else takes credentials of the promised roles while a run lasts.
    pub quiet: bool,
    /// How many of the run's leases may be live at once.
    pub max_live_leases: u64,
    /// How long the load may last.
    pub max_duration: Ttl,
    /// Whether the harness's token may be sent to another machine without encryption.
    #[serde(default)]
    pub insecure_http: bool,
    /// Its Vault.
    pub vault: AttachedVault,
    /// Its PostgreSQL clusters, by name.
    pub postgres: BTreeMap<String, AttachedPostgres>,
    /// The files and environment variables that a run reads.
    #[serde(default)]
    pub inputs: Vec<AttachedInput>,
    /// The `[attached]` line.
    pub origin: Origin,
}

/// A file or an environment variable that `[attached]` names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedInput {
    /// Its key, from `[attached]` on: `vault.auth.role_id_file`.
    pub key: String,
    /// Where it is.
    pub source: SecretSource,
    /// Its line.
    pub origin: Origin,
}

/// A Vault that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedVault {
    /// Its address, `https://vault.example:8200`.
    pub address: String,
    /// The files behind an https address.
    pub encryption: Option<AttachedFiles>,
    /// The namespace that every path is below.
    pub namespace: Option<String>,
    /// The line of `namespace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_origin: Option<Origin>,
    /// As whom the harness speaks to it.
    pub auth: AttachedAuth,
}

impl AttachedVault {
    /// The host that is connected to, without port and brackets.
    pub fn host(&self) -> String {
        crate::address::host(&self.address)
    }

    /// Whether that is its host.
    pub fn is_host(&self, name: &str) -> bool {
        crate::address::is_host(&self.address, name)
    }
}

/// The files behind an encrypted connection, all PEM. Their paths are as seen from where leaseproof was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedFiles {
    /// The authorities that vouch for the server.
    pub ca: PathBuf,
    /// The client's certificate and its key, where the server asks for them.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// In a file, but for white space around it.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
}

/// As whom the harness speaks to Vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method")]
pub enum AttachedAuth {
    /// With a token that was made for it.
    Token {
        /// The token.
        token: SecretSource,
    },
    /// By AppRole.
    AppRole {
        /// The auth method's path.
        mount: String,
        /// The role's id; it is no secret by itself.
        role_id: SecretSource,
        /// The secret id.
        secret_id: SecretSource,
    },
    /// By a name and a password.
    Userpass {
        /// The auth method's path.
        mount: String,
        /// The name.
        user: String,
        /// The password.
        password: SecretSource,
    },
}

/// A PostgreSQL cluster that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedPostgres {
    /// As whom the harness observations on.
    pub observer: String,
    /// The database in which it asks for what is the same in all.
    pub database: String,
    /// As whom the setup is done, where it is leaseproof's.
    pub operator: Option<String>,
    /// The operator's password, where it has one.
    pub operator_password: Option<SecretSource>,
    /// Where it observes: host and port.
    pub at: (String, u16),
    /// Its password, where it has one.
    pub password: Option<SecretSource>,
    /// Where the credentials log in, where writes go first.
    pub endpoints: Vec<(String, u16)>,
    /// The files behind `sslmode = "verify-full"`; a plain connection without.
    pub encryption: Option<AttachedFiles>,
}

/// A check that a promise asks for and that this run leaves out. It is never counted as passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The check.
    pub check: CheckId,
    /// Why nobody can say.
    pub why: String,
}
