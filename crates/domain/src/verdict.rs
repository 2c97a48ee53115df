use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ActionBefore, ActionFigures, Cause, CheckId, DnsFigures, EndReason, LeaseId, Micros, ObservedNote, Operation,
    Origin, Quantity, UnixMicros, Username,
};

/// The schema that `verdicts.json` and `--format json` follow.
pub const VERDICTS_SCHEMA: &str = "leaseproof/verdicts/1";

/// The verdict of a check. Fail outranks Unknown, and Unknown outranks Pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There were samples, and all of them were as promised.
    Pass,
    /// Undecided: no samples, no observations, or a check that crashed.
    Unknown,
    /// At least one sample broke the promise.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "Pass",
            Self::Unknown => "Unknown",
            Self::Fail => "Fail",
        })
    }
}

/// Whether the measurement itself is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", tag = "is")]
pub enum Validity {
    /// The load generator kept its schedule, and nothing failed on its own side.
    Valid,
    /// Requests were sent late, but no verdict depends on that: the verdicts are valid, the figures are not comparable.
    Late {
        /// By how much.
        why: String,
    },
    /// A verdict depends on requests that were sent late, or the harness itself failed: the measurement is invalid.
    Invalid {
        /// What happened, and what to do.
        why: String,
    },
}

/// What a judgment is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Subject {
    /// The environment as a whole.
    Environment,
    /// A promised Vault role.
    Role(String),
    /// A promised PostgreSQL account.
    Account(String),
    /// A metric with a threshold.
    Metric(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("environment"),
            Self::Role(name) => write!(f, "role {name}"),
            Self::Account(name) => write!(f, "account {name}"),
            Self::Metric(name) => write!(f, "metric {name}"),
        }
    }
}

/// The evidence under a failed check: the promise, the observation, and its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The observed and the expected behavior, in one sentence.
    pub what: String,
    /// The lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
    /// The credential's PostgreSQL role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
    /// That role's OID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<u32>,
    /// The cluster, if credentials are issued in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The privilege or attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privilege: Option<String>,
    /// When, in microseconds of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Micros>,
    /// If it is about requests of several lifecycles: the numbers of the first 1,000 of them. An unanswered issue has no
    /// lease and no username.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifecycles: Vec<u64>,
    /// HTTP status or SQLSTATE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The scenario line with the promise, if it is not the judgment's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Origin>,
    /// The statements that determine what was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statements: Option<RoleStatements>,
}

/// A list of statements of a Vault role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleStatements {
    /// The Vault role.
    pub role: String,
    /// The role's key, e.g. `creation_statements`.
    pub key: String,
    /// The scenario line that writes it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl fmt::Display for RoleStatements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of Vault role {}", self.key, self.role)?;
        self.origin.iter().try_for_each(|origin| write!(f, " at {origin}"))
    }
}

/// A declaration of a known issue in the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownIssue {
    /// The scenario's reason.
    pub because: String,
    /// Where it is declared.
    pub origin: Origin,
}

