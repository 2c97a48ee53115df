//! How many issues were due by the plan's arrival rates, and how many of them are in the history.

use leaseproof_domain::{Operation, Subject};

use crate::coverage::Place;
use crate::fold::Run;
use crate::sheet::Sheet;
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
}

impl<'p> Arrivals<'p> {
    pub(crate) fn of(run: &Run<'p>, windows: &Windows<'_>) -> Self {
        let first = run.plan.phases.first().map(|phase| phase.name.as_str());
        let due = run.planned.by_phase_and_role().into_iter().map(|((phase, role), expected)| {
            let issues = windows.due(Operation::Issue, phase, role);
            // One credential of each role that promises a maximum TTL is no arrival: it asks for more than that.
            let beside = first == Some(phase) && run.promise(role).is_some_and(|promise| promise.max_ttl.is_some());
            Due { phase, role, expected, seen: issues.saturating_sub(u64::from(beside)) }
        });
        Self { due: due.collect() }
    }

    /// Expects those that are selected, and that the subject is about.
    pub(crate) fn expect(&self, selection: Selection<'_>, subject: &Subject, sheet: &mut Sheet) {
        let selected = |due: &&Due<'_>| {
            selection.phase.is_none_or(|phase| phase == due.phase)
                && selection.role.is_none_or(|role| role == due.role)
                && !matches!(subject, Subject::Role(role) if role != due.role)
        };
        for due in self.due.iter().filter(selected) {
            sheet.expect_at(PART, &Place::of(due.phase, due.role), due.expected, due.seen);
        }
    }
}
