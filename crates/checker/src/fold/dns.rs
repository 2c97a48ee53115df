//! What was seen of a live DNS server.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use leaseproof_domain::{
    DnsAnswer, DnsEvent, DnsFigures, DnsQuery, LeaseId, Micros, Rendering, SessionObservation, UnixMicros, Username,
    ZoneOutcome, ZoneWrite,
};
use leaseproof_scenario::PdnsPlan;

use super::{Fault, Faults, Run};
use crate::spans::without;
use crate::timeouts::waited;
use crate::times::Times;

/// Questions, changes and renderings of a run, put together; empty where the plan has no DNS server.
pub(crate) struct Dns<'p> {
    plan: Option<&'p PdnsPlan>,
    pub(crate) changes: Vec<Change>,
    /// Beginnings and ends of the questions that were answered as promised.
    pub(crate) answered: Vec<(Micros, Micros)>,
    /// The other questions.
    pub(crate) others: Vec<DnsQuery>,
    pub(crate) writes: Vec<ZoneWrite>,
    response: Times,
    /// The end of the last question: what came later is the harness taking the server away.
    last: Micros,
    /// Users of the sessions that stand, by process id and beginning. A dropped role's name is kept.
    sessions: BTreeMap<(i32, UnixMicros), Option<Username>>,
}

/// A rendering and what followed it.
pub(crate) struct Change {
    pub(crate) rendering: Rendering,
    /// Until when it may be impact.
    pub(crate) until: Micros,
    /// Whether an observation since showed a session of its user.
    pub(crate) taken: bool,
    /// The users rendered before that still had sessions in the first observation after `until`; none before that observation.
    pub(crate) lingering: Option<BTreeSet<Username>>,
}

impl<'p> Dns<'p> {
    pub(super) fn new(plan: Option<&'p PdnsPlan>) -> Self {
        Self {
            plan,
            changes: Vec::new(),
            answered: Vec::new(),
            others: Vec::new(),
            writes: Vec::new(),
            response: Times::default(),
            last: Micros(0),
            sessions: BTreeMap::new(),
        }
    }

    pub(super) fn see(&mut self, event: &DnsEvent) {
        let Some(plan) = self.plan else { return };
        match event {
            DnsEvent::Query(query) => self.query(query, &plan.answers.value),
            DnsEvent::Write(write) => self.writes.push(write.clone()),
            DnsEvent::Rendered(rendering) => self.changes.push(Change {
                until: rendering.to.after(plan.cycle_within.value.duration()),
                rendering: rendering.clone(),
                taken: false,
                lingering: None,
            }),
            DnsEvent::Policy(_) => {}
        }
    }

    fn query(&mut self, query: &DnsQuery, promised: &str) {
        self.last = self.last.max(query.end);
        if matches!(&query.answer, DnsAnswer::Code { rcode, .. } if rcode == promised) {
            self.answered.push((query.start, query.end));
        } else {
            self.others.push(query.clone());
        }
        match (&query.answer, self.plan) {
            (DnsAnswer::None { .. }, Some(plan)) => {
                self.response.record_at_least(waited(query.intended, query.end, plan.timeout.duration()));
            }
            _ => self.response.record(query.end.0.saturating_sub(query.intended.0)),
        }
    }

    pub(super) fn sessions(&mut self, observation: &SessionObservation) {
        if self.plan.is_none() {
            return;
        }
        for session in &observation.appeared {
            let known = self.sessions.entry((session.pid, session.started)).or_default();
            *known = session.name.clone().or(known.take());
        }
        for gone in &observation.gone {
            self.sessions.remove(gone);
        }
        let users: BTreeSet<&Username> = self.sessions.values().flatten().collect();
        let mut before: BTreeSet<Username> = BTreeSet::new();
        for change in &mut self.changes {
            change.taken |= observation.to >= change.rendering.from && users.contains(&change.rendering.username);
            if change.lingering.is_none() && observation.from >= change.until {
                change.lingering = Some(before.iter().filter(|user| users.contains(user)).cloned().collect());
            }
            before.insert(change.rendering.username.clone());
        }
    }

