use std::time::Duration;

use leaseproof_domain::{Observer, Operation, Outcome};

use super::shown::expect_shown;
use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, ObservationTime, Run, Step};

/// PostgreSQL's `undefined_object`, as Vault's answer to a renewal tells it: `role "…" does not exist`.
const UNDEFINED_OBJECT: &str = "SQLSTATE 42704";

/// How long after its answer a role is observed on behalf of its lifecycle.
const OBSERVED: Duration = Duration::from_secs(1);

/// No acknowledged credential is lost before its end. That the role is gone is reported by an observation of pg_roles, or by
/// PostgreSQL's own words in Vault's answer to a renewal: between a failover and the lifecycle's end there may be no observation.
pub(super) struct EarlyLoss;

impl Check for EarlyLoss {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = lifecycle.acknowledged() else { return };
        expect_shown(lifecycle, run, collector);
        let reported = lifecycle.steps_of(Operation::Renew).filter(|step| says_gone(step)).map(observation_of);
        let reported = reported.filter(|observation| lifecycle.in_force(*observation));
        let own = lifecycle
            .reads
            .iter()
            .find(|read| read.seen.is_none() && lifecycle.in_force(read.observation))
            .map(|read| read.observation);
        let gone = lifecycle.gone().map(|gone| gone.observation).filter(|observation| lifecycle.in_force(*observation));
        if let Some(lost) = own.into_iter().chain(gone).chain(reported).min_by_key(|observation| observation.from) {
            collector.sample();
            let what = format!(
                "{} is not in pg_roles {} after its issue's answer, although its lease is in force and it was not revoked",
                lifecycle.name(),
                crate::words::span(lost.from.since(issue.end)),
            );
            collector.find(lifecycle.finding(lost.from, what));
            collector.expect(true);
        } else {
            let seen = was_seen(lifecycle, run);
            if seen {
                collector.sample();
            }
            let observed = issue.end.after(OBSERVED);
            if seen || !run.is_excused(issue.start, observed) && lifecycle.not_ended(observed) {
                collector.expect(seen);
            }
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Roles]
    }

    fn without_samples(&self) -> &'static str {
        "no credential was observed between its issue's answer and its end"
    }
}

/// Whether PostgreSQL answered that the renewal's role does not exist.
fn says_gone(renewal: &Step) -> bool {
    matches!(&renewal.outcome, Outcome::Failed(failure) if failure.message.contains(UNDEFINED_OBJECT))
}

/// PostgreSQL observed some moment between the request and its answer.
fn observation_of(step: &Step) -> ObservationTime {
    ObservationTime { from: step.start, to: step.end }
}

/// Whether any observation while it was in force showed the role.
fn was_seen(lifecycle: &Lifecycle, run: &Run<'_>) -> bool {
    let read = lifecycle.reads.iter().any(|read| read.seen.is_some() && lifecycle.in_force(read.observation));
    let track = lifecycle.track.as_ref();
    let appeared = track.and_then(|track| track.appeared);
    let last = match lifecycle.gone() {
        Some(gone) => gone.seen_from,
        None => appeared.and(run.last_observation()).map(|observation| observation.from),
    };
    let seen_at = |from| lifecycle.in_force(ObservationTime { from, to: from });
    read || appeared.is_some_and(|observation| lifecycle.in_force(observation)) || last.is_some_and(seen_at)
}
