use std::time::Duration;

use leaseproof_domain::{Micros, Observer, Operation, UnixMicros};

use super::cap::SECOND;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, ObservationTime, Run, Step};
use crate::wall::{WallBounds, WallMoment};
use crate::words::seconds;

/// How long after its answer a role is observed on behalf of its lifecycle.
const OBSERVED: Duration = Duration::from_secs(1);

/// VALID UNTIL is the issue plus the TTL plus Vault's 5 seconds.
#[derive(Default)]
pub(super) struct ValidUntilAtIssue {
    bounds: WallBounds,
}

impl Check for ValidUntilAtIssue {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = lifecycle.acknowledged() else { return };
        let Some(ttl) = issue.lease_seconds else { return };
        let renewal = lifecycle.steps_of(Operation::Renew).next().map(ObservationTime::of);
        let touched = renewal.map_or(Micros(u64::MAX), |observation| observation.from).min(lifecycle.untouched_until());
        let certain = lifecycle.valid_untils().find(|(observation, _)| observation.to < touched);
        let judged = match certain {
            Some((observation, Some(wall))) => {
                collector.sample();
                let finding = || lifecycle.finding(observation.from, String::new());
                self.bounds.judge(&run.clocks, margin(issue, ttl, wall), finding);
                true
            }
            Some((observation, None)) => {
                no_end(lifecycle, observation, collector);
                true
            }
            None => {
                // The renewal that followed at once may have moved it. What is as it should be still counts.
                let overlaps =
                    |observation: &ObservationTime| renewal.is_none_or(|renewal| observation.from <= renewal.to);
                let fresh = |(observation, wall): (ObservationTime, Option<UnixMicros>)| {
                    let holds = |wall| WallBounds::holds(&run.clocks, &margin(issue, ttl, wall));
                    overlaps(&observation) && wall.is_some_and(holds)
                };
                let fresh = lifecycle.valid_untils().any(fresh);
                if fresh {
                    collector.sample();
                }
                fresh
            }
        };
        if judged || !run.is_excused(issue.start, touched.min(issue.end.after(OBSERVED))) {
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

fn no_end(lifecycle: &Lifecycle, observation: ObservationTime, collector: &mut FindingCollector) {
    collector.sample();
    let what = format!(
        "{} has no VALID UNTIL, or infinity; expected the time of the issue plus the TTL plus 5 s",
        lifecycle.name()
    );
    collector.find(lifecycle.finding(observation.from, what));
}
