use leaseproof_domain::{Finding, Observer, Operation};

use super::due;
use super::shown::expect_shown;
use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run, Step};
use crate::words::span;

/// A revocation is acknowledged and the role is gone when it returns.
pub(super) struct Revocation;

impl Check for Revocation {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        due::expect(Operation::Revoke, lifecycle, run, collector);
        let (Some(_), Some(revoke)) = (lifecycle.acknowledged(), lifecycle.revocation()) else { return };
        expect_shown(lifecycle, run, collector);
        if let Some(failure) = revoke.failure() {
            collector.sample();
            let what = format!("the revocation of {}: expected HTTP 204, got {failure}", lifecycle.name());
            collector.find(Finding { code: Some(failure.code.clone()), ..lifecycle.finding(revoke.start, what) });
            collector.expect(true);
        } else {
            let judged = revoke.is_ok() && judge_role(lifecycle, revoke, run, collector);
            if judged || !run.is_excused(revoke.start, revoke.end) {
                collector.expect(judged);
            }
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Roles]
    }

    fn without_samples(&self) -> &'static str {
        "no revocation was answered and followed by an observation of the roles"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["end.revoke", "rate", "for"]
    }
}

/// Answers whether it could be judged.
fn judge_role(lifecycle: &Lifecycle, revoke: &Step, run: &Run<'_>, collector: &mut FindingCollector) -> bool {
    let gone = lifecycle.gone();
    let appeared = lifecycle.track.as_ref().is_some_and(|track| track.appeared.is_some());
    let last_seen = match gone {
        Some(gone) => gone.seen_from,
        None if appeared => run.last_observation().map(|observation| observation.from),
        None => None,
    };
    match last_seen.filter(|seen| *seen > revoke.end) {
        Some(seen) => {
            collector.sample();
            let what = format!(
                "{} still exists {} after its revocation was acknowledged; it must be gone by then{}",
                lifecycle.name(),
                span(seen.since(revoke.end)),
                lifecycle.why_not_revoked(),
            );
            collector.find(lifecycle.finding(revoke.end, what));
        }
        None if gone.is_some() => collector.sample(),
        // No observation came after the answer.
        None => return false,
    }
    true
}
