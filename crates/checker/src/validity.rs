//! The validity of the measurement: whether the load generator kept its schedule and nothing failed on its own side.

use leaseproof_domain::{EndReason, Judgment, Validity, Verdict};

use crate::fold::Run;
use crate::statistics::{Figures, Statistics};
use crate::words;

/// Where an operation takes long, it is on time within this part of its median service time too, of those that were answered.
const SHARE_OF_SERVICE: f64 = 0.05;
/// One late operation in so many is still a valid measurement.
const ONE_IN: u64 = 100;

/// What was sent late, and of how many.
pub(crate) struct Punctuality {
    pub(crate) late: u64,
    pub(crate) timed: u64,
    worst: u64,
}

impl Punctuality {
    pub(crate) fn of(statistics: &Statistics) -> Self {
        let mut all = Self { late: 0, timed: 0, worst: 0 };
        for figures in statistics.operations.values().chain([&statistics.questions]) {
            let allowed = allowed(figures);
            let late = figures.behind.iter().filter(|behind| **behind > allowed);
            all.late += late.clone().count() as u64;
            all.worst = all.worst.max(late.max().copied().unwrap_or(0));
            all.timed += figures.total();
        }
        all
    }

    /// How late, in words, where more than one operation in a hundred was.
    fn lateness(&self) -> Option<String> {
        if self.late * ONE_IN <= self.timed {
            return None;
        }
        let share = self.late as f64 * 100.0 / self.timed as f64;
        Some(format!(
            "the load generator sent {share:.1} % of {} late, the worst {} after its intended start; the limit is 1 % (docs/exit-codes.md)",
            words::count(self.timed, "operation"),
            words::seconds(self.worst.into()),
        ))
    }
}

/// Whether the measurement holds. What failed on the harness's own side spoils it in any case; requests that were sent late
/// only where a verdict depends on time.
pub(crate) fn validity(run: &Run<'_>, punctuality: &Punctuality, checks: &[Judgment]) -> Validity {
    if let Some(why) = run.harness.words() {
        return Validity::Invalid { why };
    }
    if let Some(end) = run.end.as_ref().filter(|end| end.reason == EndReason::HarnessFailed) {
        let why =
            end.cause.as_ref().map_or_else(|| "leaseproof itself could not continue".to_owned(), |it| it.what.clone());
        return Validity::Invalid { why };
    }
    match punctuality.lateness() {
        None => Validity::Valid,
        Some(why) => sent_late(why, checks),
    }
}

/// What requests that were sent late make of the measurement: invalid where a verdict depends on them.
pub(crate) fn sent_late(why: String, checks: &[Judgment]) -> Validity {
    if checks.iter().any(depends_on_time) { Validity::Invalid { why } } else { Validity::Late { why } }
}

/// Whether requests that were sent late can have made the verdict what it is: that of a threshold on a time, and a failure
/// that rests on timing. Lateness makes no other check pass or fail, and none pass that rests on timing.
fn depends_on_time(judgment: &Judgment) -> bool {
    let threshold = judgment.check.as_str() == "THR-1" && judgment.verdict != Verdict::Unknown;
    judgment.rests_on_timing && (threshold || judgment.verdict == Verdict::Fail && judgment.known_issue.is_none())
}

/// How late an operation may be because it takes long. Of those that are always on time, none is among the late.
fn allowed(figures: &Figures) -> u64 {
    (figures.service.known_median() as f64 * SHARE_OF_SERVICE) as u64
}
