//! Keys that Vault does not know. Of most paths Vault ignores them with a warning; a connection's it keeps, and never
//! reads. The lists are those of Vault 1.21.0's own source, by the files named at each.

use std::collections::HashSet;

use super::{Step, named};
use crate::near::listed;
use crate::problem::{Noted, Problem};

/// builtin/logical/database/path_config_connection.go.
const CONNECTION: [&str; 11] = [
    "plugin_name",
    "plugin_version",
    "verify_connection",
    "allowed_roles",
    "root_rotation_statements",
    "password_policy",
    "skip_static_role_import_rotation",
    "rotation_schedule",
    "rotation_window",
    "rotation_period",
    "disable_automated_rotation",
];

/// plugins/database/postgresql/postgresql.go and sdk/database/helper/connutil/sql.go (sdk v0.20.0).
const POSTGRESQL: [&str; 17] = [
    "connection_url",
    "max_open_connections",
    "max_idle_connections",
    "max_connection_lifetime",
    "username",
    "password",
    "auth_type",
    "service_account_json",
    "use_private_ip",
    "use_psc",
    "disable_escaping",
    "self_managed",
    "username_template",
    "password_authentication",
    "tls_ca",
    "tls_certificate",
    "private_key",
];

/// builtin/logical/database/path_roles.go, fieldsForType and dynamicFields.
const ROLE: [&str; 10] = [
    "name",
    "db_name",
    "credential_type",
    "credential_config",
    "default_ttl",
    "max_ttl",
    "creation_statements",
    "revocation_statements",
    "renew_statements",
    "rollback_statements",
];

/// The same, staticFields.
const STATIC_ROLE: [&str; 11] = [
    "name",
    "db_name",
    "credential_type",
    "credential_config",
    "password",
    "username",
    "rotation_period",
    "rotation_schedule",
    "rotation_window",
    "rotation_statements",
    "self_managed_password",
];

/// vault/logical_system_paths.go, mounts/(?P<path>.+?)/tune$; auth/…/tune$ has the same but for allowed_managed_keys and
/// delegated_auth_accessors.
const TUNE: [&str; 16] = [
    "default_lease_ttl",
    "max_lease_ttl",
    "description",
    "audit_non_hmac_request_keys",
    "audit_non_hmac_response_keys",
    "options",
    "listing_visibility",
    "passthrough_request_headers",
    "allowed_response_headers",
    "token_type",
    "allowed_managed_keys",
    "delegated_auth_accessors",
    "plugin_version",
    "user_lockout_config",
    "identity_token_key",
    "trim_request_trailing_slashes",
];

/// The same, mounts/(?P<path>.+?) and auth/(?P<path>.+).
const MOUNT: [&str; 9] = [
    "type",
    "description",
    "config",
    "local",
    "seal_wrap",
    "external_entropy_access",
    "plugin_name",
    "options",
    "plugin_version",
];

/// builtin/credential/approle/path_role.go.
const APPROLE: [&str; 11] = [
    "role_name",
    "bind_secret_id",
    "bound_cidr_list",
    "secret_id_bound_cidrs",
    "policies",
    "secret_id_num_uses",
    "secret_id_ttl",
    "period",
    "role_id",
    "local_secret_ids",
    "alias_metadata",
];

/// builtin/credential/userpass/path_users.go.
const USERPASS: [&str; 8] =
    ["username", "password", "password_hash", "policies", "ttl", "max_ttl", "bound_cidrs", "alias_metadata"];

/// sdk/helper/tokenutil/tokenutil.go.
const TOKEN: [&str; 9] = [
    "token_bound_cidrs",
    "token_explicit_max_ttl",
    "token_max_ttl",
    "token_no_default_policy",
    "token_period",
    "token_policies",
    "token_type",
    "token_ttl",
    "token_num_uses",
];

/// Notes keys that the path does not have.
///
/// Vault is silent about some of them: in a step that may not have warnings (`fails`) each is an error.
pub(super) fn unknown(step: &Step<'_>, mounts: &HashSet<String>, fails: bool, noted: &Noted) {
    let Some(path) = step.path() else { return };
    let Some((kind, known)) = known(step, path, mounts) else { return };
    let data = step.table.table("data").into_iter().flat_map(|data| &data.entries);
    for entry in data.filter(|entry| !known.contains(&entry.key.as_str())) {
        let what = format!("{kind} of Vault 1.21 has no parameter `{}`", entry.key);
        let problem = if fails {
            Problem::at(&entry.at, format!("{what}, and `warnings` of this step is \"fail\""))
        } else {
            Problem::warning(&entry.at, what)
        };
        noted.add(match noted.nearest(&entry.key, known.iter().copied()) {
            Some(near) => problem.nearest(Some(near)),
            None => {
                problem.label("Vault ignores it").help(format!("its parameters are {}", listed(known.iter().copied())))
            }
        });
    }
}

/// What a path is, and the parameters that it has.
fn known(step: &Step<'_>, path: &str, mounts: &HashSet<String>) -> Option<(&'static str, Vec<&'static str>)> {
    if named(path, "config", mounts).is_some() {
        // The parameters of other databases are their own plugins'.
        let plugin = step.datum("plugin_name").and_then(|entry| entry.node.text());
        return (plugin == Some("postgresql-database-plugin"))
            .then(|| ("a connection", [&CONNECTION[..], &POSTGRESQL].concat()));
    }
    if named(path, "roles", mounts).is_some() {
        return Some(("a database role", ROLE.to_vec()));
    }
    if named(path, "static-roles", mounts).is_some() {
        return Some(("a static role", STATIC_ROLE.to_vec()));
    }
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["sys", "mounts" | "auth", .., "tune"] => Some(("a mount's tuning", TUNE.to_vec())),
        ["sys", "mounts" | "auth", ..] => Some(("a mount", MOUNT.to_vec())),
        ["sys", "policies", "acl", _] | ["sys", "policy", _] => Some(("a policy", vec!["policy"])),
        ["auth", "approle", "role", _] => Some(("an AppRole", [&APPROLE[..], &TOKEN].concat())),
        ["auth", "userpass", "users", _] => Some(("a userpass user", [&USERPASS[..], &TOKEN].concat())),
        _ => None,
    }
}
