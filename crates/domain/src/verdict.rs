use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Cause, CheckId, DnsFigures, EndReason, LeaseId, Micros, ObservedNote, Operation, Origin, Quantity, UnixMicros,
    Username,
};

/// The schema that `verdicts.json` and `--format json` follow.
pub const VERDICTS_SCHEMA: &str = "leaseproof/verdicts/1";

/// What a check found. Fail outranks Unknown outranks Pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every sample kept the promise, and there were samples.
    Pass,
    /// It cannot be said: no samples, a blind observer, a check that crashed.
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

/// Whether the measurement itself holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", tag = "is")]
pub enum Validity {
    /// The generator kept to its schedule, and nothing failed on its own side.
    Valid,
    /// Requests were sent late, and no verdict depends on that: the verdicts stand, the figures are not comparable.
    Late {
        /// By how much.
        why: String,
    },
    /// A verdict depends on requests that were sent late, or the harness itself failed: the run is no measurement.
    Invalid {
        /// What happened, and what to do.
        why: String,
    },
}

/// What a judgment is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Subject {
    /// The estate as a whole.
    Estate,
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
            Self::Estate => f.write_str("estate"),
            Self::Role(name) => write!(f, "role {name}"),
            Self::Account(name) => write!(f, "account {name}"),
            Self::Metric(name) => write!(f, "metric {name}"),
        }
    }
}

/// The evidence under a failed check: what was promised, what was seen, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What was seen and what should have been, in one sentence.
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
    /// The privilege or attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privilege: Option<String>,
    /// When, in microseconds of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Micros>,
    /// HTTP status or SQLSTATE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The scenario line that promised otherwise, where it is not the judgment's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Origin>,
}

/// That a failure was declared in the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownFinding {
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
    /// What it says, in one line.
    pub title: String,
    /// What it is about.
    pub subject: Subject,
    /// What it found.
    pub verdict: Verdict,
    /// How many samples it judged.
    pub samples: u64,
    /// How many of the samples that the run should have had could be judged, where the check expects any. Of several parts
    /// (endpoints, kinds) it is the one of which the least was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Why it is Unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it is Unknown because the run ended before the check could be decided: [`RunVerdicts::cause`] says why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_run: bool,
    /// The first findings, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many findings there are beyond those.
    #[serde(default)]
    pub more_findings: u64,
    /// The scenario line that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Origin>,
    /// Whether its failure rests on timing, and so falls with an invalid measurement.
    #[serde(default)]
    pub rests_on_timing: bool,
    /// Set where the failure is declared as known: it is reported and does not fail the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownFinding>,
    /// What it measured on the way, e.g. the lag of expiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<LatencySummary>,
    /// What a reader has to know beside the verdict, e.g. what could not be proved and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One cause: findings that say the same, under one check or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureCause {
    /// What they say. Names, ids, times and numbers that differ among them are left out (`…`).
    pub what: String,
    /// The check that found it; where several did, the first one in the catalogue.
    pub check: CheckId,
    /// How many findings of that check say so.
    pub count: u64,
    /// When the first one was met, in microseconds of the run; none where they are of the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Micros>,
    /// The privileges that they are about, the first ones by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privileges: Vec<String>,
    /// The first one, whole.
    pub example: Finding,
    /// The other checks that fail for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_breaks: Vec<AlsoBroken>,
    /// Whether the failure is declared in the scenario: it does not fail the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known: bool,
}

/// A check that fails for a cause that another check found first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlsoBroken {
    /// The check.
    pub check: CheckId,
    /// How many of its findings are of that cause.
    pub count: u64,
}

/// How a run came out, in one word. The exit code follows from it (docs/exit-codes.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Every asked check passed.
    Passed,
    /// Nothing failed but what the scenario declares as known.
    KnownIssuesOnly,
    /// It cannot be said: a check is Unknown, nothing was asked, or the run ended early.
    #[default]
    Undecided,
    /// Only checks that rest on timing failed.
    FailedOnTiming,
    /// The load generator could not keep its schedule, and what was asked depends on it.
    NotComparable,
    /// A check that does not rest on timing failed.
    Failed,
    /// Something that the run made is still there.
    LeftBehind,
    /// A server rejected a setup step.
    SetupRejected,
    /// The environment could not be started or reached, or was lost.
    EnvironmentLost,
    /// The scenario does not suit the environment: nothing was made.
    Refused,
}

