use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ActionMark, AuthFailure, DependencyObservation, DnsEvent, End, FailedRevocation, FaultMark, HarnessTrouble,
    HeldSession, IrrevocableObservation, LeaseId, LoggedNote, MetricReading, Micros, Object, OperationRecord, Origin,
    Outcome, PrivilegeSet, ProbeRecord, RoleAttributes, ServerNote, SessionObservation, UnixMicros, Username, WatchGap,
};

/// The version of the history's format that this build writes. It is raised with every new kind of event and every new
/// field: a test compares them with docs/history.schema.json. A reader rejects every other format.
pub const FORMAT_VERSION: u32 = 9;

/// One line of a history.
///
/// Observations of the environment (`Roles`, `Leases`, `Privileges`, …) carry the moment before the question was sent (`from`) and
/// the moment after its answer came (`to`): what they show was true somewhere in between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "event")]
#[allow(clippy::large_enum_variant, reason = "a line is decoded, folded and dropped; operations are the common case")]
pub enum Event {
    /// The first line.
    Header(Header),
    /// A server's clock against the harness's.
    Clock(ClockReading),
    /// A setup step was done, or refused.
    Setup(SetupRecord),
    /// What stood before the first credential was asked for.
    Baseline(Baseline),
    /// The leases that Vault held before the first credential was requested.
    LeasesBefore {
        /// When they were listed.
        at: Micros,
        /// Leases of the promised roles.
        leases: Vec<LeaseBefore>,
        /// Leases of other Vault roles that could own a role whose name matches; none in histories that do not have them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        others: Option<OtherLeases>,
        /// Roles of the baseline that no longer existed when the leases had been listed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gone: Vec<Username>,
    },
    /// A promised account as the catalog shows it.
    Account(AccountReading),
    /// The objects of one database: what `ALL TABLES IN SCHEMA` means. The first list is from after the setup; there is
    /// one more after each action.
    Objects {
        /// When they were observed.
        at: Micros,
        /// The cluster, e.g. `target`.
        cluster: String,
        /// The database.
        database: String,
        /// Tables, sequences and schemas outside the system's schemas.
        objects: Vec<Object>,
    },
    /// A phase begins, stops sending, or ends.
    Phase(PhaseMark),
    /// An operation was done.
    Operation(OperationRecord),
    /// An arrival was turned away by the in-flight cap.
    Dropped(Dropped),
    /// One role was observed on behalf of a lifecycle.
    RoleRead(RoleRead),
    /// What changed among all roles since the last observation.
    Roles(RoleObservation),
    /// What changed among Vault's leases since the last observation.
    Leases(LeaseObservation),
    /// A set of privileges met for the first time; later readings name it by number.
    PrivilegeSet {
        /// Its number in this history, from 0.
        id: u32,
        /// The set.
        set: PrivilegeSet,
    },
    /// What one credential may do.
    Privileges(PrivilegeReading),
    /// One privilege was tried out as the credential.
    Probe(ProbeRecord),
    /// What changed among the credentials' sessions since the last observation.
    Sessions(SessionObservation),
    /// What `pg_shdepend` holds of credentials' roles.
    Dependencies(DependencyObservation),
    /// What changed among Vault's irrevocable leases since the last observation.
    Irrevocable(IrrevocableObservation),
    /// Gauges of Vault's telemetry.
    Metrics(MetricReading),
    /// A held session was asked after its credential's end.
    HeldSession(HeldSession),
    /// An entry of Vault's audit log.
    Audit(AuditEntry),
    /// A login that PostgreSQL refused, as its log tells it.
    AuthFailure(AuthFailure),
    /// A secret stood in a log and was scrubbed from it.
    SecretSeen(SecretSeen),
    /// How much of a log was read.
    LogRead {
        /// `postgres.target`, `vault` or `audit`.
        source: String,
        /// Lines read.
        lines: u64,
        /// Whether it was read up to its end.
        complete: bool,
    },
    /// Something was done to a server because the scenario asks for it.
    Fault(FaultMark),
    /// An action of the scenario's operator begins or ends.
    Action(ActionMark),
    /// A live DNS server was asked, changed, or given another credential.
    Dns(DnsEvent),
    /// An observer could not observe.
    WatchGap(WatchGap),
    /// The harness itself failed at something that is no operation.
    Harness(HarnessTrouble),
    /// A server's log has a warning, or more words about an error than its client was reported.
    LoggedNote(LoggedNote),
    /// Vault could not revoke a lease, as its log has it.
    FailedRevocation(FailedRevocation),
    /// A server ended by itself.
    ServerLost(ServerLost),
    /// Everything that is left: after the drain, and once more after the run's token was revoked.
    Residue {
        /// Before the questions.
        from: Micros,
        /// After the answers.
        to: Micros,
        /// Whether the run's token had been revoked before.
        released: bool,
        /// Roles that were not in the baseline.
        roles: Vec<RoleSeen>,
        /// Leases that Vault still lists.
        leases: Vec<LeaseId>,
        /// Whether Vault was still revoking leases when they were last observed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        shrinking: bool,
    },
    /// How much is left while Vault revokes what the run's token had.
    Revoking {
        /// Before the questions.
        from: Micros,
        /// After the answers.
        to: Micros,
        /// Roles that were not in the baseline.
        roles: u64,
        /// Leases that Vault still lists.
        leases: u64,
    },
    /// The last line. A history without it was cut off.
    End(End),
}

