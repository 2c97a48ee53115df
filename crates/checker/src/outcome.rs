//! The outcome of a run, from its verdicts and its end.

use leaseproof_domain::{EndReason, RunOutcome, RunVerdicts, Validity, Verdict};

/// The outcome of a run. Where several hold, the first one decides; docs/exit-codes.md has the same order.
pub(crate) fn outcome(verdicts: &RunVerdicts) -> RunOutcome {
    let failed = verdicts.checks.iter().filter(|check| check.verdict == Verdict::Fail && check.known_issue.is_none());
    let (timing, firm): (Vec<_>, Vec<_>) = failed.partition(|check| check.rests_on_timing);
    let unknown = verdicts.checks.is_empty() || verdicts.checks.iter().any(|check| check.verdict == Verdict::Unknown);
    let ended = |reason| verdicts.end == Some(reason);
    let holds = [
        (ended(EndReason::Refused), RunOutcome::Refused),
        (ended(EndReason::EnvironmentLost), RunOutcome::EnvironmentLost),
        (ended(EndReason::SetupFailed), RunOutcome::SetupRejected),
        (!firm.is_empty(), RunOutcome::Failed),
        (verdicts.left_behind.is_some(), RunOutcome::LeftBehind),
        (ended(EndReason::HarnessFailed), RunOutcome::InvalidMeasurement),
        // What a setup step or a lost server kept from running was not measured either way.
        (matches!(verdicts.validity, Validity::Invalid { .. }), RunOutcome::InvalidMeasurement),
        (!timing.is_empty(), RunOutcome::FailedOnTiming),
        (unknown || verdicts.cause.is_some(), RunOutcome::Undecided),
        (verdicts.checks.iter().any(|check| check.known_issue.is_some()), RunOutcome::KnownIssuesOnly),
    ];
    holds.into_iter().find_map(|(holds, outcome)| holds.then_some(outcome)).unwrap_or(RunOutcome::Passed)
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{
        Cause, CheckId, EndReason, Judgment, KnownIssue, Micros, Observed, Origin, RunOutcome, RunVerdicts, Subject,
        Totals, UnixMicros, VERDICTS_SCHEMA, Validity, Verdict,
    };

    use super::outcome;

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
            subject: Subject::Environment,
            verdict: match is {
                Is::Passed => Verdict::Pass,
                Is::Unknown => Verdict::Unknown,
                Is::Failed | Is::Late | Is::Known => Verdict::Fail,
            },
            samples: 1,
            coverage: None,
            reason: None,
            not_run: false,
            undecided_by: None,
            findings: Vec::new(),
            more_findings: 0,
            promised: None,
            rests_on_timing: check.info().timing.rests(),
            known_issue: (is == Is::Known).then(|| KnownIssue { because: "so".into(), origin }),
            measured: None,
            measured_of: None,
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
            started: UnixMicros(0),
            lasted: Micros(0),
            verdict: Verdict::Pass,
            outcome: RunOutcome::default(),
            validity: if valid { Validity::Valid } else { Validity::Invalid { why: "late".into() } },
            ended: "completed".into(),
            end: Some(EndReason::Completed),
            cause: None,
            left_behind: None,
            causes: Vec::new(),
            warnings: Vec::new(),
            checks: checks.iter().copied().map(judgment).collect(),
            not_requested: Vec::new(),
            operations: Vec::new(),
            totals: Totals::default(),
            observed: Observed::default(),
            faults: Vec::new(),
            actions: Vec::new(),
            errors_outside: Vec::new(),
        }
    }

    #[test]
    fn verdicts_come_to_an_outcome() {
        use Is::{Failed, Known, Late, Passed, Unknown};
        use RunOutcome::{FailedOnTiming, InvalidMeasurement, KnownIssuesOnly, Undecided};
        let table: &[(&[Is], bool, RunOutcome)] = &[
            (&[Passed], true, RunOutcome::Passed),
            (&[Passed, Known], true, KnownIssuesOnly),
            (&[Passed, Failed], true, RunOutcome::Failed),
            (&[Passed, Late], true, FailedOnTiming),
            (&[Passed, Late, Unknown], true, FailedOnTiming),
            (&[Failed, Unknown], true, RunOutcome::Failed),
            (&[Passed, Unknown], true, Undecided),
            (&[Known, Unknown], true, Undecided),
            (&[], true, Undecided),
            (&[Passed], false, InvalidMeasurement),
            (&[Passed, Late], false, InvalidMeasurement),
            (&[Passed, Unknown], false, InvalidMeasurement),
            (&[Known], false, InvalidMeasurement),
            (&[Failed, Late], false, RunOutcome::Failed),
        ];
        for (number, (checks, valid, wanted)) in table.iter().enumerate() {
            assert_eq!(outcome(&verdicts(checks, *valid)), *wanted, "row {number}");
        }
    }

    #[test]
    fn what_ended_the_run_decides_first() {
        use Is::{Failed, Passed, Unknown};
        use RunOutcome::{EnvironmentLost, InvalidMeasurement, LeftBehind, Refused, SetupRejected, Undecided};
        let table: &[(EndReason, &[Is], bool, RunOutcome)] = &[
            (EndReason::SetupFailed, &[Unknown], false, SetupRejected),
            (EndReason::SetupFailed, &[], false, SetupRejected),
            (EndReason::EnvironmentLost, &[Failed, Unknown], false, EnvironmentLost),
            (EndReason::Refused, &[Unknown], false, Refused),
            (EndReason::Interrupted, &[Unknown], false, Undecided),
            (EndReason::Interrupted, &[Failed, Unknown], false, RunOutcome::Failed),
            (EndReason::Interrupted, &[Unknown], true, LeftBehind),
            (EndReason::Aborted, &[Unknown], false, Undecided),
            (EndReason::Repeated, &[Unknown], false, Undecided),
            (EndReason::Repeated, &[Failed, Unknown], false, RunOutcome::Failed),
            (EndReason::Aborted, &[Failed], false, RunOutcome::Failed),
            (EndReason::HarnessFailed, &[Unknown], false, InvalidMeasurement),
            (EndReason::Completed, &[Passed], true, LeftBehind),
        ];
        for (number, (reason, checks, left, wanted)) in table.iter().enumerate() {
            let mut verdicts = verdicts(checks, true);
            verdicts.end = Some(*reason);
            verdicts.cause = (*reason != EndReason::Completed).then(|| Cause::of("it ended"));
            verdicts.left_behind = left.then(|| "the role r".to_owned());
            assert_eq!(outcome(&verdicts), *wanted, "row {number}");
        }
    }

    /// The verdict on a check, as a row of the documented table has it.
    fn asked(what: &str, result: &str) -> Judgment {
        let (id, rests_on_timing) = match what {
            "only checks that do not rest on timing" => ("GRA-1", false),
            "a check that rests on timing" => ("EXP-1", true),
            "a threshold on a time, on unanswered requests or on dropped arrivals" => ("THR-1", true),
            "a threshold on a share of failures" => ("THR-1", false),
            other => panic!("the documented table asks `{other}`, which nobody has checked"),
        };
        let is = match result {
            "pass" => Is::Passed,
            "fail" => Is::Failed,
            "unknown" => Is::Unknown,
            "fail, known issue" => Is::Known,
            other => panic!("`{other}` is no result"),
        };
        Judgment { check: CheckId::of(id), rests_on_timing, ..judgment(is) }
    }

    #[test]
    fn the_documented_table_of_late_requests_holds() {
        let docs = include_str!("../../../docs/exit-codes.md");
        let rows = docs.lines().filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
            let [what, result, on_time, late] = cells[..] else { return None };
            Some((what, result, on_time.parse::<u8>().ok()?, late.parse::<u8>().ok()?))
        });
        let code = |verdicts: &RunVerdicts| match outcome(verdicts) {
            RunOutcome::Passed | RunOutcome::KnownIssuesOnly => 0,
            RunOutcome::Failed | RunOutcome::FailedOnTiming => 1,
            RunOutcome::Undecided => 3,
            RunOutcome::InvalidMeasurement => 4,
            other => panic!("{other}"),
        };
        let rows: Vec<_> = rows.collect();
        assert_eq!(rows.len(), 12, "{rows:?}");
        for (what, result, on_time, late) in rows {
            let mut run = verdicts(&[Is::Passed], true);
            run.checks.push(asked(what, result));
            assert_eq!(code(&run), on_time, "{what}, {result}, on time");
            run.validity = crate::validity::sent_late("late".into(), &run.checks);
            assert_eq!(code(&run), late, "{what}, {result}, sent late");
        }
    }
}
