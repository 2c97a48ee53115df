//! Exit codes: a documented, stable part of the command line (docs/exit-codes.md).

use std::process::ExitCode;

use leaseproof_domain::{RunOutcome, RunVerdicts};
use leaseproof_pipeline::{Signal, Stop};

/// How a command ended. The order of the variants is the precedence: if several apply, the first one decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Exit {
    /// 143: SIGTERM came.
    Terminated,
    /// 131: SIGQUIT came (Ctrl-\\).
    Quit,
    /// 130: SIGINT came (Ctrl-C).
    Interrupted,
    /// 129: SIGHUP came: the terminal was closed.
    HungUp,
    /// 70: a bug in leaseproof.
    Bug,
    /// 2: wrong usage, an invalid scenario.
    Usage,
    /// 5: the environment could not be started or reached, or was lost; the output folder cannot be written.
    Environment,
    /// 1: a check that does not rest on timing failed, a setup step was rejected, something that leaseproof created was left.
    Failed,
    /// 4: the harness itself failed, or sent requests late and a verdict depends on that.
    Invalid,
    /// 1: all failed checks rest on timing, and the measurement is valid.
    FailedOnTiming,
    /// 3: a check is Unknown, or nothing was requested.
    Undecided,
    /// 0: every requested check passed, apart from declared known issues.
    Passed,
}

impl Exit {
    /// Every way to end, in order of precedence.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 12] = [
        Self::Terminated,
        Self::Quit,
        Self::Interrupted,
        Self::HungUp,
        Self::Bug,
        Self::Usage,
        Self::Environment,
        Self::Failed,
        Self::Invalid,
        Self::FailedOnTiming,
        Self::Undecided,
        Self::Passed,
    ];

    /// The code that the process ends with.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Terminated => 143,
            Self::Quit => 131,
            Self::Interrupted => 130,
            Self::HungUp => 129,
            Self::Bug => 70,
            Self::Usage => 2,
            Self::Environment => 5,
            Self::Failed | Self::FailedOnTiming => 1,
            Self::Invalid => 4,
            Self::Undecided => 3,
            Self::Passed => 0,
        }
    }

    /// The exit of another leaseproof process with that code. The two kinds of 1 cannot be distinguished.
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            143 => Self::Terminated,
            131 => Self::Quit,
            130 => Self::Interrupted,
            129 => Self::HungUp,
            70 => Self::Bug,
            2 => Self::Usage,
            5 => Self::Environment,
            1 => Self::Failed,
            4 => Self::Invalid,
            3 => Self::Undecided,
            0 => Self::Passed,
            _ => return None,
        })
    }

    /// The meaning of the code in a few words.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Terminated => "ended by SIGTERM",
            Self::Quit => "ended by SIGQUIT",
            Self::Interrupted => "interrupted",
            Self::HungUp => "ended by SIGHUP",
            Self::Bug => "a bug in leaseproof",
            Self::Usage => "wrong usage or an invalid scenario",
            Self::Environment => "the environment is not available, or the run's folder cannot be written",
            Self::Failed => "a check failed",
            Self::Invalid => "the measurement is invalid",
            Self::FailedOnTiming => "failed on timing",
            Self::Undecided => "undecided",
            Self::Passed => "passed",
        }
    }

    /// The exit for the verdicts of a run, without signals: `run` and `judge` end with the same code.
    pub(crate) const fn of(verdicts: &RunVerdicts) -> Self {
        Self::of_outcome(verdicts.outcome)
    }

    /// The exit for an outcome: docs/exit-codes.md has the same table.
    const fn of_outcome(outcome: RunOutcome) -> Self {
        match outcome {
            RunOutcome::Refused => Self::Usage,
            RunOutcome::EnvironmentLost | RunOutcome::NotSaved => Self::Environment,
            RunOutcome::SetupRejected | RunOutcome::Failed | RunOutcome::LeftBehind => Self::Failed,
            RunOutcome::InvalidMeasurement => Self::Invalid,
            RunOutcome::FailedOnTiming => Self::FailedOnTiming,
            RunOutcome::Undecided => Self::Undecided,
            RunOutcome::KnownIssuesOnly | RunOutcome::Passed => Self::Passed,
        }
    }

    /// The meaning in the last line: after a signal, also whether everything was cleaned up.
    pub(crate) const fn ending(self, left_behind: bool) -> &'static str {
        match (self, left_behind) {
            (Self::Terminated, false) => "ended by SIGTERM, cleaned up",
            (Self::Terminated, true) => "ended by SIGTERM, not everything was cleaned up",
            (Self::Quit, false) => "ended by SIGQUIT, cleaned up",
            (Self::Quit, true) => "ended by SIGQUIT, not everything was cleaned up",
            (Self::Interrupted, false) => "interrupted, cleaned up",
            (Self::Interrupted, true) => "interrupted, not everything was cleaned up",
            (Self::HungUp, false) => "ended by SIGHUP, cleaned up",
            (Self::HungUp, true) => "ended by SIGHUP, not everything was cleaned up",
            _ => self.meaning(),
        }
    }

    /// The one of two exits that comes first in the precedence.
    pub(crate) fn or(self, other: Self) -> Self {
        self.min(other)
    }
}

