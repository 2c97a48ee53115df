//! What a credential was due to do: it follows from the plan and from what was done with it before.

use std::time::Duration;

use leaseproof_domain::{Micros, Operation};
use leaseproof_scenario::PlannedArrival;

use super::endpoints::{Endpoints, UNNAMED};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run, Step};

/// By then a step that follows another one at once is recorded.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How long after its end an expired credential is first tried.
const TRIED_AFTER: Duration = Duration::from_secs(1);
/// From this share of the lease on a lifecycle's credentials are revoked: before that they log in once more.
const REVOKED_FROM: f64 = 0.2;

/// Expects the credential's records of an operation if they were due. What was done without being due, e.g. in a fault
/// window, makes up for nothing.
pub(super) fn expect(op: Operation, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
    if is_due(op, lifecycle, run) {
        collector.expect_of(part(op), lifecycle.steps_of(op).next().is_some());
    }
}

pub(super) const fn part(op: Operation) -> &'static str {
    match op {
        Operation::Issue => "of the issues",
        Operation::Login => "of the credentials that log in",
        Operation::Relogin => "of the credentials that log in again",
        Operation::Renew => "of the credentials that renew",
        Operation::Revoke => "of the credentials that are revoked",
        Operation::DeadLogin => "of the credentials that are tried after their end",
        Operation::Refused => "of the credentials that are tried with a wrong password",
    }
}

/// Takes in at which endpoints a credential logged in that was due to.
pub(super) fn see_endpoints(op: Operation, lifecycle: &Lifecycle, run: &Run<'_>, endpoints: &mut Endpoints) {
    if is_due(op, lifecycle, run) {
        endpoints
            .see(lifecycle, lifecycle.steps_of(op).map(|step| (step.endpoint.as_deref().unwrap_or(UNNAMED), true)));
    }
}

/// Whether it is certain that the credential had to do it: its issue was acknowledged, nothing stopped or excused it.
pub(super) fn is_due(op: Operation, lifecycle: &Lifecycle, run: &Run<'_>) -> bool {
    let Some(issue) = lifecycle.acknowledged() else { return false };
    match op {
        Operation::Issue => false,
        Operation::Login => arrival(lifecycle, run).is_some() && is_settled(lifecycle, issue.end.after(AT_ONCE), run),
        Operation::Relogin => logs_in_again(lifecycle, issue, run),
        Operation::Renew => renews(lifecycle, issue, run),
        Operation::Revoke => is_revoked(lifecycle, run),
        Operation::DeadLogin => is_tried_after_its_end(lifecycle, run),
        Operation::Refused => is_probed(lifecycle, run),
    }
}

/// The arrival that the credential began as; none if the plan has another one of its number.
pub(super) fn arrival<'p>(lifecycle: &Lifecycle, run: &Run<'p>) -> Option<PlannedArrival<'p>> {
    let arrival = run.planned.arrival(lifecycle.number)?;
    let same = lifecycle.name.as_deref() == Some(&*arrival.lifecycle.name) && *lifecycle.phase == *arrival.phase.name;
    same.then_some(arrival)
}

/// Whether a moment of the credential has passed, and no fault, no end of its phase and it did not end early.
pub(super) fn is_settled(lifecycle: &Lifecycle, at: Micros, run: &Run<'_>) -> bool {
    let begun = lifecycle.asked_for().unwrap_or_default();
    at < run.now
        && !run.stopped_within(begun, at)
        && !run.is_excused(begun, at)
        && !lifecycle.outlived_its_early_end(at)
}

/// When the credential had logged in at first, and had tried its privileges.
fn used_by(lifecycle: &Lifecycle, issue: &Step) -> Micros {
    let logins = lifecycle.steps.iter().filter(|step| matches!(step.op, Operation::Login | Operation::Refused));
    let probes = lifecycle.probes.iter().map(|probe| probe.to);
    logins.map(|step| step.end).chain(probes).max().unwrap_or(issue.end)
}

/// Its lease is shortened at once after its first use; otherwise a share of the lifecycle's credentials renews later.
fn renews(lifecycle: &Lifecycle, issue: &Step, run: &Run<'_>) -> bool {
    let Some(PlannedArrival { lifecycle: plan, choices, .. }) = arrival(lifecycle, run) else { return false };
    let at = if plan.lease.is_some() {
        Some(used_by(lifecycle, issue))
    } else {
        let renewal = plan.renew.filter(|renewal| choices.renews(renewal.share));
        renewal.zip(issue.lease_seconds).map(|(renewal, seconds)| {
            issue.end.after(Duration::from_secs(seconds).mul_f64(renewal.at)).max(used_by(lifecycle, issue))
        })
    };
    at.is_some_and(|at| is_settled(lifecycle, at.after(AT_ONCE), run))
}