impl RunOutcome {
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
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for RunOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// How much of what a check expected it could judge. With less than half of it a check that found nothing is Unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Samples that the run should have had; those that a fault or the scenario itself excuses are not among them.
    pub expected: u64,
    /// Of those, the ones that could be judged.
    pub judged: u64,
}

/// A distribution of times, in microseconds, over everything that was due.
///
/// What had no answer is in it as a lower bound: the time that was waited, and at least the client's time-out (censored
/// observations, in the words of survival analysis).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LatencySummary {
    /// Samples, censored ones included.
    pub count: u64,
    /// Of those, how many are lower bounds only: the request had no answer or was dropped, the role was still there.
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
    /// Which of the figures are lower bounds: the true value is larger than the one given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_least: Vec<Quantity>,
}

/// The figures of one operation over a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationStatistics {
    /// The operation.
    pub op: Operation,
    /// How many requests were due: the sum of the four figures that follow.
    #[serde(default)]
    pub due: u64,
    /// How many ended with yes.
    pub ok: u64,
    /// How many ended with no.
    pub failed: u64,
    /// How many were sent and had no answer.
    pub indeterminate: u64,
    /// How many were never sent: arrivals that the in-flight cap turned away (issues only).
    #[serde(default)]
    pub dropped: u64,
    /// From the intended start, of all that were due.
    pub response: LatencySummary,
    /// From the real start, of all that were sent.
    pub service: LatencySummary,
    /// Failures by code, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<(String, u64)>,
}

/// How many lives there were and what became of them. `issued` is the sum of what follows it (INV-10).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Arrivals that the schedule asked for.
    pub arrivals: u64,
    /// Arrivals turned away by the in-flight cap.
    pub shed: u64,
    /// Arrivals and timed steps sent late by the generator.
    pub late: u64,
    /// Arrivals and timed steps that the generator had to send on time.
    pub timed: u64,
    /// Credentials that Vault acknowledged.
    pub issued: u64,
    /// Of those, revoked with an acknowledgement.
    pub revoked: u64,
    /// Of those, seen gone after their lease's end.
    pub expired: u64,
    /// Of those, still within their lease at the end.
    pub live: u64,
    /// Of those, past their lease and still in the catalog while Vault holds the lease.
    pub retried: u64,
    /// Of those, whose revocation had no answer and whose role is not known to be gone.
    pub indeterminate: u64,
    /// Issues without an answer; they are not among `issued`.
    pub issues_unanswered: u64,
}

/// What came of one fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FaultFigures {
    /// Its number, from 1.
    pub fault: u32,
    /// What it was: `failover on postgres.target`.
    pub what: String,
    /// When it began; none where the run did not come so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Micros>,
    /// Its steps, its healing last, each in microseconds from its beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(u64, String)>,
    /// Until operations went wrong, the last one's start, in microseconds from its beginning; none where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<u64>,
    /// Until a credential was acknowledged that was asked for after the last issue that went wrong, in microseconds from
    /// its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<u64>,
    /// Operations that went wrong from its beginning until `recovers_within` after its healing, by what they were and
    /// the code they ended with (`no answer` where none came).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<(Operation, String, u64)>,
}

/// How Vault revoked what was left when a run's token was revoked, and with it every lease.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RevocationFigures {
    /// Roles that were there before that.
    pub roles: u64,
    /// Leases that Vault listed before that.
    pub leases: u64,
    /// Microseconds until the last role or lease went that did.
    pub took: u64,
    /// Roles that went a second meanwhile.
    pub roles_per_second: f64,
    /// Roles that were there when the waiting ended.
    pub roles_left: u64,
    /// Leases that Vault listed then.
    pub leases_left: u64,
    /// Whether the backlog was still shrinking then.
    pub shrinking: bool,
}

