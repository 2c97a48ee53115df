use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    InvalidMeasurement,
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
        Self::InvalidMeasurement,
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
            Self::InvalidMeasurement => "invalid measurement",
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
