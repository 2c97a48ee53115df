use std::borrow::Cow;
use std::time::Duration;

use leaseproof_domain::{Micros, Observer, Operation, UnixMicros};

use super::cap::SECOND;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, ObservationTime, Run, Term};
use crate::wall::{Side, WallBounds, WallMoment};
use crate::words::seconds;

/// How long after its answer a role is observed on behalf of its lifecycle.
const OBSERVED: Duration = Duration::from_secs(1);

/// VALID UNTIL never ends before the lease, nor more than 5 seconds after it.
#[derive(Default)]
pub(super) struct ValidUntilCoversLease {
    bounds: WallBounds,
}

impl Check for ValidUntilCoversLease {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = lifecycle.acknowledged() else { return };
        let cluster = run.promise(&lifecycle.role).map_or("target", |promise| &promise.on);
        let server: Cow<'static, str> = format!("postgres.{cluster}").into();
        let mut judged: Vec<(Option<UnixMicros>, Term)> = Vec::new();
        for (observation, valid_until) in lifecycle.valid_untils() {
            let Some(term) = lifecycle.term(observation).filter(|_| observation.to < lifecycle.untouched_until())
            else {
                continue;
            };
            if after_refused_renewal(lifecycle, observation) || judged.contains(&(valid_until, term)) {
                continue;
            }
            judged.push((valid_until, term));
            collector.sample();
            match valid_until {
                Some(wall) => {
                    let finding = || lifecycle.finding(observation.from, String::new());
                    self.bounds.judge(&run.clocks, moment(server.clone(), term, wall), finding);
                }
                None => {
                    let what = format!(
                        "{} has no VALID UNTIL, or infinity; expected at most 5 s after the end of its lease",
                        lifecycle.name()
                    );
                    collector.find(lifecycle.finding(observation.from, what));
                }
            }
        }
        let observed = issue.end.after(OBSERVED);
        if !judged.is_empty() || !run.is_excused(issue.start, observed) && lifecycle.not_ended(observed) {
            collector.expect(!judged.is_empty());
        }
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        self.bounds.settle(&run.clocks, collector, |_, side, distance| match side {
            Side::Early => {
                format!("VALID UNTIL is {} before the lease's end; it must not be before it", seconds(-distance))
            }
            Side::Late => {
                format!("VALID UNTIL is {} after the lease's end; at most 5 s are allowed", seconds(distance))
            }
        });
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Roles, Observer::RoleRead]
    }

    fn without_samples(&self) -> &'static str {
        "no VALID UNTIL was read while the lease's end was known"
    }
}

fn moment(server: Cow<'static, str>, term: Term, wall: UnixMicros) -> WallMoment {
    WallMoment {
        server,
        wall,
        not_before: i128::from(term.earliest.0),
        not_after: i128::from(term.latest.0) + 5 * SECOND,
        reference: Micros(term.earliest.0.midpoint(term.latest.0)),
    }
}

/// A renewal that Vault refused may have moved VALID UNTIL before it failed.
fn after_refused_renewal(lifecycle: &Lifecycle, observation: ObservationTime) -> bool {
    let before = lifecycle.steps_of(Operation::Renew).filter(|step| step.start <= observation.to);
    before.last().is_some_and(|step| step.failure().is_some())
}
