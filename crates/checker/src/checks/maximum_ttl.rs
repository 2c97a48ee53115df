use leaseproof_domain::{Finding, Operation};

use super::cap::Left;
use super::due;
use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};

/// No renewal goes past the maximum TTL.
pub(super) struct MaximumTtl;

impl Check for MaximumTtl {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = lifecycle.acknowledged() else { return };
        let Some(max) = run.promise(&lifecycle.role).and_then(|promise| promise.max_ttl.as_ref()) else { return };
        due::expect(Operation::Renew, lifecycle, run, collector);
        for renewal in lifecycle.steps_of(Operation::Renew) {
            if !renewal.is_ok() {
                if renewal.is_indeterminate() && !run.is_excused(renewal.start, renewal.end) {
                    collector.expect(false);
                }
                continue;
            }
            collector.expect(renewal.lease_seconds.is_some());
            let Some(granted) = renewal.lease_seconds else { continue };
            collector.sample();
            let left = Left::of(max.value, issue, renewal);
            if left.is_passed_by(granted) {
                let what = format!(
                    "a renewal: expected at most {} s, the rest of the maximum TTL of {}, got {granted} s",
                    left.seconds(),
                    max.value,
                );
                collector
                    .find(Finding { promised: Some(max.origin.clone()), ..lifecycle.finding(renewal.start, what) });
            }
        }
    }

    fn without_samples(&self) -> &'static str {
        "no renewal was acknowledged"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["renew.share", "rate", "for"]
    }
}