/// What run this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// [`FORMAT_VERSION`] of the writer.
    pub format: u32,
    /// Version of leaseproof that wrote it.
    pub leaseproof: String,
    /// The run's name: UTC time and four hex digits.
    pub run: String,
    /// The scenario's name.
    pub scenario: String,
    /// Seed of every choice.
    pub seed: u64,
    /// The harness's wall clock at the run's epoch (`Micros(0)`).
    pub epoch: UnixMicros,
}

/// A server's clock against the harness's wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockReading {
    /// When it was measured.
    pub at: Micros,
    /// `vault` or `postgres.target`.
    pub server: String,
    /// Microseconds to add to the harness's wall clock to have the server's.
    pub offset: i64,
    /// The true offset is at most this many microseconds away.
    pub uncertainty: i64,
}

/// A setup step as it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetupRecord {
    /// The step's number, from 1.
    pub step: u32,
    /// What it did, in a few words: `write database/roles/powerdns-role`.
    pub action: String,
    /// Where the scenario says it.
    pub origin: Origin,
    /// When it began.
    pub start: Micros,
    /// When it ended.
    pub end: Micros,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether that is how the scenario expects it to end.
    pub expected: bool,
    /// Warnings and notices that it was answered with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<ServerNote>,
}

/// What stood before the first credential was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// When it was observed.
    pub at: Micros,
    /// The cluster, e.g. `target`.
    pub cluster: String,
    /// Every role of the cluster, the harness's own excepted.
    pub roles: Vec<RoleSeen>,
}

/// A lease that Vault held before the first credential was requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeaseBefore {
    /// The lease.
    pub lease: LeaseId,
    /// When it was issued, on Vault's clock; none where that was not looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<UnixMicros>,
    /// When it ends, on Vault's clock; none where that was not looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<UnixMicros>,
    /// Whether it was renewed: creation statements need not change VALID UNTIL then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub renewed: bool,
}

/// Leases of Vault roles that the scenario does not promise, of all database engines of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OtherLeases {
    /// The leases whose Vault role could have created one of the roles whose name matches.
    pub leases: Vec<LeaseBefore>,
    /// Why the list is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<String>,
}

/// A role as `pg_roles` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleSeen {
    /// Its OID. A name can come again; an OID does not within a run.
    pub oid: u32,
    /// Its name.
    pub name: Username,
    /// `rolvaliduntil` on PostgreSQL's clock; none where it is NULL or infinity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<UnixMicros>,
    /// Whether it has LOGIN.
    pub login: bool,
    /// Whether it has a password; none where the observer may not see that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<bool>,
    /// The cluster, e.g. `target`; empty where the observation names it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
}

