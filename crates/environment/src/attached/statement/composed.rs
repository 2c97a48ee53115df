//! Texts that PL/pgSQL executes: what they say, as far as their parts are known before they run.

use std::collections::BTreeMap;

use leaseproof_postgres::literal;
use pg_query::protobuf::{AConst, AExpr, ColumnRef, FuncCall, Node, SelectStmt, TypeCast, a_const::Val};
use pg_query::{NodeEnum, ParserOptions};
use postgres_protocol::escape::escape_identifier;
use serde_json::Value;

use super::name;

/// Stands for a value that is quoted as one name or one literal, and known only when the statement runs.
pub(super) const UNKNOWN: &str = "<unknown>";
/// Functions that are evaluated here. A function of the setup's must not have such a name.
pub(super) const EVALUATED: [&str; 6] =
    ["format", "concat", "quote_ident", "quote_literal", "quote_nullable", "current_database"];

/// What is known of a body before it runs.
#[derive(Debug)]
pub(super) struct Constants {
    /// Its constants, by name.
    values: BTreeMap<String, String>,
    /// The database that it runs in.
    database: String,
}

impl Constants {
    /// Those that a PL/pgSQL function declares `CONSTANT`, with texts that are known.
    pub(super) fn of(function: &Value, database: &str) -> Self {
        let variables = function["PLpgSQL_function"]["datums"].as_array().into_iter().flatten();
        let variables: Vec<(&str, &Value)> = variables
            .flat_map(|datum| datum.as_object().into_iter().flat_map(|kinds| kinds.values()))
            .filter_map(|variable| Some((variable["refname"].as_str()?, variable)))
            .collect();
        let mut known = Self { values: BTreeMap::new(), database: database.to_owned() };
        for (name, variable) in &variables {
            // Of two variables with one name, the block decides which one is meant.
            let is_only = variables.iter().filter(|(other, _)| other == name).count() == 1;
            let expression = variable["default_val"]["PLpgSQL_expr"]["query"].as_str();
            if let Some(expression) = expression.filter(|_| is_only && variable["isconst"] == true)
                && let Ok(text) = known.text_of(expression)
            {
                known.values.insert((*name).to_owned(), text);
            }
        }
        known
    }

    /// The text that an expression of PL/pgSQL gives.
    ///
    /// # Errors
    /// The part that is not known before it runs.
    pub(super) fn text_of(&self, expression: &str) -> Result<String, String> {
        let unknown = || "the text".to_owned();
        let parsed = pg_query::parse(expression, ParserOptions::PLPGSQL_EXPR).map_err(|_| unknown())?;
        match parsed.protobuf.stmts.first().and_then(|raw| raw.stmt.as_ref()?.node.as_ref()) {
            Some(NodeEnum::SelectStmt(select)) => self.text(only_target(select).ok_or_else(unknown)?),
            _ => Err(unknown()),
        }
    }

    fn text(&self, node: &Node) -> Result<String, String> {
        match node.node.as_ref() {
            Some(NodeEnum::AConst(AConst { val: Some(value), .. })) => constant(value),
            Some(NodeEnum::AExpr(expression)) => self.joined(expression),
            Some(NodeEnum::TypeCast(cast)) if is_to_text(cast) => self.text(cast.arg.as_deref().ok_or("a cast")?),
            Some(NodeEnum::FuncCall(call)) => self.call(call),
            Some(NodeEnum::ColumnRef(column)) => {
                let name = variable(column).ok_or("a field of a record")?;
                self.values.get(name).cloned().ok_or_else(|| format!("the variable {name}"))
            }
            _ => Err("an expression".to_owned()),
        }
    }

    fn joined(&self, AExpr { name, lexpr, rexpr, .. }: &AExpr) -> Result<String, String> {
        match (last(name), lexpr.as_deref(), rexpr.as_deref()) {
            (Some("||"), Some(left), Some(right)) => Ok(self.text(left)? + &self.text(right)?),
            _ => Err("an expression".to_owned()),
        }
    }

    fn call(&self, call: &FuncCall) -> Result<String, String> {
        let name = last(&call.funcname).unwrap_or_default();
        match (name, call.args.as_slice()) {
            _ if call.func_variadic => Err(format!("{name}(VARIADIC …)")),
            ("format", [pattern, values @ ..]) => self.format(&self.text(pattern)?, values),
            ("concat", parts) => parts.iter().map(|part| self.text(part)).collect(),
            ("quote_ident", [value]) => Ok(self.identifier(value)),
            ("quote_literal" | "quote_nullable", [value]) => Ok(self.literal(value)),
            ("current_database", []) => Ok(self.database.clone()),
            _ => Err(format!("{name}()")),
        }
    }

    /// A value as one name: whatever it is, it is quoted.
    fn identifier(&self, value: &Node) -> String {
        escape_identifier(self.text(value).as_deref().unwrap_or(UNKNOWN))
    }

