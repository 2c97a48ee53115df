//! What PostgreSQL's predefined roles bring with them.

use leaseproof_domain::{Object, ObjectKind, Privilege};

use super::RolePromise;

/// The predefined roles that another one is a member of from the beginning, on every version from 14 to 18.
///
/// Source: the GRANTs in src/backend/catalog/system_functions.sql (before 14 in system_views.sql).
const MEMBERS: &[(&str, &[&str])] =
    &[("pg_monitor", &["pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"])];

/// Whether whoever is a member of `role` is by that a member of `group` too, in every cluster.
pub fn brings_membership(role: &str, group: &str) -> bool {
    MEMBERS.iter().any(|(name, groups)| *name == role && groups.contains(&group))
}

impl RolePromise {
    /// Whether membership of `group` is promised, by its name or by that of a predefined role that brings it.
    pub fn promises_membership(&self, group: &str) -> bool {
        let mut promised = self.member_of.iter().map(|member| member.value.role.as_str());
        promised.any(|role| role == group || brings_membership(role, group))
    }

    /// Whether ownership of `object`, or of the table of a column, is promised: an owner has every privilege. The owner of
    /// the database is in `pg_database_owner`, which owns schema `public` from PostgreSQL 15 on (doc/src/sgml/ddl.sgml).
    pub fn promises_ownership(&self, object: &Object) -> bool {
        let owned = |object: &Object| self.owns.iter().any(|promised| promised.value == *object);
        let table = || Object { kind: ObjectKind::Table, column: None, ..object.clone() };
        let database =
            || Object { kind: ObjectKind::Database, schema: None, name: self.database.clone(), column: None };
        owned(object)
            || object.kind == ObjectKind::Column && owned(&table())
            || object.kind == ObjectKind::Schema
                && object.name == "public"
                && (owned(&database()) || self.promises_membership("pg_database_owner"))
    }
}

/// What a predefined role may do on every object of a kind, without any ACL.
///
/// Source: `pg_class_aclmask_ext` and `pg_namespace_aclmask` in aclchk.c.
pub(super) fn gives(role: &str, privilege: Privilege, kind: ObjectKind) -> bool {
    use Privilege::{Delete, Insert, Maintain, Select, Update, Usage};
    let relation = matches!(kind, ObjectKind::Table | ObjectKind::Column | ObjectKind::Sequence);
    let schema = kind == ObjectKind::Schema && privilege == Usage;
    match role {
        "pg_read_all_data" => schema || relation && privilege == Select,
        "pg_write_all_data" => schema || relation && matches!(privilege, Insert | Update | Delete),
        "pg_maintain" => relation && privilege == Maintain,
        _ => false,
    }
}
