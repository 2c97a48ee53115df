//! The queries of a scenario's lifecycles in an environment that is not leaseproof's: each runs in a transaction that is
//! rolled back, and one that a rollback does not undo is not run at all.

use pg_query::NodeEnum;
use serde_json::Value;

/// A query in a transaction of its own, which is rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolledBack {
    /// What is sent.
    pub sql: String,
    /// The kinds of statements that write: `INSERT`; none of a query that runs in a read-only transaction.
    pub writes: Vec<&'static str>,
}

/// Kinds of statements, and the words for those that write. No other kind is run.
const STATEMENTS: [(&str, Option<&str>); 9] = [
    ("SelectStmt", None),
    ("ExplainStmt", None),
    ("VariableShowStmt", None),
    ("VariableSetStmt", None),
    ("InsertStmt", Some("INSERT")),
    ("UpdateStmt", Some("UPDATE")),
    ("DeleteStmt", Some("DELETE")),
    ("MergeStmt", Some("MERGE")),
    ("SetOperationStmt", None),
];

/// Functions of PostgreSQL's own that only answer. Every other one whose name begins with `pg_` is not called.
const ANSWERING: [&str; 20] = [
    "pg_backend_pid",
    "pg_collation_for",
    "pg_column_size",
    "pg_conf_load_time",
    "pg_current_snapshot",
    "pg_database_size",
    "pg_has_role",
    "pg_indexes_size",
    "pg_input_is_valid",
    "pg_is_in_recovery",
    "pg_last_wal_receive_lsn",
    "pg_last_wal_replay_lsn",
    "pg_postmaster_start_time",
    "pg_relation_size",
    "pg_size_pretty",
    "pg_sleep",
    "pg_table_is_visible",
    "pg_table_size",
    "pg_total_relation_size",
    "pg_typeof",
];

/// The query in a transaction that is rolled back: a read-only one, unless it writes.
///
/// # Errors
/// Why a rollback does not undo it, or why nobody can say.
pub fn rolled_back(query: &str) -> Result<RolledBack, String> {
    let parsed = pg_query::parse(query, 0).map_err(|why| format!("it is not valid SQL: {why}"))?;
    let mut writes = Vec::new();
    for node in parsed.protobuf.stmts.iter().filter_map(|raw| raw.stmt.as_ref()?.node.as_ref()) {
        if let NodeEnum::TransactionStmt(_) = node {
            return Err("it begins or ends a transaction itself".to_owned());
        }
        let tree = serde_json::to_value(node).map_err(|why| format!("it cannot be analyzed: {why}"))?;
        walk(&tree, &mut |kind, node| check(kind, node, &mut writes))?;
    }
    writes.dedup();
    let begin = if writes.is_empty() { "BEGIN READ ONLY" } else { "BEGIN" };
    // A comment at its end must not swallow the rollback.
    Ok(RolledBack { sql: format!("{begin};\n{}\n;ROLLBACK", query.trim().trim_end_matches(';')), writes })
}

/// Visits a syntax tree: a key that begins with a capital letter is a node of that kind.
fn walk(tree: &Value, visit: &mut impl FnMut(&str, &Value) -> Result<(), String>) -> Result<(), String> {
    match tree {
        Value::Array(all) => all.iter().try_for_each(|one| walk(one, visit)),
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            if key.starts_with(|first: char| first.is_ascii_uppercase()) {
                visit(key, value)?;
            }
            walk(value, visit)
        }),
        _ => Ok(()),
    }
}

fn check(kind: &str, node: &Value, writes: &mut Vec<&'static str>) -> Result<(), String> {
    match kind {
        "FuncCall" => called(node),
        "LockingClause" => {
            writes.push("SELECT FOR UPDATE");
            Ok(())
        }
        "VariableSetStmt" => set(node["name"].as_str().unwrap_or_default()),
        "SelectStmt" if !node["into_clause"].is_null() => Err("SELECT INTO creates a table".to_owned()),
        kind if kind.ends_with("Stmt") => match STATEMENTS.iter().find(|(known, _)| *known == kind) {
            Some((_, word)) => {
                writes.extend(*word);
                Ok(())
            }
            None => {
                let name = kind.trim_end_matches("Stmt");
                Err(format!("a statement of the kind {name} is not only a query or a change of rows"))
            }
        },
        _ => Ok(()),
    }
}