impl RoleSeen {
    /// Whether it is a group and no credential: it may not log in, and has no password and no VALID UNTIL, as far as
    /// the observer sees.
    pub fn is_group(&self) -> bool {
        !self.login && self.password != Some(true) && self.valid_until.is_none()
    }
}

/// A promised account as the catalog shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountReading {
    /// When it was observed.
    pub at: Micros,
    /// The account's name.
    pub account: String,
    /// Its attributes; none where there is no such role.
    pub attributes: Option<RoleAttributes>,
}

/// A point in a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseMark {
    /// The phase's name.
    pub phase: String,
    /// Which point.
    pub point: PhasePoint,
    /// When.
    pub at: Micros,
}

/// The points of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhasePoint {
    /// Its first arrival may come.
    Begins,
    /// No more arrivals; lifecycles go on.
    Drains,
    /// Its drain is over; what still runs is left alone.
    Ends,
}

/// An arrival that the in-flight cap turned away while the generator was on time: a finding on the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dropped {
    /// The lifecycle that was not begun.
    pub lifecycle: u64,
    /// Its Vault role.
    pub role: String,
    /// Its phase.
    pub phase: String,
    /// When it was due.
    pub intended: Micros,
    /// The name of the scenario's lifecycle that it would have gone through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_name: Option<String>,
}

/// One role, observed on behalf of a lifecycle right after an issue or a renewal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleRead {
    /// The lifecycle.
    pub lifecycle: u64,
    /// Before the question.
    pub from: Micros,
    /// After the answer.
    pub to: Micros,
    /// The name asked for.
    pub username: Username,
    /// The role; none where there is no such role.
    pub role: Option<RoleSeen>,
}

/// What changed among the cluster's roles (baseline and harness excepted) since the last observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleObservation {
    /// The cluster, e.g. `target`; empty in histories of versions that did not record it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Before the question.
    pub from: Micros,
    /// After the answer.
    pub to: Micros,
    /// Roles not seen by the last observation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appeared: Vec<RoleSeen>,
    /// Roles whose `valid_until` or `login` differs from the last observation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<RoleSeen>,
    /// OIDs seen by the last observation and not by this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<u32>,
    /// How many there are now.
    pub total: u64,
}

/// What changed among Vault's leases (`sys/leases/lookup/database/creds/…`) since the last observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeaseObservation {
    /// Before the question.
    pub from: Micros,
    /// After the answer.
    pub to: Micros,
    /// Leases not listed by the last observation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appeared: Vec<LeaseId>,
    /// Leases listed by the last observation and not by this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<LeaseId>,
    /// How many there are now.
    pub total: u64,
}

/// What one credential may do, read in one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrivilegeReading {
    /// The cluster, e.g. `target`; empty in histories of versions that did not record it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Before the question.
    pub from: Micros,
    /// After the answer.
    pub to: Micros,
    /// The role's OID.
    pub oid: u32,
    /// The role's name.
    pub username: Username,
    /// The number of the set it holds, see [`Event::PrivilegeSet`].
    pub set: u32,
}

/// An entry of Vault's audit log, its secrets hashed by Vault and its text not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Vault's time of it, on Vault's clock.
    pub time: UnixMicros,
    /// True for a response, false for a request.
    pub response: bool,
    /// Vault's id of the request, the same in both entries.
    pub request: String,
    /// `read`, `update`, …
    pub operation: String,
    /// The path asked for.
    pub path: String,
    /// The lease in the response of an issue, which is in plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
    /// Whether the entry carries an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub error: bool,
}

/// A secret that stood in a log. The text is gone; the fact stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretSeen {
    /// When the line was read.
    pub at: Micros,
    /// `postgres.target`, `vault` or `audit`.
    pub source: String,
    /// The line's number in that log, from 1.
    pub line: u64,
    /// Whose secret it is, where the line or the credential tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
}

/// A server that ended by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerLost {
    /// When it was noticed.
    pub at: Micros,
    /// Its name: `vault`, `postgres.target`.
    pub server: String,
    /// Its exit status in words.
    pub status: String,
}
