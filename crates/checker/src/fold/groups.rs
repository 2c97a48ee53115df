//! Groups: roles without LOGIN, password and VALID UNTIL that appear while credentials are issued.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{CreatedGroup, PrivilegeSet, RoleSeen, Username};
use leaseproof_scenario::Plan;
use regex::Regex;

/// What the observations showed of groups.
pub(crate) struct Groups {
    /// By name: one that was dropped and created again is the same to whoever declares it.
    seen: BTreeMap<Username, Seen>,
    /// The credentials that are members of a role, by its name; the second one is enough to know that it is shared.
    members: BTreeMap<String, Members>,
    /// How many credentials were acknowledged.
    acknowledged: u64,
    /// What the names of credentials' roles begin with.
    names: Vec<Regex>,
    declared: BTreeSet<String>,
}

struct Seen {
    oid: u32,
    stays: bool,
    /// What it ever had that a group does not have.
    more: More,
    /// Whether its name begins with that of a credential: it was made for that one.
    of_one: bool,
}

/// What makes a role more than a group.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct More {
    login: bool,
    password: bool,
    valid_until: bool,
}

impl More {
    fn of(role: &RoleSeen) -> Self {
        Self { login: role.login, password: role.password == Some(true), valid_until: role.valid_until.is_some() }
    }

    fn add(&mut self, other: Self) {
        self.login |= other.login;
        self.password |= other.password;
        self.valid_until |= other.valid_until;
    }

    fn is_none(self) -> bool {
        self == Self::default()
    }

    fn words(self) -> String {
        let all = [(self.login, "LOGIN"), (self.password, "a password"), (self.valid_until, "VALID UNTIL")];
        all.into_iter().filter_map(|(has, what)| has.then_some(what)).collect::<Vec<_>>().join(", ")
    }
}

enum Members {
    One(u32),
    Several,
}

impl Groups {
    pub(super) fn new(plan: &Plan) -> Self {
        let names = plan.role_names();
        let begins = |pattern: &str| Regex::new(&format!("^(?:{pattern})")).ok();
        Self {
            seen: BTreeMap::new(),
            members: BTreeMap::new(),
            acknowledged: 0,
            names: names.iter().filter(|names| !names.said).filter_map(|names| begins(&names.pattern)).collect(),
            declared: plan.promise.creates.iter().map(|promised| promised.value.clone()).collect(),
        }
    }

    /// Takes in a credential's role.
    pub(super) fn acknowledge(&mut self, role: Option<&Username>) {
        self.acknowledged += 1;
        let Some(role) = role else { return };
        let later = self.seen.range_mut::<Username, _>(role..);
        let own = later.take_while(|(name, _)| name.as_str().starts_with(role.as_str()));
        own.for_each(|(_, seen)| seen.of_one = true);
    }

    /// A role appears; `is_of_one` says whether a name begins with that of a credential.
    pub(super) fn appears(&mut self, role: &RoleSeen, is_of_one: impl Fn(&Username) -> bool) {
        let declared = self.is_declared(&role.name);
        match self.seen.get_mut(&role.name) {
            Some(seen) => {
                seen.more.add(More::of(role));
                (seen.oid, seen.stays) = (role.oid, true);
            }
            None if role.is_group() || declared => {
                let seen = Seen { oid: role.oid, stays: true, more: More::of(role), of_one: is_of_one(&role.name) };
                self.seen.insert(role.name.clone(), seen);
            }
            None => {}
        }
    }

    pub(super) fn changes(&mut self, role: &RoleSeen) {
        if let Some(seen) = self.seen.get_mut(&role.name) {
            seen.more.add(More::of(role));
        }
    }

    pub(super) fn goes(&mut self, oid: u32) {
        self.seen.values_mut().filter(|seen| seen.oid == oid).for_each(|seen| seen.stays = false);
    }

    /// What is left: all that is not among these roles is gone.
    pub(super) fn whole_observation(&mut self, roles: &[RoleSeen]) {
        self.seen.values_mut().for_each(|seen| seen.stays = false);
        roles.iter().for_each(|role| self.appears(role, |_| false));
    }

    pub(super) fn privileges(&mut self, oid: u32, set: &PrivilegeSet) {
        for group in set.memberships.iter().map(|membership| &membership.group) {
            match self.members.get_mut(group) {
                None => drop(self.members.insert(group.clone(), Members::One(oid))),
                Some(Members::One(other)) if *other == oid => {}
                Some(members) => *members = Members::Several,
            }
        }
    }

    /// Whether the scenario declares a group of that name.
    pub(crate) fn is_declared(&self, name: &Username) -> bool {
        self.declared.contains(name.as_str())
    }

    /// Whether it is a group, and not made anew for each credential: declared, or a group of several credentials, or
    /// one of few where many credentials were issued.
    pub(crate) fn is_shared(&self, name: &Username) -> bool {
        if self.seen.get(name).is_none_or(|seen| !seen.more.is_none()) {
            return false;
        }
        if self.is_declared(name) || self.has_members(name) {
            return true;
        }
        let unclear = self.seen.iter().filter(|(name, seen)| seen.more.is_none() && self.is_unclear(name));
        self.is_unclear(name) && unclear.count() as u64 * 2 <= self.acknowledged
    }

    fn is_unclear(&self, name: &Username) -> bool {
        let of_credential = self.names.iter().any(|pattern| pattern.is_match(name.as_str()));
        !of_credential && !self.is_declared(name) && !self.has_members(name)
    }

    fn has_members(&self, name: &Username) -> bool {
        let of_one = self.seen.get(name).is_some_and(|seen| seen.of_one);
        !of_one && matches!(self.members.get(name.as_str()), Some(Members::Several))
    }

    /// Why `creates` does not allow a role that it names; nothing where it allows it, or does not name it.
    pub(crate) fn why_not_allowed(&self, name: &Username) -> String {
        let more = self.seen.get(name).map(|seen| seen.more).filter(|more| !more.is_none() && self.is_declared(name));
        more.map_or_else(String::new, |more| {
            let has = more.words();
            format!(". `creates` allows groups only, without LOGIN, password and VALID UNTIL; this role has {has}")
        })
    }

    /// Whether a role of that name appeared, and whether it is still there.
    pub(crate) fn appeared(&self, name: &str) -> Option<bool> {
        self.seen.get(&Username::new(name)).map(|seen| seen.stays)
    }

    /// Every shared group, in the order of names.
    pub(crate) fn shared(&self) -> Vec<CreatedGroup> {
        let shared = self.seen.iter().filter(|(name, _)| self.is_shared(name));
        shared
            .map(|(name, seen)| CreatedGroup {
                cluster: String::new(),
                name: name.clone(),
                oid: seen.oid,
                declared: self.is_declared(name),
                stays: seen.stays,
            })
            .collect()
    }
}
