use leaseproof_domain::{Grant, Object, ObjectKind, Privilege};
use postgres_protocol::escape::escape_identifier;

use super::facts::{Facts, Function, Relation};
use super::sql::qualified;
use crate::literal;

/// How a privilege is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// Any of these tells.
    Ways(Vec<Way>),
    /// It cannot be tried without harm, or not at all.
    Unproved {
        /// Why.
        why: String,
    },
}

/// A statement that tells whether a privilege is held.
///
/// PostgreSQL answers 42501 where it is not. That the check was passed is reported by a success, or by an error that comes
/// after it and before anything is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The statement.
    pub sql: String,
    /// SQLSTATEs that come after the check of privileges.
    pub passed: &'static [&'static str],
    /// Whether it runs in a transaction made read-only, so that what it is there to do is refused after the check.
    pub read_only: bool,
    /// Privileges on the same object that let the same statement through: a success says something only where none of
    /// them is held.
    pub also_by: Vec<Privilege>,
    /// Privileges on the same object without which it is refused all the same: a refusal says something only where all
    /// of them are held.
    pub needs: Vec<Privilege>,
    /// Whether the privilege is of no use where the statement is refused for want of another one. False where that
    /// other privilege is one that only the statement needs.
    pub is_the_use: bool,
}

impl Way {
    fn new(sql: impl Into<String>) -> Self {
        let (also_by, needs) = (Vec::new(), Vec::new());
        Self { sql: sql.into(), passed: &[], read_only: false, also_by, needs, is_the_use: true }
    }

    fn passed(self, passed: &'static [&'static str]) -> Self {
        Self { passed, ..self }
    }

    /// The server refuses to do it in a read-only transaction (25006), after it has checked privileges.
    fn read_only(self) -> Self {
        Self { read_only: true, passed: &["25006"], ..self }
    }

    fn also_by(self, also_by: &[Privilege]) -> Self {
        Self { also_by: also_by.to_vec(), ..self }
    }

    fn needs(self, needs: &[Privilege]) -> Self {
        Self { needs: needs.to_vec(), ..self }
    }

    fn makeshift(self) -> Self {
        Self { is_the_use: false, ..self }
    }
}

/// A name that nothing has.
const NOBODY: &str = "leaseproof_probe";

impl Recipe {
    /// How the privilege is tried in a session in that database. The GRANT OPTION is not observed.
    ///
    /// A database's own CONNECT is proved by the login, and privileges on another database by one there; neither has a
    /// statement here.
    pub fn of(grant: &Grant, facts: &Facts) -> Self {
        let Grant { privilege, object, .. } = grant;
        match object.kind {
            ObjectKind::Table | ObjectKind::Column => match facts.relation(object) {
                Some(relation) => of_table(*privilege, object, relation, facts),
                None => unproved(format!("{object} does not exist")),
            },
            ObjectKind::Sequence => of_sequence(*privilege, &qualified(object.schema.as_deref(), &object.name)),
            ObjectKind::Schema => of_schema(*privilege, &object.name, facts),
            ObjectKind::Database => of_database(*privilege, facts),
            ObjectKind::Function => match facts.function(object) {
                Some(function) => of_function(object, function),
                None => unproved(format!("{object} does not exist")),
            },
            ObjectKind::Language => of_language(&object.name),
            ObjectKind::Type => of_type(object, facts),
            ObjectKind::ForeignDataWrapper => ddl(facts, || {
                let wrapper = escape_identifier(&object.name);
                let sql = format!("CREATE SERVER {NOBODY} FOREIGN DATA WRAPPER {wrapper} OPTIONS ({NOBODY} '')");
                Way::new(sql).passed(&["HV00D"])
            }),
            ObjectKind::ForeignServer => ddl(facts, || {
                let server = escape_identifier(&object.name);
                let sql = format!("CREATE USER MAPPING FOR CURRENT_USER SERVER {server} OPTIONS ({NOBODY} '')");
                Way::new(sql).passed(&["HV00D", "42710"])
            }),
            ObjectKind::LargeObject => of_large_object(*privilege, &object.name),
            ObjectKind::Tablespace => of_tablespace(&object.name, facts),
            ObjectKind::Parameter => of_parameter(*privilege, &object.name, facts),
        }
    }

