//! What stands inside a statement: functions that it calls, and statements in it.

use pg_query::NodeEnum;
use pg_query::protobuf::Node;
use serde_json::Value;

use super::composed::UNKNOWN;
use super::names::{function_name, is_of_the_catalog, names};
use super::sessions::{ENDING, Sessions};
use super::{Scope, option, reads, settings};

/// Statements that change nothing but the database that they are done in.
pub(super) fn is_of_a_database(node: &NodeEnum) -> bool {
    kind(node).is_some_and(|kind| OF_A_DATABASE.contains(&kind.as_str()) || DATA.contains(&kind.as_str()))
}

/// Statements that change nothing but rows.
pub(super) fn is_of_rows(node: &NodeEnum) -> bool {
    kind(node).is_some_and(|kind| DATA.contains(&kind.as_str()))
}

const OF_A_DATABASE: [&str; 44] = [
    "AlterDefaultPrivilegesStmt",
    "AlterDomainStmt",
    "AlterEnumStmt",
    "AlterExtensionContentsStmt",
    "AlterExtensionStmt",
    "AlterFunctionStmt",
    "AlterObjectDependsStmt",
    "AlterObjectSchemaStmt",
    "AlterOpFamilyStmt",
    "AlterOperatorStmt",
    "AlterPolicyStmt",
    "AlterPublicationStmt",
    "AlterSeqStmt",
    "AlterStatsStmt",
    "AlterTableStmt",
    "AlterTsconfigurationStmt",
    "AlterTsdictionaryStmt",
    "AlterTypeStmt",
    "CompositeTypeStmt",
    "ConstraintsSetStmt",
    "CreateCastStmt",
    "CreateConversionStmt",
    "CreateDomainStmt",
    "CreateEnumStmt",
    "CreateExtensionStmt",
    "CreateFunctionStmt",
    "CreateOpClassStmt",
    "CreateOpFamilyStmt",
    "CreatePolicyStmt",
    "CreatePublicationStmt",
    "CreateRangeStmt",
    "CreateSchemaStmt",
    "CreateSeqStmt",
    "CreateStatsStmt",
    "CreateStmt",
    "CreateTableAsStmt",
    "CreateTrigStmt",
    "DefineStmt",
    "DropStmt",
    "IndexStmt",
    "RefreshMatViewStmt",
    "RuleStmt",
    "TruncateStmt",
    "ViewStmt",
];
/// Statements that may stand inside one of those too.
const DATA: [&str; 8] = [
    "SelectStmt",
    "InsertStmt",
    "UpdateStmt",
    "DeleteStmt",
    "MergeStmt",
    "ReturnStmt",
    "SetOperationStmt",
    "GrantStmt",
];
/// What `CREATE SCHEMA` makes in itself, beyond those.
const IN_A_SCHEMA: [&str; 5] = ["CreateStmt", "ViewStmt", "IndexStmt", "CreateSeqStmt", "CreateTrigStmt"];
/// Functions of PostgreSQL's own that only say something, or change something in their database.
const HARMLESS: [&str; 31] = [
    "pg_advisory_xact_lock",
    "pg_backend_pid",
    "pg_collation_for",
    "pg_column_size",
    "pg_database_size",
    "pg_function_is_visible",
    "pg_get_constraintdef",
    "pg_get_expr",
    "pg_get_function_arguments",
    "pg_get_function_identity_arguments",
    "pg_get_function_result",
    "pg_get_functiondef",
    "pg_get_indexdef",
    "pg_get_serial_sequence",
    "pg_get_userbyid",
    "pg_get_viewdef",
    "pg_has_role",
    "pg_indexes_size",
    "pg_input_is_valid",
    "pg_is_in_recovery",
    "pg_notify",
    "pg_relation_size",
    "pg_size_pretty",
    "pg_sleep",
    "pg_table_is_visible",
    "pg_table_size",
    "pg_total_relation_size",
    "pg_trigger_depth",
    "pg_try_advisory_xact_lock",
    "pg_type_is_visible",
    "pg_typeof",
];
/// Functions of PostgreSQL's own that only give a value. In a database of somebody else's no other one is called: it may
/// be theirs, and do anything.
const VALUES: [&str; 41] = [
    "array_agg",
    "array_to_string",
    "btrim",
    "char_length",
    "clock_timestamp",
    "concat",
    "concat_ws",
    "count",
    "current_database",
    "current_setting",
    "format",
    "has_any_column_privilege",
    "has_column_privilege",
    "has_database_privilege",
    "has_foreign_data_wrapper_privilege",
    "has_function_privilege",
    "has_language_privilege",
    "has_largeobject_privilege",
    "has_parameter_privilege",
    "has_schema_privilege",
    "has_sequence_privilege",
    "has_server_privilege",
    "has_table_privilege",
    "has_tablespace_privilege",
    "has_type_privilege",
    "left",
    "length",
    "lower",
    "max",
    "min",
    "now",
    "quote_ident",
    "quote_literal",
    "quote_nullable",
    "replace",
    "right",
    "string_agg",
    "substr",
    "to_regrole",
    "unnest",
    "upper",
];
/// Functions that run a text: `ts_stat` and `ts_rewrite` of PostgreSQL's own, those of dblink, tablefunc and xml2.
const OF_A_TEXT: [&str; 10] = [
    "connectby",
    "crosstab",
    "crosstab2",
    "crosstab3",
    "crosstab4",
    "crosstabn",
    "crosstab_hash",
    "ts_rewrite",
    "ts_stat",
    "xpath_table",
];
/// Statements that name functions which are called later by another name: those of operators, aggregates, casts, types.
const BY_FUNCTIONS: [&str; 7] = [
    "AlterOperatorStmt",
    "AlterTypeStmt",
    "CreateCastStmt",
    "CreateConversionStmt",
    "CreateOpClassStmt",
    "DefineStmt",
    "RenameStmt",
];