/// One check's verdict on one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Judgment {
    /// The check.
    pub check: CheckId,
    /// The promise in one line.
    pub title: String,
    /// What it is about.
    pub subject: Subject,
    /// What it found.
    pub verdict: Verdict,
    /// How many samples it judged.
    pub samples: u64,
    /// How many of the expected samples were judged, if the check expects any. With several parts (endpoints, kinds), this
    /// is the part with the smallest share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Why it is Unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The number of the cause, from 1, for which there was too little to judge: see [`RunVerdicts::causes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided_by: Option<usize>,
    /// Whether it is Unknown because the run ended early: [`RunVerdicts::cause`] has the reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_run: bool,
    /// The first findings, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    #[serde(default)]
    pub more_findings: u64,
    /// The scenario line that adds the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Origin>,
    /// Whether its failure rests on timing and therefore does not count in an invalid measurement.
    #[serde(default)]
    pub rests_on_timing: bool,
    /// Set if the failure is a declared known issue: it is reported and does not fail the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_issue: Option<KnownIssue>,
    /// A distribution that the check measured, for example the lag of expiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<LatencySummary>,
    /// What that distribution was expected to cover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_of: Option<MeasuredOf>,
    /// Notes, for example what could not be tested and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One cause: findings with the same text, under one check or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureCause {
    /// Their text. Names, ids, times and numbers that differ between them are replaced by `…`.
    pub what: String,
    /// The check that found it; if there are several, the first in the catalogue.
    pub check: CheckId,
    /// How many findings that check has.
    pub count: u64,
    /// The time of the first finding, in microseconds of the run; absent if they concern the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Micros>,
    /// The first privileges that they concern, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privileges: Vec<String>,
    /// The first finding in full.
    pub example: Finding,
    /// The other checks that fail because of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_breaks: Vec<AlsoBroken>,
    /// Whether it is a declared known issue, which does not fail the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known_issue: bool,
    /// What that check's findings are about, one entry a subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<CauseSubject>,
    /// Warnings about lines of the scenario that this cause concerns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<ScenarioWarning>,
    /// The scenario's actions that began before the first finding, or less than a second after the start of its operation;
    /// the last one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<ActionBefore>,
    /// If a server cannot be reached or does not answer: what each check reports because of that, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<CauseSeen>,
    /// The scenario's faults in whose windows it begins, or in which a check first reports it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<CauseFault>,
    /// If a server cannot be reached at several separate times: when each of them began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<Micros>,
    /// Warnings of servers about the objects, roles or keys that this cause concerns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<ObservedNote>,
    /// What to check outside of the run's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Findings of one check with the same text that belong to a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CauseSeen {
    /// The check.
    pub check: CheckId,
    /// Their text, as in [`FailureCause::what`].
    pub what: String,
    /// How many there are.
    pub count: u64,
    /// The time of the first one, in microseconds of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Micros>,
}

/// A fault whose window contains the beginning of a cause, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CauseFault {
    /// Its number, from 1.
    pub fault: u32,
    /// Its description: `failover on postgres.target`.
    pub what: String,
    /// When it began.
    pub at: Micros,
    /// The scenario's line.
    pub origin: Origin,
    /// If a server cannot be reached: the codes of the findings that `expect_errors` of the fault does not name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_expected: Vec<String>,
}

/// A subject of a cause, e.g. the Vault role whose credentials fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CauseSubject {
    /// The subject.
    pub subject: Subject,
    /// How many findings are about it.
    pub count: u64,
    /// The scenario lines that promise otherwise, the first ones by place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promised: Vec<Origin>,
    /// The line of the setup that determines what failed, e.g. that of the role's `creation_statements`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<SetupLine>,
}

/// A key that a setup step writes to Vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetupLine {
    /// The key, e.g. `creation_statements`.
    pub key: String,
    /// Its line.
    pub origin: Origin,
}

/// What is likely to be wrong with the scenario, as `leaseproof validate` reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioWarning {
    /// What is wrong, with what to do where that is known.
    pub what: String,
    /// The line.
    pub origin: Origin,
}

/// A further check that fails because of a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlsoBroken {
    /// The check.
    pub check: CheckId,
    /// How many of its findings have that cause.
    pub count: u64,
}

/// The outcome of a run. The exit code follows from it (docs/exit-codes.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Every requested check passed.
    Passed,
    /// All failures are declared known issues.
    KnownIssuesOnly,
    /// A check is Unknown, nothing was requested, or the run ended early.
    #[default]
    Undecided,
    /// All failed checks rest on timing.
    FailedOnTiming,
    /// The load generator could not keep its schedule, and a verdict depends on it.
    NotComparable,
    /// A check that does not rest on timing failed.
    Failed,
    /// Something that the run created still exists.
    LeftBehind,
    /// A server rejected a setup step.
    SetupRejected,
    /// The environment could not be started or reached, or was lost.
    EnvironmentLost,
    /// The run's folder could not be written: its record or its results are not complete.
    NotSaved,
    /// The scenario does not fit the environment: nothing was created.
    Refused,
}

impl RunOutcome {
    /// Every outcome.
    pub const ALL: [Self; 11] = [
        Self::Passed,
        Self::KnownIssuesOnly,
        Self::Failed,
        Self::FailedOnTiming,
        Self::SetupRejected,
        Self::LeftBehind,
        Self::Refused,
        Self::Undecided,
        Self::NotComparable,
        Self::EnvironmentLost,
        Self::NotSaved,
    ];

