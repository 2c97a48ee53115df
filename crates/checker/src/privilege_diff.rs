//! Compares the promised privileges of a role with those of one credential: a pure function, for GRA-1 and for
//! `leaseproof grants --against`.

mod beyond_acls;
mod held;
mod promised;
mod role;

use std::collections::BTreeSet;

use leaseproof_domain::{Object, ObjectKind, Origin, PrivilegeSet};
use leaseproof_scenario::RolePromise;

use self::promised::Promise;

/// One way in which a credential is not what was promised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deviation {
    /// Whether it is more or less than was promised.
    pub kind: DeviationKind,
    /// The privilege, attribute, membership, …
    pub privilege: String,
    /// The deviation as the rest of a sentence that begins with the credential's name; of an extra, why it is held.
    pub what: String,
    /// The line that promises otherwise.
    pub origin: Option<Origin>,
    /// Whether the statements of the Vault role determine it, and no grant to PUBLIC or to a group.
    pub of_statements: bool,
}

/// More or less than was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviationKind {
    /// Promised on an object that does not exist.
    NoSuchObject,
    /// Promised and not held.
    Missing,
    /// Held and not promised.
    Extra,
}

impl Deviation {
    fn new(kind: DeviationKind, privilege: impl Into<String>, what: String, origin: &Origin) -> Self {
        Self { kind, privilege: privilege.into(), what, origin: Some(origin.clone()), of_statements: false }
    }

    fn missing(privilege: impl Into<String>, what: String, origin: &Origin) -> Self {
        Self::new(DeviationKind::Missing, privilege, what, origin).of_statements(true)
    }

    fn extra(privilege: impl Into<String>, what: String, origin: &Origin) -> Self {
        Self::new(DeviationKind::Extra, privilege, what, origin)
    }

    fn of_statements(self, of_statements: bool) -> Self {
        Self { of_statements, ..self }
    }

    /// Whether it is more than was promised, and not less.
    pub fn is_extra(&self) -> bool {
        self.kind == DeviationKind::Extra
    }
}

/// Every deviation of `set` from `promise`, where `objects` are those that the promise's database and its cluster have.
///
/// A credential may be read in other databases too: there nothing is promised but what is on shared objects, and all
/// else that it holds is an extra. Where the scenario does not speak of privileges, only attributes, the connection
/// limit, memberships and settings are compared.
pub fn privilege_diff(promise: &RolePromise, objects: &BTreeSet<Object>, set: &PrivilegeSet) -> Vec<Deviation> {
    let mut found = Vec::new();
    role::attributes(promise, set, &mut found);
    role::memberships(promise, set, &mut found);
    role::settings(promise, set, &mut found);
    if let Some(grants) = &promise.grants {
        let every_kind = objects.iter().any(|object| object.kind == ObjectKind::Database);
        let sides = Sides { promise: Promise::of(promise, objects), objects, every_kind, set, origin: &grants.origin };
        sides.missing(&mut found);
        sides.extra(&mut found);
        sides.ownership(&mut found);
        sides.future(&mut found);
        sides.row_security(&mut found);
        sides.escalations(&mut found);
        // What the shared catalog says of the promised database, by OIDs, is judged there by name.
        let there = format!(" in database {}", promise.database);
        let named_there = |line: &str| line.ends_with(&there) || line.contains(&format!("{there},"));
        for line in set.beyond.iter().filter(|line| !named_there(line)) {
            found.push(Deviation::extra(line, format!("has more than promised: {line}"), &grants.origin));
        }
    }
    found
}

/// Both sides of the comparison.
struct Sides<'a> {
    promise: Promise<'a>,
    objects: &'a BTreeSet<Object>,
    /// Whether `objects` lists every kind; the databases are always among them then.
    every_kind: bool,
    set: &'a PrivilegeSet,
    /// The line of `grants`.
    origin: &'a Origin,
}

impl Sides<'_> {
    /// Whether the set is of the promised database.
    fn own(&self) -> bool {
        self.set.database == self.promise.role.database
    }

    /// Where an extra is that stands in another database than the promised one.
    fn place(&self, shared_object: bool) -> String {
        if self.own() || shared_object { String::new() } else { format!(" in database {}", self.set.database) }
    }
}

/// Whether objects of the kind are the same in every database of a cluster.
fn shared(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Database | ObjectKind::Tablespace | ObjectKind::Parameter)
}

/// The table of a column.
fn table_of(object: &Object) -> Option<Object> {
    (object.kind == ObjectKind::Column).then(|| Object { kind: ObjectKind::Table, column: None, ..object.clone() })
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