    /// The one way whose outcome needs no other privilege's, where there is one.
    pub(super) fn simple(self) -> Option<Way> {
        match self {
            Self::Ways(ways) => ways.into_iter().find(|way| way.also_by.is_empty() && way.needs.is_empty()),
            Self::Unproved { .. } => None,
        }
    }
}

fn unproved(why: impl Into<String>) -> Recipe {
    Recipe::Unproved { why: why.into() }
}

fn way(way: Way) -> Recipe {
    Recipe::Ways(vec![way])
}

/// DDL that is rolled back, or fails by itself; not where it would run functions of others.
fn ddl(facts: &Facts, make: impl FnOnce() -> Way) -> Recipe {
    if facts.event_triggers {
        return unproved("event triggers would run for a DDL statement");
    }
    way(make())
}

fn of_table(privilege: Privilege, object: &Object, relation: &Relation, facts: &Facts) -> Recipe {
    let table = qualified(object.schema.as_deref(), &object.name);
    let wanted = |name: &str| object.column.as_deref().is_none_or(|column| column == name);
    let columns: Vec<_> = relation.columns.iter().filter(|column| wanted(&column.name)).collect();
    if object.column.is_some() && columns.is_empty() {
        return unproved(format!("{object} does not exist"));
    }
    let list = |sorts: &[&str]| -> Vec<String> {
        columns
            .iter()
            .filter(|column| sorts.contains(&&*column.sort))
            .map(|column| escape_identifier(&column.name))
            .collect()
    };
    if matches!(privilege, Privilege::Insert | Privilege::Update | Privilege::Delete)
        && let Some(why) = why_not_write(relation, facts)
    {
        return unproved(why);
    }
    match privilege {
        // Every column is named: a privilege on one of them is not one on the table.
        Privilege::Select => {
            let columns = list(&["plain", "identity", "generated", "fixed"]).join(", ");
            way(Way::new(format!("SELECT {columns} FROM {table} WHERE false")))
        }
        Privilege::Insert => {
            let columns = list(&["plain", "identity"]);
            if columns.is_empty() {
                return unproved("no column accepts a value");
            }
            let nulls = vec!["NULL"; columns.len()].join(", ");
            let columns = columns.join(", ");
            let sql = format!("INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {nulls} WHERE false");
            way(Way::new(sql))
        }
        Privilege::Update => {
            let null = list(&["plain"]).into_iter().map(|column| format!("{column} = NULL"));
            let default = list(&["identity", "generated"]).into_iter().map(|column| format!("{column} = DEFAULT"));
            let values: Vec<_> = null.chain(default).collect();
            if values.is_empty() {
                return unproved("no column can be updated");
            }
            way(Way::new(format!("UPDATE {table} SET {} WHERE false", values.join(", "))))
        }
        Privilege::Delete => way(Way::new(format!("DELETE FROM {table} WHERE false"))),
        Privilege::Truncate | Privilege::Maintain if matches!(relation.kind, 'r' | 'p') => {
            by_lock(privilege, &table, facts)
        }
        Privilege::Truncate => unproved("TRUNCATE does not apply to views and would affect a foreign table's server"),
        Privilege::Maintain => unproved("statements that need MAINTAIN rewrite or lock the table"),
        Privilege::References => unproved("a foreign key locks the referenced table against writes"),
        Privilege::Trigger => unproved("CREATE TRIGGER locks the table against writes"),
        _ => unproved(format!("{privilege} is not a privilege on a table")),
    }
}

/// What a write of no rows would do all the same.
fn why_not_write(relation: &Relation, facts: &Facts) -> Option<String> {
    // A view's rows may go to any table.
    let reached = |test: fn(&Relation) -> bool| {
        if relation.kind == 'v' { facts.relations.values().any(test) } else { test(relation) }
    };
    if relation.kind == 'f' {
        return Some("a write to a foreign table reaches its server".to_owned());
    }
    if reached(|relation| relation.statement_triggers) {
        return Some("a trigger for each statement would run, for no rows too".to_owned());
    }
    reached(|relation| relation.rules).then(|| "rules would make other statements of it".to_owned())
}

