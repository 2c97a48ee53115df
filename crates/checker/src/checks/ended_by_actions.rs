use std::time::Duration;

use leaseproof_domain::{Finding, Micros, Observer, Operation, Ttl};

use super::shown::SEEN;
use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Action, EndedBy, Lifecycle, Run};
use crate::words::span;

/// How long an ended credential may last where neither the action nor a promise says it.
const DEAD_WITHIN: Duration = Duration::from_secs(10);

/// Credentials that an action ends are gone, and their logins are rejected.
pub(super) struct EndedByActions;

impl Check for EndedByActions {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some((action, ended)) = ended_by(lifecycle, run) else { return };
        let promised = run.plan.promise.dead_within.as_ref().map(|promise| promise.value);
        let within = action.plan.dead_within.or(promised).map_or(DEAD_WITHIN, Ttl::duration);
        let Some(deadline) = run.faults.deadline(ended, within, Operation::Revoke, |_| None) else { return };
        let finding = |at: Micros, what: String| Finding {
            promised: Some(action.plan.step.origin.clone()),
            ..lifecycle.finding(at, what)
        };
        let within = Ttl::from_millis(u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
        let late = lifecycle.steps.iter().find(|step| is_login(step.op) && step.is_ok() && step.start > deadline);
        if let Some(login) = late {
            collector.sample();
            let after = span(login.start.since(ended));
            let what = format!(
                "a login of {} succeeded {after} after {} ended it; it must be rejected {within} later",
                lifecycle.name(),
                action.words()
            );
            collector.find(finding(login.start, what));
        }
        let appeared = lifecycle.track.as_ref().is_some_and(|track| track.appeared.is_some());
        let last_seen = match lifecycle.gone() {
            Some(gone) => gone.seen_from,
            None => run.last_observation().map(|observation| observation.from).filter(|_| appeared),
        };
        if let Some(seen) = last_seen.filter(|seen| *seen > deadline) {
            collector.sample();
            let after = span(seen.since(ended));
            let what = format!(
                "{} still exists {after} after {} ended it; it must be gone within {within}{}",
                lifecycle.name(),
                action.words(),
                lifecycle.why_not_revoked()
            );
            collector.find(finding(ended, what));
            collector.expect(true);
        } else if lifecycle.gone().is_some_and(|gone| gone.observation.to <= deadline.after(SEEN)) {
            collector.sample();
            collector.expect(true);
        } else if deadline < run.now && !run.is_excused(ended, deadline) {
            collector.expect(false);
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Roles]
    }

    fn without_samples(&self) -> &'static str {
        "no credential was live that an action ended"
    }
}

/// The action that ended a live credential, and when it had. None where the credential may have ended by itself, or may
/// have been issued too late for the action.
fn ended_by<'r, 'p>(lifecycle: &Lifecycle, run: &'r Run<'p>) -> Option<(&'r Action<'p>, Micros)> {
    lifecycle.acknowledged().filter(|_| !lifecycle.may_outlive_its_early_end())?;
    let end = lifecycle.early_end?;
    let EndedBy::Action(number) = end.of else { return None };
    let own_end = lifecycle.lease_end_without_early_end()?;
    let is_live = own_end.latest > end.from && lifecycle.revocation().is_none_or(|revoke| revoke.start >= end.from);
    let was_there = lifecycle.gone().is_none_or(|gone| gone.observation.to >= end.from);
    (is_live && was_there).then_some((run.actions.get(number)?, end.by?))
}

fn is_login(op: Operation) -> bool {
    matches!(op, Operation::Login | Operation::Relogin | Operation::DeadLogin)
}