    /// The outcome in a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::KnownIssuesOnly => "passed, known issues only",
            Self::Undecided => "undecided",
            Self::FailedOnTiming => "failed on timing",
            Self::NotComparable => "not comparable",
            Self::Failed => "failed",
            Self::LeftBehind => "left something behind",
            Self::SetupRejected => "setup rejected",
            Self::EnvironmentLost => "no environment",
            Self::NotSaved => "results not saved",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for RunOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// How many of the expected samples were judged. With less than half of them, a check without a failure is Unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Expected samples, without those that a fault or the scenario itself excuses.
    pub expected: u64,
    /// How many of them were judged.
    pub judged: u64,
}

/// A distribution of times, in microseconds, over everything that was due.
///
/// Requests without an answer are included as lower bounds: the time that they waited, and at least the client's timeout
/// (censored observations in survival analysis).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LatencySummary {
    /// Samples, censored ones included.
    pub count: u64,
    /// How many of them are lower bounds: the request had no answer or was dropped, the role still existed.
    #[serde(default)]
    pub censored: u64,
    /// Median.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
    /// Largest.
    pub max: u64,
    /// The figures that are lower bounds: the true value is larger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_least: Vec<Quantity>,
}

/// What a measured distribution was expected to cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeasuredOf {
    /// How many samples were expected.
    pub expected: u64,
    /// The arrivals of the check's role, phase and windows, if the samples follow from arrivals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<ArrivalCounts>,
}

/// Arrivals by the answer to their issue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalCounts {
    /// How many were due: the sum of the three figures that follow.
    pub due: u64,
    /// How many issues Vault answered.
    pub answered: u64,
    /// How many issues were sent and had no answer.
    pub unanswered: u64,
    /// How many were never sent.
    pub dropped: u64,
}

/// The figures of one operation over a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationStatistics {
    /// The operation.
    pub op: Operation,
    /// How many requests were due: the sum of the four figures that follow.
    #[serde(default)]
    pub due: u64,
    /// How many succeeded.
    pub ok: u64,
    /// How many were rejected.
    pub failed: u64,
    /// How many were sent and had no answer.
    pub indeterminate: u64,
    /// How many were never sent: dropped arrivals (issues only).
    #[serde(default)]
    pub dropped: u64,
    /// Response times from the intended start, of all requests that were due.
    pub response: LatencySummary,
    /// Service times from the actual start, of all requests that were sent.
    pub service: LatencySummary,
    /// Failures by code, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<(String, u64)>,
}

/// How an issued credential ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialEnd {
    /// Vault acknowledged its revocation, or its role was gone after a revocation without an answer.
    Revoked,
    /// Its role was observed to be gone after its lease's end.
    Expired,
    /// Its lease had not ended when the run last observed it.
    Live,
    /// Its lease had ended, its role still existed, and Vault still had the lease.
    Retried,
    /// It is not known: its revocation or its renewal had no answer, or nothing was observed after its end.
    Indeterminate,
    /// Its role was gone before its lease's end without a revocation (a finding of INV-10).
    Lost,
    /// Its lease had ended, Vault no longer had the lease, and its role still existed (a finding of INV-10).
    LeftBehind,
}

impl CredentialEnd {
    /// It in a few words, as in the totals.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Live => "still live",
            Self::Retried => "being retried",
            Self::Indeterminate => "indeterminate",
            Self::Lost => "lost",
            Self::LeftBehind => "left behind",
        }
    }
}

/// Numbers of lifecycles by outcome. `issued` is the sum of the outcomes after it (INV-10).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Scheduled arrivals.
    pub arrivals: u64,
    /// Dropped arrivals: the limit of concurrent lifecycles (`in_flight`) was reached.
    pub dropped: u64,
    /// Arrivals and timed steps that the load generator sent late.
    pub late: u64,
    /// Arrivals and timed steps with an intended start.
    pub timed: u64,
    /// Credentials that Vault acknowledged.
    pub issued: u64,
    /// Of those, revoked: Vault acknowledged it, or the role was gone after a revocation without an answer.
    pub revoked: u64,
    /// Of those, observed to be gone after their lease's end.
    pub expired: u64,
    /// Of those, still within their lease at the end.
    pub live: u64,
    /// Of those, past their lease and still in the catalog, while Vault still has the lease.
    pub retried: u64,
    /// Of those, revoked without an answer, and not observed to be gone.
    pub indeterminate: u64,
    /// Issues without an answer; they are not among `issued`.
    pub issues_unanswered: u64,
}

