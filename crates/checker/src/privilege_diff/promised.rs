//! A role's promise, spelt out privilege by privilege.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Grant, Object, Origin, Privilege};
use leaseproof_scenario::{FuturePromise, RolePromise};

use super::table_of;

/// What is promised of one privilege on one object.
pub(super) struct Expected<'p> {
    pub(super) grantable: bool,
    pub(super) origin: &'p Origin,
    /// Whether the object is named, and not only one of a schema's.
    pub(super) by_name: bool,
}

pub(super) struct Promise<'p> {
    pub(super) role: &'p RolePromise,
    pub(super) held: BTreeMap<(Privilege, Object), Expected<'p>>,
    pub(super) future: Vec<(&'p FuturePromise, &'p Origin)>,
}

impl<'p> Promise<'p> {
    pub(super) fn of(role: &'p RolePromise, objects: &BTreeSet<Object>) -> Self {
        let mut promise = Self { role, held: BTreeMap::new(), future: Vec::new() };
        let mut by_schema: BTreeMap<_, Vec<&Object>> = BTreeMap::new();
        for object in objects {
            by_schema.entry((object.kind, object.schema.as_deref())).or_default().push(object);
        }
        for fragment in role.grants.iter().flat_map(|grants| &grants.value) {
            let origin = &fragment.origin;
            for Grant { privilege, object, grantable } in &fragment.grants {
                promise.expect(*privilege, object, Expected { grantable: *grantable, origin, by_name: true });
            }
            for whole in &fragment.whole_schemas {
                let in_schema = by_schema.get(&(whole.kind, Some(whole.schema.as_str())));
                for object in in_schema.into_iter().flatten() {
                    let grantable = whole.grantable;
                    promise.expect(whole.privilege, object, Expected { grantable, origin, by_name: false });
                }
            }
            promise.future.extend(fragment.future.iter().map(|future| (future, origin)));
        }
        promise
    }

    fn expect(&mut self, privilege: Privilege, object: &Object, expected: Expected<'p>) {
        let Expected { grantable, origin, by_name } = expected;
        let known = self.held.entry((privilege, object.clone())).or_insert(Expected { grantable, origin, by_name });
        known.grantable |= grantable;
        known.by_name |= by_name;
    }

    /// What is promised of a privilege: on the object, or on the table of the column.
    pub(super) fn expected(&self, privilege: Privilege, object: &Object) -> Option<&Expected<'p>> {
        let on = |object: Object| self.held.get(&(privilege, object));
        on(object.clone()).or_else(|| on(table_of(object)?))
    }

    /// Whether any privilege on the object or on a column of it is promised.
    pub(super) fn speaks_of(&self, object: &Object) -> bool {
        self.held.keys().any(|(_, promised)| promised == object || table_of(promised).as_ref() == Some(object))
    }

    pub(super) fn owns(&self, object: &Object) -> bool {
        self.role.owns.iter().any(|promised| promised.value == *object)
    }
}