/// How the load of a phase went over a stretch of its arrivals, after the ramp-up and outside fault windows (SAT-1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadFigures {
    /// The phase.
    pub phase: String,
    /// The beginning of the stretch.
    pub from: Micros,
    /// Its end.
    pub to: Micros,
    /// Credentials asked for a second, dropped arrivals included.
    pub offered_per_second: f64,
    /// Issues answered a second.
    pub completed_per_second: f64,
    /// Arrivals dropped a second.
    pub dropped_per_second: f64,
    /// By how much the backlog grew a second: requests of every operation that were due and not completed.
    pub backlog_growth_per_second: f64,
    /// The lower bound of that, at 99 % confidence.
    pub backlog_growth_low: f64,
    /// The upper bound.
    pub backlog_growth_high: f64,
    /// The backlog in the first third: the median of its smallest values, second by second.
    pub backlog_first: f64,
    /// The same in the last third.
    pub backlog_last: f64,
}

/// What the observers saw of an estate that no check judges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// Sessions that were kept open past their credential's end, by what became of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept_sessions: BTreeMap<String, u64>,
    /// Logins that PostgreSQL's log says it refused, by its reason with the user's name left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused_logins: BTreeMap<String, u64>,
    /// Leases that Vault listed after the drain though their roles were not there. On PostgreSQL and raft storage a
    /// client that gives up while Vault works can leave one (measured with Vault 1.21.0).
    #[serde(default)]
    pub leases_without_role: u64,
    /// The largest value of each gauge of Vault's telemetry, rounded, e.g. `vault.expire.num_leases`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gauges: BTreeMap<String, u64>,
    /// Checks that the promises ask for and that were not judged, in this estate or on so short a load, and why: none of
    /// them passed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, String>,
    /// The live DNS server, where the scenario has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsFigures>,
    /// Warnings and notices of servers, in order; the first 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<ObservedNote>,
    /// Roles from before the run that match a username pattern and have no lease, at most the first 100 by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans_before: Vec<OrphanBefore>,
    /// How many there are beyond those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_orphans_before: u64,
    /// Groups that credentials share and that appeared during the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<CreatedGroup>,
    /// How the load of each phase went that is long enough to tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load: Vec<LoadFigures>,
    /// The end of what was left when the run's token was revoked; none where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<RevocationFigures>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A role from before the run that matches a username pattern and for which Vault lists no lease of the scenario's roles.
/// Who created it is not known: another mount may issue on the same cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct OrphanBefore {
    /// Its name.
    pub name: Username,
    /// Its OID.
    pub oid: u32,
    /// The cluster, e.g. `target`.
    pub cluster: String,
    /// Whether it may log in.
    pub login: bool,
    /// Its VALID UNTIL on PostgreSQL's clock; none where it is NULL or infinity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<UnixMicros>,
    /// The Vault role whose username pattern it matches; none where that is no promised one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// A role without LOGIN, password and VALID UNTIL that appeared during the run. leaseproof does not drop it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedGroup {
    /// Its name.
    pub name: Username,
    /// Its OID.
    pub oid: u32,
    /// Whether the scenario declares it (`creates`).
    pub declared: bool,
    /// Whether it was still there when the run last looked.
    pub stays: bool,
}

/// Everything that was judged of one run: the content of `verdicts.json`.
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
    /// All checks together, known findings aside; Fail too where a setup step was rejected or something was left behind.
    pub verdict: Verdict,
    /// How the run came out, the measurement and the run's end included.
    #[serde(default)]
    pub outcome: RunOutcome,
    /// Whether the measurement holds.
    pub validity: Validity,
    /// How the run ended, in words; `completed` where nothing cut it short.
    pub ended: String,
    /// Why the run ended, as its history has it; none where the history was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<EndReason>,
    /// What ended the run early; none where nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What the run made and could not remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_behind: Option<String>,
    /// The failed checks' findings, grouped by what they say: saturation first, then in order of time, known ones last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<FailureCause>,
    /// Every asked check, in the catalogue's order.
    pub checks: Vec<Judgment>,
    /// Figures by operation.
    pub operations: Vec<OperationStatistics>,
    /// Lives.
    pub totals: Totals,
    /// What else was seen.
    #[serde(default)]
    pub observed: Observed,
    /// What came of each fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultFigures>,
    /// In a run with faults: operations that went wrong while none was felt, as [`FaultFigures::errors`] has the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors_outside: Vec<(Operation, String, u64)>,
}
