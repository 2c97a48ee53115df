use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use leaseproof_domain::{
    Event, Finding, HeldSession, Micros, Observer, Operation, Outcome, SessionObservation, UnixMicros, Username,
};
use leaseproof_scenario::SessionFate;

use super::due;
use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};
use crate::words::span;

/// By then a query in a held session is recorded.
const ASKED: Duration = Duration::from_secs(2);

/// Open sessions fare as declared when their credential ends.
#[derive(Default)]
pub(super) struct SessionsAfterEnd {
    /// Sessions that the last observation showed, and whose they are.
    open: BTreeMap<(i32, UnixMicros), u32>,
    /// The beginning of the last observation that showed a session of the role, by OID.
    last_seen: BTreeMap<u32, Micros>,
    /// Credentials with a finding: one tells it all.
    found: BTreeSet<Username>,
    /// Credentials whose held session was judged.
    judged: BTreeSet<u64>,
    /// Credentials whose held session a fault may have ended.
    excused: BTreeSet<u64>,
}

impl Check for SessionsAfterEnd {
    fn see(&mut self, event: &Event, run: &Run<'_>, collector: &mut FindingCollector) {
        match event {
            Event::Sessions(observation) => self.observed(observation),
            Event::HeldSession(held) => self.held(held, run, collector),
            _ => {}
        }
    }

    /// Sessions that nobody held on purpose outlive a credential too.
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        self.expect_held(lifecycle, run, collector);
        let Some(oid) = lifecycle.oid else { return };
        let Some(seen) = self.last_seen.remove(&oid).filter(|_| fate(run) == Some(SessionFate::Die)) else { return };
        let Some(end) = end_of(lifecycle) else { return };
        if run.gone_by(end).is_some_and(|deadline| seen > deadline)
            && lifecycle.username.as_ref().is_some_and(|name| self.found.insert(name.clone()))
        {
            let after = span(seen.since(end));
            let what = format!(
                "a session of {} is still in pg_stat_activity {after} after its credential's end; it must be closed",
                lifecycle.name()
            );
            collector.find(Finding { promised: promised(run), ..lifecycle.finding(seen, what) });
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Sessions]
    }

    fn without_samples(&self) -> &'static str {
        "no held session ran a query after its credential's end"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["hold_session.share", "rate", "for"]
    }
}

impl SessionsAfterEnd {
    /// Expects a query in the session that the credential holds, once it is known how that fares.
    fn expect_held(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let (judged, excused) = (self.judged.remove(&lifecycle.number), self.excused.remove(&lifecycle.number));
        let ended = due::known_to_have_ended(lifecycle).filter(|_| due::holds_session(lifecycle, run) && !excused);
        let by = match fate(run) {
            Some(SessionFate::Survive) => ended,
            Some(SessionFate::Die) => ended.and_then(|at| run.gone_by(at)),
            None => None,
        };
        if by.is_some_and(|at| due::is_settled(lifecycle, at.after(ASKED), run)) {
            collector.expect_of("of the held sessions", judged);
        }
    }

    fn observed(&mut self, observation: &SessionObservation) {
        for gone in &observation.gone {
            self.open.remove(gone);
        }
        for session in &observation.appeared {
            self.open.insert((session.pid, session.started), session.oid);
        }
        for oid in self.open.values() {
            self.last_seen.insert(*oid, observation.from);
        }
    }

    fn held(&mut self, held: &HeldSession, run: &Run<'_>, collector: &mut FindingCollector) {
        let due = run.gone_by(held.since).is_some_and(|deadline| held.from > deadline);
        let Some(fate) = fate(run) else { return };
        let Some(is_open) = held.is_open() else {
            return collector.cannot_say("the state of a held session could not be observed");
        };
        let broken = match (fate, is_open) {
            // A fault may have ended it, whatever becomes of sessions otherwise.
            (SessionFate::Survive, false) if run.faults.begun_by(held.to) => {
                self.excused.insert(held.lifecycle);
                return;
            }
            // It may still be ended in time.
            (SessionFate::Die, true) if !due => return,
            (SessionFate::Survive, open) => !open,
            (SessionFate::Die, open) => open,
        };
        collector.sample();
        self.judged.insert(held.lifecycle);
        if broken && self.found.insert(held.username.clone()) {
            collector.find(finding(held, run));
        }
    }
}

fn finding(held: &HeldSession, run: &Run<'_>) -> Finding {
    let after = span(held.from.since(held.since));
    let group = held.set_role.as_ref().map_or_else(String::new, |group| format!(", as {group}"));
    let what = match (held.is_open(), &held.query) {
        (Some(false), Outcome::Failed(failure)) => {
            format!("was closed {after} after its credential's end, but must stay open: {failure}")
        }
        (Some(false), _) => format!("was closed {after} after its credential's end; it must stay open"),
        (_, Outcome::Ok) => format!("can still read{group} {after} after its credential's end; it must be closed"),
        (_, Outcome::Failed(failure)) => {
            format!("is still open {after} after its credential's end; it must be closed (its query fails: {failure})")
        }
        (_, Outcome::Indeterminate { .. } | Outcome::Harness { .. }) => {
            format!("is still in pg_stat_activity {after} after its credential's end; it must be closed")
        }
    };
    Finding {
        what: format!("the held session of {} {what}", held.username),
        lease: Some(held.lease.clone()),
        username: Some(held.username.clone()),
        oid: held.oid,
        at: Some(held.from),
        promised: promised(run),
        ..Finding::default()
    }
}

/// When the credential's end is certain: its revocation acknowledged, or its lease over.
fn end_of(lifecycle: &Lifecycle) -> Option<Micros> {
    let revoked = lifecycle.steps_of(Operation::Revoke).find(|step| step.is_ok()).map(|step| step.end);
    revoked.or_else(|| lifecycle.last_term().map(|term| term.latest))
}

fn fate(run: &Run<'_>) -> Option<SessionFate> {
    run.plan.promise.sessions_after_revoke.as_ref().map(|said| said.value)
}

fn promised(run: &Run<'_>) -> Option<leaseproof_domain::Origin> {
    run.plan.promise.sessions_after_revoke.as_ref().map(|said| said.origin.clone())
}