/// TRUNCATE and MAINTAIN take locks that nobody else can work beside. A lock that hurts nobody (ROW SHARE) is allowed
/// by them too, but not by them alone: its refusal shows that neither is held.
///
/// Source: `LockTableAclCheck` in lockcmds.c. Before 16 INSERT does not suffice, before 17 there is no MAINTAIN.
fn by_lock(privilege: Privilege, table: &str, facts: &Facts) -> Recipe {
    let mut allow = vec![Privilege::Update, Privilege::Delete, Privilege::Truncate];
    if facts.version >= 160_000 {
        allow.push(Privilege::Insert);
    }
    if facts.version >= 170_000 {
        allow.push(Privilege::Maintain);
    }
    if !allow.contains(&privilege) {
        return unproved(format!("this server has no privilege {privilege}"));
    }
    allow.retain(|other| *other != privilege);
    way(Way::new(format!("LOCK TABLE {table} IN ROW SHARE MODE NOWAIT")).also_by(&allow))
}

/// nextval and setval are never undone, so they are sent where the server refuses them once it has checked privileges.
///
/// Source: `nextval_internal`, `currval_oid` and `do_setval` in sequence.c.
fn of_sequence(privilege: Privilege, sequence: &str) -> Recipe {
    let name = literal(sequence);
    match privilege {
        Privilege::Select => way(Way::new(format!("SELECT last_value FROM {sequence} WHERE false"))),
        Privilege::Update => way(Way::new(format!("SELECT pg_catalog.setval({name}, 1)")).read_only()),
        Privilege::Usage => Recipe::Ways(vec![
            Way::new(format!("SELECT pg_catalog.nextval({name})")).read_only().also_by(&[Privilege::Update]),
            // 55000: this session has not called nextval yet.
            Way::new(format!("SELECT pg_catalog.currval({name})")).passed(&["55000"]).also_by(&[Privilege::Select]),
        ]),
        _ => unproved(format!("{privilege} is not a privilege on a sequence")),
    }
}

fn of_schema(privilege: Privilege, schema: &str, facts: &Facts) -> Recipe {
    let name = qualified(Some(schema), NOBODY);
    match privilege {
        Privilege::Usage => way(Way::new(format!("SELECT {}::pg_catalog.regclass", literal(&name))).passed(&["42P01"])),
        // A column that is there twice is found (42701) after the schema's check and before anything is made.
        Privilege::Create => ddl(facts, || Way::new(format!("CREATE TABLE {name} (a int, a int)")).passed(&["42701"])),
        _ => unproved(format!("{privilege} is not a privilege on a schema")),
    }
}

fn of_database(privilege: Privilege, facts: &Facts) -> Recipe {
    match privilege {
        // Names that begin with pg_ are refused (42939) after the database's check.
        Privilege::Create => ddl(facts, || Way::new(format!("CREATE SCHEMA pg_{NOBODY}")).passed(&["42939"])),
        Privilege::Temporary => {
            ddl(facts, || Way::new(format!("CREATE TEMPORARY TABLE {NOBODY} (a int, a int)")).passed(&["42701"]))
        }
        _ => unproved("a login tests it"),
    }
}

/// EXECUTE is checked when the executor gets ready, before there is any row to call the function for.
///
/// Source: `ExecInitFunc` in execExpr.c, `ExecInitAgg`, `ExecuteCallStmt`.
fn of_function(object: &Object, function: &Function) -> Recipe {
    if function.pseudo {
        return unproved("an argument has a pseudo-type, which has no values");
    }
    let name = qualified(object.schema.as_deref(), &function.name);
    let last = function.arguments.len().checked_sub(1).filter(|_| function.variadic);
    let variadic = |place: usize| if last == Some(place) { "VARIADIC " } else { "" };
    if function.kind == 'p' {
        return of_procedure(&name, function, variadic);
    }
    if function.arguments.is_empty() && function.immutable {
        return unproved("the planner calls an immutable function without arguments");
    }
    // OFFSET keeps the planner from seeing that the arguments are constants: it would call immutable functions itself.
    let typed = function.arguments.iter().flatten().enumerate();
    let values: Vec<_> = typed.clone().map(|(place, of)| format!("NULL::{of} AS a{place}")).collect();
    let given: Vec<_> = typed.map(|(place, _)| format!("{}v.a{place}", variadic(place))).collect();
    let (values, given) = (values.join(", "), given.join(", "));
    let from = format!("FROM (SELECT {values} OFFSET 0) AS v WHERE false");
    way(Way::new(match function.kind {
        // Grouped, it makes no group of no rows, and no final function is called.
        'a' if given.is_empty() => format!("SELECT {name}(*) {from} GROUP BY 1 + 0"),
        'a' => format!("SELECT {name}({given}) {from} GROUP BY v.a0"),
        'w' => format!("SELECT {name}({given}) OVER () {from}"),
        _ => format!("SELECT {name}({given}) {from}"),
    }))
}

