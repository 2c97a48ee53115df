use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CheckId, LatencySummary, LeaseId, MeasuredOf, Micros, Origin, Username};

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

/// How many of the expected samples were judged. With less than half of them, a check without a failure is Unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Expected samples, without those that a fault or the scenario itself excuses.
    pub expected: u64,
    /// How many of them were judged.
    pub judged: u64,
}
