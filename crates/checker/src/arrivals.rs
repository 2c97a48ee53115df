//! How many issues were due by the plan's arrival rates, how many of them are in the history, and how many were dropped.

use leaseproof_domain::{Operation, Subject};

use crate::collector::FindingCollector;
use crate::coverage::Place;
use crate::fold::Run;
use crate::windows::{Selection, Windows};

/// What arrivals are called among the samples that a check expects.
const PART: &str = "of the arrivals";

/// The arrivals of a completed run.
pub(crate) struct Arrivals<'p> {
    due: Vec<Due<'p>>,
}

/// The arrivals of one phase and role.
struct Due<'p> {
    phase: &'p str,
    role: &'p str,
    expected: u64,
    /// How many of them were sent or dropped.
    seen: u64,
    /// How many of those were dropped outside fault windows, where the phase does not overload the environment on purpose.
    dropped: u64,
}

impl<'p> Arrivals<'p> {
    /// Those of the roles that are wanted.
    pub(crate) fn of(run: &Run<'p>, windows: &Windows<'_>, wanted: impl Fn(&str) -> bool) -> Self {
        let first = run.plan.phases.first().map(|phase| phase.name.as_str());
        let planned = run.planned.by_phase_and_role().into_iter().filter(|((_, role), _)| wanted(role));
        let due = planned.map(|((phase, role), expected)| {
            let issues = windows.due(Operation::Issue, phase, role);
            // One credential of each role that promises a maximum TTL is no arrival: it asks for more than that.
            let beside = first == Some(phase) && run.promise(role).is_some_and(|promise| promise.max_ttl.is_some());
            let on_purpose = run.plan.phases.iter().any(|plan| plan.name == phase && plan.overload);
            let dropped = if on_purpose { 0 } else { windows.dropped_outside_faults(phase, role) };
            Due { phase, role, expected, seen: issues.saturating_sub(u64::from(beside)), dropped }
        });
        Self { due: due.collect() }
    }

    /// Expects those that are selected, and that the subject is about. A dropped arrival has nothing to judge, except by
    /// checks that `judge_dropped`.
    pub(crate) fn expect(
        &self,
        selection: Selection<'_>,
        judge_dropped: bool,
        subject: &Subject,
        collector: &mut FindingCollector,
    ) {
        let selected = |due: &&Due<'_>| {
            selection.phase.is_none_or(|phase| phase == due.phase)
                && selection.role.is_none_or(|role| role == due.role)
                && !matches!(subject, Subject::Role(role) if role != due.role)
        };
        let dropped = |due: &Due<'_>| if judge_dropped { 0 } else { due.dropped };
        let part = match self.due.iter().filter(selected).map(dropped).sum::<u64>() {
            0 => PART.to_owned(),
            dropped => format!("{PART} ({dropped} dropped: `in_flight` of [client] was reached)"),
        };
        for due in self.due.iter().filter(selected) {
            let judged = due.seen.saturating_sub(dropped(due));
            collector.expect_at(&part, &Place::of(due.phase, due.role), due.expected, judged);
        }
    }
}
