//! What a role promises against what one credential holds, both as sets.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Grant, Object, ObjectKind, Origin, Privilege, PrivilegeSet, Why};
use leaseproof_scenario::{PublicDefaults, RolePromise};

/// One way in which a credential is not what was promised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Deviation {
    kind: Kind,
    /// The privilege, attribute or membership.
    pub(super) privilege: String,
    /// The deviation as the rest of a sentence that begins with the credential's name.
    pub(super) what: String,
    /// The line that promises otherwise.
    pub(super) origin: Option<Origin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    NoSuchObject,
    Missing,
    Extra,
}

impl Deviation {
    fn new(kind: Kind, privilege: impl Into<String>, what: String, origin: Option<&Origin>) -> Self {
        Self { kind, privilege: privilege.into(), what, origin: origin.cloned() }
    }

    /// Whether it is more than was promised, and not less.
    pub(super) fn is_extra(&self) -> bool {
        self.kind == Kind::Extra
    }
}

/// What is promised of one privilege on one object.
struct Expected<'p> {
    grantable: bool,
    origin: &'p Origin,
}

type Expectations<'p> = BTreeMap<(Privilege, Object), Expected<'p>>;

/// Every deviation of `set` from `promise`, where `objects` are those that the promise's database has.
///
/// A credential may be read in other databases too: there nothing is promised, and all that it holds is an extra.
pub(super) fn diff(promise: &RolePromise, objects: &BTreeSet<Object>, set: &PrivilegeSet) -> Vec<Deviation> {
    let mut found = Vec::new();
    attributes(promise, set, &mut found);
    memberships(promise, set, &mut found);
    if let Some(grants) = &promise.grants {
        let own = set.database == promise.database;
        let mut expected = expand(promise, objects);
        expected.retain(|(_, object), _| own || object.kind == ObjectKind::Database);
        // A superuser passes every check of privileges (aclchk.c): there is nothing to list.
        if own && !set.attributes.superuser {
            missing(&expected, objects, set, &mut found);
        }
        extra(promise, &expected, set, &grants.origin, &mut found);
        for line in &set.beyond {
            let what = format!("has more than is promised: {line}");
            found.push(Deviation::new(Kind::Extra, line, what, Some(&grants.origin)));
        }
    }
    found
}

/// The promised privileges one by one.
fn expand<'p>(promise: &'p RolePromise, objects: &BTreeSet<Object>) -> Expectations<'p> {
    let mut expected = Expectations::new();
    let mut expect = |privilege, object, grantable, origin| {
        let known = expected.entry((privilege, object)).or_insert(Expected { grantable, origin });
        known.grantable |= grantable;
    };
    for fragment in promise.grants.iter().flat_map(|grants| &grants.value) {
        for Grant { privilege, object, grantable } in &fragment.grants {
            expect(*privilege, object.clone(), *grantable, &fragment.origin);
        }
        for whole in &fragment.whole_schemas {
            let in_schema = objects
                .iter()
                .filter(|object| object.kind == whole.kind && object.schema.as_deref() == Some(whole.schema.as_str()));
            for object in in_schema {
                expect(whole.privilege, object.clone(), whole.grantable, &fragment.origin);
            }
        }
    }
    expected
}

fn attributes(promise: &RolePromise, set: &PrivilegeSet, found: &mut Vec<Deviation>) {
    for ((name, promised), (_, held)) in promise.attributes.named().into_iter().zip(set.attributes.named()) {
        let (kind, what) = match (promised, held) {
            (true, false) => (Kind::Missing, format!("lacks the attribute {name}, which is promised")),
            (false, true) => (Kind::Extra, format!("has the attribute {name}, which is not promised")),
            _ => continue,
        };
        found.push(Deviation::new(kind, name, what, Some(&promise.origin)));
    }
}

