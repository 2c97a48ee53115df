//! Which leases may own which roles.
//!
//! A lease does not name its PostgreSQL role. What ties them together: the time in a name of the engine's own template is
//! from just before the lease's issue, VALID UNTIL is 5 s after the lease's end, and the Vault role's name is in the name.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{LeaseBefore, RoleSeen, UnixMicros};

use super::Candidate;

/// Vault adds these seconds to a lease's end for VALID UNTIL (sdk/database/dbplugin/v5), and cuts it to whole seconds.
const ADDED: i64 = 5;
/// How far VALID UNTIL may be from that: Vault asks for the time once for the role and once for the lease.
const SLACK: i64 = 3;
/// How long creation statements may take at most from the time in a name to the lease's issue.
const STATEMENTS: i64 = 120;

/// Roles that the same leases may own: each lease owns one role, and which one is not known.
#[derive(Default)]
pub(super) struct Group<'a> {
    pub(super) roles: Vec<&'a Candidate<'a>>,
    /// Leases of promised roles.
    pub(super) promised: Vec<&'a LeaseBefore>,
    /// Leases of other Vault roles.
    pub(super) others: Vec<&'a LeaseBefore>,
}

/// Groups of roles, so that no lease may own roles of two groups. A lease that owns none of them is in no group.
pub(super) fn groups<'a>(
    roles: &'a [Candidate<'a>],
    promised: &'a [LeaseBefore],
    others: &'a [LeaseBefore],
) -> Vec<Group<'a>> {
    let leases: Vec<(&LeaseBefore, bool)> =
        promised.iter().map(|lease| (lease, true)).chain(others.iter().map(|lease| (lease, false))).collect();
    let pairs = pairs(roles, promised);
    let mut sets = Sets((0..roles.len() + leases.len()).collect());
    let paired: BTreeSet<usize> = pairs.values().copied().collect();
    // Leases of one Vault role that were not looked up may own the same roles.
    let mut without_times: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (place, (lease, is_promised)) in leases.iter().enumerate() {
        let Some((mount, name)) = lease.lease.vault_role() else { continue };
        if let Some(of) = pairs.get(&place) {
            sets.join(*of, roles.len() + place);
            continue;
        }
        if lease.issued.is_none() && lease.expires.is_none() {
            let first = *without_times.entry((mount, name)).or_insert(place);
            if first != place {
                sets.join(roles.len() + first, roles.len() + place);
                continue;
            }
        }
        for (of, candidate) in roles.iter().enumerate().filter(|(of, _)| !paired.contains(of)) {
            let by_name =
                || if *is_promised { candidate.is_named_for(mount, name) } else { candidate.role.name.may_be_of(name) };
            if fits(candidate.role, lease) && by_name() {
                sets.join(of, roles.len() + place);
            }
        }
    }
    let mut groups: BTreeMap<usize, Group<'a>> = BTreeMap::new();
    for (of, candidate) in roles.iter().enumerate() {
        groups.entry(sets.first(of)).or_default().roles.push(candidate);
    }
    for (place, (lease, is_promised)) in leases.into_iter().enumerate() {
        if let Some(group) = groups.get_mut(&sets.first(roles.len() + place)) {
            if is_promised { group.promised.push(lease) } else { group.others.push(lease) }
        }
    }
    groups.into_values().collect()
}

/// Leases of promised roles and the role that each certainly owns: both times fit to the second, and those of no other one.
fn pairs(roles: &[Candidate<'_>], promised: &[LeaseBefore]) -> BTreeMap<usize, usize> {
    let mut of_lease: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut of_role: BTreeMap<usize, usize> = BTreeMap::new();
    // One that was not looked up fits nothing to the second.
    let with_times = |(_, lease): &(usize, &LeaseBefore)| lease.issued.is_some() && lease.expires.is_some();
    for (place, lease) in promised.iter().enumerate().filter(with_times) {
        let Some((mount, name)) = lease.lease.vault_role() else { continue };
        for (of, candidate) in roles.iter().enumerate() {
            if is_exact(candidate.role, lease) && candidate.is_named_for(mount, name) {
                of_lease.entry(place).or_default().push(of);
                *of_role.entry(of).or_default() += 1;
            }
        }
    }
    let only = |(place, of): (usize, Vec<usize>)| match of.as_slice() {
        [of] if of_role.get(of) == Some(&1) => Some((place, *of)),
        _ => None,
    };
    of_lease.into_iter().filter_map(only).collect()
}

fn is_exact(role: &RoleSeen, lease: &LeaseBefore) -> bool {
    let both = role.name.unix_time().zip(lease.issued).zip(role.valid_until.zip(lease.expires));
    both.is_some_and(|(_, (until, expires))| fits(role, lease) && is_end(until, expires))
}

/// Whether VALID UNTIL follows from the lease's end.
fn is_end(until: UnixMicros, expires: UnixMicros) -> bool {
    (seconds(until) - seconds(expires) - ADDED).abs() <= SLACK
}

/// Whether the lease can be the role's, by what is known of its times.
fn fits(role: &RoleSeen, lease: &LeaseBefore) -> bool {
    let begins = role.name.unix_time().zip(lease.issued);
    if begins.is_some_and(|(named, issued)| !(-SLACK..=STATEMENTS).contains(&(seconds(issued) - named))) {
        return false;
    }
    let Some((until, expires)) = role.valid_until.zip(lease.expires) else { return true };
    // Renewal statements need not change VALID UNTIL, and creation statements need not take it from the lease.
    is_end(until, expires) || lease.renewed || (begins.is_some() && until > expires)
}

fn seconds(time: UnixMicros) -> i64 {
    time.0.div_euclid(1_000_000)
}

/// Disjoint sets of numbers, each known by its smallest one.
struct Sets(Vec<usize>);

impl Sets {
    fn first(&mut self, mut of: usize) -> usize {
        while self.0[of] != of {
            self.0[of] = self.0[self.0[of]];
            of = self.0[of];
        }
        of
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.0[one.max(other)] = one.min(other);
    }
}
