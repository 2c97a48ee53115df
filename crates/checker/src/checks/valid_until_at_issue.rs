use std::time::Duration;

use leaseproof_domain::{Micros, Observer, Operation, UnixMicros};

use super::cap::SECOND;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Life, Look, Run, Step};
use crate::wall::{WallBounds, WallMoment};
use crate::words::seconds;

/// How long after its answer a role is looked at on behalf of its lifecycle.
const LOOKED: Duration = Duration::from_secs(1);

/// VALID UNTIL is the issue plus the TTL plus Vault's 5 seconds.
#[derive(Default)]
pub(super) struct ValidUntilAtIssue {
    bounds: WallBounds,
}

impl Check for ValidUntilAtIssue {
    fn life(&mut self, life: &Life, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = life.acknowledged() else { return };
        let Some(ttl) = issue.lease_seconds else { return };
        let renewal = life.steps_of(Operation::Renew).next().map(Look::of);
        let touched = renewal.map_or(Micros(u64::MAX), |look| look.from).min(life.untouched_until());
        let certain = life.valid_untils().find(|(look, _)| look.to < touched);
        let judged = match certain {
            Some((look, Some(wall))) => {
                collector.sample();
                let finding = || life.finding(look.from, String::new());
                self.bounds.judge(&run.clocks, margin(issue, ttl, wall), finding);
                true
            }
            Some((look, None)) => {
                no_end(life, look, collector);
                true
            }
            None => {
                // The renewal that followed at once may have moved it. What is as it should be still counts.
                let overlaps = |look: &Look| renewal.is_none_or(|renewal| look.from <= renewal.to);
                let fresh = |(look, wall): (Look, Option<UnixMicros>)| {
                    let holds = |wall| WallBounds::holds(&run.clocks, &margin(issue, ttl, wall));
                    overlaps(&look) && wall.is_some_and(holds)
                };
                let fresh = life.valid_untils().any(fresh);
                if fresh {
                    collector.sample();
                }
                fresh
            }
        };
        if judged || !run.is_excused(issue.start, touched.min(issue.end.after(LOOKED))) {
            collector.expect(judged);
        }
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        self.bounds.settle(&run.clocks, collector, |moment, _, distance| {
            let promised = (moment.not_before - i128::from(moment.reference.0)) / SECOND - 4;
            format!(
                "VALID UNTIL is {} after the issue was sent; with a TTL of {promised} s, expected {} to {} s after Vault received it",
                seconds(distance),
                promised + 4,
                promised + 6,
            )
        });
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::RoleRead]
    }

    fn without_samples(&self) -> &'static str {
        "no new role was observed before it was renewed or revoked"
    }
}

fn margin(issue: &Step, ttl: u64, wall: UnixMicros) -> WallMoment {
    let ttl = i128::from(ttl) * SECOND;
    WallMoment {
        server: "vault".into(),
        wall,
        not_before: i128::from(issue.start.0) + ttl + 4 * SECOND,
        not_after: i128::from(issue.end.0) + ttl + 6 * SECOND,
        reference: issue.start,
    }
}

fn no_end(life: &Life, look: Look, collector: &mut FindingCollector) {
    collector.sample();
    let what = format!(
        "{} has no VALID UNTIL, or infinity; expected the time of the issue plus the TTL plus 5 s",
        life.name()
    );
    collector.find(life.finding(look.from, what));
}
