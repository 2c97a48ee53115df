use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ActionFigures, Cause, CheckId, EndReason, FailureCause, FaultFigures, Judgment, Micros, Observed, Operation,
    OperationStatistics, Origin, RunOutcome, ScenarioWarning, Subject, Totals, UnixMicros, Validity, Verdict,
};

/// The schema that `verdicts.json` and `--format json` follow.
pub const VERDICTS_SCHEMA: &str = "leaseproof/verdicts/1";

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

impl fmt::Display for SelectedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Only => "--only",
            Self::Skip => "--skip",
        })
    }
}
