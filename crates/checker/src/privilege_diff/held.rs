//! Privileges on objects that are there.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Object, ObjectKind, Privilege, PrivilegeSet, Why};
use leaseproof_scenario::{PublicDefaults, nearest};

use super::{Deviation, DeviationKind, Sides, shared, table_of};

impl Sides<'_> {
    /// What is promised and not held. A superuser passes every check of privileges (aclchk.c): there is nothing to list.
    pub(super) fn missing(&self, found: &mut Vec<Deviation>) {
        if !self.own() || self.set.attributes.superuser {
            return;
        }
        let mut held: BTreeMap<(Privilege, &Object), bool> = BTreeMap::new();
        for granted in &self.set.held {
            *held.entry((granted.grant.privilege, &granted.grant.object)).or_default() |= granted.grant.grantable;
        }
        for ((privilege, object), expected) in &self.promise.held {
            let grant = format!("{privilege} ON {object}");
            if let Some(lacking) = self.lacking(object) {
                let meant = self.meant(&lacking);
                let what = format!("cannot have {grant}, which is promised: {lacking} does not exist{meant}");
                found.push(Deviation::new(DeviationKind::NoSuchObject, grant, what, expected.origin));
                continue;
            }
            let table = table_of(object);
            let on_it = [Some(object), table.as_ref()].into_iter().flatten();
            let grantable: Vec<bool> = on_it.filter_map(|object| held.get(&(*privilege, object)).copied()).collect();
            if grantable.is_empty() && !of_the_system(object) {
                let what = format!("lacks {grant}, which is promised");
                // A promised group may be what lacks it.
                let own = self.promise.role.member_of.is_empty();
                found.push(Deviation::missing(grant, what, expected.origin).of_statements(own));
            } else if expected.grantable && !grantable.contains(&true) {
                let what = format!("has {grant} without GRANT OPTION, which is promised");
                found.push(Deviation::missing(format!("{grant} WITH GRANT OPTION"), what, expected.origin));
            }
        }
    }

    /// What has to be there for a privilege on `object`, and is not.
    fn lacking(&self, object: &Object) -> Option<Object> {
        let there = |object: &Object| self.objects.contains(object);
        match object.kind {
            // Every name with a dot is one that an extension may have: parameters are not listed.
            ObjectKind::Parameter => None,
            _ if in_system_schema(object) => None,
            // Histories of earlier versions list fewer kinds.
            kind if !self.every_kind && !listed_always(kind) => None,
            ObjectKind::Column => {
                let lacking = |object: Object| (!there(&object)).then_some(object);
                let table = lacking(table_of(object)?);
                table.or_else(|| lacking(object.clone()).filter(|_| self.every_kind))
            }
            _ => (!there(object)).then(|| object.clone()),
        }
    }

    /// The object that a name may have meant which no object has: one of its kind with a similar name, of the same schema
    /// before others, or one of another kind with that very name.
    fn meant(&self, lacking: &Object) -> String {
        let beside =
            |object: &&Object| object.kind == lacking.kind && (lacking.column.is_none() || object.name == lacking.name);
        let own_name = |object: &'_ Object| object.column.clone().unwrap_or_else(|| object.name.clone());
        let similar = |in_schema: bool| {
            let all = || {
                self.objects.iter().filter(beside).filter(move |object| (object.schema == lacking.schema) == in_schema)
            };
            let names: Vec<String> = all().map(own_name).collect();
            let near = nearest(&own_name(lacking), names.iter().map(String::as_str))?;
            all().find(|object| own_name(object) == near)
        };
        let very = || {
            let same = |object: &&Object| {
                object.name == lacking.name && object.schema == lacking.schema && object.column.is_none()
            };
            self.objects.iter().find(same)
        };
        match similar(true).or_else(|| similar(false)) {
            Some(near) => format!("; did you mean `{}`?", path(near)),
            None => very()
                .map_or_else(String::new, |other| format!("; did you mean {} `{}`?", other.kind.word(), path(other))),
        }
    }

    /// What is held and not promised.
    pub(super) fn extra(&self, found: &mut Vec<Deviation>) {
        let owned: BTreeSet<&Object> = self.set.owned.iter().map(|(object, _)| object).collect();
        let mut held: BTreeMap<(Privilege, &Object), Vec<(&Why, bool)>> = BTreeMap::new();
        for granted in &self.set.held {
            let (object, why) = (&granted.grant.object, &granted.why);
            let reported_as_owner = matches!(why, Why::Owner(_)) && owned.contains(object);
            // What a predefined role brings is judged with the membership.
            let judged = match why {
                Why::PublicDefault => self.promise.role.public == PublicDefaults::Forbidden,
                Why::Predefined(_) => false,
                _ => true,
            };
            if judged && !reported_as_owner {
                held.entry((granted.grant.privilege, object)).or_default().push((why, granted.grant.grantable));
            }
        }
        for ((privilege, object), mut reasons) in held {
            let expected = self.promise.expected(privilege, object).filter(|_| self.own() || shared(object.kind));
            let mut grant = format!("{privilege} ON {object}");
            match expected {
                None => {}
                Some(expected) if expected.grantable => continue,
                Some(_) => {
                    // An owner may always grant: that much is reported with what it owns.
                    reasons.retain(|(_, grantable)| *grantable && !owned.contains(object));
                    grant.push_str(" WITH GRANT OPTION");
                }
            }
            if reasons.is_empty() {
                continue;
            }
            let why: Vec<String> = reasons.iter().map(|(why, _)| why.to_string()).collect();
            let place = self.place(shared(object.kind));
            let what = format!("has {grant}{place} ({}), which is not promised", why.join(", "));
            let direct = reasons.iter().any(|(why, _)| **why == Why::Direct);
            found.push(Deviation::extra(grant, what, self.origin).of_statements(direct));
        }
    }

    /// What it owns. An owner's privileges are reported with the ownership and not one by one.
    pub(super) fn ownership(&self, found: &mut Vec<Deviation>) {
        for (object, owner) in &self.set.owned {
            if self.promise.owns(object) && (self.own() || shared(object.kind))
                || self.comes_with_the_database(object, owner)
            {
                continue;
            }
            let place = self.place(shared(object.kind));
            let through = if owner == ITSELF { String::new() } else { format!(" (through {owner})") };
            let what = format!("owns {object}{place}{through}, which is not promised");
            let extra = Deviation::extra(format!("ownership of {object}"), what, self.origin);
            found.push(extra.of_statements(owner == ITSELF));
        }
    }

    /// Whether it owns the object only as the promised owner of the database: whoever that is, is in
    /// `pg_database_owner`, which owns schema `public` from 15 on.
    fn comes_with_the_database(&self, object: &Object, owner: &str) -> bool {
        let public = object.kind == ObjectKind::Schema && object.name == "public";
        let promised =
            || self.promise.owns(&own_database(self.set)) || self.promise.role.promises_membership(DATABASE_OWNER);
        public && owner == DATABASE_OWNER && promised()
    }

    /// What default ACLs will give.
    pub(super) fn future(&self, found: &mut Vec<Deviation>) {
        let promise = &self.promise.future;
        for future in self.set.future.iter() {
            let (privilege, kind, schema) = (future.privilege, future.kind, &future.schema);
            let fits = promise.iter().any(|(promised, _)| {
                self.own()
                    && (promised.privilege, promised.kind, &promised.creator) == (privilege, kind, &future.creator)
                    && (promised.schema.is_none() || promised.schema == *schema)
                    && (promised.grantable || !future.grantable)
            });
            if !fits {
                let what = format!("will have {future}{} ({}), which is not promised", self.place(false), future.why);
                found.push(Deviation::extra(future.to_string(), what, self.origin));
            }
        }
        if !self.own() || self.set.attributes.superuser {
            return;
        }
        for (promised, origin) in promise {
            let given = self.set.future.iter().any(|future| {
                (future.privilege, future.kind, &future.creator)
                    == (promised.privilege, promised.kind, &promised.creator)
                    && (future.schema.is_none() || future.schema == promised.schema)
                    && (future.grantable || !promised.grantable)
            });
            if !given {
                let schema = promised.schema.as_ref().map(|schema| format!(" in schema {schema}")).unwrap_or_default();
                let option = if promised.grantable { " WITH GRANT OPTION" } else { "" };
                let grant = format!(
                    "{} ON each future {}{schema} created by {}{option}",
                    promised.privilege,
                    promised.kind.word(),
                    promised.creator
                );
                let what = format!("will not have {grant}, which is promised");
                found.push(Deviation::missing(grant, what, origin).of_statements(false));
            }
        }
    }
}