    fn literal(&self, value: &Node) -> String {
        literal(self.text(value).as_deref().unwrap_or(UNKNOWN))
    }

    /// PostgreSQL's `format()`, without widths and flags.
    fn format(&self, pattern: &str, values: &[Node]) -> Result<String, String> {
        let mut text = String::new();
        let mut next = 0;
        let mut rest = pattern.split('%');
        text.push_str(rest.next().unwrap_or_default());
        while let Some(piece) = rest.next() {
            if piece.is_empty() {
                // `%%`
                text.push('%');
                text.push_str(rest.next().unwrap_or_default());
                continue;
            }
            let (piece, number) = match piece.split_once('$') {
                Some((number, piece)) if number.bytes().all(|digit| digit.is_ascii_digit()) => (piece, Some(number)),
                _ => (piece, None),
            };
            if let Some(number) = number {
                next = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).ok_or("format()")?;
            }
            let value = values.get(next).ok_or("format() with too few arguments")?;
            next += 1;
            let (kind, after) = piece.split_at_checked(1).ok_or("format()")?;
            text.push_str(&match kind {
                "s" => self.text(value)?,
                "I" => self.identifier(value),
                "L" => self.literal(value),
                _ => return Err(format!("format() with %{kind}")),
            });
            text.push_str(after);
        }
        Ok(text)
    }
}

fn constant(value: &Val) -> Result<String, String> {
    match value {
        Val::Sval(text) => Ok(text.sval.clone()),
        Val::Ival(number) => Ok(number.ival.to_string()),
        _ => Err("a constant that is no text".to_owned()),
    }
}

/// The one expression of `SELECT expression`.
fn only_target(select: &SelectStmt) -> Option<&Node> {
    let [target] = select.target_list.as_slice() else { return None };
    let is_plain = select.from_clause.is_empty() && select.where_clause.is_none() && select.larg.is_none();
    match &target.node {
        Some(NodeEnum::ResTarget(target)) if is_plain => target.val.as_deref(),
        _ => None,
    }
}

fn is_to_text(TypeCast { type_name, .. }: &TypeCast) -> bool {
    let name = type_name.as_ref();
    let is_whole = name.is_some_and(|name| name.typmods.is_empty() && name.array_bounds.is_empty());
    is_whole && matches!(name.and_then(|name| last(&name.names)), Some("text" | "varchar"))
}

fn variable(column: &ColumnRef) -> Option<&str> {
    let [field] = column.fields.as_slice() else { return None };
    name(Some(field))
}

/// The last part of a name.
pub(super) fn last(names: &[Node]) -> Option<&str> {
    name(names.last())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use std::collections::BTreeMap;

    use super::Constants;

    fn text_of(expression: &str) -> Result<String, String> {
        let values = BTreeMap::from([("known".to_owned(), "Ada".to_owned())]);
        Constants { values, database: "Shop".to_owned() }.text_of(expression)
    }

    #[test]
    fn a_composed_text_is_read_as_postgresql_would_compose_it() {
        for (expression, expected) in [
            ("'DROP ROLE x'", "DROP ROLE x"),
            ("'DROP ' || 'ROLE ' || known", "DROP ROLE Ada"),
            ("E'a\\nb' || 7 || 'c'::text", "a\nb7c"),
            ("format('DROP ROLE %I', known)", "DROP ROLE \"Ada\""),
            ("format('DROP ROLE %I', r.rolname)", "DROP ROLE \"<unknown>\""),
            ("format('%2$I %1$s %L %%', 'a', known)", "\"Ada\" a 'Ada' %"),
            ("pg_catalog.format('100%% %s', 'a')", "100% a"),
            ("format('%%%I%%', known)", "%\"Ada\"%"),
            ("'DROP ROLE ' || quote_ident(x) || ';' || quote_literal('it''s')", "DROP ROLE \"<unknown>\";'it''s'"),
            ("concat('a', 'b')", "ab"),
            ("format('GRANT x ON DATABASE %I', current_database())", "GRANT x ON DATABASE \"Shop\""),
        ] {
            assert_eq!(text_of(expression).as_deref(), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn a_part_that_is_not_known_is_named() {
        for (expression, expected) in [
            ("stmt", "the variable stmt"),
            ("'DROP ROLE ' || r.rolname", "a field of a record"),
            ("format('DROP ROLE %s', who)", "the variable who"),
            ("format('DROP ROLE %-10s', known)", "format() with %-"),
            ("format('DROP ROLE %I')", "format() with too few arguments"),
            ("replace('DROP ROLE x', 'x', 'y')", "replace()"),
            ("format('%s', VARIADIC a)", "format(VARIADIC …)"),
            ("(SELECT 'DROP ROLE x')", "an expression"),
            ("current_database(1)", "current_database()"),
            ("'a' FROM t", "the text"),
        ] {
            assert_eq!(text_of(expression), Err(expected.to_owned()), "{expression}");
        }
    }
}
