use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{LeaseId, RoleSeen};

/// The roles that the last observation saw.
#[derive(Debug, Default)]
pub(crate) struct KnownRoles {
    seen: BTreeMap<u32, RoleSeen>,
}

/// What differs between two observations of the roles.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct RoleDelta {
    pub(crate) appeared: Vec<RoleSeen>,
    pub(crate) changed: Vec<RoleSeen>,
    pub(crate) gone: Vec<u32>,
}

impl KnownRoles {
    /// Takes a new observation's roles, and answers what differs from the last one's. Roles are distinguished by OID: a name that
    /// was dropped and made again is another role.
    pub(crate) fn observation(&mut self, roles: Vec<RoleSeen>) -> RoleDelta {
        let mut delta = RoleDelta::default();
        let mut now = BTreeMap::new();
        for role in roles {
            match self.seen.remove(&role.oid) {
                None => delta.appeared.push(role.clone()),
                Some(before) if before != role => delta.changed.push(role.clone()),
                Some(_) => {}
            }
            now.insert(role.oid, role);
        }
        delta.gone = std::mem::replace(&mut self.seen, now).into_keys().collect();
        delta
    }

    pub(crate) fn total(&self) -> u64 {
        self.seen.len() as u64
    }
}

/// The leases that the last observation saw.
#[derive(Debug, Default)]
pub(crate) struct KnownLeases {
    seen: BTreeSet<LeaseId>,
}

impl KnownLeases {
    /// Takes a new observation's leases, and answers those that appeared since the last one and those that are gone.
    pub(crate) fn observation(&mut self, leases: impl IntoIterator<Item = LeaseId>) -> (Vec<LeaseId>, Vec<LeaseId>) {
        let now: BTreeSet<LeaseId> = leases.into_iter().collect();
        let appeared = now.difference(&self.seen).cloned().collect();
        let gone = self.seen.difference(&now).cloned().collect();
        self.seen = now;
        (appeared, gone)
    }

    pub(crate) fn total(&self) -> u64 {
        self.seen.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use leaseproof_domain::{LeaseId, RoleSeen, UnixMicros, Username};
    use proptest::prelude::*;

    use super::{KnownLeases, KnownRoles, RoleDelta};

    fn role(oid: u32, until: i64) -> RoleSeen {
        RoleSeen {
            cluster: String::new(),
            oid,
            name: Username::new(format!("v-{oid}")),
            valid_until: Some(UnixMicros(until)),
            login: true,
            password: None,
        }
    }

    #[test]
    fn each_difference_has_its_place() {
        let mut known = KnownRoles::default();
        assert_eq!(known.observation(vec![role(1, 10), role(2, 10)]).appeared, [role(1, 10), role(2, 10)]);
        let delta = known.observation(vec![role(2, 20), role(3, 10)]);
        assert_eq!(delta, RoleDelta { appeared: vec![role(3, 10)], changed: vec![role(2, 20)], gone: vec![1] });
        assert_eq!(known.total(), 2);
        assert_eq!(known.observation(vec![role(2, 20), role(3, 10)]), RoleDelta::default());
        let shut = RoleSeen { login: false, ..role(2, 20) };
        assert_eq!(known.observation(vec![shut.clone(), role(3, 10)]).changed, [shut]);
    }

    proptest! {
        /// Who adds up the differences has what the last observation saw.
        #[test]
        fn differences_add_up_to_the_last_observation(
            observations in prop::collection::vec(prop::collection::btree_map(0_u32..20, 0_i64..3, 0..15), 1..8)
        ) {
            let mut known = KnownRoles::default();
            let mut added_up = BTreeMap::new();
            for observation in &observations {
                let delta = known.observation(observation.iter().map(|(oid, until)| role(*oid, *until)).collect());
                for seen in delta.appeared {
                    prop_assert!(added_up.insert(seen.oid, seen).is_none());
                }
                for seen in delta.changed {
                    prop_assert!(added_up.insert(seen.oid, seen).is_some());
                }
                for oid in delta.gone {
                    prop_assert!(added_up.remove(&oid).is_some());
                }
                let expected: BTreeMap<u32, RoleSeen> =
                    observation.iter().map(|(oid, until)| (*oid, role(*oid, *until))).collect();
                prop_assert_eq!(&added_up, &expected);
                prop_assert_eq!(known.total(), expected.len() as u64);
            }
        }

        #[test]
        fn equal_looks_at_leases_differ_in_nothing(ids in prop::collection::btree_set("[a-z]{4}", 0..20)) {
            let mut known = KnownLeases::default();
            let leases = || ids.iter().map(LeaseId::new);
            prop_assert_eq!(known.observation(leases()).0.len(), ids.len());
            prop_assert_eq!(known.observation(leases()), (Vec::new(), Vec::new()));
            prop_assert_eq!(known.observation(Vec::new()).1.len(), ids.len());
            prop_assert_eq!(known.total(), 0);
        }
    }
}