fn is_revoked(lifecycle: &Lifecycle, run: &Run<'_>) -> bool {
    let chosen = arrival(lifecycle, run).is_some_and(|arrival| arrival.choices.revoked(arrival.lifecycle.revoke));
    chosen && lifecycle.last_term().is_some_and(|term| is_settled(lifecycle, term.latest.after(AT_ONCE), run))
}

/// An acknowledged revocation is followed by a login at once, and an end by one a second later; a credential whose
/// revocation was rejected is not tried.
fn is_tried_after_its_end(lifecycle: &Lifecycle, run: &Run<'_>) -> bool {
    let revoked = lifecycle.revocation().filter(|step| step.is_ok());
    if let Some(revoked) = revoked {
        return !run.stopped_within(revoked.start, revoked.end)
            && !run.is_excused(revoked.start, revoked.end.after(AT_ONCE));
    }
    let (None, Some(issue)) = (lifecycle.steps_of(Operation::Revoke).next(), lifecycle.acknowledged()) else {
        return false;
    };
    let tried_by = lifecycle.last_term().map(|term| term.latest.after(TRIED_AFTER).after(AT_ONCE));
    tried_by.is_some_and(|at| {
        at < run.now
            && !lifecycle.outlived_its_early_end(at)
            && !run.stopped_within(issue.start, at)
            && !run.is_excused(issue.start, at)
    })
}

/// Whether it tries its role's privileges, which begins with a wrong password.
pub(super) fn is_probed(lifecycle: &Lifecycle, run: &Run<'_>) -> bool {
    let planned = arrival(lifecycle, run).is_some_and(|arrival| arrival.probed);
    let used = lifecycle.acknowledged().map(|issue| used_by(lifecycle, issue));
    planned && used.is_some_and(|used| is_settled(lifecycle, used.after(AT_ONCE), run))
}

/// Whether the plan lets it hold a session open beyond its end.
pub(super) fn holds_session(lifecycle: &Lifecycle, run: &Run<'_>) -> bool {
    let holds = |arrival: PlannedArrival<'_>| {
        arrival.lifecycle.hold_session.as_ref().is_some_and(|kept| arrival.choices.keeps(kept.share))
    };
    arrival(lifecycle, run).is_some_and(holds)
}

/// When the harness knew that the credential had ended: its revocation was acknowledged, or a login after its end was
/// rejected and its role was gone.
pub(super) fn known_to_have_ended(lifecycle: &Lifecycle) -> Option<Micros> {
    let tried = lifecycle.steps_of(Operation::DeadLogin).map(|step| step.end).max();
    if let Some(revoked) = lifecycle.revocation().filter(|step| step.is_ok()) {
        return Some(tried.unwrap_or(revoked.end).max(revoked.end));
    }
    let gone = lifecycle.reads.iter().filter(|read| read.seen.is_none()).map(|read| read.observation.to).max();
    tried.zip(gone).map(|(tried, gone)| tried.max(gone))
}

/// Whether the credential was in force long enough to log in once more, as those of a lifecycle do before they end.
fn logs_in_again(lifecycle: &Lifecycle, issue: &Step, run: &Run<'_>) -> bool {
    let is_grant = |step: &&Step| matches!(step.op, Operation::Issue | Operation::Renew);
    let Some(last) = lifecycle.steps.iter().rfind(is_grant).filter(|step| step.is_ok()) else { return false };
    let Some(seconds) = last.lease_seconds else { return false };
    let ended = match lifecycle.revocation() {
        Some(revocation) => revocation.start,
        None => last.start.after(Duration::from_secs(seconds)),
    };
    let due = last.end.after(Duration::from_secs(seconds).mul_f64(REVOKED_FROM));
    run.plan.lifecycles.iter().any(|plan| *plan.role == *lifecycle.role)
        && ended >= due
        && ended < run.now
        && !lifecycle.outlived_its_early_end(ended)
        && !run.stopped_within(issue.start, ended)
        && !run.is_excused(issue.start, ended)
}
