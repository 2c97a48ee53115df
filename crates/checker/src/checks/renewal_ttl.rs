use std::time::Duration;

use leaseproof_domain::{Finding, Micros, Observer, Operation};

use super::cap::{Left, SECOND};
use super::due;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Read, Run, Step};
use crate::wall::{WallBounds, WallMoment};
use crate::words::seconds;

/// How long after a renewal's answer a role is observed on behalf of its lifecycle.
const OBSERVED: Duration = Duration::from_secs(1);

/// A renewal grants its increment, and PostgreSQL's VALID UNTIL moves with it.
#[derive(Default)]
pub(super) struct RenewalTtl {
    bounds: WallBounds,
}

impl Check for RenewalTtl {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = lifecycle.acknowledged() else { return };
        due::expect(Operation::Renew, lifecycle, run, collector);
        let renewals: Vec<&Step> = lifecycle.steps_of(Operation::Renew).collect();
        for (place, renewal) in renewals.iter().enumerate() {
            judge_refusal(lifecycle, issue, renewal, run, collector);
            if renewal.is_indeterminate() && !run.is_excused(renewal.start, renewal.end) {
                collector.expect(false);
            }
            let Some(granted) = renewal.lease_seconds.filter(|_| renewal.is_ok()) else { continue };
            judge_granted(lifecycle, issue, renewal, granted, run, collector);
            let until =
                renewals.get(place + 1).map_or(Micros(u64::MAX), |next| next.start).min(lifecycle.untouched_until());
            self.judge_valid_until(lifecycle, renewal, granted, until, run, collector);
        }
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        self.bounds.settle(&run.clocks, collector, |moment, _, distance| {
            let granted = (moment.not_before - i128::from(moment.reference.0)) / SECOND - 4;
            format!(
                "VALID UNTIL is {} after a renewal of {granted} s was sent; expected {} to {} s after Vault received it",
                seconds(distance),
                granted + 4,
                granted + 6,
            )
        });
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::RoleRead]
    }

    fn without_samples(&self) -> &'static str {
        "no renewal was acknowledged and followed by an observation of its role"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["renew.share", "rate", "for"]
    }
}

impl RenewalTtl {
    /// The first observation between the renewal and whatever touches the role next.
    fn judge_valid_until(
        &mut self,
        lifecycle: &Lifecycle,
        renewal: &Step,
        granted: u64,
        until: Micros,
        run: &Run<'_>,
        collector: &mut FindingCollector,
    ) {
        let after =
            lifecycle.valid_untils().find(|(observation, _)| observation.from > renewal.end && observation.to < until);
        if after.is_some() || !run.is_excused(renewal.start, until.min(renewal.end.after(OBSERVED))) {
            collector.expect(after.is_some());
            let own =
                |read: &Read| read.seen.is_some() && read.observation.from > renewal.end && read.observation.to < until;
            collector.expect_of("of the roles read after their renewal", lifecycle.reads.iter().any(own));
        }
        let Some((observation, valid_until)) = after else { return };
        collector.sample();
        let Some(wall) = valid_until else {
            let what = format!("{} has no VALID UNTIL, or infinity after its renewal", lifecycle.name());
            collector.find(lifecycle.finding(observation.from, what));
            return;
        };
        let granted = i128::from(granted) * SECOND;
        let moment = WallMoment {
            server: "vault".into(),
            wall,
            not_before: i128::from(renewal.start.0) + granted + 4 * SECOND,
            not_after: i128::from(renewal.end.0) + granted + 6 * SECOND,
            reference: renewal.start,
        };
        self.bounds.judge(&run.clocks, moment, || lifecycle.finding(observation.from, String::new()));
    }
}

/// A renewal has to be granted as long as its lease stands and some of the maximum TTL is left.
fn judge_refusal(lifecycle: &Lifecycle, issue: &Step, renewal: &Step, run: &Run<'_>, collector: &mut FindingCollector) {
    let Some(failure) = renewal.failure().filter(|_| lifecycle.not_ended(renewal.end)) else { return };
    let max = run.promise(&lifecycle.role).and_then(|promise| promise.max_ttl.as_ref());
    if max.is_none_or(|max| Left::of(max.value, issue, renewal).holds(1)) {
        collector.sample();
        let what = format!("a renewal of a lease in force: expected success, got {failure}");
        collector.find(Finding { code: Some(failure.code.clone()), ..lifecycle.finding(renewal.start, what) });
    }
}

fn judge_granted(
    lifecycle: &Lifecycle,
    issue: &Step,
    renewal: &Step,
    granted: u64,
    run: &Run<'_>,
    collector: &mut FindingCollector,
) {
    let Some(increment) = renewal.increment_seconds else { return };
    let max = run.promise(&lifecycle.role).and_then(|promise| promise.max_ttl.as_ref());
    let left = max.map(|max| Left::of(max.value, issue, renewal));
    let as_asked = granted == increment;
    let right = match &left {
        Some(left) if left.holds(increment) => as_asked,
        // Where it is not certain that it fits, as much as was asked for can be what was left too.
        Some(left) => left.can_be(granted),
        // Nobody promised a maximum: Vault says where it cuts one.
        None if renewal.warned => granted <= increment,
        None => as_asked,
    };
    if right {
        return;
    }
    let expected = match &left {
        Some(left) if left.cuts(increment) => format!("{} s (the rest of the maximum TTL)", left.seconds()),
        _ => format!("{increment} s"),
    };
    let what = format!("a renewal by {increment} s: expected {expected}, got {granted} s");
    collector.find(Finding { promised: max.map(|max| max.origin.clone()), ..lifecycle.finding(renewal.start, what) });
}
