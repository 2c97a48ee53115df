//! Which of a role's privileges are tried out, by how many lifecycles, and which may be.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Grant, Object, ObjectKind, Origin, Privilege};

use super::predefined::gives;
use super::{PublicDefaults, RolePromise};

impl RolePromise {
    /// Every promised privilege one by one and the line that promises it, where `objects` are those of the database.
    pub fn promised(&self, objects: &BTreeSet<Object>) -> Vec<(Grant, &Origin)> {
        let mut promised: BTreeMap<(Privilege, Object), (bool, &Origin)> = BTreeMap::new();
        let mut promise = |privilege, object, grantable, origin| {
            let known = promised.entry((privilege, object)).or_insert((grantable, origin));
            known.0 |= grantable;
        };
        for fragment in self.grants.iter().flat_map(|grants| &grants.value) {
            for Grant { privilege, object, grantable } in &fragment.grants {
                promise(*privilege, object.clone(), *grantable, &fragment.origin);
            }
            for whole in &fragment.whole_schemas {
                let in_it =
                    |object: &&Object| object.kind == whole.kind && object.schema.as_ref() == Some(&whole.schema);
                for object in objects.iter().filter(in_it) {
                    promise(whole.privilege, object.clone(), whole.grantable, &fragment.origin);
                }
            }
        }
        let grant = |((privilege, object), (grantable, origin))| (Grant { privilege, object, grantable }, origin);
        promised.into_iter().map(grant).collect()
    }

    /// Every privilege on `objects` that is not promised: left out are PUBLIC's built-in defaults where the scenario
    /// allows them, and what a promised membership of a predefined role gives on everything. Where single columns of a
    /// table are promised, its other columns stand for the table; `columns` names a table's columns.
    ///
    /// Empty where everything is promised, as to a superuser.
    pub fn forbidden(&self, objects: &BTreeSet<Object>, columns: impl Fn(&Object) -> Vec<String>) -> Vec<Grant> {
        if self.grants.is_none() || self.attributes.superuser {
            return Vec::new();
        }
        let promised: BTreeSet<(Privilege, Object)> =
            self.promised(objects).into_iter().map(|(grant, _)| (grant.privilege, grant.object)).collect();
        let mut forbidden = Vec::new();
        for object in objects {
            for privilege in object.kind.privileges() {
                if promised.contains(&(*privilege, object.clone())) || self.gives(*privilege, object) {
                    continue;
                }
                let column = |column| Object { kind: ObjectKind::Column, column: Some(column), ..object.clone() };
                let parts: Vec<Object> = match object.kind {
                    ObjectKind::Table => columns(object).into_iter().map(column).collect(),
                    _ => Vec::new(),
                };
                let is_promised = |part: &Object| promised.contains(&(*privilege, part.clone()));
                let tried = if parts.iter().any(is_promised) {
                    parts.into_iter().filter(|part| !is_promised(part)).collect()
                } else {
                    vec![object.clone()]
                };
                forbidden.extend(tried.into_iter().map(|object| Grant {
                    privilege: *privilege,
                    object,
                    grantable: false,
                }));
            }
        }
        forbidden
    }

    /// Whether the role has it although no grant is promised.
    fn gives(&self, privilege: Privilege, object: &Object) -> bool {
        let by_default = self.public == PublicDefaults::Allowed && is_public_default(privilege, object.kind);
        by_default || self.member_of.iter().any(|group| gives(&group.value.role, privilege, object.kind))
    }
}

/// What `acldefault` gives PUBLIC.
fn is_public_default(privilege: Privilege, kind: ObjectKind) -> bool {
    match kind {
        ObjectKind::Database => matches!(privilege, Privilege::Connect | Privilege::Temporary),
        ObjectKind::Function => privilege == Privilege::Execute,
        ObjectKind::Language | ObjectKind::Type => privilege == Privilege::Usage,
        _ => false,
    }
}
