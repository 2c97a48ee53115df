//! Bodies of functions and of DO blocks: each statement in one is checked as one outside of it, and so is each text that
//! PL/pgSQL executes.

use pg_query::protobuf::{CreateFunctionStmt, DefElem, DoStmt, Node};
use pg_query::{NodeEnum, ParserOptions};
use serde_json::Value;

use super::composed::{Constants, EVALUATED, UNKNOWN};
use super::{Effect, Scope, UNREAD, declared, each, name, nested, option, plpgsql, sessions, vault};

const COMPOSED: &str = "so leaseproof cannot read the statement (write it out, quote the part by %I or %L of format(), or \
                        declare it CONSTANT with a literal; otherwise do the setup before the run, with setup = \"theirs\")";

const QUOTED: &str = "a quoted part of it is not known before it runs: declare it CONSTANT with a literal, or write the \
                      statement plainly";

/// What a DO block does.
///
/// # Errors
/// Why it may change what is not the setup's.
pub(super) fn of_do(block: &DoStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    let options = || block.args.iter().filter_map(option);
    if let Some(language) = options().filter_map(language).find(|language| *language != "plpgsql") {
        return Err(unreadable(language));
    }
    let code = options().find_map(|option| name(option.arg.as_deref())).ok_or("it has no body")?;
    read(code, plpgsql::of_block(code)?, scope)
}

/// Makes sure that a function changes only what is the setup's, whoever calls it.
///
/// # Errors
/// Why it may change more.
pub(super) fn of_function(create: &CreateFunctionStmt, scope: &Scope<'_>) -> Result<(), String> {
    let options = || create.options.iter().filter_map(option);
    if options().any(is_security_definer) {
        return Err(DEFINER.to_owned());
    }
    let own = name(create.funcname.last()).unwrap_or_default();
    if EVALUATED.contains(&own) {
        return Err(format!("a function with the name {own} hides PostgreSQL's own: give it another name"));
    }
    let bodies = options().filter(|option| option.defname == "as").filter_map(|option| option.arg.as_deref());
    let bodies: Vec<&str> = bodies.flat_map(texts).collect();
    match options().find_map(language).unwrap_or(if create.sql_body.is_some() { "sql" } else { "" }) {
        "sql" => bodies.iter().try_for_each(|text| sql(text, scope)),
        "plpgsql" => {
            bodies.iter().try_for_each(|code| read(code, plpgsql::of_function(create, code)?, scope).map(drop))
        }
        other => Err(unreadable(other)),
    }
}

pub(super) const DEFINER: &str = "with SECURITY DEFINER everybody who calls it has the operator's rights";

/// Whether the option says `SECURITY DEFINER`.
pub(super) fn is_security_definer(option: &DefElem) -> bool {
    let value = option.arg.as_ref().and_then(|arg| arg.node.as_ref());
    option.defname == "security" && matches!(value, Some(NodeEnum::Boolean(definer)) if definer.boolval)
}

fn unreadable(language: &str) -> String {
    format!("leaseproof cannot read the language {language}: expected sql or plpgsql")
}

fn language(option: &DefElem) -> Option<&str> {
    if option.defname == "language" { name(option.arg.as_deref()) } else { None }
}

fn texts(node: &Node) -> Vec<&str> {
    match &node.node {
        Some(NodeEnum::List(list)) => list.items.iter().filter_map(|item| name(Some(item))).collect(),
        _ => name(Some(node)).into_iter().collect(),
    }
}

/// Of SQL: rows only.
fn sql(text: &str, scope: &Scope<'_>) -> Result<(), String> {
    let parsed = pg_query::parse(text, 0).map_err(|why| format!("the function's body is no SQL: {why}"))?;
    for (_, statement) in each(text, &parsed) {
        let statement = statement.ok_or(UNREAD)?;
        if !nested::is_of_rows(statement) {
            let kind = nested::kind(statement).unwrap_or_default();
            return Err(format!("the function's body may change more than what the setup creates ({kind})"));
        }
        super::harmless(statement, scope)?;
    }
    Ok(())
}