/// The part of [`super::harmless`] that looks at every node below a statement.
///
/// # Errors
/// Why it may do harm.
pub(super) fn checked(node: &NodeEnum, scope: &Scope<'_>) -> Result<(), String> {
    let tree = serde_json::to_value(node).map_err(|why| format!("it cannot be looked into: {why}"))?;
    let around = Around { is_outermost: true, sessions: Sessions::Any, is_of_a_setting: false, queries: &[] };
    walk(&tree, around, scope)
}

/// The settings that a function runs with (`SET search_path = …`), as if it were a statement.
pub(super) fn with_settings(options: &[Node], scope: &Scope<'_>) -> Result<(), String> {
    for option in options.iter().filter_map(option) {
        if let Some(NodeEnum::VariableSetStmt(set)) = option.arg.as_ref().and_then(|arg| arg.node.as_ref()) {
            settings::of_session(set, scope)?;
        }
    }
    Ok(())
}

/// The kind of a statement: `SelectStmt`.
pub(super) fn kind(node: &NodeEnum) -> Option<String> {
    serde_json::to_value(node).ok()?.as_object()?.keys().next().cloned()
}

/// What is around a node.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// Nothing is.
    is_outermost: bool,
    /// Whose sessions it has.
    sessions: Sessions<'a>,
    /// The option `SET …` of a function: [`with_settings`] judges it.
    is_of_a_setting: bool,
    /// The names of the WITH queries that are visible there.
    queries: &'a [&'a str],
}

