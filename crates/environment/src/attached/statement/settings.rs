//! Settings that a setup changes: for a session, a function, a role or a database.
//!
//! A setting of a role or of a database ends with it, and most of them are harmless. Refused are those that load code or
//! hide from leaseproof what a statement does, and, where they hold in databases of others, those that lift a protection
//! of these. Not refused: `row_security = off` (queries fail instead of returning fewer rows), what is logged, timeouts,
//! `search_path` as usual.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterDatabaseSetStmt, AlterRoleSetStmt, Node, VariableSetKind, VariableSetStmt, a_const::Val,
};

use super::{Effect, Scope, composed};

/// Settings that are refused everywhere, and what they do.
const REFUSED: [(&str, &str); 10] = [
    ("allow_system_table_mods", "with allow_system_table_mods it may change PostgreSQL's own tables"),
    ("dynamic_library_path", "dynamic_library_path decides which libraries are loaded"),
    ("ignore_checksum_failure", "ignore_checksum_failure may spread damaged data"),
    ("ignore_system_indexes", "ignore_system_indexes may damage PostgreSQL's own tables"),
    ("jit_provider", "jit_provider loads a library"),
    ("local_preload_libraries", "local_preload_libraries loads libraries"),
    ("session_preload_libraries", "session_preload_libraries loads libraries"),
    ("shared_preload_libraries", "shared_preload_libraries loads libraries"),
    ("track_counts", "without track_counts leaseproof cannot see whether a statement reaches out of its database"),
    ("zero_damaged_pages", "zero_damaged_pages destroys damaged data"),
];
/// Settings that lift a protection of the tables and functions that a session uses.
const LIFTING: [(&str, &str); 3] = [
    ("event_triggers", "event triggers"),
    ("lo_compat_privileges", "the privileges of large objects"),
    ("session_replication_role", "triggers and foreign keys"),
];
/// Settings that decide how a text is read.
const READING: [&str; 2] = ["standard_conforming_strings", "backslash_quote"];

/// `SET` for a session or a function: it lasts as long as they do. Some settings change how the statements after it are
/// read, or as whom they are done.
pub(super) fn of_session(set: &VariableSetStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    if set.kind() == VariableSetKind::VarResetAll {
        return Err("RESET ALL may change how the statements after it are read".to_owned());
    }
    allowed(set, scope.is_in_ours())?;
    keeps_the_catalog(set, scope.is_in_ours())?;
    match name(set).as_str() {
        "role" | "session_authorization" if resets(set) => Ok(Effect::Within),
        "role" => takes_role(set, scope).map(|()| Effect::Within),
        name if READING.contains(&name) || ["session_authorization", "client_encoding"].contains(&name) => {
            Err(format!("{name} changes how, or as whom, the statements after it are done"))
        }
        _ => Ok(Effect::Within),
    }
}

/// `ALTER ROLE … SET`: it holds in every session of the role, in databases of others too. What a credential's own
/// sessions begin with changes no statement of the setup's or of Vault's.
pub(super) fn of_role(alter: &AlterRoleSetStmt, scope: &Scope<'_>) -> Result<(), String> {
    let Some(set) = &alter.setstmt else { return Ok(()) };
    let is_credential = alter.role.as_ref().is_some_and(|role| scope.is_credential(&role.rolename));
    of_sessions(set, scope, scope.has_database(&alter.database), is_credential)
}

/// `ALTER DATABASE … SET`.
pub(super) fn of_database(alter: &AlterDatabaseSetStmt, scope: &Scope<'_>) -> Result<(), String> {
    alter.setstmt.as_ref().map_or(Ok(()), |set| of_sessions(set, scope, scope.has_database(&alter.dbname), false))
}

fn of_sessions(set: &VariableSetStmt, scope: &Scope<'_>, is_in_ours: bool, is_credential: bool) -> Result<(), String> {
    if set.kind() == VariableSetKind::VarResetAll || resets(set) {
        return Ok(());
    }
    allowed(set, is_in_ours)?;
    if is_credential {
        return Ok(());
    }
    keeps_the_catalog(set, is_in_ours)?;
    match name(set).as_str() {
        "role" => takes_role(set, scope),
        name if READING.contains(&name) => Err(format!("{name} changes how statements are read")),
        _ => Ok(()),
    }
}

/// What is refused wherever it stands; `is_in_ours` says whether it holds only in databases that the setup creates.
fn allowed(set: &VariableSetStmt, is_in_ours: bool) -> Result<(), String> {
    let name = name(set);
    if name.contains(composed::UNKNOWN) {
        return Err("which setting it changes is not known before it runs".to_owned());
    }
    if resets(set) {
        return Ok(());
    }
    let of = |(known, _): &&(&str, &str)| *known == name;
    if let Some((_, why)) = REFUSED.iter().find(of) {
        return Err((*why).to_owned());
    }
    match LIFTING.iter().find(of) {
        Some((_, lifted)) if !is_in_ours => {
            Err(format!("{name} would lift {lifted} in databases that the setup does not create"))
        }
        _ => Ok(()),
    }
}

/// That PostgreSQL's own functions are found first, in databases of others. Unless it is named, `pg_catalog` is first.
fn keeps_the_catalog(set: &VariableSetStmt, is_in_ours: bool) -> Result<(), String> {
    let schemas = set.args.iter().filter_map(text).flat_map(|names| names.split(','));
    let catalog = schemas.map(|name| name.trim().trim_matches('"')).position(|name| name == "pg_catalog");
    if is_in_ours || name(set) != "search_path" || catalog.is_none_or(|at| at == 0) {
        return Ok(());
    }
    Err("with pg_catalog behind another schema, functions in databases that the setup does not create could hide \
         PostgreSQL's own"
        .to_owned())
}

fn name(set: &VariableSetStmt) -> String {
    set.name.to_ascii_lowercase()
}

fn resets(set: &VariableSetStmt) -> bool {
    matches!(set.kind(), VariableSetKind::VarReset | VariableSetKind::VarSetDefault)
}

fn text(node: &Node) -> Option<&str> {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(Val::Sval(text)) => Some(&text.sval),
            _ => None,
        },
        _ => None,
    }
}

/// Makes sure that the role which the sessions take is one of the setup's.
fn takes_role(set: &VariableSetStmt, scope: &Scope<'_>) -> Result<(), String> {
    match set.args.as_slice() {
        [role] if text(role).is_some_and(|role| scope.has_role(role) || role == "none") => Ok(()),
        _ => Err("it takes a role that the setup does not create".to_owned()),
    }
}
