//! What each event changes of what is known of a run.

use std::rc::Rc;

use leaseproof_domain::{
    ActionMark, Event, FaultMark, LeaseObservation, Micros, Observer, Operation, OperationRecord, Outcome, PhaseMark,
    PhasePoint, RoleObservation, RoleRead, Username, WatchGap,
};

use super::lifecycle::{EarlyEnd, Read};
use super::moment::moment;
use super::{KEPT, Lifecycle, ObservationTime, Run};

impl Run<'_> {
    /// Takes an event in.
    pub(crate) fn fold(&mut self, event: &Event) {
        self.revocation.see(event);
        self.flow.see(event);
        self.observations.see(event);
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
            Event::Roles(observation) if !self.settled => self.observation(observation),
            Event::Leases(observation) if !self.settled => self.leases(observation),
            Event::Privileges(reading) if self.keeps_roles => {
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
                if let Some(lifecycle) = self.lifecycles.get_mut(&probe.lifecycle) {
                    lifecycle.probes.push(probe.clone());
                }
            }
            Event::Phase(mark) => self.phase(mark),
            Event::Fault(mark) => self.fault(mark),
            Event::Action(mark) => self.action(mark),
            Event::Dns(event) => self.dns.see(event),
            Event::Sessions(observation) => self.dns.sessions(observation),
            Event::WatchGap(gap) => self.gap(gap),
            Event::Harness(trouble) if !self.settled && !self.faults.in_window(trouble.from, trouble.to) => {
                self.harness.trouble(trouble, self.plan);
                self.end_own_token();
            }
            Event::FailedRevocation(failed) => self.not_revoked(&failed.lease, &failed.why),
            Event::Irrevocable(observation) => {
                observation.appeared.iter().for_each(|(lease, why)| self.not_revoked(lease, why));
            }
            Event::ServerLost(lost) => {
                self.lost.get_or_insert_with(|| format!("{} ended by itself ({})", lost.server, lost.status));
            }
            Event::Residue { from, to, released: false, roles, leases, .. } => {
                let observation = ObservationTime { from: *from, to: *to };
                if self.keeps_roles {
                    self.tracks.whole_observation(roles, observation);
                    self.groups.whole_observation(roles);
                    self.find_awaited(observation);
                } else {
                    self.tracks.last_observation = Some(observation);
                }
                self.listed = leases.iter().cloned().collect();
                self.leases_observed = true;
                self.settled = true;
            }
            Event::Residue { released: true, roles, .. } => self.groups.whole_observation(roles),
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

    /// What a fault does to the credentials that stand is known to their lifecycles.
    fn fault(&mut self, mark: &FaultMark) {
        self.faults.mark(mark);
        self.end_early();
    }

    /// What an action declares about the credentials that stand is known to their lifecycles.
    fn action(&mut self, mark: &ActionMark) {
        if let Some(end) = &mark.end {
            self.harness.outcome(&end.outcome, mark.at);
        }
        self.actions.mark(mark, self.lifecycles.values());
        self.faults.mark_action(mark);
        self.end_early();
    }

    /// Once the harness's own token has ended, each lifecycle knows.
    fn end_own_token(&mut self) {
        if !self.own_token_ended && self.harness.token_end().is_some() {
            self.own_token_ended = true;
            self.end_early();
        }
    }

    /// Each lifecycle knows of its early end: with its token, by a fault or with the harness's own, or by an action.
    fn end_early(&mut self) {
        let mut lifecycles = std::mem::take(&mut self.lifecycles);
        for lifecycle in lifecycles.values_mut() {
            lifecycle.early_end =
                lifecycle.asked_for().and_then(|requested| self.early_end(&lifecycle.role, requested));
        }
        self.lifecycles = lifecycles;
    }

    /// The early end of a role's credential that was requested then.
    fn early_end(&self, role: &str, requested: Micros) -> Option<EarlyEnd> {
        let ends = [self.faults.token_end(requested), self.actions.early_end(role, requested)];
        let first = ends.into_iter().flatten().min_by_key(|end| end.from);
        first.or(self.harness.token_end())
    }

    fn operation(&mut self, record: &OperationRecord) {
        if record.op == Operation::Issue {
            self.issues.see(record);
        }
        if !self.faults.in_window_of(record.op, record.start, record.end) {
            self.harness.operation(record);
            self.end_own_token();
        }
        if record.lifecycle == 0 {
            return;
        }
        let endpoint = record.endpoint.as_deref().map(|text| self.intern(text));
        let (role, phase) = (self.intern(&record.role), self.intern(&record.phase));
        let is_issue = record.op == Operation::Issue;
        let early_end = is_issue.then(|| self.early_end(&record.role, record.start)).flatten();
        let lifecycle =
            self.lifecycles.entry(record.lifecycle).or_insert_with(|| Lifecycle::new(record.lifecycle, role, phase));
        lifecycle.add(record, endpoint);
        if is_issue {
            lifecycle.early_end = early_end;
        }
        if record.op == Operation::Issue && !record.outcome.is_ok() {
            self.has_ended(record.lifecycle);
        } else if record.op == Operation::Issue {
            let role = record.username.as_ref().map(Username::of_role);
            self.groups.acknowledge(role.as_deref());
            if let Some(role) = role {
                if self.keeps_roles && !self.tracks.has_appeared(&role) {
                    self.awaited.insert(record.lifecycle);
                }
                self.owners.insert(role.into_owned(), record.lifecycle);
            }
            if let Some(lease) = &record.lease {
                self.lease_owners.insert(lease.clone(), record.lifecycle);
            }
        }
        if record.op == Operation::DeadLogin && matches!(record.outcome, Outcome::Failed(_)) {
            self.may_have_ended(record.lifecycle);
        }
    }

    /// A refused login after the end is a lifecycle's last step; its role may be gone already, or will be.
    fn may_have_ended(&mut self, number: u64) {
        let Some(lifecycle) = self.lifecycles.get(&number) else { return };
        let track = lifecycle.username.as_ref().and_then(|name| self.tracks.named(&name.of_role()));
        let gone = match track {
            Some(track) if track.appeared.is_some() => track.gone.is_some(),
            _ => lifecycle.missed.is_some(),
        };
        if gone {
            self.has_ended(number);
        }
    }

    /// A lifecycle has ended; what is kept without roles ends with what is kept of its cluster.
    fn has_ended(&mut self, number: u64) {
        if self.keeps_roles {
            self.ended.push_back((self.now.after(KEPT), number));
        }
    }

    /// Notes the first gap of each observer. Once all was observed, only the logs have still to be read.
    fn gap(&mut self, gap: &WatchGap) {
        let expected = self.faults.in_window(gap.from, gap.to);
        let counts = !expected && (!self.settled || gap.observer == Observer::Audit);
        if counts && self.gaps.iter().all(|(observer, _)| *observer != gap.observer) {
            self.gaps.push((gap.observer, gap.why.clone()));
        }
    }

    fn role_read(&mut self, read: &RoleRead) {
        if let Some(lifecycle) = self.lifecycles.get_mut(&read.lifecycle) {
            lifecycle.oid = lifecycle.oid.or(read.role.as_ref().map(|role| role.oid));
            let seen = read.role.as_ref().map(|role| role.valid_until);
            lifecycle.reads.push(Read { observation: ObservationTime { from: read.from, to: read.to }, seen });
        }
    }

    fn observation(&mut self, observation: &RoleObservation) {
        if !self.keeps_roles {
            self.tracks.last_observation = Some(ObservationTime { from: observation.from, to: observation.to });
            return;
        }
        let gone: Vec<u64> = observation.gone.iter().filter_map(|oid| self.owner_of(*oid)).collect();
        self.tracks.observation(observation);
        // A name has few beginnings.
        let is_of_one = |name: &Username| {
            let mut ends = name.as_str().char_indices().map(|(end, _)| end).skip(1);
            ends.any(|end| self.owners.contains_key(&Username::new(&name.as_str()[..end])))
        };
        observation.appeared.iter().for_each(|role| self.groups.appears(role, is_of_one));
        observation.changed.iter().for_each(|role| self.groups.changes(role));
        observation.gone.iter().for_each(|oid| self.groups.goes(*oid));
        self.find_awaited(ObservationTime { from: observation.from, to: observation.to });
        for number in gone {
            let refused =
                |lifecycle: &Lifecycle| lifecycle.steps_of(Operation::DeadLogin).any(|step| step.failure().is_some());
            if self.lifecycles.get(&number).is_some_and(refused) {
                self.may_have_ended(number);
            }
        }
    }

    fn owner_of(&self, oid: u32) -> Option<u64> {
        self.owners.get(&self.tracks.get(oid)?.name).copied()
    }

    /// An observation that began after an issue's answer has to show its role.
    fn find_awaited(&mut self, observation: ObservationTime) {
        let mut awaited = std::mem::take(&mut self.awaited);
        awaited.retain(|number| {
            let Some(lifecycle) = self.lifecycles.get_mut(number) else { return false };
            if lifecycle.username.as_ref().is_some_and(|name| self.tracks.has_appeared(&name.of_role())) {
                return false;
            }
            let due = lifecycle.acknowledged().is_some_and(|issue| issue.end < observation.from);
            if due {
                lifecycle.missed = Some(observation);
            }
            !due
        });
        self.awaited = awaited;
    }

    fn leases(&mut self, observation: &LeaseObservation) {
        self.leases_observed = true;
        self.listed.extend(observation.appeared.iter().cloned());
        for lease in &observation.gone {
            self.listed.remove(lease);
            if let Some(lifecycle) = self.lease_owners.get(lease).and_then(|number| self.lifecycles.get_mut(number)) {
                lifecycle.unlisted = Some(observation.to);
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
