//! The plan: a scenario that was checked whole. It is what every other room works from, and it is kept with the run
//! (redacted), so that a recorded run can be judged again.

use std::collections::BTreeMap;
use std::fmt;

use leaseproof_domain::{CheckId, Grant, Metric, Origin, RoleAttributes, Secret, Subject, Ttl};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A checked scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The scenario's name: its folder's.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The runbook that it follows, relative to the scenario's folder.
    pub runbook: Option<String>,
    /// Seed of every choice: which life renews, which is revoked, when.
    pub seed: u64,
    /// The Vault under test.
    pub vault: VaultPlan,
    /// The PostgreSQL clusters under test, by name.
    pub postgres: BTreeMap<String, PostgresPlan>,
    /// What the operator does, in order.
    pub setup: Vec<SetupStep>,
    /// What the credentials' client may do.
    pub client: ClientPlan,
    /// What is promised of the whole estate.
    pub promise: EstatePromise,
    /// What is promised of PostgreSQL accounts that Vault uses.
    pub accounts: Vec<AccountPromise>,
    /// What is promised of each Vault role's credentials.
    pub roles: Vec<RolePromise>,
    /// What is done with credentials.
    pub lives: Vec<LifePlan>,
    /// When, and how often.
    pub phases: Vec<PhasePlan>,
    /// Bounds on figures.
    pub thresholds: Vec<ThresholdPlan>,
    /// Defects that are declared.
    pub known: Vec<KnownPlan>,
    /// The checks that all these promises ask for, in the catalogue's order.
    pub asks: Vec<Ask>,
}

/// A value and the line that says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised<T> {
    /// What is promised.
    pub value: T,
    /// Where.
    pub origin: Origin,
}

/// One check that the scenario's promises ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The check.
    pub check: CheckId,
    /// What it is to judge.
    pub subject: Subject,
    /// The line that asks.
    pub origin: Origin,
}

/// The Vault under test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultPlan {
    /// Where Vault keeps its data.
    pub storage: VaultStorage,
    /// Whether a file audit device is enabled before set-up.
    pub audit: bool,
    /// The system's default lease TTL, where the scenario sets one (Vault's own: 768 h).
    pub default_lease_ttl: Option<Ttl>,
    /// The system's maximum lease TTL, where the scenario sets one (Vault's own: 768 h).
    pub max_lease_ttl: Option<Ttl>,
    /// A fixed port to listen on; otherwise a free one.
    pub port: Option<u16>,
    /// The `[vault]` line.
    pub origin: Origin,
}

/// Where Vault keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VaultStorage {
    /// In memory: gone with the process.
    Inmem,
    /// Files in the estate's private folder.
    File,
    /// Integrated storage in the estate's private folder.
    Raft,
}

/// One PostgreSQL cluster under test, standalone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresPlan {
    /// Major version, e.g. `15`.
    pub version: String,
    /// The text of pg_hba.conf, where the scenario brings one. The harness's own line stands before it.
    pub hba: Option<String>,
    /// Settings of postgresql.conf.
    pub settings: BTreeMap<String, String>,
    /// The bootstrap superuser's name (`postgres`).
    pub superuser: String,
    /// The bootstrap superuser's password.
    pub password: Setting,
    /// A fixed port to listen on; otherwise a free one.
    pub port: Option<u16>,
    /// The `[postgres.<name>]` line.
    pub origin: Origin,
}

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

/// A step of the set-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupStep {
    /// What it does.
    pub action: SetupAction,
    /// The failure that it has to end with, where the scenario expects one.
    pub expect: Option<ExpectedFailure>,
    /// The step's line in the scenario.
    pub origin: Origin,
}

/// What a step of the set-up does.
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

/// What the credentials' client may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientPlan {
    /// The Vault policies that the run's token gets, and no other (`default` is left out).
    pub policies: Vec<String>,
    /// The path that the token has to be refused at (POL-1), `sys/policies/acl` where the scenario names none.
    pub forbidden: String,
    /// How long a request may take before its client goes away.
    pub timeout: Ttl,
    /// How many lives may be between two answers at once; an arrival beyond is shed.
    pub in_flight: u32,
}

/// What is promised of the whole estate. What is not said is not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstatePromise {
    /// An audit log holds every issue.
    pub audit: Option<Promised<bool>>,
    /// `never`: no password in any log.
    pub password_in_logs: Option<Promised<Never>>,
    /// How many roles may be without a lease.
    pub orphans: Option<Promised<u64>>,
    /// From an issue's answer to a login that works.
    pub usable_within: Option<Promised<Ttl>>,
    /// From a lease's expiry to its role's end.
    pub dead_within: Option<Promised<Ttl>>,
}

/// The word `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Never {
    /// Not once.
    Never,
}