impl From<Signal> for Exit {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Interrupt => Self::Interrupted,
            Signal::Terminate => Self::Terminated,
            Signal::Quit => Self::Quit,
            Signal::HangUp => Self::HungUp,
        }
    }
}

/// The exit of `up`, without signals; a run's code follows from its verdicts.
impl From<&Stop> for Exit {
    fn from(stop: &Stop) -> Self {
        match stop {
            Stop::Asked => Self::Interrupted,
            Stop::Refused(_) => Self::Usage,
            Stop::Setup(_) => Self::Failed,
            Stop::Aborted(_) | Stop::Repeated(_) => Self::Undecided,
            Stop::Harness(_) => Self::Invalid,
            Stop::Lost(_) | Stop::Environment(_) | Stop::Unwritten(_) => Self::Environment,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use leaseproof_domain::RunOutcome;

    use super::Exit;

    #[test]
    fn the_documented_precedence() {
        let codes: Vec<u8> = Exit::ALL.into_iter().map(Exit::code).collect();
        assert_eq!(codes, [143, 131, 130, 129, 70, 2, 5, 1, 4, 1, 3, 0]);
        assert!(Exit::ALL.is_sorted());
        assert_eq!(Exit::Invalid.or(Exit::FailedOnTiming), Exit::Invalid);
        assert_eq!(Exit::Passed.or(Exit::Interrupted), Exit::Interrupted);
    }

    #[test]
    fn the_documented_last_words_are_those_of_every_outcome() {
        let docs = include_str!("../../../docs/exit-codes.md");
        let (_, section) = docs.split_once("\n## The last line\n").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
            Some((cells[0], cells[1].strip_prefix('`')?.strip_suffix('`')?, cells[2].parse::<u8>().ok()?))
        });
        let outcomes = RunOutcome::ALL.into_iter().map(|outcome| {
            let name = serde_json::to_value(outcome).unwrap();
            (outcome.words(), name.as_str().unwrap().to_owned(), Exit::of_outcome(outcome).code())
        });
        let rows: BTreeSet<_> = rows.map(|(words, name, code)| (words, name.to_owned(), code)).collect();
        assert_eq!(rows, outcomes.collect());
    }

    #[test]
    fn the_section_on_judge_names_every_signal() {
        let docs = include_str!("../../../docs/exit-codes.md");
        let (_, section) = docs.split_once("\n## `judge`\n").unwrap();
        let section = section.split("\n## ").next().unwrap();
        for exit in [Exit::Terminated, Exit::Quit, Exit::Interrupted, Exit::HungUp] {
            assert!(section.contains(&exit.code().to_string()), "{exit:?}: {section}");
        }
    }

    #[test]
    fn every_code_stands_in_the_docs() {
        let docs = include_str!("../../../docs/exit-codes.md");
        for exit in Exit::ALL {
            assert!(docs.contains(&format!("| {} |", exit.code())), "{exit:?}");
        }
    }
}