fn called(node: &Value) -> Result<(), String> {
    let last = node["funcname"].as_array().and_then(|names| names.last());
    let name = last.and_then(|name| name["node"]["String"]["sval"].as_str()).unwrap_or_default().to_ascii_lowercase();
    let of_the_server = name.starts_with("pg_") && !name.starts_with("pg_get_") && !ANSWERING.contains(&name.as_str());
    let runs_a_text = name.contains("_to_xml") || name.starts_with("dblink");
    let of_files = name.starts_with("lo_");
    if of_the_server || runs_a_text || of_files || matches!(name.as_str(), "nextval" | "setval" | "set_config") {
        return Err(format!("{name}() may do something that a rollback does not undo"));
    }
    Ok(())
}

/// What makes the transaction another one, or the session somebody else's.
fn set(name: &str) -> Result<(), String> {
    let name = name.to_ascii_lowercase();
    if name.contains("transaction") || name.contains("session_authorization") {
        return Err(format!("it sets {name}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use super::rolled_back;

    #[test]
    fn what_reads_is_read_only_and_what_writes_is_rolled_back() {
        for query in [
            "SELECT count(*) FROM orders -- all of them",
            "SET ROLE shop_reader; TABLE orders;",
            "SHOW server_version",
            "VALUES (1), (2)",
            "SELECT pg_is_in_recovery()",
            "EXPLAIN ANALYZE SELECT 1",
        ] {
            let sent = rolled_back(query).unwrap();
            assert!(sent.sql.starts_with("BEGIN READ ONLY;\n") && sent.sql.ends_with("\n;ROLLBACK"), "{sent:?}");
            assert!(sent.writes.is_empty(), "{sent:?}");
        }
        for (query, word) in [
            ("INSERT INTO shop.movements (n) VALUES (1)", "INSERT"),
            ("WITH gone AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM gone", "DELETE"),
            ("SELECT 1; update orders set id = id", "UPDATE"),
            ("SELECT * FROM orders FOR UPDATE", "SELECT FOR UPDATE"),
            ("EXPLAIN ANALYZE INSERT INTO orders VALUES (1)", "INSERT"),
            ("MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE", "MERGE"),
        ] {
            let sent = rolled_back(query).unwrap();
            assert!(sent.sql.starts_with("BEGIN;\n") && sent.sql.ends_with(";ROLLBACK"), "{sent:?}");
            assert_eq!(sent.writes, [word]);
        }
    }

    #[test]
    fn what_a_rollback_does_not_undo_is_refused() {
        for query in [
            "INSERT INTO a VALUES (1); COMMIT",
            "BEGIN; INSERT INTO a VALUES (1); COMMIT; SELECT 1",
            "END",
            "PREPARE TRANSACTION 'x'",
            "ROLLBACK; INSERT INTO a VALUES (1)",
            "VACUUM",
            "CREATE DATABASE x",
            "COPY (SELECT 1) TO PROGRAM 'cat'",
            "COPY a FROM '/tmp/x'",
            "DO $$ BEGIN COMMIT; END $$",
            "CALL p()",
            "NOTIFY x",
            "LISTEN x",
            "LOCK TABLE a",
            "TRUNCATE a",
            "DROP TABLE a",
            "CREATE INDEX CONCURRENTLY i ON a (b)",
            "ALTER SYSTEM SET work_mem = '1MB'",
            "CHECKPOINT",
            "PREPARE p AS INSERT INTO a VALUES (1)",
            "EXECUTE p",
            "SELECT 1 INTO t",
            "CREATE TABLE t AS SELECT 1",
            "SELECT nextval('s')",
            "SELECT setval('s', 1)",
            "SELECT pg_terminate_backend(1)",
            "SELECT pg_catalog.pg_reload_conf()",
            "SELECT pg_switch_wal()",
            "SELECT pg_advisory_lock(1)",
            "SELECT dblink_exec('dbname=x', 'DELETE FROM a')",
            "SELECT query_to_xml('DELETE FROM a', true, true, '')",
            "SELECT lo_export(1, '/tmp/x')",
            "SELECT set_config('transaction_read_only', 'off', false)",
            "SET TRANSACTION READ WRITE; SELECT 1",
            "SET default_transaction_read_only = off",
            "SET SESSION AUTHORIZATION x",
            "SELECT FROM WHERE",
        ] {
            assert!(rolled_back(query).is_err(), "{query}: {:?}", rolled_back(query));
        }
    }
}
