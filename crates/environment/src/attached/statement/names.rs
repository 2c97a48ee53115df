//! Names of functions in a parsed statement.

use serde_json::Value;

pub(super) fn function_name(names: &Value) -> &str {
    let last = names.as_array().and_then(|names| names.last());
    last.and_then(|name| name["node"]["String"]["sval"].as_str()).unwrap_or_default()
}

/// Whether its schema says that it is PostgreSQL's own. The grammar's own functions, such as EXTRACT, have that schema too.
pub(super) fn is_of_the_catalog(names: &Value) -> bool {
    let first = names.as_array().and_then(|names| names.first());
    first.is_some_and(|first| first["node"]["String"]["sval"] == "pg_catalog")
}

/// The last part of each name in a definition.
pub(super) fn names(tree: &Value) -> Vec<&str> {
    match tree {
        Value::Array(all) => {
            let own = Some(function_name(tree)).filter(|name| !name.is_empty());
            own.into_iter().chain(all.iter().flat_map(names)).collect()
        }
        Value::Object(fields) => fields.values().flat_map(names).collect(),
        _ => Vec::new(),
    }
}