impl Totals {
    /// Counts an issued credential by its end. Lost ones and ones that were left behind are in no sum: INV-10 finds them.
    pub fn count(&mut self, end: CredentialEnd) {
        self.issued += 1;
        match end {
            CredentialEnd::Revoked => self.revoked += 1,
            CredentialEnd::Expired => self.expired += 1,
            CredentialEnd::Live => self.live += 1,
            CredentialEnd::Retried => self.retried += 1,
            CredentialEnd::Indeterminate => self.indeterminate += 1,
            CredentialEnd::Lost | CredentialEnd::LeftBehind => {}
        }
    }
}

/// The effects of one fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultFigures {
    /// Its number, from 1.
    pub fault: u32,
    /// Its description: `failover on postgres.target`.
    pub what: String,
    /// When it began; none if the run ended before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Micros>,
    /// Its steps including its healing, in microseconds from its beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(u64, String)>,
    /// The start of the last failed operation, in microseconds from its beginning; none if none failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<u64>,
    /// When a credential was acknowledged that was requested after the last failed issue, in microseconds from its
    /// beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<u64>,
    /// Failed operations inside its window, from its beginning until `recovers_within` after its healing, by operation and
    /// code (or `no answer`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<(Operation, String, u64)>,
}

/// How Vault revoked the remaining leases when the run's token was revoked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RevocationFigures {
    /// Roles before that.
    pub roles: u64,
    /// Leases that Vault listed before that.
    pub leases: u64,
    /// Microseconds until the last role or lease was gone.
    pub took: u64,
    /// Dropped roles per second in that time.
    pub roles_per_second: f64,
    /// Roles that were left when the run stopped waiting.
    pub roles_left: u64,
    /// Leases that Vault listed at that time.
    pub leases_left: u64,
    /// Whether the backlog was still shrinking at that time.
    pub shrinking: bool,
}

/// The load of a phase in steady state: an interval of its arrivals after the ramp-up and outside fault windows (SAT-1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadFigures {
    /// The phase.
    pub phase: String,
    /// The beginning of the interval.
    pub from: Micros,
    /// Its end.
    pub to: Micros,
    /// Requested credentials per second, including dropped arrivals.
    pub offered_per_second: f64,
    /// Answered issues per second.
    pub completed_per_second: f64,
    /// Dropped arrivals per second.
    pub dropped_per_second: f64,
    /// Growth of the backlog per second: requests of all operations that were due and not completed.
    pub backlog_growth_per_second: f64,
    /// The lower bound of the growth at 99 % confidence.
    pub backlog_growth_low: f64,
    /// The upper bound.
    pub backlog_growth_high: f64,
    /// The backlog in the first third: the median of the smallest values of each second.
    pub backlog_first: f64,
    /// The same in the last third.
    pub backlog_last: f64,
}

/// Observations that no check judges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// Sessions that were held open past their credential's end, by their state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held_sessions: BTreeMap<String, u64>,
    /// Rejected logins in PostgreSQL's log, by reason, without the user's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused_logins: BTreeMap<String, u64>,
    /// Leases that Vault listed after the drain although their roles did not exist. On PostgreSQL and raft storage a
    /// client that disconnects during a request can leave one (measured with Vault 1.21.0).
    #[serde(default)]
    pub leases_without_role: u64,
    /// The largest value of each gauge of Vault's telemetry, rounded, e.g. `vault.expire.num_leases`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gauges: BTreeMap<String, u64>,
    /// Why Vault's telemetry could not be read, if no gauge was: the right `read` on `sys/metrics` is optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gauges_missing: Option<String>,
    /// Checks of the promises that could not be judged in this environment or with this load, and the reason: none of
    /// them passed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, String>,
    /// The live DNS server, if the scenario has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsFigures>,
    /// Warnings and notices of servers, in order; the first 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<ObservedNote>,
    /// Roles from before the run that match a username pattern and have no lease; the first 100 by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans_before: Vec<OrphanBefore>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_orphans_before: u64,
    /// Roles from before the run that match a username pattern and of which it is not known whether they have a lease.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided_before: Vec<UndecidedBefore>,
    /// Groups that credentials share and that appeared during the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<CreatedGroup>,
    /// The load of each phase that is long enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load: Vec<LoadFigures>,
    /// The revocation of remaining leases when the run's token was revoked; none if there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<RevocationFigures>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A role from before the run that matches a username pattern and that no lease of Vault's namespace can own. Its creator
