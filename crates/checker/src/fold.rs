//! The state that all checks share: lifecycles, collected from the events.

mod actions;
mod before;
mod clocks;
mod dns;
mod faults;
mod flow;
mod groups;
mod harness;
mod life;
mod moment;
mod objects;
mod orphans;
mod revocation;
mod source;
mod tracks;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use leaseproof_domain::{
    ActionMark, End, Event, FaultMark, Header, LeaseId, LeaseSighting, Micros, Observer, Operation, OperationRecord,
    Outcome, PhaseMark, PhasePoint, PrivilegeSet, RoleRead, RoleSighting, Username, WatchGap,
};
use leaseproof_scenario::{Plan, RolePromise};

pub(crate) use actions::{Action, Actions, MET};
pub(crate) use before::{Before, LeftBefore};
pub(crate) use clocks::{Between, Clocks};
pub(crate) use dns::{Change, Dns};
pub(crate) use faults::{Fault, Faults};
pub(crate) use flow::{Flow, Slice, Waits};
pub(crate) use groups::Groups;
use harness::Harness;
use life::EarlyEnd;
pub(crate) use life::{EndedBy, Gone, Life, Look, Read, Step, Term};
use moment::moment;
pub(crate) use objects::Objects;
pub(crate) use orphans::{Issues, Orphan};
pub(crate) use revocation::Revocation;
use source::Source;
pub(crate) use tracks::Track;
use tracks::Tracks;

/// How long a life that has ended is kept for records that come late: observers write at their own pace.
const KEPT: Duration = Duration::from_secs(30);

/// Between which moments a phase's arrivals came.
#[derive(Clone, Copy, Default)]
pub(crate) struct Arrivals {
    pub(crate) begun: Option<Micros>,
    pub(crate) over: Option<Micros>,
}

/// A run as far as it was read.
pub(crate) struct Run<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) header: Option<Header>,
    pub(crate) end: Option<End>,
    pub(crate) clocks: Clocks,
    pub(crate) faults: Faults<'p>,
    pub(crate) actions: Actions<'p>,
    pub(crate) dns: Dns<'p>,
    /// Roles and leases from before the run.
    pub(crate) before: Before,
    /// Groups that appeared.
    pub(crate) groups: Groups,
    /// What failed on the harness's own side.
    pub(crate) harness: Harness,
    pub(crate) revocation: Revocation,
    pub(crate) flow: Flow<'p>,
    /// When each phase's first arrival was due, and when the last one had come.
    pub(crate) phases: BTreeMap<String, Arrivals>,
    /// Distinct sets of privileges, by their number.
    pub(crate) sets: BTreeMap<u32, PrivilegeSet>,
    /// The objects of each database.
    pub(crate) objects: Objects,
    /// The first gap of each observer.
    pub(crate) gaps: Vec<(Observer, String)>,
    /// The first server that was lost, in words.
    pub(crate) lost: Option<String>,
    /// The latest moment of any event.
    pub(crate) now: Micros,
    /// Whether Vault's leases were looked at.
    pub(crate) leases_looked_at: bool,
    listed: BTreeSet<LeaseId>,
    tracks: Tracks,
    lives: BTreeMap<u64, Life>,
    owners: BTreeMap<Username, u64>,
    lease_owners: BTreeMap<LeaseId, u64>,
    /// Acknowledged lives whose role no look has shown yet.
    awaited: BTreeSet<u64>,
    /// Lives that have ended, and until when they are kept.
    ended: VecDeque<(Micros, u64)>,
    issues: Issues,
    /// After the drain everything was looked at once; what is seen later is the harness cleaning up.
    settled: bool,
    names: BTreeSet<Rc<str>>,
    own_token_ended: bool,
    /// When each phase let no new step begin, at the latest.
    stops: BTreeMap<String, Micros>,
}

