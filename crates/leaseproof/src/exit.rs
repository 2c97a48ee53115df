//! Exit codes: a documented, stable part of the command line (docs/exit-codes.md).

use std::process::ExitCode;

use leaseproof_domain::{RunVerdicts, Validity, Verdict};

/// How a command ended. The order of the variants is the precedence: where several hold, the first one decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Exit {
    /// 143: SIGTERM came; everything was cleaned up.
    Terminated,
    /// 130: Ctrl-C; everything was cleaned up.
    Interrupted,
    /// 70: a bug of leaseproof's own.
    Bug,
    /// 2: wrong usage, an invalid scenario.
    Usage,
    /// 5: the estate could not be had, or was lost; the output folder cannot be written.
    Estate,
    /// 1: a check that does not rest on timing failed, a setup step was rejected, something of ours was left behind.
    Failed,
    /// 4: the generator fell behind, so that the figures say nothing of the estate.
    Invalid,
    /// 1: only checks that rest on timing failed, and the measurement holds.
    FailedOnTiming,
    /// 3: a check is Unknown, or nothing was asked.
    Undecided,
    /// 0: every asked check passed, known findings as declared.
    Passed,
}

impl Exit {
    /// Every way to end, in order of precedence.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 10] = [
        Self::Terminated,
        Self::Interrupted,
        Self::Bug,
        Self::Usage,
        Self::Estate,
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
            Self::Interrupted => 130,
            Self::Bug => 70,
            Self::Usage => 2,
            Self::Estate => 5,
            Self::Failed | Self::FailedOnTiming => 1,
            Self::Invalid => 4,
            Self::Undecided => 3,
            Self::Passed => 0,
        }
    }

    /// What a process of leaseproof's own that ended with `code` meant. Which of the two kinds of 1, nobody can say.
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            143 => Self::Terminated,
            130 => Self::Interrupted,
            70 => Self::Bug,
            2 => Self::Usage,
            5 => Self::Estate,
            1 => Self::Failed,
            4 => Self::Invalid,
            3 => Self::Undecided,
            0 => Self::Passed,
            _ => return None,
        })
    }

    /// What the code says, in a few words.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Terminated => "terminated, cleaned up",
            Self::Interrupted => "interrupted, cleaned up",
            Self::Bug => "a bug of leaseproof's own",
            Self::Usage => "bad usage or an invalid scenario",
            Self::Estate => "the estate could not be had, or was lost",
            Self::Failed => "a promise was broken",
            Self::Invalid => "the measurement is invalid",
            Self::FailedOnTiming => "a promise about time was broken",
            Self::Undecided => "undecided",
            Self::Passed => "every promise was kept",
        }
    }

    /// What the verdicts of a run come to. Where the measurement is invalid, failures that rest on timing fall with it.
    pub(crate) fn of(verdicts: &RunVerdicts) -> Self {
        let failed = verdicts.checks.iter().filter(|check| check.verdict == Verdict::Fail && check.known.is_none());
        let (timing, firm): (Vec<_>, Vec<_>) = failed.partition(|check| check.rests_on_timing);
        let unknown = verdicts.checks.is_empty() || verdicts.checks.iter().any(|c| c.verdict == Verdict::Unknown);
        let holds = [
            (!firm.is_empty(), Self::Failed),
            (matches!(verdicts.validity, Validity::Invalid { .. }), Self::Invalid),
            (!timing.is_empty(), Self::FailedOnTiming),
            (unknown || verdicts.verdict == Verdict::Unknown, Self::Undecided),
        ];
        holds.into_iter().find_map(|(holds, exit)| holds.then_some(exit)).unwrap_or(Self::Passed)
    }

    /// The one of two that decides.
    pub(crate) fn or(self, other: Self) -> Self {
        self.min(other)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{
        CheckId, Judgment, KnownFinding, Observed, Origin, RunVerdicts, Subject, Totals, VERDICTS_SCHEMA, Validity,
        Verdict,
    };

    use super::Exit;

    #[derive(Clone, Copy, PartialEq)]
    enum Is {
        Passed,
        Failed,
        Late,
        Known,
        Unknown,
    }

    fn judgment(is: Is) -> Judgment {
        let check = CheckId::of(if is == Is::Late { "EXP-1" } else { "GRA-1" });
        let origin = Origin { file: "scenario.toml".into(), line: 1, column: 1 };
        Judgment {
            check,
            title: check.info().title.into(),
            subject: Subject::Estate,
            verdict: match is {
                Is::Passed => Verdict::Pass,
                Is::Unknown => Verdict::Unknown,
                Is::Failed | Is::Late | Is::Known => Verdict::Fail,
            },
            samples: 1,
            reason: None,
            findings: Vec::new(),
            more_findings: 0,
            promised: None,
            rests_on_timing: check.info().timing,
            known: (is == Is::Known).then(|| KnownFinding { because: "so".into(), origin }),
            measured: None,
            notes: Vec::new(),
        }
    }

    fn verdicts(checks: &[Is], valid: bool) -> RunVerdicts {
        RunVerdicts {
            schema: VERDICTS_SCHEMA.into(),
            leaseproof: "0.1.0".into(),
            scenario: "s".into(),
            title: "S".into(),
            run: "r".into(),
            verdict: Verdict::Pass,
            validity: if valid { Validity::Valid } else { Validity::Invalid { why: "late".into() } },
            ended: "completed".into(),
            checks: checks.iter().copied().map(judgment).collect(),
            operations: Vec::new(),
            totals: Totals::default(),
            observed: Observed::default(),
            faults: Vec::new(),
            errors_outside: Vec::new(),
        }
    }

    #[test]
    fn verdicts_come_to_a_code() {
        use Is::{Failed, Known, Late, Passed, Unknown};
        let table: &[(&[Is], bool, u8)] = &[
            (&[Passed], true, 0),
            (&[Passed, Known], true, 0),
            (&[Passed, Failed], true, 1),
            (&[Passed, Late], true, 1),
            (&[Passed, Late, Unknown], true, 1),
            (&[Failed, Unknown], true, 1),
            (&[Passed, Unknown], true, 3),
            (&[Known, Unknown], true, 3),
            (&[], true, 3),
            (&[Passed], false, 4),
            (&[Passed, Late], false, 4),
            (&[Passed, Unknown], false, 4),
            (&[Known], false, 4),
            (&[Failed, Late], false, 1),
        ];
        for (number, (checks, valid, code)) in table.iter().enumerate() {
            assert_eq!(Exit::of(&verdicts(checks, *valid)).code(), *code, "row {number}");
        }
    }

    #[test]
    fn the_documented_precedence() {
        let codes: Vec<u8> = Exit::ALL.into_iter().map(Exit::code).collect();
        assert_eq!(codes, [143, 130, 70, 2, 5, 1, 4, 1, 3, 0]);
        assert!(Exit::ALL.is_sorted());
        assert_eq!(Exit::Invalid.or(Exit::FailedOnTiming), Exit::Invalid);
        assert_eq!(Exit::Passed.or(Exit::Interrupted), Exit::Interrupted);
    }

    #[test]
    fn every_code_stands_in_the_docs() {
        let docs = include_str!("../../../docs/exit-codes.md");
        for exit in Exit::ALL {
            assert!(docs.contains(&format!("| {} |", exit.code())), "{exit:?}");
        }
    }
}
