//! What the operator does before the first credential is asked for.

use std::collections::BTreeMap;
use std::fmt;

use leaseproof_domain::{Origin, Secret};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text of the scenario that may be a secret. A secret is written as `***`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Plain text, with `${…}` not yet filled in.
    Text(String),
    /// A password or the like.
    Secret(Secret),
}

impl Setting {
    /// The text itself, for the request that has to send it.
    pub fn expose(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Secret(_) => f.write_str("***"),
        }
    }
}

impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(if text == "***" { Self::Secret(Secret::new(text)) } else { Self::Text(text) })
    }
}

/// A step of the setup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupStep {
    /// Its name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it does.
    pub action: SetupAction,
    /// Whether a server's warning fails it.
    #[serde(default, skip_serializing_if = "Warnings::are_reported")]
    pub warnings: Warnings,
    /// The failure that it has to end with, where the scenario expects one.
    pub expect: Option<ExpectedFailure>,
    /// The step's line in the scenario.
    pub origin: Origin,
    /// The lines of the keys that a `write` has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, Origin>,
}

impl SetupStep {
    /// The line of a key of its data; the step's own for one that it does not have.
    pub fn line_of(&self, key: &str) -> &Origin {
        self.keys.get(key).unwrap_or(&self.origin)
    }

    /// What it does, in a few words; its name first, where it has one.
    pub fn words(&self) -> String {
        let words = match &self.action {
            SetupAction::Sql { file, on, database, .. } => {
                format!("sql {} on postgres.{on}, database {database}", file.as_deref().unwrap_or("statement"))
            }
            SetupAction::Enable { engine, path } => format!("enable {engine} at {path}"),
            SetupAction::Disable { path } => format!("disable {path}"),
            SetupAction::Write { path, .. } => format!("write {path}"),
            SetupAction::Delete { path } => format!("delete {path}"),
            SetupAction::RevokePrefix { prefix } => format!("revoke_prefix {prefix}"),
            SetupAction::Policy { name, .. } => format!("policy {name}"),
            SetupAction::Script { file, .. } => format!("script {}", file.as_deref().unwrap_or("in the scenario")),
        };
        self.name.iter().map(|name| format!("{name}: ")).chain([words]).collect()
    }
}

/// What a server's warning means for the step that it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warnings {
    /// It is reported.
    #[default]
    Report,
    /// It fails the step: a warning in Vault's answer, a WARNING of PostgreSQL. A NOTICE never does.
    Fail,
}

impl Warnings {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    fn are_reported(&self) -> bool {
        *self == Self::Report
    }
}

/// What a step of the setup does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum SetupAction {
    /// Runs SQL, statement by statement as psql would, stopping at the first error.
    Sql {
        /// The file it comes from, or none where it stands in the scenario itself.
        file: Option<String>,
        /// The statements.
        text: String,
        /// The cluster, e.g. `target`.
        on: String,
        /// The database.
        database: String,
        /// The PostgreSQL user; the bootstrap superuser where none is named.
        user: Option<String>,
        /// That user's password.
        password: Option<Setting>,
    },
    /// Enables a secrets engine.
    Enable {
        /// Its type, e.g. `database`.
        engine: String,
        /// The path to mount it at, e.g. `database`.
        path: String,
    },
    /// Disables the secrets engine at a path; of actions only.
    Disable {
        /// The path that it is mounted at.
        path: String,
    },
    /// Deletes what is at a path, as `vault delete` does; of actions only.
    Delete {
        /// The path.
        path: String,
    },
    /// Revokes every lease below a prefix, as `vault lease revoke -prefix` does; of actions only.
    RevokePrefix {
        /// The prefix.
        prefix: String,
    },
    /// Writes to a path, as `vault write` does.
    Write {
        /// The path.
        path: String,
        /// The data.
        data: BTreeMap<String, SettingValue>,
    },
    /// Writes a policy.
    Policy {
        /// Its name.
        name: String,
        /// Its rules in HCL.
        rules: String,
    },
    /// Runs a shell script with VAULT_ADDR, VAULT_TOKEN and PG* set.
    Script {
        /// The file it comes from, or none where it stands in the scenario itself.
        file: Option<String>,
        /// Its text.
        text: String,
    },
}

/// A value of a `write`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// true or false.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(Setting),
    /// Several texts.
    List(Vec<Setting>),
}

impl SettingValue {
    /// Its texts; none for a number, true and false.
    pub fn settings(&self) -> &[Setting] {
        match self {
            Self::Text(setting) => std::slice::from_ref(setting),
            Self::List(settings) => settings,
            Self::Bool(_) | Self::Number(_) => &[],
        }
    }
}

/// A failure that a step has to end with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedFailure {
    /// HTTP status.
    pub status: Option<u16>,
    /// SQLSTATE.
    pub sqlstate: Option<String>,
    /// A part of the server's words.
    pub says: Option<String>,
    /// Where the scenario says it.
    pub origin: Origin,
}