impl<'p> Run<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            header: None,
            end: None,
            clocks: Clocks::default(),
            faults: Faults::new(&plan.faults, &plan.actions),
            actions: Actions::new(&plan.actions),
            dns: Dns::new(plan.pdns.as_ref()),
            before: Before::default(),
            groups: Groups::new(plan),
            harness: Harness::default(),
            revocation: Revocation::default(),
            flow: Flow::new(plan),
            phases: BTreeMap::new(),
            sets: BTreeMap::new(),
            objects: Objects::default(),
            gaps: Vec::new(),
            lost: None,
            now: Micros(0),
            leases_looked_at: false,
            listed: BTreeSet::new(),
            tracks: Tracks::default(),
            lives: BTreeMap::new(),
            owners: BTreeMap::new(),
            lease_owners: BTreeMap::new(),
            awaited: BTreeSet::new(),
            ended: VecDeque::new(),
            issues: Issues::default(),
            settled: false,
            names: BTreeSet::new(),
            own_token_ended: false,
            stops: BTreeMap::new(),
        }
    }

    /// The latest look at all roles.
    pub(crate) fn last_look(&self) -> Option<Look> {
        self.tracks.last_look
    }

    /// How many roles appeared.
    pub(crate) fn roles_appeared(&self) -> u64 {
        self.tracks.appeared
    }

    /// What is promised of a Vault role.
    pub(crate) fn promise(&self, role: &str) -> Option<&'p RolePromise> {
        self.plan.roles.iter().find(|promise| promise.name == role)
    }

    /// Whether Vault listed the lease when it was last asked.
    pub(crate) fn is_listed(&self, lease: &LeaseId) -> bool {
        self.listed.contains(lease)
    }

    /// A life that is not judged yet, by its credential's name.
    pub(crate) fn life_of(&self, username: &Username) -> Option<&Life> {
        self.lives.get(self.owners.get(&*username.of_role())?)
    }

    /// A life that is not judged yet, by its lease.
    pub(crate) fn life_with(&self, lease: &LeaseId) -> Option<&Life> {
        self.lives.get(self.lease_owners.get(lease)?)
    }

    /// Whether a credential may be ending while roles and leases are looked at: they are not asked for at one moment, so
    /// that it may show as a role only, or as a lease only.
    pub(crate) fn may_be_ending(&self, life: &Life, look: Look) -> bool {
        match life.revocation() {
            Some(revoke) if revoke.is_indeterminate() || revoke.end >= look.from => return true,
            Some(revoke) if revoke.is_ok() => return false,
            _ => {}
        }
        let gone_by = |at: Micros| self.gone_by(at).is_none_or(|deadline| deadline >= look.from);
        life.last_term().is_none_or(|term| term.earliest <= look.to && gone_by(term.latest))
    }

    /// The moment by which a credential whose lease ended at `at` has to be gone: `dead_within` later, and where a fault
    /// is felt meanwhile, that long after it. None where such a fault was never healed.
    pub(crate) fn gone_by(&self, at: Micros) -> Option<Micros> {
        let grace = self.plan.promise.dead_within.as_ref().map(|promise| promise.value.duration()).unwrap_or_default();
        self.faults.deadline(at, grace, Operation::Revoke, Source::dead_within)
    }

    /// Whether the lease is that of a life that is not judged yet.
    pub(crate) fn is_owned(&self, lease: &LeaseId) -> bool {
        self.lease_owners.contains_key(lease)
    }

    /// Whether what was due in that span is not expected to be seen: a fault was felt meanwhile, or a phase overloaded the
    /// estate on purpose.
    pub(crate) fn is_excused(&self, from: Micros, to: Micros) -> bool {
        let overloads = self.plan.phases.iter().filter(|phase| phase.overload);
        let overloaded = overloads.into_iter().any(|phase| {
            let begun = self.phases.get(&phase.name).and_then(|arrivals| arrivals.begun);
            begun.is_some_and(|begun| begun <= to) && self.stops.get(&phase.name).is_none_or(|stop| from <= *stop)
        });
        overloaded || self.faults.felt_by_any(from, to)
    }

    /// Whether a phase ended in that span, after which lives begin no new step.
    pub(crate) fn stopped_within(&self, from: Micros, to: Micros) -> bool {
        self.stops.values().any(|stop| from <= *stop && *stop <= to)
    }

    /// How many issues have no answer.
    pub(crate) fn issues_unanswered(&self) -> u64 {
        self.issues.unanswered()
    }

    /// The event as the harness knows it: a refusal of its own token is its own failure.
    pub(crate) fn own<'e>(&self, event: &'e Event) -> Cow<'e, Event> {
        let Event::Operation(record) = event else { return Cow::Borrowed(event) };
        match self.harness.own_failure(record, self.plan) {
            Some(outcome) => Cow::Owned(Event::Operation(OperationRecord { outcome, ..record.clone() })),
            None => Cow::Borrowed(event),
        }
    }

    /// The event as it is judged: an operation that failed as a fault may make it fail says nothing of what became of
    /// it, as if no answer had come.
    pub(crate) fn excuse<'e>(&self, event: &'e Event) -> Cow<'e, Event> {
        let Event::Operation(record) = event else { return Cow::Borrowed(event) };
        match self.faults.excuse(record).or_else(|| self.after_its_early_end(record)) {
            Some(why) => Cow::Owned(Event::Operation(OperationRecord {
                outcome: Outcome::Indeterminate { why },
                ..record.clone()
            })),
            None => Cow::Borrowed(event),
        }
    }

    /// Why the failure of an operation of a credential is not judged that had ended early: Vault has ended its lease.
    fn after_its_early_end(&self, record: &OperationRecord) -> Option<String> {
        let failure = record.outcome.failure().filter(|_| record.op.expects_success())?;
        let life = self.ended_early(record)?;
        let (code, name) = (&failure.code, life.name());
        Some(match life.early_end?.of {
            EndedBy::Token => format!("{code} after the end of the token that {name} was issued under"),
            EndedBy::Action(number) => {
                let action = self.actions.get(number)?.words();
                format!("{code} after {action} ended {name}")
            }
        })
    }

    /// The life of an operation that ended after its credential's early end.
    pub(crate) fn ended_early(&self, record: &OperationRecord) -> Option<&Life> {
        self.lives.get(&record.life).filter(|life| life.outlived_its_early_end(record.end))
    }

    /// Takes an event in.
    pub(crate) fn fold(&mut self, event: &Event) {
        self.revocation.see(event);
        self.flow.see(event);
        match event {
            Event::Header(header) => {
                self.clocks.set_epoch(header.epoch);
                self.header = Some(header.clone());
            }
            Event::Clock(reading) => self.clocks.see(reading),
            Event::Objects { at, cluster, database, objects } => self.objects.see(*at, cluster, database, objects),
            Event::PrivilegeSet { id, set } => {
                self.sets.insert(*id, set.clone());
            }
            Event::Operation(record) => self.operation(record),
            Event::RoleRead(read) => self.role_read(read),
            Event::Roles(sighting) if !self.settled => self.sighting(sighting),
            Event::Leases(sighting) if !self.settled => self.leases(sighting),
            Event::Privileges(reading) => {
                self.tracks.privileges(reading);
                if let Some(set) = self.sets.get(&reading.set) {
                    self.groups.privileges(reading.oid, set);
                }
            }
            Event::Baseline(baseline) => self.before.baseline(&baseline.cluster, &baseline.roles),
            Event::LeasesBefore { leases, others, gone, .. } => {
                self.before.leases(leases, others.as_ref(), gone);
            }
            Event::Probe(probe) => {
                if let Some(life) = self.lives.get_mut(&probe.life) {
                    life.probes.push(probe.clone());
                }
            }
            Event::Phase(mark) => self.phase(mark),
            Event::Fault(mark) => self.fault(mark),
            Event::Action(mark) => self.action(mark),
            Event::Dns(event) => self.dns.see(event),
            Event::Sessions(sighting) => self.dns.sessions(sighting),
            Event::WatchGap(gap) => self.gap(gap),
            Event::Harness(trouble) if !self.settled && !self.faults.felt(trouble.from, trouble.to) => {
                self.harness.trouble(trouble, self.plan);
                self.end_own_token();
            }
            Event::ServerLost(lost) => {
                self.lost.get_or_insert_with(|| format!("{} ended by itself ({})", lost.server, lost.status));
            }
            Event::Residue { from, to, released: false, roles, leases, .. } => {
                let look = Look { from: *from, to: *to };
                self.tracks.whole_look(roles, look);
                self.groups.whole_look(roles);
                self.look_for_awaited(look);
                self.listed = leases.iter().cloned().collect();
                self.leases_looked_at = true;
                self.settled = true;
            }
            Event::Residue { released: true, roles, .. } => self.groups.whole_look(roles),
            Event::End(end) => self.end = Some(end.clone()),
            _ => {}
        }
        self.now = self.now.max(moment(event));
    }

    fn phase(&mut self, mark: &PhaseMark) {
        let arrivals = self.phases.entry(mark.phase.clone()).or_default();
        let planned = self.plan.phases.iter().find(|phase| phase.name == mark.phase);
        let stop = match mark.point {
            PhasePoint::Begins => {
                arrivals.begun = Some(mark.at);
                return;
            }
            PhasePoint::Drains => {
                arrivals.over = Some(mark.at);
                planned.map_or(mark.at, |phase| mark.at.after(phase.drain.duration()))
            }
            PhasePoint::Ends => mark.at,
        };
        let known = self.stops.entry(mark.phase.clone()).or_insert(stop);
        *known = stop.min(*known);
    }

    /// What a fault does to the credentials that stand is known to their lives.
    fn fault(&mut self, mark: &FaultMark) {
        self.faults.mark(mark);
        self.end_early();
    }

    /// What an action declares about the credentials that stand is known to their lives.
    fn action(&mut self, mark: &ActionMark) {
        self.actions.mark(mark, self.lives.values());
        self.faults.mark_action(mark);
        self.end_early();
    }

    /// Once the harness's own token has ended, each life knows.
    fn end_own_token(&mut self) {
        if !self.own_token_ended && self.harness.token_end().is_some() {
            self.own_token_ended = true;
            self.end_early();
        }
    }

    /// Each life knows of its early end: with its token, by a fault or with the harness's own, or by an action.
    fn end_early(&mut self) {
        let mut lives = std::mem::take(&mut self.lives);
        for life in lives.values_mut() {
            life.early_end = life.asked_for().and_then(|requested| self.early_end(&life.role, requested));
        }
        self.lives = lives;
    }

    /// The early end of a role's credential that was requested then.
    fn early_end(&self, role: &str, requested: Micros) -> Option<EarlyEnd> {
        let ends = [self.faults.token_end(requested), self.actions.early_end(role, requested)];
        let first = ends.into_iter().flatten().min_by_key(|end| end.from);
        first.or(self.harness.token_end())
    }

    /// The next life that has ended long enough ago, with what was seen of it.
    pub(crate) fn next_ended(&mut self) -> Option<Life> {
        loop {
            let (until, _) = *self.ended.front()?;
            if until >= self.now {
                return None;
            }
            let (_, number) = self.ended.pop_front()?;
            if let Some(life) = self.close(number) {
                return Some(life);
            }
        }
    }

    /// The next life of those that are left, in order of arrival.
    pub(crate) fn next_left(&mut self) -> Option<Life> {
        let (number, _) = self.lives.first_key_value()?;
        self.close(*number)
    }

    /// The roles that belong to no acknowledged issue; asked for once all lives were judged. An issue stands in the
    /// history only when it has ended: where that is not `complete`, one that was under way may have made a late role.
    pub(crate) fn unclaimed(&mut self, complete: bool) -> Vec<Orphan> {
        let last_look = self.last_look();
        let tracks = std::mem::take(&mut self.tracks);
        self.tracks.last_look = last_look;
        self.tracks.appeared = tracks.appeared;
        // Credentials of a live server's agent are no life's, and have a lease all the same. Groups are none at all.
        let others = |track: &Track| !self.dns.owns(&track.name) && !self.groups.is_shared(&track.name);
        let unclaimed = tracks.unclaimed().filter(others).collect();
        let mut orphans = self.issues.explain(unclaimed, last_look, self.dns.last_rendered());
        if !complete {
            let longest = self.plan.client.timeout.duration() + KEPT;
            for orphan in &mut orphans {
                orphan.explained |= orphan.appeared.to.after(longest) >= self.now;
            }
        }
        orphans
    }

    fn close(&mut self, number: u64) -> Option<Life> {
        let mut life = self.lives.remove(&number)?;
        self.awaited.remove(&number);
        if let Some(lease) = &life.lease {
            self.lease_owners.remove(lease);
        }
        if let Some(username) = &life.username {
            let role = username.of_role();
            self.owners.remove(&*role);
            life.track = self.tracks.take(&role);
            life.oid = life.oid.or(life.track.as_ref().map(|track| track.oid));
        }
        Some(life)
    }

    fn operation(&mut self, record: &OperationRecord) {
        if record.op == Operation::Issue {
            self.issues.see(record);
        }
        if !self.faults.felt_by(record.op, record.start, record.end) {
            self.harness.operation(record);
            self.end_own_token();
        }
        if record.life == 0 {
            return;
        }
        let endpoint = record.endpoint.as_deref().map(|text| self.intern(text));
        let (role, phase) = (self.intern(&record.role), self.intern(&record.phase));
        let is_issue = record.op == Operation::Issue;
        let early_end = is_issue.then(|| self.early_end(&record.role, record.start)).flatten();
        let life = self.lives.entry(record.life).or_insert_with(|| Life::new(role, phase));
        life.add(record, endpoint);
        if is_issue {
            life.early_end = early_end;
        }
        if record.op == Operation::Issue && !record.outcome.is_ok() {
            self.ended.push_back((self.now.after(KEPT), record.life));
        } else if record.op == Operation::Issue {
            self.groups.acknowledge();
            if let Some(username) = &record.username {
                let role = username.of_role();
                if !self.tracks.has_appeared(&role) {
                    self.awaited.insert(record.life);
                }
                self.owners.insert(role.into_owned(), record.life);
            }
            if let Some(lease) = &record.lease {
                self.lease_owners.insert(lease.clone(), record.life);
            }
        }
        if record.op == Operation::DeadLogin && matches!(record.outcome, Outcome::Failed(_)) {
            self.may_have_ended(record.life);
        }
    }

    /// A refused login after the end is a life's last step; its role may be gone already, or will be.
    fn may_have_ended(&mut self, number: u64) {
        let Some(life) = self.lives.get(&number) else { return };
        let track = life.username.as_ref().and_then(|name| self.tracks.named(&name.of_role()));
        let gone = match track {
            Some(track) if track.appeared.is_some() => track.gone.is_some(),
            _ => life.missed.is_some(),
        };
        if gone {
            self.ended.push_back((self.now.after(KEPT), number));
        }
    }

    /// Notes the first gap of each observer. Once all was looked at, only the logs have still to be read.
    fn gap(&mut self, gap: &WatchGap) {
        let expected = self.faults.felt(gap.from, gap.to);
        let counts = !expected && (!self.settled || gap.observer == Observer::Audit);
        if counts && self.gaps.iter().all(|(observer, _)| *observer != gap.observer) {
            self.gaps.push((gap.observer, gap.why.clone()));
        }
    }

    fn role_read(&mut self, read: &RoleRead) {
        if let Some(life) = self.lives.get_mut(&read.life) {
            life.oid = life.oid.or(read.role.as_ref().map(|role| role.oid));
            let seen = read.role.as_ref().map(|role| role.valid_until);
            life.reads.push(life::Read { look: Look { from: read.from, to: read.to }, seen });
        }
    }

    fn sighting(&mut self, sighting: &RoleSighting) {
        let gone: Vec<u64> = sighting.gone.iter().filter_map(|oid| self.owner_of(*oid)).collect();
        self.tracks.sighting(sighting);
        sighting.appeared.iter().for_each(|role| self.groups.appears(role));
        sighting.changed.iter().for_each(|role| self.groups.changes(role));
        sighting.gone.iter().for_each(|oid| self.groups.goes(*oid));
        self.look_for_awaited(Look { from: sighting.from, to: sighting.to });
        for number in gone {
            let refused = |life: &Life| life.steps_of(Operation::DeadLogin).any(|step| step.failure().is_some());
            if self.lives.get(&number).is_some_and(refused) {
                self.may_have_ended(number);
            }
        }
    }

    fn owner_of(&self, oid: u32) -> Option<u64> {
        self.owners.get(&self.tracks.get(oid)?.name).copied()
    }

    /// A look that began after an issue's answer has to show its role.
    fn look_for_awaited(&mut self, look: Look) {
        let mut awaited = std::mem::take(&mut self.awaited);
        awaited.retain(|number| {
            let Some(life) = self.lives.get_mut(number) else { return false };
            if life.username.as_ref().is_some_and(|name| self.tracks.has_appeared(&name.of_role())) {
                return false;
            }
            let due = life.acknowledged().is_some_and(|issue| issue.end < look.from);
            if due {
                life.missed = Some(look);
            }
            !due
        });
        self.awaited = awaited;
    }

    fn leases(&mut self, sighting: &LeaseSighting) {
        self.leases_looked_at = true;
        self.listed.extend(sighting.appeared.iter().cloned());
        for lease in &sighting.gone {
            self.listed.remove(lease);
            if let Some(life) = self.lease_owners.get(lease).and_then(|number| self.lives.get_mut(number)) {
                life.unlisted = Some(sighting.to);
            }
        }
    }

    fn intern(&mut self, text: &str) -> Rc<str> {
        if let Some(known) = self.names.get(text) {
            return Rc::clone(known);
        }
        let name: Rc<str> = Rc::from(text);
        self.names.insert(Rc::clone(&name));
        name
    }
}
