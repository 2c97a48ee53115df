//! What stands inside a statement: functions that it calls, statements in it, bodies of functions.

use pg_query::NodeEnum;
use pg_query::protobuf::CreateFunctionStmt;
use serde_json::Value;

use super::option;

/// Statements that change nothing but the database that they are done in.
pub(super) fn is_of_a_database(node: &NodeEnum) -> bool {
    kind(node).is_some_and(|kind| OF_A_DATABASE.contains(&kind.as_str()) || DATA.contains(&kind.as_str()))
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
const HARMLESS: [&str; 8] = [
    "pg_get_serial_sequence",
    "pg_sleep",
    "pg_typeof",
    "pg_column_size",
    "pg_size_pretty",
    "pg_input_is_valid",
    "pg_advisory_xact_lock",
    "pg_collation_for",
];

/// That nothing inside of it reaches out of its database.
///
/// # Errors
/// Why it may.
pub(super) fn harmless(node: &NodeEnum) -> Result<(), String> {
    let tree = serde_json::to_value(node).map_err(|why| format!("it cannot be looked into: {why}"))?;
    walk(&tree, true, &called)?;
    match node {
        NodeEnum::CreateFunctionStmt(create) => function(create),
        _ => Ok(()),
    }
}

/// The same of a query that may also end sessions, as Vault's revocation does with those of the credential.
///
/// # Errors
/// Why it may reach out of its database otherwise.
pub(super) fn harmless_to_others(node: &NodeEnum) -> Result<(), String> {
    let tree = serde_json::to_value(node).map_err(|why| format!("it cannot be looked into: {why}"))?;
    walk(&tree, true, &|name| match name {
        "pg_terminate_backend" | "pg_cancel_backend" | "pg_backend_pid" => Ok(()),
        name => called(name),
    })
}

/// What is said of a function by its name.
type Judge<'a> = &'a dyn Fn(&str) -> Result<(), String>;

fn kind(node: &NodeEnum) -> Option<String> {
    serde_json::to_value(node).ok()?.as_object()?.keys().next().cloned()
}

/// Goes through a syntax tree: an object with one key that begins with a capital is a node of that kind.
fn walk(tree: &Value, is_outermost: bool, judge: Judge<'_>) -> Result<(), String> {
    match tree {
        Value::Array(all) => all.iter().try_for_each(|one| walk(one, false, judge)),
        Value::Object(fields) => {
            for (key, value) in fields {
                if key.starts_with(|first: char| first.is_ascii_uppercase()) {
                    check(key, value, is_outermost, judge)?;
                }
                walk(value, false, judge)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check(kind: &str, node: &Value, is_outermost: bool, judge: Judge<'_>) -> Result<(), String> {
    if kind == "FuncCall" {
        return judge(function_name(&node["funcname"]));
    }
    if ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "AlterTableStmt"].contains(&kind) {
        let name = node["relation"]["relname"].as_str().unwrap_or_default();
        if name.starts_with("pg_") {
            return Err(format!("{name} is PostgreSQL's own"));
        }
    }
    if is_outermost || !kind.ends_with("Stmt") || DATA.contains(&kind) || IN_A_SCHEMA.contains(&kind) {
        return Ok(());
    }
    Err(format!("a statement inside of it may change more than what the set-up makes ({kind})"))
}

fn function_name(names: &Value) -> &str {
    let last = names.as_array().and_then(|names| names.last());
    last.and_then(|name| name["node"]["String"]["sval"].as_str()).unwrap_or_default()
}

/// Of a function that is called by its name. One that the scenario itself makes is looked into where it is made, and
/// when it is called.
fn called(name: &str) -> Result<(), String> {
    let name = name.to_ascii_lowercase();
    if is_beyond(&name) { Err(format!("{name}() may change more than what the set-up makes")) } else { Ok(()) }
}

fn is_beyond(name: &str) -> bool {
    let of_the_server = name.starts_with("pg_") && !HARMLESS.contains(&name);
    let runs_a_text = name.contains("_to_xml") || name.starts_with("dblink");
    let of_files = matches!(name, "lo_import" | "lo_export");
    of_the_server || runs_a_text || of_files || name == "set_config"
}

/// Of a function's body: SQL is read as such; of PL/pgSQL the words are looked at, and what it does is looked at by the
/// server when it is called.
fn function(create: &CreateFunctionStmt) -> Result<(), String> {
    let mut language = if create.sql_body.is_some() { "sql" } else { "" };
    let mut body = Vec::new();
    for option in create.options.iter().filter_map(option) {
        let value = option.arg.as_ref().and_then(|arg| arg.node.as_ref());
        match (option.defname.as_str(), value) {
            ("language", Some(NodeEnum::String(name))) => language = &name.sval,
            ("security", Some(NodeEnum::Boolean(definer))) if definer.boolval => {
                return Err("with SECURITY DEFINER everybody who calls it has the operator's rights".to_owned());
            }
            ("as", Some(NodeEnum::List(texts))) => {
                body.extend(texts.items.iter().filter_map(|text| match &text.node {
                    Some(NodeEnum::String(text)) => Some(text.sval.as_str()),
                    _ => None,
                }));
            }
            ("as", Some(NodeEnum::String(text))) => body.push(&text.sval),
            _ => {}
        }
    }
    match language.to_ascii_lowercase().as_str() {
        "sql" => body.iter().try_for_each(|text| sql_body(text)),
        "plpgsql" => body.iter().try_for_each(|text| plpgsql_body(text)),
        other => Err(format!("nobody can look into a function in the language {other}: expected sql or plpgsql")),
    }
}

fn sql_body(text: &str) -> Result<(), String> {
    let parsed = pg_query::parse(text, 0).map_err(|why| format!("the function's body is no SQL: {why}"))?;
    for statement in parsed.protobuf.stmts.iter().filter_map(|raw| raw.stmt.as_ref()?.node.as_ref()) {
        let kind = kind(statement).unwrap_or_default();
        if !DATA.contains(&kind.as_str()) {
            return Err(format!("the function's body may change more than what the set-up makes ({kind})"));
        }
        harmless(statement)?;
    }
    Ok(())
}

fn plpgsql_body(text: &str) -> Result<(), String> {
    let words = text.split(|sign: char| !(sign.is_alphanumeric() || matches!(sign, '_' | '$')));
    words.map(str::to_ascii_lowercase).try_for_each(|word| {
        // Variables and tables of the catalog may be called so; functions of the server's are what harms.
        let is_catalog = word.starts_with("pg_") && !text.contains(&format!("{word}("));
        if is_catalog { Ok(()) } else { called(&word) }
    })
}
