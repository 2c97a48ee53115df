use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Micros, PrivilegeReading, RoleObservation, RoleSeen, UnixMicros, Username};

use super::{Gone, Look};

/// What the looks at all roles, and at their privileges, showed of one role.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(crate) oid: u32,
    pub(crate) name: Username,
    /// The first look that showed it.
    pub(crate) appeared: Option<Look>,
    /// The beginning of the look before that one, which did not show it.
    pub(crate) absent_from: Micros,
    /// Each change of its VALID UNTIL.
    pub(crate) valid_until: Vec<(Look, Option<UnixMicros>)>,
    /// Each reading of its privileges, with the number of the set.
    pub(crate) privileges: Vec<(Look, u32)>,
    /// The look that no longer showed it.
    pub(crate) gone: Option<Gone>,
}

/// Every role that stands, and every role whose lifecycle is not judged yet.
#[derive(Default)]
pub(crate) struct Tracks {
    by_oid: BTreeMap<u32, Track>,
    oids: BTreeMap<Username, u32>,
    /// The latest look at all roles.
    pub(crate) last_look: Option<Look>,
    /// How many roles appeared.
    pub(crate) appeared: u64,
}

impl Tracks {
    pub(crate) fn observation(&mut self, observation: &RoleObservation) {
        let look = Look { from: observation.from, to: observation.to };
        for role in &observation.appeared {
            self.appears(role, look);
        }
        for role in &observation.changed {
            let track = self.track(role.oid, &role.name);
            track.valid_until.push((look, role.valid_until));
        }
        for oid in &observation.gone {
            self.goes(*oid, look);
        }
        self.last_look = Some(look);
    }

    /// A look that tells all roles, and not what changed.
    pub(crate) fn whole_look(&mut self, roles: &[RoleSeen], look: Look) {
        let present: BTreeSet<u32> = roles.iter().map(|role| role.oid).collect();
        let known = |track: &&Track| track.appeared.is_some() && track.gone.is_none();
        let missing: Vec<u32> =
            self.by_oid.values().filter(known).map(|track| track.oid).filter(|oid| !present.contains(oid)).collect();
        for role in roles {
            if self.by_oid.get(&role.oid).is_none_or(|track| track.appeared.is_none()) {
                self.appears(role, look);
            }
        }
        for oid in missing {
            self.goes(oid, look);
        }
        self.last_look = Some(look);
    }

    pub(crate) fn privileges(&mut self, reading: &PrivilegeReading) {
        let track = self.track(reading.oid, &reading.username);
        track.privileges.push((Look { from: reading.from, to: reading.to }, reading.set));
    }

    /// Whether a look at all roles has shown a role of that name.
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

    fn appears(&mut self, role: &RoleSeen, look: Look) {
        let absent_from = self.last_look.map_or(Micros(0), |last| last.from);
        let track = self.track(role.oid, &role.name);
        track.valid_until.push((look, role.valid_until));
        // An observer that had to begin anew tells all roles again.
        if track.appeared.is_none() {
            track.appeared = Some(look);
            track.absent_from = absent_from;
            self.appeared += 1;
        }
    }

    fn goes(&mut self, oid: u32, look: Look) {
        let seen_from = self.last_look.map(|last| last.from);
        if let Some(track) = self.by_oid.get_mut(&oid) {
            track.gone = Some(Gone { seen_from, look });
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