/// What is promised of a PostgreSQL account; what is not said is not judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPromise {
    /// The account.
    pub name: String,
    /// Each promised attribute by pg_roles' word: `superuser`, `createrole`, `createdb`, `login`, `replication`,
    /// `bypassrls`, `inherit`.
    pub attributes: BTreeMap<String, Promised<bool>>,
    /// The `[account.<name>]` line.
    pub origin: Origin,
}

/// What each credential of a Vault role gets; all else is forbidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePromise {
    /// The Vault role.
    pub name: String,
    /// The mount of its secrets engine, e.g. `database`.
    pub mount: String,
    /// The cluster that its credentials are for, e.g. `target`.
    pub on: String,
    /// The database that its credentials log in to.
    pub database: String,
    /// The promised default TTL.
    pub default_ttl: Option<Promised<Ttl>>,
    /// The promised maximum TTL.
    pub max_ttl: Option<Promised<Ttl>>,
    /// The promised privileges; none where the scenario does not speak of them.
    pub grants: Option<Promised<Vec<GrantFragment>>>,
    /// The promised attributes; a login role with nothing else where the scenario does not say.
    pub attributes: RoleAttributes,
    /// The promised memberships.
    pub member_of: Vec<Promised<String>>,
    /// Whether PUBLIC's built-in defaults count as extras.
    pub public: PublicDefaults,
    /// The pattern that usernames follow (a regular expression); the engine's default template where none is said.
    pub username: Option<Promised<String>>,
    /// The runbook's own words for the promise.
    pub says: Option<String>,
    /// The `[role.<name>]` line.
    pub origin: Origin,
}

/// Whether privileges that a role holds only through PUBLIC's built-in defaults count as extras.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PublicDefaults {
    /// They are listed and not judged.
    #[default]
    Allowed,
    /// They are extras.
    Forbidden,
}

/// One promised line of privileges, as written and as understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantFragment {
    /// The fragment as the scenario has it.
    pub text: String,
    /// Where.
    pub origin: Origin,
    /// The privileges it names one by one. A schema that is not said is `public`.
    pub grants: Vec<Grant>,
    /// The privileges it names for all objects of a schema.
    pub whole_schemas: Vec<WholeSchema>,
}

/// `SELECT ON ALL TABLES IN SCHEMA app`: one privilege on all objects of a kind in a schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WholeSchema {
    /// The privilege.
    pub privilege: leaseproof_domain::Privilege,
    /// Tables or sequences.
    pub kind: leaseproof_domain::ObjectKind,
    /// The schema.
    pub schema: String,
    /// Whether WITH GRANT OPTION.
    pub grantable: bool,
}

/// What is done with a credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LifePlan {
    /// Its name, by which phases mix it.
    pub name: String,
    /// The promised role that it takes credentials of.
    pub role: String,
    /// A first renewal with this increment brings the lease down to seconds; without it the lease stays as issued.
    pub lease: Option<Ttl>,
    /// The query that each login makes.
    pub query: String,
    /// Which share of lives renew, and at which point of the lease.
    pub renew: Option<RenewPlan>,
    /// Share of lives that are revoked; the others are left to expire. 0 to 1.
    pub revoke: f64,
    /// The `[life.<name>]` line.
    pub origin: Origin,
}

/// Renewals of a life.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenewPlan {
    /// The point of the lease at which it is renewed, 0 to 1.
    pub at: f64,
    /// Share of lives that renew, 0 to 1.
    pub share: f64,
}

/// A stretch of load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhasePlan {
    /// Its name.
    pub name: String,
    /// Arrivals a second.
    pub rate: f64,
    /// How long arrivals come.
    pub duration: Ttl,
    /// How long lives may go on after the last arrival.
    pub drain: Ttl,
    /// Lives and their weights.
    pub mix: BTreeMap<String, u32>,
    /// The `[[phase]]` line.
    pub origin: Origin,
}

/// A bound on a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdPlan {
    /// The figure.
    pub metric: Metric,
    /// How it is compared.
    pub comparison: Comparison,
    /// The bound: microseconds for a time, 0 to 1 for a share.
    pub limit: f64,
    /// The bound as written: `< 250ms`.
    pub text: String,
    /// The `[[threshold]]` line.
    pub origin: Origin,
}

/// How a figure is compared with its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `<`
    #[serde(rename = "<")]
    Below,
    /// `<=`
    #[serde(rename = "<=")]
    AtMost,
    /// `>`
    #[serde(rename = ">")]
    Above,
    /// `>=`
    #[serde(rename = ">=")]
    AtLeast,
}

/// A defect that the scenario's document is known to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPlan {
    /// The check that fails for it.
    pub check: CheckId,
    /// The role that it concerns; any where none is said.
    pub role: Option<String>,
    /// A text or code that each finding's evidence holds.
    pub evidence: Option<String>,
    /// Why it is as it is.
    pub because: String,
    /// The `[[known]]` line.
    pub origin: Origin,
}
