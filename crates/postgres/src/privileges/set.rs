use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{
    FutureGrant, Grant, GrantedTo, Membership, Object, ObjectKind, Privilege, PrivilegeSet, RowSecurity, Why,
};

use super::facts::{Entry, Facts, PUBLIC, Policy, Role, Source, Trait};
use super::reach::Reach;

/// What stands for the role's own name, so that credentials that hold the same have equal sets.
pub(super) const ITSELF: &str = "itself";

/// One credential in the light of the facts.
pub(super) struct Credential<'f> {
    pub(super) oid: u32,
    pub(super) role: &'f Role,
    pub(super) facts: &'f Facts,
    pub(super) reach: Reach<'f>,
}

impl Facts {
    /// What the role of that OID can do, if there is one; `read` are databases that are read for themselves.
    pub(super) fn set(&self, oid: u32, read: &[String]) -> Option<PrivilegeSet> {
        let role = self.roles.get(&oid)?;
        let credential = Credential { oid, role, facts: self, reach: Reach::of(oid, self) };
        let mut set = PrivilegeSet {
            database: self.database.clone(),
            attributes: role.attributes.clone(),
            memberships: credential.memberships(),
            settings: self.settings.get(&oid).into_iter().flatten().cloned().collect(),
            ..PrivilegeSet::default()
        };
        let mut guarded = BTreeSet::new();
        if !role.attributes.superuser {
            credential.hold(&mut set);
            credential.own(&mut set);
            credential.expect(&mut set);
            credential.escalate(&mut set.escalations);
            guarded = credential.guard(&mut set);
        }
        credential.depend(&guarded, read, &mut set.beyond);
        Some(set)
    }
}

