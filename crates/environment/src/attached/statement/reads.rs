//! What queries read.

use serde_json::Value;

use super::Scope;
use super::composed::UNKNOWN;

/// Tables that all databases of a cluster share, and PostgreSQL's own views through which their rows can be changed.
const SHARED: [&str; 13] = [
    "enabled_roles",
    "pg_auth_members",
    "pg_authid",
    "pg_database",
    "pg_db_role_setting",
    "pg_group",
    "pg_parameter_acl",
    "pg_replication_origin",
    "pg_shdepend",
    "pg_shdescription",
    "pg_shseclabel",
    "pg_subscription",
    "pg_tablespace",
];
/// PostgreSQL's view of all sessions.
pub(super) const SESSIONS: &str = "pg_stat_activity";
/// Clauses with which a view is a query only, and no way to change the rows that it shows.
const READ_ONLY: [&str; 6] =
    ["distinct_clause", "group_clause", "having_clause", "limit_count", "limit_offset", "with_clause"];

/// That a query in a database of others reads PostgreSQL's own tables and views only, and locks no rows: a view of theirs
/// may call any function.
pub(super) fn of_others(select: &Value, queries: &[&str], scope: &Scope<'_>) -> Result<(), String> {
    if scope.is_in_ours() {
        return Ok(());
    }
    if !is_none(&select["locking_clause"]) {
        return Err(format!("it locks rows: {}", scope.not_ours()));
    }
    let is_own = |relation: &&Value| match (part(relation, "schemaname"), part(relation, "relname")) {
        ("pg_catalog" | "information_schema", _) => true,
        ("", name) => name.starts_with("pg_") || queries.contains(&name),
        _ => false,
    };
    match relations(&select["from_clause"]).into_iter().find(|relation| !is_own(relation)) {
        Some(relation) => {
            let name = part(relation, "relname");
            Err(format!("it reads {name}, which may call functions of others: {}", scope.not_ours()))
        }
        None => Ok(()),
    }
}

/// That the rows of a table which all databases share cannot be changed through a view with that query.
pub(super) fn not_through(select: &Value) -> Result<(), String> {
    let [from] = select["from_clause"].as_array().map_or(&[] as &[Value], Vec::as_slice) else { return Ok(()) };
    let name = part(&from["node"]["RangeVar"], "relname");
    let is_shared = SHARED.contains(&name) || name.contains(UNKNOWN);
    if !is_shared || READ_ONLY.iter().any(|clause| !is_none(&select[clause])) {
        return Ok(());
    }
    Err(format!(
        "the rows of {name}, which all databases share, could be changed through this view: end it with OFFSET 0"
    ))
}

/// What the view of all sessions is called in a query that reads nothing else, with the view's own columns: of a join, a
/// condition on one part says nothing of the others.
pub(super) fn view_of_sessions<'a>(from: &'a Value, queries: &[&str]) -> Option<&'a str> {
    let [from] = from.as_array().map_or(&[] as &[Value], Vec::as_slice) else { return None };
    let relation = &from["node"]["RangeVar"];
    let is_own = match part(relation, "schemaname") {
        "" => !queries.contains(&SESSIONS),
        schema => schema == "pg_catalog",
    };
    let is_view = is_own && part(relation, "relname") == SESSIONS && is_none(&relation["alias"]["colnames"]);
    is_view.then(|| relation["alias"]["aliasname"].as_str().unwrap_or(SESSIONS))
}

/// The names of the queries of a WITH clause, in order.
pub(super) fn with_names(clause: &Value) -> Vec<&str> {
    let queries = clause["ctes"].as_array().into_iter().flatten();
    queries.map(|query| part(&query["node"]["CommonTableExpr"], "ctename")).collect()
}

/// The names of WITH queries that are visible in a statement: those around it, and its own.
pub(super) fn visible<'a>(around: &[&'a str], statement: &'a Value) -> Vec<&'a str> {
    [around, &with_names(&statement["with_clause"])].concat()
}

/// The tables and views that a FROM clause names. Queries in it are read by themselves.
fn relations(tree: &Value) -> Vec<&Value> {
    match tree {
        Value::Array(all) => all.iter().flat_map(relations).collect(),
        Value::Object(fields) => {
            let inner = fields.iter().filter(|(key, _)| !["RangeVar", "SelectStmt"].contains(&key.as_str()));
            let own = fields.get("RangeVar").filter(|relation| relation.is_object());
            own.into_iter().chain(inner.flat_map(|(_, value)| relations(value))).collect()
        }
        _ => Vec::new(),
    }
}

fn part<'a>(relation: &'a Value, key: &str) -> &'a str {
    relation[key].as_str().unwrap_or_default()
}

fn is_none(clause: &Value) -> bool {
    clause.is_null() || clause.as_array().is_some_and(Vec::is_empty)
}