fn memberships(promise: &RolePromise, set: &PrivilegeSet, found: &mut Vec<Deviation>) {
    for promised in &promise.member_of {
        if set.memberships.iter().all(|membership| membership.group != promised.value) {
            let privilege = format!("membership of {}", promised.value);
            let what = format!("is no member of {}, which is promised", promised.value);
            found.push(Deviation::new(Kind::Missing, privilege, what, Some(&promised.origin)));
        }
    }
    for membership in &set.memberships {
        let group = &membership.group;
        let promised = promise.member_of.iter().find(|promised| promised.value == *group);
        let (privilege, what) = match promised {
            None if membership.direct => {
                (format!("membership of {group}"), format!("is a member of {group}, which is not promised"))
            }
            None => {
                let what = format!("is a member of {group} through another group, which is not promised");
                (format!("membership of {group}"), what)
            }
            Some(_) if membership.admin => {
                let what = format!("may hand on its membership of {group}, which is not promised");
                (format!("membership of {group} WITH ADMIN OPTION"), what)
            }
            Some(_) => continue,
        };
        let origin = promised.map_or(&promise.origin, |promised| &promised.origin);
        found.push(Deviation::new(Kind::Extra, privilege, what, Some(origin)));
    }
}

/// The table of a column.
fn table_of(object: &Object) -> Option<Object> {
    (object.kind == ObjectKind::Column).then(|| Object { kind: ObjectKind::Table, column: None, ..object.clone() })
}

fn exists(object: &Object, objects: &BTreeSet<Object>) -> bool {
    match object.kind {
        // Databases are not listed, and a table's columns neither.
        ObjectKind::Database => true,
        ObjectKind::Column => table_of(object).is_some_and(|table| objects.contains(&table)),
        _ => objects.contains(object),
    }
}

fn missing(expected: &Expectations<'_>, objects: &BTreeSet<Object>, set: &PrivilegeSet, found: &mut Vec<Deviation>) {
    for ((privilege, object), expectation) in expected {
        let grant = format!("{privilege} ON {object}");
        if !exists(object, objects) {
            let what = format!("cannot hold {grant}, which is promised: {object} does not exist");
            found.push(Deviation::new(Kind::NoSuchObject, grant, what, Some(expectation.origin)));
            continue;
        }
        let table = table_of(object);
        let on_it = |held: &Object| held == object || table.as_ref() == Some(held);
        let held = set.held.iter().filter(|held| held.grant.privilege == *privilege && on_it(&held.grant.object));
        if held.clone().count() == 0 {
            let what = format!("lacks {grant}, which is promised");
            found.push(Deviation::new(Kind::Missing, grant, what, Some(expectation.origin)));
        } else if expectation.grantable && !held.clone().any(|held| held.grant.grantable) {
            let what = format!("holds {grant} without GRANT OPTION, which is promised");
            found.push(Deviation::new(
                Kind::Missing,
                format!("{grant} WITH GRANT OPTION"),
                what,
                Some(expectation.origin),
            ));
        }
    }
}

fn extra(
    promise: &RolePromise,
    expected: &Expectations<'_>,
    set: &PrivilegeSet,
    origin: &Origin,
    found: &mut Vec<Deviation>,
) {
    let mut held: BTreeMap<(Privilege, &Object), Vec<(&Why, bool)>> = BTreeMap::new();
    for granted in &set.held {
        let key = (granted.grant.privilege, &granted.grant.object);
        held.entry(key).or_default().push((&granted.why, granted.grant.grantable));
    }
    for ((privilege, object), reasons) in held {
        let judged = |why: &Why| *why != Why::PublicDefault || promise.public == PublicDefaults::Forbidden;
        let reasons: Vec<_> = reasons.into_iter().filter(|(why, _)| judged(why)).collect();
        if reasons.is_empty() {
            continue;
        }
        let expectation = expected.get(&(privilege, object.clone()));
        let by_table = || expected.get(&(privilege, table_of(object)?));
        let expectation = expectation.or_else(by_table);
        let (grant, reasons) = match expectation {
            None => (format!("{privilege} ON {object}"), reasons),
            Some(expectation) if expectation.grantable => continue,
            Some(_) => {
                let grantable: Vec<_> = reasons.into_iter().filter(|(_, grantable)| *grantable).collect();
                if grantable.is_empty() {
                    continue;
                }
                (format!("{privilege} ON {object} WITH GRANT OPTION"), grantable)
            }
        };
        let why: Vec<String> = reasons.iter().map(|(why, _)| why.to_string()).collect();
        let elsewhere = set.database != promise.database && object.kind != ObjectKind::Database;
        let place = if elsewhere { format!(" in database {}", set.database) } else { String::new() };
        let what = format!("holds {grant}{place} ({}), which is not promised", why.join(", "));
        found.push(Deviation::new(Kind::Extra, grant, what, Some(origin)));
    }
}
