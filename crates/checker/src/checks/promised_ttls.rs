use std::time::Duration;

use leaseproof_domain::{Finding, Operation};
use leaseproof_scenario::RolePromise;

use super::cap::Left;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run, Step};

/// The role's default and maximum TTL are the promised ones.
#[derive(Default)]
pub(super) struct PromisedTtls {
    defaults: u64,
    maxima: u64,
    max_is_promised: bool,
}

impl Check for PromisedTtls {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let (Some(issue), Some(promise)) = (lifecycle.acknowledged(), run.promise(&lifecycle.role)) else { return };
        collector.expect(issue.lease_seconds.is_some());
        self.judge_default(lifecycle, issue, promise, collector);
        self.judge_maximum(lifecycle, issue, promise, collector);
    }

    fn end(&mut self, _: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        if self.max_is_promised && self.maxima == 0 {
            collector.cannot_say("no acknowledged renewal had a larger increment than the promised maximum");
        }
        collector.samples(self.defaults + self.maxima);
    }

    fn without_samples(&self) -> &'static str {
        "no issue was acknowledged"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}

impl PromisedTtls {
    fn judge_default(
        &mut self,
        lifecycle: &Lifecycle,
        issue: &Step,
        promise: &RolePromise,
        collector: &mut FindingCollector,
    ) {
        let (Some(default), Some(granted)) = (&promise.default_ttl, issue.lease_seconds) else { return };
        self.defaults += 1;
        let expected = default.value.secs();
        let registered = registered_within(issue);
        if granted > expected || granted < expected.saturating_sub(registered) {
            let what = format!(
                "the lease of the issue: expected {expected} s, the promised default TTL of {}, got {granted} s",
                default.value
            );
            collector.find(Finding { promised: Some(default.origin.clone()), ..lifecycle.finding(issue.end, what) });
        }
    }

    fn judge_maximum(
        &mut self,
        lifecycle: &Lifecycle,
        issue: &Step,
        promise: &RolePromise,
        collector: &mut FindingCollector,
    ) {
        let Some(max) = &promise.max_ttl else { return };
        self.max_is_promised = true;
        for renewal in lifecycle.steps_of(Operation::Renew).filter(|step| step.is_ok()) {
            let left = Left::of(max.value, issue, renewal);
            let (Some(asked), Some(granted)) = (renewal.increment_seconds, renewal.lease_seconds) else { continue };
            if !left.cuts(asked) {
                continue;
            }
            self.maxima += 1;
            if !left.can_be(granted) {
                let what = format!(
                    "a renewal by {asked} s: expected at most {} s, the rest of the promised maximum TTL of {}, got {granted} s",
                    left.seconds(),
                    max.value
                );
                collector
                    .find(Finding { promised: Some(max.origin.clone()), ..lifecycle.finding(renewal.start, what) });
            }
        }
    }
}

/// How many seconds Vault may have needed to store the lease. Its answer has what is left of the TTL after that, rounded to
/// the nearest second (`vault/expiration.go` 1.21.0, Register).
fn registered_within(issue: &Step) -> u64 {
    (issue.end.since(issue.start) + Duration::from_millis(500)).as_secs()
}
