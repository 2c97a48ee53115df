//! What is promised, each with the line that says it.

use std::collections::BTreeMap;

use leaseproof_domain::{Grant, Object, ObjectKind, Origin, Privilege, RoleAttributes, Ttl};
use serde::{Deserialize, Serialize};

use super::naming::Naming;
use super::promised::Promised;

/// What is promised of the whole environment. What is not said is not judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentPromise {
    /// An audit log holds every issue.
    pub audit: Option<Promised<bool>>,
    /// Every session of credentials and of Vault itself is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Promised<bool>>,
    /// `never`: no password in any log.
    pub password_in_logs: Option<Promised<Never>>,
    /// How many roles may be without a lease.
    pub orphans: Option<Promised<u64>>,
    /// Groups that creation statements create and credentials share, as the catalog names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub creates: Vec<Promised<String>>,
    /// How many roles may match a username pattern and have no lease before the run starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orphans_before: Option<Promised<u64>>,
    /// The share of each operation's requests that may have no answer, 0 to 1; none where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<Promised<f64>>,
    /// From an issue's answer to a login that works.
    pub usable_within: Option<Promised<Ttl>>,
    /// From a lease's expiry to its role's end.
    pub dead_within: Option<Promised<Ttl>>,
    /// What becomes of open sessions when their credential ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions_after_revoke: Option<Promised<SessionFate>>,
}

/// What becomes of an open session when its credential ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionFate {
    /// Its connection stays, whatever its queries answer.
    Survive,
    /// Its connection is ended.
    Die,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RolePromise {
    /// The Vault role.
    pub name: String,
    /// The mount of its secrets engine, without slashes around it, e.g. `database`.
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
    /// The promised limit of its connections; -1 is none. Where the scenario does not say, any is right: a limit
    /// only takes away.
    #[serde(default)]
    pub connection_limit: Option<Promised<i32>>,
    /// The promised memberships.
    pub member_of: Vec<Promised<Member>>,
    /// The settings that its sessions in `database` begin with; all others are extras.
    #[serde(default)]
    pub settings: BTreeMap<String, Promised<String>>,
    /// The objects that it may own.
    #[serde(default)]
    pub owns: Vec<Promised<Object>>,
    /// Whether ways to do more than the ACLs say, which no other promise explains, are extras.
    #[serde(default)]
    pub escalations: Escalations,
    /// Whether PUBLIC's built-in defaults count as extras.
    pub public: PublicDefaults,
    /// How its privileges are tried out; none where they are not.
    #[serde(default)]
    pub probes: Option<ProbePlan>,
    /// The pattern that usernames follow (a regular expression); where none is said it follows from `naming`.
    pub username: Option<Promised<String>>,
    /// How usernames are formed, as far as the setup says.
    #[serde(default, skip_serializing_if = "Naming::is_default")]
    pub naming: Naming,
    /// The runbook's own words for the promise.
    pub says: Option<String>,
    /// The `[role.<name>]` line.
    pub origin: Origin,
}

impl RolePromise {
    /// Where its credentials are requested, e.g. `database/creds/app`. Its leases begin with that and a slash.
    pub fn creds_path(&self) -> String {
        format!("{}/creds/{}", self.mount, self.name)
    }
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

/// A promised membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The group.
    pub role: String,
    /// Whether it may hand the membership on.
    #[serde(default)]
    pub admin: bool,
    /// Whether it has the group's privileges without asking; none where the scenario does not say.
    #[serde(default)]
    pub inherit: Option<bool>,
    /// Whether it may SET ROLE to the group; none where the scenario does not say.
    #[serde(default)]
    pub set: Option<bool>,
    /// The attributes of the group (CREATEROLE, …) that it may use by SET ROLE.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
}

impl Member {
    /// A member of `role` that may not hand it on; nothing is promised of INHERIT and SET, and no attribute.
    pub fn of(role: impl Into<String>) -> Self {
        Self { role: role.into(), admin: false, inherit: None, set: None, attributes: Vec::new() }
    }
}

/// Whether ways to do more than the ACLs say, which no other promise explains, count as extras.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Escalations {
    /// They are extras.
    #[default]
    Forbidden,
    /// They are listed and not judged.
    Allowed,
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
    /// The privileges it names on objects that do not exist yet.
    #[serde(default)]
    pub future: Vec<FuturePromise>,
}

/// `SELECT ON FUTURE TABLES IN SCHEMA app CREATED BY owner`: what default ACLs have to give.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FuturePromise {
    /// The privilege.
    pub privilege: Privilege,
    /// The kind of the objects.
    pub kind: ObjectKind,
    /// The schema that they will be in; none for all of the database.
    pub schema: Option<String>,
    /// Who has to create them.
    pub creator: String,
    /// Whether WITH GRANT OPTION.
    pub grantable: bool,
}

/// `SELECT ON ALL TABLES IN SCHEMA app`: one privilege on all objects of a kind in a schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WholeSchema {
    /// The privilege.
    pub privilege: Privilege,
    /// Tables, sequences or routines.
    pub kind: ObjectKind,
    /// The schema.
    pub schema: String,
    /// Whether WITH GRANT OPTION.
    pub grantable: bool,
}

/// How many lifecycles of a role try its privileges out, and how many of those that it is not to have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbePlan {
    /// The first lifecycles that do, counted by arrival.
    pub first: u64,
    /// The share (0 to 1) of the later ones.
    pub share: f64,
    /// How many privileges that are not promised each of them tries.
    pub forbidden: u32,
}

impl Default for ProbePlan {
    fn default() -> Self {
        Self { first: 20, share: 0.1, forbidden: 10 }
    }
}
