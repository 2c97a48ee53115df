use std::collections::BTreeSet;

use leaseproof_domain::{Event, FLOOD_ACCOUNT, Finding, Micros, Observer, Operation, SessionSeen, UnixMicros};

use super::due;
use super::shown::SEEN;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};

/// Every session of credentials and of Vault itself is encrypted.
#[derive(Default)]
pub(super) struct Encryption {
    /// Credentials' sessions that were judged and are open: one that loses its role's name is reported again.
    open: BTreeSet<(i32, UnixMicros)>,
    /// Credentials' sessions of which it was not to be seen.
    unseen: BTreeSet<(i32, UnixMicros)>,
    /// Roles of which a session was judged, by OID.
    judged: BTreeSet<u32>,
    saw_credential: bool,
    saw_vault: bool,
}

impl Check for Encryption {
    fn see(&mut self, event: &Event, run: &Run<'_>, collector: &mut FindingCollector) {
        let Event::Sessions(observation) = event else { return };
        let own = |session: &&SessionSeen| session.name.as_ref().is_some_and(|name| name.as_str() == FLOOD_ACCOUNT);
        for session in observation.appeared.iter().filter(|session| !own(session)) {
            if session.encrypted.is_none() {
                self.unseen.insert((session.pid, session.started));
                continue;
            }
            self.unseen.remove(&(session.pid, session.started));
            collector.expect(true);
            if self.open.insert((session.pid, session.started)) {
                self.saw_credential = true;
                self.judged.insert(session.oid);
                judge(session, observation.from, run, collector);
            }
        }
        for session in observation.accounts.iter().filter(|session| session.encrypted.is_some()) {
            self.saw_vault = true;
            judge(session, observation.from, run, collector);
        }
        for gone in &observation.gone {
            self.open.remove(gone);
        }
    }

    /// A session that is held open stands through several observations.
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let judged = lifecycle.oid.is_some_and(|oid| self.judged.remove(&oid));
        let held = lifecycle.steps_of(Operation::Login).find(|step| step.is_ok()).map(|login| login.end.after(SEEN));
        let stands = |at: Micros| due::is_settled(lifecycle, at, run) && lifecycle.not_ended(at);
        if due::holds_session(lifecycle, run) && held.is_some_and(stands) {
            collector.expect_of("of the held sessions", judged);
        }
    }

    fn observers(&self) -> &'static [Observer] {
        &[Observer::Sessions]
    }

    fn end(&mut self, _: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        collector.expect_many("", self.unseen.len() as u64, 0);
        if !self.saw_vault {
            collector.cannot_say("no session of Vault's own accounts was observed");
        }
        if !self.saw_credential {
            collector.cannot_say("no session of a credential was observed");
        }
    }

    fn without_samples(&self) -> &'static str {
        "the encryption of no session could be read"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}

fn judge(session: &SessionSeen, at: Micros, run: &Run<'_>, collector: &mut FindingCollector) {
    collector.sample();
    if session.encrypted == Some(false) {
        collector.find(finding(session, at, run));
    }
}

fn finding(session: &SessionSeen, at: Micros, run: &Run<'_>) -> Finding {
    let name =
        session.name.as_ref().map_or_else(|| format!("a dropped role (OID {})", session.oid), ToString::to_string);
    let program = if session.application.is_empty() { String::new() } else { format!(" ({})", session.application) };
    Finding {
        what: format!("a session of {name}{program} is not encrypted"),
        username: session.name.clone(),
        lease: session
            .name
            .as_ref()
            .and_then(|name| run.lifecycle_of(name))
            .and_then(|lifecycle| lifecycle.lease.clone()),
        oid: Some(session.oid),
        at: Some(at),
        ..Finding::default()
    }
}
