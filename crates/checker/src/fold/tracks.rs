use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Micros, PrivilegeReading, RoleObservation, RoleSeen, UnixMicros, Username};

use super::{Gone, ObservationTime};

/// What the observations of all roles, and at their privileges, showed of one role.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(crate) oid: u32,
    pub(crate) name: Username,
    /// The first observation that showed it.
    pub(crate) appeared: Option<ObservationTime>,
    /// The beginning of the observation before that one, which did not show it.
    pub(crate) absent_from: Micros,
    /// Each change of its VALID UNTIL.
    pub(crate) valid_until: Vec<(ObservationTime, Option<UnixMicros>)>,
    /// Each reading of its privileges, with the number of the set.
    pub(crate) privileges: Vec<(ObservationTime, u32)>,
    /// The observation that no longer showed it.
    pub(crate) gone: Option<Gone>,
}

/// Every role that stands, and every role whose lifecycle is not judged yet.
#[derive(Default)]
pub(crate) struct Tracks {
    by_oid: BTreeMap<u32, Track>,
    oids: BTreeMap<Username, u32>,
    /// The latest observation of all roles.
    pub(crate) last_observation: Option<ObservationTime>,
    /// How many roles appeared.
    pub(crate) appeared: u64,
}

impl Tracks {
    pub(crate) fn observation(&mut self, observation: &RoleObservation) {
        let at = ObservationTime { from: observation.from, to: observation.to };
        for role in &observation.appeared {
            self.appears(role, at);
        }
        for role in &observation.changed {
            let track = self.track(role.oid, &role.name);
            track.valid_until.push((at, role.valid_until));
        }
        for oid in &observation.gone {
            self.goes(*oid, at);
        }
        self.last_observation = Some(at);
    }

    /// An observation of all roles, without what changed.
    pub(crate) fn whole_observation(&mut self, roles: &[RoleSeen], observation: ObservationTime) {
        let present: BTreeSet<u32> = roles.iter().map(|role| role.oid).collect();
        let known = |track: &&Track| track.appeared.is_some() && track.gone.is_none();
        let missing: Vec<u32> =
            self.by_oid.values().filter(known).map(|track| track.oid).filter(|oid| !present.contains(oid)).collect();
        for role in roles {
            if self.by_oid.get(&role.oid).is_none_or(|track| track.appeared.is_none()) {
                self.appears(role, observation);
            }
        }
        for oid in missing {
            self.goes(oid, observation);
        }
        self.last_observation = Some(observation);
    }

    pub(crate) fn privileges(&mut self, reading: &PrivilegeReading) {
        let track = self.track(reading.oid, &reading.username);
        track.privileges.push((ObservationTime { from: reading.from, to: reading.to }, reading.set));
    }

    /// Whether an observation of all roles has shown a role of that name.
    pub(crate) fn has_appeared(&self, name: &Username) -> bool {
        self.named(name).is_some_and(|track| track.appeared.is_some())
    }

    pub(crate) fn get(&self, oid: u32) -> Option<&Track> {
        self.by_oid.get(&oid)
    }

    pub(crate) fn named(&self, name: &Username) -> Option<&Track> {
        self.by_oid.get(self.oids.get(name)?)
    }

    /// Hands the role over to the lifecycle that is judged.
    pub(crate) fn take(&mut self, name: &Username) -> Option<Track> {
        self.by_oid.remove(&self.oids.remove(name)?)
    }

    /// The roles that no lifecycle has claimed.
    pub(crate) fn unclaimed(self) -> impl Iterator<Item = Track> {
        self.by_oid.into_values().filter(|track| track.appeared.is_some())
    }

    fn appears(&mut self, role: &RoleSeen, observation: ObservationTime) {
        let absent_from = self.last_observation.map_or(Micros(0), |last| last.from);
        let track = self.track(role.oid, &role.name);
        track.valid_until.push((observation, role.valid_until));
        // An observer that had to begin anew tells all roles again.
        if track.appeared.is_none() {
            track.appeared = Some(observation);
            track.absent_from = absent_from;
            self.appeared += 1;
        }
    }

    fn goes(&mut self, oid: u32, observation: ObservationTime) {
        let seen_from = self.last_observation.map(|last| last.from);
        if let Some(track) = self.by_oid.get_mut(&oid) {
            track.gone = Some(Gone { seen_from, observation });
        }
    }

    fn track(&mut self, oid: u32, name: &Username) -> &mut Track {
        self.oids.insert(name.clone(), oid);
        self.by_oid.entry(oid).or_insert_with(|| Track {
            oid,
            name: name.clone(),
            appeared: None,
            absent_from: Micros(0),
            valid_until: Vec::new(),
            privileges: Vec::new(),
            gone: None,
        })
    }
}
