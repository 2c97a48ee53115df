use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Micros, Origin};

/// How a run ended: the last line of its history. The exit code of the run follows from it and from the verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// When.
    pub at: Micros,
    /// Why.
    pub reason: EndReason,
    /// The cause of an early end; none if every phase was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What the run created and could not remove; none if everything was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_behind: Option<String>,
}

impl End {
    /// An end without a cause.
    pub const fn new(at: Micros, reason: EndReason) -> Self {
        Self { at, reason, cause: None, left_behind: None }
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Every phase was run.
    Completed,
    /// A signal ended it early.
    Interrupted,
    /// The environment could not be started or reached, or a server was lost without a fault of the scenario.
    EnvironmentLost,
    /// A setup step failed.
    SetupFailed,
    /// The scenario does not fit the environment: nothing was created.
    Refused,
    /// The harness ended it early to protect an attached environment.
    Aborted,
    /// The same failure repeated, and the harness ended the load early.
    Repeated,
    /// The harness itself could not continue: its token, file descriptors, memory, ports or disk.
    HarnessFailed,
}

/// The cause of an early end. It comes first in every report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// What happened, and to what, in one sentence without a full stop.
    pub what: String,
    /// The scenario line, for example of the setup step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// More lines of the server's message: DETAIL and HINT, the last lines of a log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

impl Cause {
    /// A cause from a text: the first line is what happened, the following lines are the details. Vault's list of errors
    /// begins with a heading (github.com/hashicorp/go-multierror, ListFormatFunc): the first error is appended to it.
    pub fn of(words: &str) -> Self {
        let mut lines = words.lines().map(str::trim_end).filter(|line| !line.is_empty()).peekable();
        let mut what = lines.next().unwrap_or_default().to_owned();
        let listed = |line: &&str| line.trim_start().starts_with("* ");
        while (what.ends_with("error occurred:") || what.ends_with("errors occurred:"))
            && let Some(error) = lines.next_if(listed)
        {
            what.push(' ');
            what.push_str(error.trim_start().trim_start_matches("* "));
        }
        Self { what, origin: None, details: lines.map(|line| line.replace('\t', "  ")).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::Cause;

    #[test]
    fn the_first_line_is_what_happened() {
        let cause = Cause::of("write was rejected: FATAL 3D000\n  DETAIL: none\n\nhint: create it\n");
        assert_eq!(cause.what, "write was rejected: FATAL 3D000");
        assert_eq!(cause.details, ["  DETAIL: none", "hint: create it"]);
    }

    #[test]
    fn the_first_of_vault_s_errors_is_what_happened() {
        let cause =
            Cause::of("HTTP 500: 2 errors occurred:\n\t* setting: 1 error occurred:\n\t* no role\n\n\t* other\n\n");
        assert_eq!(cause.what, "HTTP 500: 2 errors occurred: setting: 1 error occurred: no role");
        assert_eq!(cause.details, ["  * other"]);
    }
}
