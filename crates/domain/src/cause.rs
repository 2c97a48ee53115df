use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ActionBefore, CheckId, Finding, Micros, ObservedNote, Origin, Subject};

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

/// A further check that fails because of a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlsoBroken {
    /// The check.
    pub check: CheckId,
    /// How many of its findings have that cause.
    pub count: u64,
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
