use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LatencySummary, Micros, Operation};

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
