//! Sessions: Vault's statements may end those of their own credential, and no others.

use pg_query::protobuf::{AExprKind, BoolExprType};
use serde_json::Value;

use super::composed::UNKNOWN;
use super::names::{function_name, is_of_the_catalog};
use super::vault::CREDENTIAL;
use super::{declared, reads};

/// Functions that end what a session does.
pub(super) const ENDING: [&str; 2] = ["pg_terminate_backend", "pg_cancel_backend"];
/// The columns that decide whose sessions end.
const COLUMNS: [&str; 2] = ["pid", "usename"];

/// Whose sessions a part of a statement has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sessions<'a> {
    /// Also those of others, or none.
    Any,
    /// It is a query with only the credential's sessions, and this is the name of their view there.
    Query(&'a str),
    /// It is in what such a query returns. PostgreSQL evaluates that after WHERE, and the parts of WHERE in any order.
    Returned(&'a str),
}

impl<'a> Sessions<'a> {
    /// Of a query, where those names of WITH queries are visible.
    pub(super) fn of_query(select: &'a Value, queries: &[&str]) -> Self {
        let view = reads::view_of_sessions(&select["from_clause"], queries);
        view.filter(|view| has_only_own(&select["where_clause"], view)).map_or(Self::Any, Self::Query)
    }

    /// Of that field of it.
    pub(super) fn of_field(self, key: &str) -> Self {
        match self {
            Self::Query(view) if key == "target_list" => Self::Returned(view),
            Self::Query(_) => Self::Any,
            other => other,
        }
    }

    /// Whether a call there names a session of the credential: the first argument is the column `pid`, a second one (the
    /// timeout) is a constant.
    pub(super) fn has_argument_of(self, call: &Value) -> bool {
        let Self::Returned(view) = self else { return false };
        match call["args"].as_array().map_or(&[] as &[Value], Vec::as_slice) {
            [pid] => is_column(pid, "pid", view),
            [pid, timeout] => is_column(pid, "pid", view) && timeout["node"]["AConst"].is_object(),
            _ => false,
        }
    }
}

/// Whether a condition has only the sessions of Vault's credential: `usename = '{{name}}'`, also with more after AND.
fn has_only_own(condition: &Value, view: &str) -> bool {
    let node = &condition["node"];
    let both = &node["BoolExpr"];
    if both["boolop"] == BoolExprType::AndExpr as i32 {
        return both["args"].as_array().is_some_and(|args| args.iter().any(|one| has_only_own(one, view)));
    }
    let compared = &node["AExpr"];
    let is_of = |column: &Value, value: &Value| {
        is_column(column, "usename", view) && value["node"]["AConst"]["val"]["Sval"]["sval"] == CREDENTIAL
    };
    let (left, right, name) = (&compared["lexpr"], &compared["rexpr"], &compared["name"]);
    // Another schema may have an operator with that name.
    let is_postgresqls = name.as_array().is_some_and(|parts| parts.len() == 1) || is_of_the_catalog(name);
    let is_equality = compared["kind"] == AExprKind::AexprOp as i32 && function_name(name) == "=" && is_postgresqls;
    is_equality && (is_of(left, right) || is_of(right, left))
}

/// Whether it is that column of the view, `pid` or `view.pid`.
fn is_column(node: &Value, column: &str, view: &str) -> bool {
    let fields = node["node"]["ColumnRef"]["fields"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let part = |field: &Value| field["node"]["String"]["sval"].as_str().unwrap_or_default().to_owned();
    match fields {
        [own] => part(own) == column,
        [of, own] => part(of) == view && part(own) == column,
        _ => false,
    }
}

/// Makes sure that no variable of a PL/pgSQL body that ends sessions can be read in place of a column that decides whose. By
/// default PostgreSQL rejects a name that may be both; a setting can change that.
///
/// # Errors
/// Which one can.
pub(super) fn in_body(code: &str, function: &Value) -> Result<(), String> {
    let words = declared::words(code)?;
    if words.windows(2).any(|pair| pair == ["variable_conflict", "use_variable"]) {
        return Err(
            "with #variable_conflict use_variable, a variable could decide whose sessions end: remove it".to_owned()
        );
    }
    let named = COLUMNS.into_iter().chain([reads::SESSIONS]).map(str::to_owned);
    let named: Vec<String> = named.chain(words.windows(3).filter_map(alias_of_view)).collect();
    let variables = function["PLpgSQL_function"]["datums"].as_array().into_iter().flatten();
    let variables = variables
        .flat_map(|datum| datum.as_object().into_iter().flat_map(|kinds| kinds.values()))
        .filter_map(|variable| variable["refname"].as_str());
    let aliases = words.windows(3).filter(|three| three[1..] == ["alias", "for"]).map(|three| three[0].as_str());
    match variables.chain(aliases).find(|name| *name == UNKNOWN || named.iter().any(|named| named == name)) {
        Some(name) => Err(format!(
            "the variable {name} could be read in place of a column that decides whose sessions end: rename it"
        )),
        None => Ok(()),
    }
}

/// What PostgreSQL's view of all sessions is called there.
fn alias_of_view(words: &[String]) -> Option<String> {
    match words {
        [view, as_, alias] if view == reads::SESSIONS && as_ == "as" => Some(alias.clone()),
        [view, alias, _] if view == reads::SESSIONS => Some(alias.clone()),
        _ => None,
    }
}