impl<'f> Credential<'f> {
    /// What a role is called in this credential's set.
    pub(super) fn name(&self, oid: u32) -> &'f str {
        if oid == self.oid {
            return ITSELF;
        }
        let role = self.facts.roles.get(&oid).map(|role| role.name.as_str());
        role.or_else(|| self.facts.names.get(&oid).map(|named| named.name.as_str())).unwrap_or("a role that is gone")
    }

    /// The ACL entries that are its own, its groups' and PUBLIC's.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, &'f Entry)> {
        let grantees = self.reach.inherits.keys().copied().chain([PUBLIC]);
        let facts = self.facts;
        grantees.flat_map(move |grantee| {
            facts.entries.get(&grantee).into_iter().flatten().map(move |entry| (grantee, entry))
        })
    }

    fn memberships(&self) -> BTreeSet<Membership> {
        let groups = self.reach.member.keys().filter(|group| **group != self.oid);
        let membership = |group: &u32| Membership {
            group: self.name(*group).to_owned(),
            admin: self.reach.admin.contains(group),
            direct: self.reach.direct.contains(group),
            inherit: self.reach.inherits.contains_key(group),
            set: self.reach.sets.contains_key(group),
        };
        groups.map(membership).collect()
    }

    fn why(&self, grantee: u32, entry: &Entry) -> Why {
        match entry.source {
            Source::Default => Why::PublicDefault,
            Source::Predefined => Why::Predefined(self.reach.path(grantee)),
            Source::Acl if grantee == PUBLIC => Why::Public,
            Source::Acl if grantee == entry.owner => Why::Owner(self.name(grantee).to_owned()),
            Source::Acl => self.granted(grantee),
        }
    }

    fn granted(&self, grantee: u32) -> Why {
        match grantee {
            PUBLIC => Why::Public,
            itself if itself == self.oid => Why::Direct,
            group => Why::Member(self.reach.path(group)),
        }
    }

    fn hold(&self, set: &mut PrivilegeSet) {
        // The same privilege may have come from two grantors, once with the right to grant it on: it is held with it.
        let mut grants: BTreeMap<(Privilege, &Object, Why), bool> = BTreeMap::new();
        let owned = self.held_as_owner();
        for (grantee, entry) in self.entries() {
            let why = self.why(grantee, entry);
            let Some(privilege) = Privilege::from_word(&entry.word) else {
                // A privilege of a later PostgreSQL: it has no name here, and must not be lost.
                set.beyond.insert(format!("holds {} on {}, {why}", entry.word, entry.object));
                continue;
            };
            // An owner may grant whatever its ACL says (aclmask in acl.c). That is reported with what it holds as owner; where
            // the ACL withholds the privilege from it, with every other way by which it is held.
            let owns = self.reach.inherits.contains_key(&entry.owner);
            let reported_as_owner = grantee != entry.owner && owned.contains(&(entry.word.as_str(), &entry.object));
            let grantable = entry.grantable || owns && !reported_as_owner;
            *grants.entry((privilege, &entry.object, why)).or_default() |= grantable;
        }
        set.held = grants
            .into_iter()
            .map(|((privilege, object, why), grantable)| GrantedTo {
                grant: Grant { privilege, object: object.clone(), grantable },
                why,
            })
            .collect();
    }

    /// What it holds as an object's owner, itself or through a group.
    fn held_as_owner(&self) -> BTreeSet<(&'f str, &'f Object)> {
        let as_owner = self.entries().filter(|(grantee, entry)| *grantee == entry.owner && *grantee != PUBLIC);
        as_owner.map(|(_, entry)| (entry.word.as_str(), &entry.object)).collect()
    }

    fn own(&self, set: &mut PrivilegeSet) {
        for owner in self.reach.inherits.keys() {
            let name = self.name(*owner);
            for owned in self.facts.owned.get(owner).into_iter().flatten() {
                set.owned.insert((owned.object.clone(), name.to_owned()));
                if let Some(withheld) = &owned.withheld {
                    let object = plainly(&owned.object);
                    set.beyond.insert(format!("owner ({name}) of {object}, whose ACL withholds {withheld}"));
                }
            }
            if let Some(objects) = self.facts.system_owned.get(owner) {
                set.beyond.insert(format!("owner ({name}) of {objects} objects in the system's schemas"));
            }
        }
    }

    /// What default ACLs will give it.
    fn expect(&self, set: &mut PrivilegeSet) {
        for grantee in self.reach.inherits.keys().chain([&PUBLIC]) {
            for future in self.facts.future.get(grantee).into_iter().flatten() {
                let (oid, name) = &future.creator;
                let creator = if *oid == self.oid { ITSELF.to_owned() } else { name.clone() };
                let why = self.granted(*grantee);
                let named = kind_of_default(&future.kind).zip(Privilege::from_word(&future.word));
                let Some((kind, privilege)) = named else {
                    let what = format!("will hold {} on each object of kind {}", future.word, future.kind);
                    set.beyond.insert(format!("{what} that {creator} creates, {why}"));
                    continue;
                };
                let (schema, grantable) = (future.schema.clone(), future.grantable);
                set.future.insert(FutureGrant { creator, schema, kind, privilege, grantable, why });
            }
        }
    }

    /// Row security of the tables that it has to do with: what binds it, and what does not. Answers those tables.
    fn guard(&self, set: &mut PrivilegeSet) -> BTreeSet<u32> {
        let mut tables: BTreeMap<u32, (bool, u32, &Object)> = BTreeMap::new();
        for (_, entry) in self.entries() {
            if let Trait::RowSecurity { forced } = entry.is {
                tables.insert(entry.id, (forced, entry.owner, &entry.object));
            }
        }
        for owner in self.reach.inherits.keys() {
            for owned in self.facts.owned.get(owner).into_iter().flatten() {
                if let Trait::RowSecurity { forced } = owned.is {
                    tables.insert(owned.id, (forced, *owner, &owned.object));
                }
            }
        }
        for (id, (forced, owner, object)) in &tables {
            let table = whole(object);
            if let Some(unbound) = self.unbound(*forced, *owner, &table) {
                set.escalations.insert(unbound);
                continue;
            }
            let policies = self.facts.policies.get(id).into_iter().flatten();
            let policies = policies.filter(|policy| self.applies(policy)).map(|policy| self.reported(policy)).collect();
            set.row_security.insert(RowSecurity { table, forced: *forced, policies });
        }
        tables.into_keys().collect()
    }

    /// A policy applies to whoever has the privileges of one of its roles (check_role_for_policy in policy.c).
    fn applies(&self, policy: &Policy) -> bool {
        policy.roles.iter().any(|role| *role == PUBLIC || self.reach.inherits.contains_key(role))
    }

    fn reported(&self, policy: &Policy) -> String {
        let name = |role: &u32| if *role == PUBLIC { "PUBLIC" } else { self.name(*role) };
        let mut roles: Vec<&str> = policy.roles.iter().map(name).collect();
        roles.sort_unstable();
        let restrictive = if policy.permissive { "" } else { " AS RESTRICTIVE" };
        format!("{}{restrictive} FOR {} TO {}", policy.name, policy.command, roles.join(", "))
    }

    fn depend(&self, guarded: &BTreeSet<u32>, read: &[String], beyond: &mut BTreeSet<String>) {
        for role in self.reach.inherits.keys() {
            for dependency in self.facts.depends.get(role).into_iter().flatten() {
                let reported_there = dependency.elsewhere.as_ref().is_some_and(|database| read.contains(database));
                if reported_there || dependency.policy_of.is_some_and(|table| guarded.contains(&table)) {
                    continue;
                }
                let through = match *role == self.oid {
                    true => String::new(),
                    false => format!(", {}", Why::Member(self.reach.path(*role))),
                };
                beyond.insert(format!("{}{through}", dependency.line));
            }
        }
    }
}

/// The kind behind a letter of `pg_default_acl`.
fn kind_of_default(letter: &str) -> Option<ObjectKind> {
    Some(match letter {
        "r" => ObjectKind::Table,
        "S" => ObjectKind::Sequence,
        "f" => ObjectKind::Function,
        "T" => ObjectKind::Type,
        "n" => ObjectKind::Schema,
        "L" => ObjectKind::LargeObject,
        _ => return None,
    })
}

/// In the server's own manner, `table public.t`.
fn plainly(object: &Object) -> String {
    let text = object.to_string();
    let kind = object.kind.word();
    format!("{}{}", kind.to_lowercase(), text.trim_start_matches(kind))
}

/// The table of a column; everything else is whole.
pub(super) fn whole(object: &Object) -> Object {
    match object.kind {
        ObjectKind::Column => Object { kind: ObjectKind::Table, column: None, ..object.clone() },
        _ => object.clone(),
    }
}
