//! What the watch sees beyond roles, leases and privileges.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LeaseId, Micros, Outcome, UnixMicros, Username};

/// A client's session in `pg_stat_activity`, of a role that was not there before the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionSeen {
    /// Its process id. It can come again; with `started` it does not.
    pub pid: i32,
    /// When it was opened, on PostgreSQL's clock.
    pub started: UnixMicros,
    /// The OID of the role that logged in.
    pub oid: u32,
    /// The role's name; none once the role was dropped (pg_stat_activity shows a NULL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Username>,
    /// Its `application_name`.
    pub application: String,
    /// Whether its connection is encrypted (pg_stat_ssl); none where that could not be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
}

/// What changed among the credentials' sessions since the last observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionObservation {
    /// The cluster, e.g. `target`; empty in histories of versions that did not record it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Before the question.
    pub from: Micros,
    /// After the answer.
    pub to: Micros,
    /// Sessions not seen by the last observation, and those whose role lost its name since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appeared: Vec<SessionSeen>,
    /// Process ids and beginnings of sessions seen by the last observation and not by this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<(i32, UnixMicros)>,
    /// How many there are now.
    pub total: u64,
    /// Sessions of Vault's own accounts that the last observation did not see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<SessionSeen>,
}

/// What `pg_shdepend` holds of one role in one database and catalog.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct DependencySeen {
    /// The role's OID.
    pub oid: u32,
    /// The role's name; none where there is no such role any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Username>,
    /// The database of the dependent objects; none for objects of the whole cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The catalog of the dependent objects: `pg_class`, `pg_default_acl`, …
    pub catalog: String,
    /// `o` owner, `a` privilege, `r` row security policy, … (PostgreSQL, catalog/dependency.h).
    pub kind: String,
    /// How many rows.
    pub rows: u64,
}

/// `pg_shdepend`'s rows of roles that were not there before the run, in one snapshot with `pg_authid`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DependencyObservation {
    /// The cluster, e.g. `target`; empty in histories of versions that did not record it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Before the question.
    pub from: Micros,
    /// After the answer.
    pub to: Micros,
    /// Rows of roles that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dangling: Vec<DependencySeen>,
    /// How many roles have rows.
    pub roles: u64,
    /// How many rows they have.
    pub rows: u64,
}

/// What changed among Vault's irrevocable leases (`sys/leases?type=irrevocable`) since the last observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IrrevocableObservation {
    /// Before the question.
    pub from: Micros,
    /// After the answer.
    pub to: Micros,
    /// Leases that the last observation did not list, with Vault's words of why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appeared: Vec<(LeaseId, String)>,
    /// Leases that the last observation listed and this one does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<LeaseId>,
    /// How many there are now.
    pub total: u64,
}

/// Gauges of Vault's telemetry (`sys/metrics`), those that changed since the last observation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricReading {
    /// Before the question.
    pub from: Micros,
    /// After the answer.
    pub to: Micros,
    /// By the gauge's name without its labels, summed over them.
    pub gauges: BTreeMap<String, f64>,
}

/// A step of a fault that the scenario asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultMark {
    /// Its number in the plan, from 1.
    pub fault: u32,
    /// What came to pass.
    pub point: FaultPoint,
    /// When.
    pub at: Micros,
    /// In words: `postgres.target.2 is promoted`.
    pub words: String,
}

/// A point of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultPoint {
    /// It is about to be done.
    Begins,
    /// Something of it was done.
    Step,
    /// It is healed.
    Healed,
    /// A standby could not follow the primary again, or there was none to take its place.
    StandbyLost,
}

/// A login that PostgreSQL refused, as its log tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthFailure {
    /// When the line was read.
    pub at: Micros,
    /// `postgres.target`.
    pub source: String,
    /// The line's number in that log, from 1.
    pub line: u64,
    /// Who wanted to log in.
    pub username: Username,
    /// PostgreSQL's reason, which it tells its log only: `User "x" has an expired password.`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A lease that Vault could not revoke, as its log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedRevocation {
    /// When the line was read, a few seconds after it was written.
    pub at: Micros,
    /// `vault`, or one of its nodes.
    pub source: String,
    /// The lease.
    pub lease: LeaseId,
    /// The reason on one line, without secrets: PostgreSQL's error, or why it could not be reached.
    pub why: String,
    /// How often Vault has tried since the lease ended; none if a client requested the revocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
}

/// A session that was opened while its credential was good and kept open, asked once more after the credential's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldSession {
    /// The lifecycle.
    pub lifecycle: u64,
    /// The Vault role.
    pub role: String,
    /// The credential's role.
    pub username: Username,
    /// Its OID, where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<u32>,
    /// Its lease.
    pub lease: LeaseId,
    /// The group that the session set its role to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_role: Option<String>,
    /// When the credential's end was known: its revocation acknowledged, or its role seen gone.
    pub since: Micros,
    /// Before the question.
    pub from: Micros,
    /// After the answers.
    pub to: Micros,
    /// What the lifecycle's query answered in it.
    pub query: Outcome,
    /// Whether `pg_stat_activity` shows it after that; none where that could not be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<bool>,
}

impl HeldSession {
    /// Whether the session was open at the time of its query; none where that could not be observed.
    ///
    /// A session in which the server answers is open, whatever the catalog shows of it. SQLSTATEs that begin with 57P mean
    /// that the server ended the session or is shutting down (PostgreSQL, Appendix A: Operator Intervention).
    pub fn is_open(&self) -> Option<bool> {
        match &self.query {
            Outcome::Failed(failure) if failure.code.starts_with("57P") => Some(false),
            Outcome::Ok | Outcome::Failed(_) => Some(true),
            Outcome::Indeterminate { .. } | Outcome::Harness { .. } => self.listed,
        }
    }
}