/// is not known: another Vault may issue on the same cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct OrphanBefore {
    /// Its name.
    pub name: Username,
    /// Its OID.
    pub oid: u32,
    /// The cluster, e.g. `target`.
    pub cluster: String,
    /// Whether it has LOGIN.
    pub login: bool,
    /// Its VALID UNTIL on PostgreSQL's clock; none if it is NULL or infinity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<UnixMicros>,
    /// The Vault role whose username pattern it matches; none if it is not a promised role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Roles from before the run that match a username pattern, and that are not known to have a lease or to have none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct UndecidedBefore {
    /// Why it is not known.
    pub why: String,
    /// Their number.
    pub roles: u64,
    /// How many of them have no lease, at least.
    pub at_least: u64,
    /// How many of them have no lease, at most.
    pub at_most: u64,
    /// Their names; the first 20.
    pub names: Vec<Username>,
}

/// A role without LOGIN, password and VALID UNTIL that appeared during the run. leaseproof does not drop it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedGroup {
    /// Its name.
    pub name: Username,
    /// Its cluster, if credentials are issued in several.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Its OID.
    pub oid: u32,
    /// Whether the scenario declares it (`creates`).
    pub declared: bool,
    /// Whether it still existed at the run's last observation.
    pub stays: bool,
}

/// A check of the scenario that an option of the command line left out: it was not judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotRequested {
    /// The check.
    pub check: CheckId,
    /// The subject that it would have judged.
    pub subject: Subject,
    /// The option.
    pub by: SelectedBy,
    /// The scenario line that adds the check.
    pub promised: Origin,
}

/// An option that selects checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum SelectedBy {
    /// `--only`: the check is not in its list.
    #[serde(rename = "--only")]
    Only,
    /// `--skip`: the check is in its list.
    #[serde(rename = "--skip")]
    Skip,
}

impl fmt::Display for SelectedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Only => "--only",
            Self::Skip => "--skip",
        })
    }
}

/// All judgments of one run: the content of `verdicts.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunVerdicts {
    /// [`VERDICTS_SCHEMA`].
    pub schema: String,
    /// Version of leaseproof that judged.
    pub leaseproof: String,
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's title.
    pub title: String,
    /// The run's name.
    pub run: String,
    /// When the run began, on the harness's wall clock.
    #[serde(default)]
    pub started: UnixMicros,
    /// How long it lasted, in microseconds.
    #[serde(default)]
    pub lasted: Micros,
    /// The verdict of all checks together, without known issues; also Fail if a setup step was rejected or something was left behind.
    pub verdict: Verdict,
    /// The outcome of the run, including the measurement and the run's end.
    #[serde(default)]
    pub outcome: RunOutcome,
    /// Whether the measurement holds.
    pub validity: Validity,
    /// How the run ended; `completed` if it did not end early.
    pub ended: String,
    /// Why the run ended, as its history has it; none where the history was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<EndReason>,
    /// What ended the run early; none where nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What the run created and could not remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_behind: Option<String>,
    /// The failed checks' findings, grouped by their text: saturation first, then in order of time, known issues last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<FailureCause>,
    /// What is likely to be wrong with the scenario, as `leaseproof validate` reports it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<ScenarioWarning>,
    /// Every requested check, in the catalogue's order.
    pub checks: Vec<Judgment>,
    /// Checks of the scenario that `--only` or `--skip` left out, in the catalogue's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_requested: Vec<NotRequested>,
    /// Figures by operation.
    pub operations: Vec<OperationStatistics>,
    /// Numbers of lifecycles.
    pub totals: Totals,
    /// Other observations.
    #[serde(default)]
    pub observed: Observed,
    /// The effect of each fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultFigures>,
    /// The effect of each action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionFigures>,
    /// In a run with faults or with actions that declare a window: failed operations outside all of these windows, like
    /// [`FaultFigures::errors`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors_outside: Vec<(Operation, String, u64)>,
}
