use std::time::Duration;

use leaseproof_domain::{Finding, Micros, Observer, Operation};

use super::cap::{Left, SECOND};
use super::due;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Life, Read, Run, Step};
use crate::wall::{WallBounds, WallMoment};
use crate::words::seconds;

/// How long after a renewal's answer a role is looked at on behalf of its lifecycle.
const LOOKED: Duration = Duration::from_secs(1);

/// A renewal grants its increment, and PostgreSQL's VALID UNTIL moves with it.
#[derive(Default)]
pub(super) struct RenewalTtl {
    bounds: WallBounds,
}

impl Check for RenewalTtl {
    fn life(&mut self, life: &Life, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = life.acknowledged() else { return };
        due::expect(Operation::Renew, life, run, collector);
        let renewals: Vec<&Step> = life.steps_of(Operation::Renew).collect();
        for (place, renewal) in renewals.iter().enumerate() {
            judge_refusal(life, issue, renewal, run, collector);
            if renewal.is_indeterminate() && !run.is_excused(renewal.start, renewal.end) {
                collector.expect(false);
            }
            let Some(granted) = renewal.lease_seconds.filter(|_| renewal.is_ok()) else { continue };
            judge_granted(life, issue, renewal, granted, run, collector);
            let until = renewals.get(place + 1).map_or(Micros(u64::MAX), |next| next.start).min(life.untouched_until());
            self.judge_valid_until(life, renewal, granted, until, run, collector);
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
    /// The first look between the renewal and whatever touches the role next.
    fn judge_valid_until(
        &mut self,
        life: &Life,
        renewal: &Step,
        granted: u64,
        until: Micros,
        run: &Run<'_>,
        collector: &mut FindingCollector,
    ) {
        let after = life.valid_untils().find(|(look, _)| look.from > renewal.end && look.to < until);
        if after.is_some() || !run.is_excused(renewal.start, until.min(renewal.end.after(LOOKED))) {
            collector.expect(after.is_some());
            let own = |read: &Read| read.seen.is_some() && read.look.from > renewal.end && read.look.to < until;
            collector.expect_of("of the roles read after their renewal", life.reads.iter().any(own));
        }
        let Some((look, valid_until)) = after else { return };
        collector.sample();
        let Some(wall) = valid_until else {
            let what = format!("{} has no VALID UNTIL, or infinity after its renewal", life.name());
            collector.find(life.finding(look.from, what));
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
        self.bounds.judge(&run.clocks, moment, || life.finding(look.from, String::new()));
    }
}

/// A renewal has to be granted as long as its lease stands and some of the maximum TTL is left.
fn judge_refusal(life: &Life, issue: &Step, renewal: &Step, run: &Run<'_>, collector: &mut FindingCollector) {
    let Some(failure) = renewal.failure().filter(|_| life.not_ended(renewal.end)) else { return };
    let max = run.promise(&life.role).and_then(|promise| promise.max_ttl.as_ref());
    if max.is_none_or(|max| Left::of(max.value, issue, renewal).holds(1)) {
        collector.sample();
        let what = format!("a renewal of a lease in force: expected success, got {failure}");
        collector.find(Finding { code: Some(failure.code.clone()), ..life.finding(renewal.start, what) });
    }
}

fn judge_granted(
    life: &Life,
    issue: &Step,
    renewal: &Step,
    granted: u64,
    run: &Run<'_>,
    collector: &mut FindingCollector,
) {
    let Some(increment) = renewal.increment_seconds else { return };
    let max = run.promise(&life.role).and_then(|promise| promise.max_ttl.as_ref());
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
    collector.find(Finding { promised: max.map(|max| max.origin.clone()), ..life.finding(renewal.start, what) });
}