/// Goes through a syntax tree: an object with one key that begins with a capital is a node of that kind.
fn walk(tree: &Value, around: Around<'_>, scope: &Scope<'_>) -> Result<(), String> {
    match tree {
        Value::Array(all) => {
            let within = Around { is_outermost: false, ..around };
            all.iter().try_for_each(|one| walk(one, within, scope))
        }
        Value::Object(fields) => {
            let queries = reads::visible(around.queries, tree);
            for (key, value) in fields {
                let sessions = around.sessions.of_field(key);
                let mut within = Around { is_outermost: false, sessions, queries: &queries, ..around };
                if key == "with_clause" {
                    with_queries(value, Around { queries: around.queries, ..within }, scope)?;
                    continue;
                }
                if key.starts_with(|first: char| first.is_ascii_uppercase()) {
                    check(key, value, around, scope)?;
                }
                // `SELECT … INTO t` is `CREATE TABLE t AS`.
                if key == "into_clause" && !value.is_null() && !scope.is_in_ours() {
                    return Err(scope.not_ours());
                }
                // The parts of a UNION are queries without a node of their own.
                if matches!(key.as_str(), "SelectStmt" | "larg" | "rarg") {
                    reads::of_others(value, &reads::visible(&queries, value), scope)?;
                }
                if key == "SelectStmt" {
                    within.sessions = Sessions::of_query(value, &reads::visible(&queries, value));
                }
                if key == "DefElem" {
                    within.is_of_a_setting = value["defname"] == "set";
                }
                walk(value, within, scope)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Goes through the queries of WITH. Each has the names of those before it, with RECURSIVE those of all (`transformWithClause`
/// in src/backend/parser/parse_cte.c).
fn with_queries(clause: &Value, around: Around<'_>, scope: &Scope<'_>) -> Result<(), String> {
    let names = reads::with_names(clause);
    let is_recursive = clause["recursive"] == true;
    for (number, query) in clause["ctes"].as_array().into_iter().flatten().enumerate() {
        let known = if is_recursive { names.as_slice() } else { &names[..number] };
        walk(query, Around { queries: &[around.queries, known].concat(), ..around }, scope)?;
    }
    Ok(())
}

fn check(kind: &str, node: &Value, around: Around<'_>, scope: &Scope<'_>) -> Result<(), String> {
    if kind == "FuncCall" {
        let names = &node["funcname"];
        let name = function_name(names);
        of_the_server(name, around.sessions.has_argument_of(node), scope)?;
        let has_schema = names.as_array().is_some_and(|names| names.len() > 1);
        return if is_of_the_catalog(names) { Ok(()) } else { called(name, has_schema, scope) };
    }
    if kind == "ViewStmt" {
        reads::not_through(&node["query"]["node"]["SelectStmt"])?;
    }
    if BY_FUNCTIONS.contains(&kind) {
        names(node).into_iter().try_for_each(|name| of_the_server(name, false, scope))?;
    }
    if ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "AlterTableStmt"].contains(&kind) {
        let part = |key: &str| node["relation"][key].as_str().unwrap_or_default();
        let (schema, name) = (part("schemaname"), part("relname"));
        if name.starts_with("pg_") {
            return Err(format!("{name} is PostgreSQL's own"));
        }
        let may_be_postgresqls = schema.is_empty() || schema.contains(UNKNOWN) || schema.starts_with("pg_");
        // PostgreSQL itself refuses to alter its tables.
        let changes_rows = kind != "AlterTableStmt";
        // Also in a query: `WITH x AS (DELETE … RETURNING …) SELECT …`.
        if changes_rows && !scope.is_in_ours() {
            return Err(scope.not_ours());
        }
        if name.contains(UNKNOWN) && (!scope.is_in_ours() || (changes_rows && may_be_postgresqls)) {
            return Err("which table it changes is not known before it runs".to_owned());
        }
    }
    let is_judged = around.is_of_a_setting && kind == "VariableSetStmt";
    if around.is_outermost
        || !kind.ends_with("Stmt")
        || DATA.contains(&kind)
        || IN_A_SCHEMA.contains(&kind)
        || is_judged
    {
        return Ok(());
    }
    Err(format!("a statement inside of it may change more than what the setup creates ({kind})"))
}

/// Of a function that is called by its name. One that the setup creates is looked into where it is created, and when it
/// is called.
fn called(name: &str, has_schema: bool, scope: &Scope<'_>) -> Result<(), String> {
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    let is_known = || [VALUES.as_slice(), &HARMLESS, &ENDING].into_iter().flatten().any(|known| is(known));
    if scope.is_in_ours() || (!has_schema && is_known()) {
        return Ok(());
    }
    Err(format!(
        "{name}() may change more than what the setup creates: the database {} is not one of the setup's, and leaseproof \
         cannot read the functions in it; if it is PostgreSQL's own, write pg_catalog.{name}()",
        scope.database
    ))
}

/// Whether that function ends what a session does.
pub(super) fn ends_sessions(name: &str) -> bool {
    ENDING.iter().any(|ending| ending.eq_ignore_ascii_case(name))
}

/// Of a function that PostgreSQL or one of its extensions has. `of_own_session` is whether its argument is a session of the
/// credential.
pub(super) fn of_the_server(name: &str, of_own_session: bool, scope: &Scope<'_>) -> Result<(), String> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        name if ENDING.contains(&name) && scope.is_of_vault => {
            if of_own_session {
                return Ok(());
            }
            Err(format!(
                "{name}() may end the sessions of others: write SELECT {name}(pid) FROM pg_stat_activity WHERE usename = '{{{{name}}}}'"
            ))
        }
        "pg_notify" if !scope.is_in_ours() => Err("pg_notify() may reach the sessions of others".to_owned()),
        name if name.contains(UNKNOWN) => Err("which function it calls is not known before it runs".to_owned()),
        name if is_beyond(name) => Err(format!("{name}() may change more than what the setup creates")),
        _ => Ok(()),
    }
}

fn is_beyond(name: &str) -> bool {
    let of_the_server = name.starts_with("pg_") && !HARMLESS.contains(&name);
    let runs_a_text = name.contains("_to_xml") || name.starts_with("dblink") || OF_A_TEXT.contains(&name);
    let of_files = matches!(name, "lo_import" | "lo_export");
    of_the_server || runs_a_text || of_files || name == "set_config"
}