    /// Whether a rendering may be impact at some moment of the span.
    pub(crate) fn in_window(&self, from: Micros, to: Micros) -> bool {
        self.changes.iter().any(|change| change.rendering.from <= to && from <= change.until)
    }

    /// Whether the rendering that is impact at that moment may be missing: it is recorded a moment after it was made, and a history
    /// that breaks off may lack it.
    pub(crate) fn may_be_in_unrecorded_window(&self, at: Micros, run: &Run<'_>, complete: bool) -> bool {
        !complete && at.after(REPORTED) >= run.now
    }

    /// How much of a span lies outside the windows after renderings and outside fault windows.
    pub(crate) fn seconds_outside(&self, from: Micros, to: Micros, faults: &Faults<'_>) -> f64 {
        let renderings = self.changes.iter().map(|change| (change.rendering.from, change.until));
        let outside = without((from, to), renderings.chain(faults.struck().filter_map(Fault::span)));
        outside.into_iter().map(|(from, to)| to.since(from).as_secs_f64()).sum()
    }

    /// Whether the credential is one that a configuration was rendered with.
    pub(crate) fn owns(&self, username: &Username) -> bool {
        self.changes.iter().any(|change| change.rendering.username == *username)
    }

    /// The leases of such a credential.
    pub(crate) fn leases_of(&self, username: &Username) -> impl Iterator<Item = &LeaseId> {
        let of = move |change: &&Change| change.rendering.username == *username;
        self.changes.iter().filter(of).filter_map(|change| change.rendering.lease.as_ref())
    }

    /// When the last configuration was rendered: the agent's next issue came after that, and is not reported unless it led to
    /// another one.
    pub(crate) fn last_rendered(&self) -> Option<Micros> {
        self.changes.last().map(|change| change.rendering.from)
    }

    /// Whether the lease is that of such a credential.
    pub(crate) fn owns_lease(&self, lease: &LeaseId) -> bool {
        self.changes.iter().any(|change| change.rendering.lease.as_ref() == Some(lease))
    }

    /// The changes whose time, and an observation after it, were over before the next one and before the questions ended.
    pub(crate) fn settled(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().enumerate().filter_map(|(place, change)| {
            let next =
                self.changes.get(place + 1).is_none_or(|next| next.rendering.from > change.until.after(OBSERVATIONS));
            (next && change.until.after(OBSERVATIONS) <= self.last).then_some(change)
        })
    }

    /// The figures; none where the plan has no DNS server.
    pub(crate) fn figures(&self) -> Option<DnsFigures> {
        self.plan?;
        let (mut inside, mut outside) = (BTreeMap::new(), BTreeMap::new());
        for query in &self.others {
            let place = if self.in_window(query.start, query.end) { &mut inside } else { &mut outside };
            *place.entry(query.answer.to_string()).or_default() += 1;
        }
        let mut impact = Times::default();
        for change in self.changes.iter().skip(1) {
            let in_window = |query: &&DnsQuery| query.end >= change.rendering.from && query.start <= change.until;
            let Some(last) = self.others.iter().filter(in_window).max_by_key(|query| query.end) else { continue };
            let lasted = last.end.0.saturating_sub(change.rendering.to.0);
            let over = self.answered.iter().any(|(start, end)| *start >= last.start && *end <= change.until);
            // Where no later question was answered in that time, it went on.
            if over { impact.record(lasted) } else { impact.record_at_least(lasted) }
        }
        let written = |write: &&ZoneWrite| write.outcome == ZoneOutcome::Done && write.shown == Some(true);
        Some(DnsFigures {
            queries: (self.answered.len() + self.others.len()) as u64,
            answered: self.answered.len() as u64,
            inside: inside.into_iter().collect(),
            outside: outside.into_iter().collect(),
            response: self.response.summary(),
            renderings: self.changes.len() as u64,
            switches: self.changes.iter().skip(1).filter(|change| change.taken).count() as u64,
            impact: impact.summary(),
            writes: self.writes.iter().filter(written).count() as u64,
        })
    }
}

/// A rendering is reported by then.
const REPORTED: Duration = Duration::from_secs(1);

/// By then an observation of the sessions was made, which is every half second: a change whose time another one cuts short before
/// that is not judged.
const OBSERVATIONS: Duration = Duration::from_millis(1_500);
