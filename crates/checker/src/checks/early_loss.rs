use std::time::Duration;

use leaseproof_domain::{Observer, Operation, Outcome};

use super::shown::expect_shown;
use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Life, Look, Run, Step};

/// PostgreSQL's `undefined_object`, as Vault's answer to a renewal tells it: `role "…" does not exist`.
const UNDEFINED_OBJECT: &str = "SQLSTATE 42704";

/// How long after its answer a role is looked at on behalf of its lifecycle.
const LOOKED: Duration = Duration::from_secs(1);

/// No acknowledged credential is lost before its end. That the role is gone is told by a look at pg_roles, or by
/// PostgreSQL's own words in Vault's answer to a renewal: between a failover and the lifecycle's end there may be no look.
pub(super) struct EarlyLoss;

impl Check for EarlyLoss {
    fn life(&mut self, life: &Life, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = life.acknowledged() else { return };
        expect_shown(life, run, collector);
        let told = life.steps_of(Operation::Renew).filter(|step| says_gone(step)).map(look_of);
        let told = told.filter(|look| life.in_force(*look));
        let own = life.reads.iter().find(|read| read.seen.is_none() && life.in_force(read.look)).map(|read| read.look);
        let gone = life.gone().map(|gone| gone.look).filter(|look| life.in_force(*look));
        if let Some(lost) = own.into_iter().chain(gone).chain(told).min_by_key(|look| look.from) {
            collector.sample();
            let what = format!(
                "{} is not in pg_roles {} after its issue's answer, although its lease is in force and it was not revoked",
                life.name(),
                crate::words::span(lost.from.since(issue.end)),
            );
            collector.find(life.finding(lost.from, what));
            collector.expect(true);
        } else {
            let seen = was_seen(life, run);
            if seen {
                collector.sample();
            }
            let looked = issue.end.after(LOOKED);
            if seen || !run.is_excused(issue.start, looked) && life.not_ended(looked) {
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

/// PostgreSQL looked at some moment between the request and its answer.
fn look_of(step: &Step) -> Look {
    Look { from: step.start, to: step.end }
}

/// Whether any look while it was in force showed the role.
fn was_seen(life: &Life, run: &Run<'_>) -> bool {
    let read = life.reads.iter().any(|read| read.seen.is_some() && life.in_force(read.look));
    let track = life.track.as_ref();
    let appeared = track.and_then(|track| track.appeared);
    let last = match life.gone() {
        Some(gone) => gone.seen_from,
        None => appeared.and(run.last_look()).map(|look| look.from),
    };
    let seen_at = |from| life.in_force(Look { from, to: from });
    read || appeared.is_some_and(|look| life.in_force(look)) || last.is_some_and(seen_at)
}