fn read(code: &str, tree: Value, scope: &Scope<'_>) -> Result<Effect, String> {
    let mut body = Body { scope, constants: Constants::of(&tree, scope.database), effect: Effect::Within };
    body.walk(&tree, 1)?;
    for value in declared::first_values(code)? {
        body.expression(value, ParserOptions::PLPGSQL_EXPR).map_err(|why| format!("the value of a variable: {why}"))?;
    }
    let called = plpgsql::called(code)?;
    called.iter().try_for_each(|name| nested::of_the_server(name, true, scope))?;
    if called.iter().any(|name| nested::ends_sessions(name)) {
        sessions::in_body(code, &tree)?;
    }
    Ok(body.effect)
}

/// A body of PL/pgSQL.
struct Body<'a> {
    scope: &'a Scope<'a>,
    constants: Constants,
    /// What its statements do together.
    effect: Effect,
}

impl Body<'_> {
    /// Goes through the tree of the body; `line` is that of the statement around it.
    fn walk(&mut self, tree: &Value, line: u64) -> Result<(), String> {
        let fields = match tree {
            Value::Array(all) => return all.iter().try_for_each(|one| self.walk(one, line)),
            Value::Object(fields) => fields,
            _ => return Ok(()),
        };
        for (key, value) in fields {
            let line = value["lineno"].as_u64().unwrap_or(line);
            let at = |why: String| format!("line {line} of its body: {why}");
            match key.as_str() {
                "PLpgSQL_stmt_commit" | "PLpgSQL_stmt_rollback" => return Err(at(TRANSACTION.to_owned())),
                "PLpgSQL_stmt_dynexecute" | "PLpgSQL_stmt_dynfors" => self.composed(&value["query"]).map_err(at)?,
                "dynquery" => self.composed(value).map_err(at)?,
                "PLpgSQL_expr" => self.written(value).map_err(at)?,
                _ => {}
            }
            self.walk(value, line)?;
        }
        Ok(())
    }

    /// A statement or an expression, as it stands in the body.
    fn written(&mut self, expression: &Value) -> Result<(), String> {
        let text = expression["query"].as_str().unwrap_or_default();
        let mode = expression["parseMode"].as_i64().and_then(|mode| i32::try_from(mode).ok()).unwrap_or_default();
        if mode == 0 {
            return self.statements(text);
        }
        self.expression(text, mode)
    }

    fn expression(&self, text: &str, mode: impl Into<ParserOptions>) -> Result<(), String> {
        let parsed = pg_query::parse(text, mode).map_err(|why| format!("it is no SQL: {why}"))?;
        each(text, &parsed).try_for_each(|(_, node)| super::harmless(node.ok_or(UNREAD)?, self.scope))
    }

    /// A text that is executed.
    fn composed(&mut self, expression: &Value) -> Result<(), String> {
        let expression = expression["PLpgSQL_expr"]["query"].as_str().unwrap_or_default();
        match self.constants.text_of(expression) {
            Ok(text) if text.contains(UNKNOWN) => {
                self.statements(&text).map_err(|why| format!("EXECUTE: {why}; {QUOTED}"))
            }
            Ok(text) => self.statements(&text).map_err(|why| format!("EXECUTE: {why}")),
            Err(part) => Err(format!("EXECUTE: {part} is not known before it runs, {COMPOSED}")),
        }
    }

    fn statements(&mut self, text: &str) -> Result<(), String> {
        let parsed = pg_query::parse(text, 0).map_err(|why| format!("it is no SQL: {why}"))?;
        for (code, node) in each(text, &parsed) {
            let judged = node.ok_or_else(|| UNREAD.to_owned()).and_then(|node| self.judge(node));
            judged.map_err(|why| format!("`{}`: {why}", vault::shown(code)))?;
        }
        Ok(())
    }

    fn judge(&mut self, node: &NodeEnum) -> Result<(), String> {
        let effect = if self.scope.is_of_vault {
            vault::judge(node, false, self.scope).map(|()| Effect::OnOurs)?
        } else {
            super::effect(node, self.scope)?
        };
        match effect {
            Effect::Within => {}
            Effect::OnOurs => self.effect = Effect::OnOurs,
            Effect::MakesRole(made) | Effect::MakesDatabase(made) => {
                return Err(format!("it creates {made} in a body: create it by a statement of its own"));
            }
            Effect::Transaction { .. } => return Err(TRANSACTION.to_owned()),
        }
        Ok(())
    }
}

const TRANSACTION: &str = "a body must not begin or end a transaction";

#[cfg(test)]
mod tests;
