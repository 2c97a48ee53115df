use std::collections::BTreeSet;

use leaseproof_domain::{Escalation, EscalationKind, Object, ObjectKind, RoleAttributes};

use super::facts::{PUBLIC, Trait};
use super::set::{Credential, whole};

/// Predefined roles that are nothing but privileges on objects, which are reported one by one.
const OF_OBJECTS: [&str; 3] = ["pg_database_owner", "pg_maintain", "pg_write_all_data"];

impl Credential<'_> {
    /// Every way to do more than the ACLs say, but for row security.
    pub(super) fn escalate(&self, found: &mut BTreeSet<Escalation>) {
        self.through_owners(found);
        self.through_mappings(found);
        self.through_roles(found);
    }

    /// Functions that run, and views that read, as somebody else.
    fn through_owners(&self, found: &mut BTreeSet<Escalation>) {
        for (_, entry) in self.entries().filter(|(_, entry)| !entry.system) {
            let (kind, way) = match entry.is {
                Trait::Definer => (EscalationKind::SecurityDefiner, "runs as"),
                Trait::OwnerView => (EscalationKind::OwnerView, "reads its tables as"),
                Trait::None | Trait::RowSecurity { .. } => continue,
            };
            let superuser = self.facts.names.get(&entry.owner).is_some_and(|owner| owner.superuser);
            // An owner's privileges that it has anyway are no gain; the power of a superuser is never inherited.
            if self.reach.inherits.contains_key(&entry.owner) && !superuser {
                continue;
            }
            let owner = self.name(entry.owner);
            let object = whole(&entry.object);
            let rank = if superuser { ", a superuser" } else { "" };
            let what = format!("{object} {way} its owner {owner}{rank}");
            let role = Some(owner.to_owned());
            found.insert(Escalation { kind, object: Some(object), role, attributes: Vec::new(), what });
        }
    }

    /// A mapping of its own stands before PUBLIC's (GetUserMapping in foreign.c).
    fn through_mappings(&self, found: &mut BTreeSet<Escalation>) {
        let of = |user: u32| self.facts.mappings.get(&user).map(Vec::as_slice).unwrap_or_default();
        let mut tell = |server: &str, role: Option<&str>, what: String| {
            let name = server.to_owned();
            let object = Object { kind: ObjectKind::ForeignServer, schema: None, name, column: None };
            let (kind, role) = (EscalationKind::UserMapping, role.map(str::to_owned));
            found.insert(Escalation { kind, object: Some(object), role, attributes: Vec::new(), what });
        };
        for server in of(self.oid) {
            tell(server, None, format!("a user mapping of its own logs in to the foreign server {server}"));
        }
        for server in of(PUBLIC).iter().filter(|server| !of(self.oid).contains(server)) {
            tell(server, Some("PUBLIC"), format!("PUBLIC's user mapping logs in to the foreign server {server}"));
        }
        for role in self.reach.sets.keys().filter(|role| **role != self.oid) {
            let name = self.name(*role);
            for server in of(*role) {
                let what = format!("as {name}, by SET ROLE, a user mapping logs in to the foreign server {server}");
                tell(server, Some(name), what);
            }
        }
    }

    /// Roles that it can become, and predefined ones whose power is not in any ACL.
    fn through_roles(&self, found: &mut BTreeSet<Escalation>) {
        for group in self.reach.member.keys().filter(|group| **group != self.oid) {
            let (Some(role), name) = (self.facts.roles.get(group), self.name(*group)) else { continue };
            let mut tell_with = |kind, attributes: &[&str], what| {
                let attributes = attributes.iter().map(|&word| word.to_owned()).collect();
                found.insert(Escalation { kind, object: None, role: Some(name.to_owned()), attributes, what });
            };
            let inherits = self.reach.inherits.contains_key(group);
            let sets = self.reach.sets.contains_key(group);
            let admin = self.reach.admin.contains(group);
            let gained = gained(&self.role.attributes, &role.attributes);
            if (sets || admin) && !gained.is_empty() {
                let way = if sets { "may SET ROLE" } else { "may grant itself SET ROLE" };
                tell_with(EscalationKind::SetRole, &gained, format!("{way} {name}, which is {}", gained.join(", ")));
            }
            let mut tell = |kind, what| tell_with(kind, &[], what);
            if gained.is_empty() && sets && !inherits {
                let what = format!("may SET ROLE {name}, whose privileges it does not have without asking");
                tell(EscalationKind::SetRole, what);
            } else if gained.is_empty() && !sets && !inherits && admin {
                let what = format!("may grant itself {name}, because it may grant that membership to others");
                tell(EscalationKind::SetRole, what);
            }
            if role.predefined && (inherits || sets) && !OF_OBJECTS.contains(&name) {
                let what = format!("the predefined role {name} {}", power(name));
                tell(EscalationKind::PredefinedRole, what);
            }
        }
    }

    /// Why a table's row security does not bind it, if it does not (check_enable_rls in rls.c).
    pub(super) fn unbound(&self, forced: bool, owner: u32, table: &Object) -> Option<Escalation> {
        let owns = !forced && self.reach.inherits.contains_key(&owner);
        let (role, why) = match owns {
            _ if self.role.attributes.bypassrls => (None, "it has BYPASSRLS".to_owned()),
            true => (Some(self.name(owner).to_owned()), format!("it is the owner's ({})", self.name(owner))),
            false => return None,
        };
        let what = format!("row security of {table} does not bind it: {why}");
        let (kind, object) = (EscalationKind::RowSecurity, Some(table.clone()));
        Some(Escalation { kind, object, role, attributes: Vec::new(), what })
    }
}

/// Attributes are never inherited: who sets the role has those of the role.
fn gained(own: &RoleAttributes, other: &RoleAttributes) -> Vec<&'static str> {
    let powers = own.named().into_iter().zip(other.named());
    let gained = powers.filter(|((name, own), (_, other))| !own && *other && !["LOGIN", "INHERIT"].contains(name));
    gained.map(|((name, _), _)| name).collect()
}

/// What a predefined role may do that no ACL says (the chapter "Predefined Roles" of PostgreSQL's documentation).
fn power(name: &str) -> &'static str {
    match name {
        "pg_read_all_data" => "reads the system's catalogs too, with the password hashes of pg_authid",
        "pg_read_server_files" => "reads any file that the server can read",
        "pg_write_server_files" => "writes any file that the server can write",
        "pg_execute_server_program" => "runs programs as the server's account",
        "pg_signal_backend" => "cancels queries of other roles and ends their sessions",
        "pg_signal_autovacuum_worker" => "cancels autovacuum workers and ends them",
        "pg_monitor" => "sees settings, statistics and activity of all roles",
        "pg_read_all_settings" => "reads settings that only superusers see",
        "pg_read_all_stats" => "sees statistics and activity of all roles",
        "pg_stat_scan_tables" => "runs monitoring functions that may lock tables for long",
        "pg_checkpoint" => "orders checkpoints",
        "pg_create_subscription" => "makes subscriptions, which log in elsewhere",
        "pg_use_reserved_connections" => "uses connections that are reserved",
        _ => "reaches what no ACL tells",
    }
}