/// What stands for the role's own name in its set of privileges.
const ITSELF: &str = "itself";

/// The predefined role of a database's owner, of which nobody else can be a member.
pub(super) const DATABASE_OWNER: &str = "pg_database_owner";

/// The database that the set is of.
pub(super) fn own_database(set: &PrivilegeSet) -> Object {
    Object { kind: ObjectKind::Database, schema: None, name: set.database.clone(), column: None }
}

/// What has been in every history since the first version.
fn listed_always(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Table | ObjectKind::Column | ObjectKind::Sequence | ObjectKind::Schema)
}

fn in_system_schema(object: &Object) -> bool {
    let schema = match object.kind {
        ObjectKind::Schema => Some(object.name.as_str()),
        _ => object.schema.as_deref(),
    };
    matches!(schema, Some("pg_catalog" | "information_schema"))
}

/// What PUBLIC has on what the system brings is not listed where nobody changed it: that it is not in the set does not
/// say that it is not held.
fn of_the_system(object: &Object) -> bool {
    let languages = ["internal", "c", "sql", "plpgsql"];
    let language = object.kind == ObjectKind::Language && languages.contains(&object.name.as_str());
    language || (in_system_schema(object) && matches!(object.kind, ObjectKind::Function | ObjectKind::Type))
}

/// An object's name with its schema, without its kind.
fn path(object: &Object) -> String {
    let whole = object.to_string();
    whole.strip_prefix(object.kind.word()).unwrap_or(&whole).trim_start().to_owned()
}