/// CALL checks EXECUTE first and works its arguments out then: one that cannot be worked out (22012) keeps the
/// procedure from being called.
fn of_procedure(name: &str, procedure: &Function, variadic: impl Fn(usize) -> &'static str) -> Recipe {
    let Some(first) = procedure.arguments.iter().position(Option::is_some) else {
        return unproved("a procedure without arguments cannot be called without its effects");
    };
    let given = procedure.arguments.iter().enumerate().map(|(place, of)| match of {
        Some(of) if place == first => format!("{}CASE WHEN 1 / 0 = 1 THEN NULL::{of} END", variadic(place)),
        Some(of) => format!("{}NULL::{of}", variadic(place)),
        None => "NULL".to_owned(),
    });
    let given: Vec<_> = given.collect();
    way(Way::new(format!("CALL {name}({})", given.join(", "))).passed(&["22012"]))
}

/// DO checks USAGE before it reads the code, and there is none: an error of syntax (42601), nothing, or that the
/// language has no DO (0A000).
fn of_language(language: &str) -> Recipe {
    way(Way::new(format!("DO LANGUAGE {} ''", escape_identifier(language))).passed(&["42601", "0A000"]))
}

/// That a column cannot be SETOF is found (42P16) after its type's check.
fn of_type(object: &Object, facts: &Facts) -> Recipe {
    let name = qualified(object.schema.as_deref(), &object.name);
    let sql = format!("CREATE TEMPORARY TABLE {NOBODY} (a SETOF {name})");
    ddl(facts, || Way::new(sql).passed(&["42P16"]).makeshift())
}

/// To open a large object for writing is to open it for reading too (`inv_open` in inv_api.c).
fn of_large_object(privilege: Privilege, oid: &str) -> Recipe {
    if oid.parse::<u32>().is_err() {
        return unproved(format!("`{oid}` is not an OID"));
    }
    match privilege {
        Privilege::Select => way(Way::new(format!("SELECT pg_catalog.lo_open({oid}, 262144)"))),
        Privilege::Update => {
            way(Way::new(format!("SELECT pg_catalog.lo_open({oid}, 131072)")).needs(&[Privilege::Select]))
        }
        _ => unproved(format!("{privilege} is not a privilege on a large object")),
    }
}

fn of_tablespace(tablespace: &str, facts: &Facts) -> Recipe {
    if tablespace == facts.tablespace {
        return unproved("privileges are not checked for a database's default tablespace");
    }
    ddl(facts, || {
        let sql =
            format!("CREATE TEMPORARY TABLE {NOBODY} (a int, a int) TABLESPACE {}", escape_identifier(tablespace));
        Way::new(sql).passed(&["42701"]).makeshift()
    })
}

fn of_parameter(privilege: Privilege, parameter: &str, facts: &Facts) -> Recipe {
    match privilege {
        Privilege::Set if facts.settings.contains(parameter) => {
            let parts: Vec<_> = parameter.split('.').map(escape_identifier).collect();
            way(Way::new(format!("SET LOCAL {} TO DEFAULT", parts.join("."))))
        }
        Privilege::Set => unproved("either every session can set the parameter, or none can"),
        _ => unproved("a rollback does not undo ALTER SYSTEM"),
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{Grant, Object, ObjectKind, Privilege};

    use super::{Facts, Recipe};

    #[test]
    fn a_way_is_simple_where_neither_its_success_nor_its_refusal_rests_on_another_privilege() {
        let is_simple = |kind, name: &str, privilege| {
            let object = Object { kind, schema: None, name: name.to_owned(), column: None };
            Recipe::of(&Grant { privilege, object, grantable: false }, &Facts::default()).simple().is_some()
        };
        assert!(is_simple(ObjectKind::Sequence, "s", Privilege::Select));
        assert!(!is_simple(ObjectKind::Sequence, "s", Privilege::Usage));
        assert!(is_simple(ObjectKind::LargeObject, "7", Privilege::Select));
        assert!(!is_simple(ObjectKind::LargeObject, "7", Privilege::Update));
    }
}
