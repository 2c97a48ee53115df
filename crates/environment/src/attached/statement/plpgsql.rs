//! PL/pgSQL as libpg_query reads it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use leaseproof_postgres::literal;
use pg_query::NodeEnum;
use pg_query::protobuf::{
    CreateFunctionStmt, FunctionParameter, FunctionParameterMode as Mode, Node, ScanToken, Token, TypeName,
};
use postgres_protocol::escape::escape_identifier;
use serde_json::Value;

use super::composed::{UNKNOWN, last};
use super::declared::{SCALARS, with_known_types};

/// What a function of a trigger has beside its own variables.
const OF_A_TRIGGER: [&str; 13] = [
    "new record",
    "old record",
    "tg_argv record",
    "tg_level text",
    "tg_name text",
    "tg_nargs int4",
    "tg_op text",
    "tg_relid int8",
    "tg_relname text",
    "tg_table_name text",
    "tg_table_schema text",
    "tg_when text",
    "tg_event text",
];
/// The tree of a DO block.
///
/// # Errors
/// Why PostgreSQL would not read it.
pub(super) fn of_block(code: &str) -> Result<Value, String> {
    tree(&format!("DO {}", literal(&with_known_types(code)?)))
}

/// The tree of a function's body. libpg_query knows no types but PostgreSQL's own, and cannot show the variables of a
/// trigger: the same body is read in a function whose parameters have such names.
///
/// # Errors
/// Why PostgreSQL would not read it.
pub(super) fn of_function(create: &CreateFunctionStmt, code: &str) -> Result<Value, String> {
    let given = create.return_type.as_ref();
    let (returned, is_set) = (given.and_then(|given| last(&given.names)), given.is_some_and(|given| given.setof));
    let parameters = || {
        create.parameters.iter().filter_map(|parameter| match &parameter.node {
            Some(NodeEnum::FunctionParameter(parameter)) => Some(parameter.as_ref()),
            _ => None,
        })
    };
    let mut variables: Vec<String> = parameters().map(declared).collect();
    if returned.is_some_and(|returned| returned.ends_with("trigger")) {
        variables.extend(OF_A_TRIGGER.map(str::to_owned));
    }
    let has_out =
        parameters().any(|one| matches!(one.mode(), Mode::FuncParamOut | Mode::FuncParamInout | Mode::FuncParamTable));
    let returns = match (returned, is_set) {
        (_, true) if has_out => "RETURNS SETOF record",
        _ if has_out => "",
        (None | Some("void" | "event_trigger"), _) => "RETURNS void",
        (_, true) => "RETURNS SETOF text",
        _ => "RETURNS text",
    };
    if has_out {
        // A single one would have to be of the type that is returned.
        variables.push(format!("OUT {} text", escape_identifier(UNKNOWN)));
    }
    tree(&format!(
        "CREATE FUNCTION f({}) {returns} LANGUAGE plpgsql AS {}",
        variables.join(", "),
        literal(&with_known_types(code)?)
    ))
}

/// Names of functions that are called, as the words of the code say. libpg_query does not show with which value a record
/// begins.
///
/// # Errors
/// Why the code has no words.
pub(super) fn called(code: &str) -> Result<Vec<String>, String> {
    let scanned = pg_query::scan(code).map_err(|why| why.to_string())?;
    let is_comment = |token: &ScanToken| matches!(token.token(), Token::SqlComment | Token::CComment);
    let tokens: Vec<ScanToken> = scanned.tokens.into_iter().filter(|token| !is_comment(token)).collect();
    let tokens = tokens
        .windows(2)
        .filter(|pair| matches!(pair[0].token(), Token::Ident | Token::Uident) && pair[1].token() == Token::Ascii40);
    let word = |token: &ScanToken| {
        let (begin, end) = (usize::try_from(token.start).ok()?, usize::try_from(token.end).ok()?);
        let word = code.get(begin..end)?;
        Some(if token.token() == Token::Ident { word.trim_matches('"').to_owned() } else { UNKNOWN.to_owned() })
    };
    Ok(tokens.filter_map(|pair| word(&pair[0])).collect())
}

/// libpg_query redirects the standard error of the whole process while it reads, and takes what is written there meanwhile
/// for an error. So each text is read once, by one thread: the first check is before a progress line is shown.
fn tree(source: &str) -> Result<Value, String> {
    static READ: Mutex<BTreeMap<String, Value>> = Mutex::new(BTreeMap::new());
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(tree) = read.get(source) {
        return Ok(tree.clone());
    }
    let parsed = pg_query::parse_plpgsql(source).map_err(|why| unread(&why.to_string()))?;
    match parsed {
        Value::Array(mut all) if all.len() == 1 => {
            let tree = all.remove(0);
            read.insert(source.to_owned(), tree.clone());
            Ok(tree)
        }
        _ => Err("its body cannot be read as PL/pgSQL".to_owned()),
    }
}

/// Why a body is not read. libpg_query knows no types but PostgreSQL's own.
fn unread(why: &str) -> String {
    if why.contains("Not implemented") || (why.contains("type \"") && why.contains("does not exist")) {
        return format!(
            "leaseproof cannot read the type of a variable in its body ({why}): write it as `text` or `record`"
        );
    }
    format!("its body cannot be read as PL/pgSQL: {why}")
}

fn declared(parameter: &FunctionParameter) -> String {
    let mode = match parameter.mode() {
        Mode::FuncParamOut | Mode::FuncParamTable => "OUT ",
        Mode::FuncParamInout => "INOUT ",
        _ => "",
    };
    let name =
        if parameter.name.is_empty() { String::new() } else { format!("{} ", escape_identifier(&parameter.name)) };
    format!("{mode}{name}{}", kind(parameter.arg_type.as_ref()))
}

fn kind(of: Option<&TypeName>) -> &str {
    if of.is_some_and(|name| !name.array_bounds.is_empty()) {
        return "text";
    }
    let is_own = |name: &TypeName| name.names.len() == 1 || first_is_catalog(&name.names);
    let own = of.filter(|name| is_own(name)).and_then(|name| last(&name.names));
    own.filter(|name| SCALARS.contains(name)).unwrap_or("record")
}

fn first_is_catalog(names: &[Node]) -> bool {
    super::name(names.first()) == Some("pg_catalog")
}
