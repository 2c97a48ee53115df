use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Object, ObjectKind, Privilege};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::Error;
use crate::observer::column;
use crate::session::Connection;

const RELATIONS: &str = include_str!("relations.sql");
const FUNCTIONS: &str = include_str!("functions.sql");
const INITIAL: &str = include_str!("initial.sql");
const SCHEMAS: &str = "SELECT nspname::text AS name FROM pg_namespace \
                       WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') \
                       AND nspname !~ '^pg_(toast_)?temp_'";
/// Parameters that only a superuser, or one who was granted them, may set in a session.
const SETTINGS: &str = "SELECT name::text FROM pg_settings WHERE context = 'superuser'";
const DATABASE: &str = "SELECT current_setting('server_version_num')::oid AS version, \
                        current_database()::text AS name, s.spcname::text AS tablespace, \
                        EXISTS (SELECT FROM pg_event_trigger WHERE evtenabled <> 'D') AS event_triggers \
                        FROM pg_database d JOIN pg_tablespace s ON s.oid = d.dattablespace \
                        WHERE d.datname = current_database()";

/// What has to be known of a database to choose statements that try privileges without harm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `server_version_num`, e.g. 150018.
    pub version: u32,
    /// The database.
    pub database: String,
    /// Its default tablespace, in which every role may create what it may create at all.
    pub tablespace: String,
    /// Whether an event trigger is enabled: it would run functions at each DDL statement.
    pub event_triggers: bool,
    /// Schemas outside the system's.
    pub schemas: BTreeSet<String>,
    /// Tables, views and sequences outside the system's schemas, by schema and name.
    pub relations: BTreeMap<(String, String), Relation>,
    /// Functions outside the system's schemas, and those of the system that have an ACL, by schema and signature.
    pub functions: BTreeMap<(String, String), Function>,
    /// What PUBLIC was given when the cluster or an extension was made, outside the system's schemas: USAGE on schema
    /// `public`, before 15 CREATE too. Whether it still has it is not observed.
    pub initial: BTreeSet<(Privilege, Object)>,
    /// What predefined roles were given then, by role.
    pub initial_of: BTreeMap<String, BTreeSet<(Privilege, Object)>>,
    /// Parameters whose SET is a matter of privileges.
    pub settings: BTreeSet<String>,
}

/// A table, view or sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// `pg_class.relkind`: `r`, `p`, `v`, `m`, `f` or `S`.
    pub kind: char,
    /// Whether an enabled trigger runs once a statement, which it does for no rows too.
    pub statement_triggers: bool,
    /// Whether rules rewrite what writes to it.
    pub rules: bool,
    /// Its columns in their order.
    pub columns: Vec<RelationColumn>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationColumn {
    /// Its name.
    pub name: String,
    /// `plain`; `generated`; `identity` (GENERATED ALWAYS AS IDENTITY); `fixed`: a view's that cannot be updated.
    pub sort: String,
}

/// A function, procedure or aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name without arguments.
    pub name: String,
    /// `pg_proc.prokind`: `f`, `p`, `a` or `w`.
    pub kind: char,
    /// Whether it is IMMUTABLE: the planner may call it.
    pub immutable: bool,
    /// Whether its last argument is VARIADIC.
    pub variadic: bool,
    /// Whether an argument is of a pseudo-type, of which there are no values.
    pub pseudo: bool,
    /// The types of what a call passes in; none for an OUT argument of a procedure.
    pub arguments: Vec<Option<String>>,
}

impl Facts {
    /// Reads them on a connection whose `search_path` is `pg_catalog`. Every account may read those catalogs.
    pub(super) async fn read(connection: &Connection, timeout: std::time::Duration) -> Result<Self, Error> {
        let select = async |sql: &str| connection.within(timeout, connection.client.query(sql, NOTHING)).await;
        let mut facts = Self::default();
        for row in select(DATABASE).await? {
            facts.version = column(&row, "version")?;
            facts.database = column(&row, "name")?;
            facts.tablespace = column(&row, "tablespace")?;
            facts.event_triggers = column(&row, "event_triggers")?;
        }
        for row in select(SCHEMAS).await? {
            facts.schemas.insert(column(&row, "name")?);
        }
        for row in select(RELATIONS).await? {
            facts.relations.insert((column(&row, "schema")?, column(&row, "name")?), relation(&row)?);
        }
        for row in select(FUNCTIONS).await? {
            facts.functions.insert((column(&row, "schema")?, column(&row, "signature")?), function(&row)?);
        }
        for row in select(INITIAL).await? {
            // A privilege of a later PostgreSQL has no name here.
            if let Some(privilege) = Privilege::from_word(column(&row, "privilege")?) {
                let initially = match column::<Option<String>>(&row, "grantee")? {
                    None => &mut facts.initial,
                    Some(role) => facts.initial_of.entry(role).or_default(),
                };
                initially.insert((privilege, initial(&row)?));
            }
        }
        for row in select(SETTINGS).await? {
            facts.settings.insert(column(&row, "name")?);
        }
        Ok(facts)
    }

    /// The database itself, and the schemas, tables, views, sequences and functions in it outside the system's schemas.
    pub fn objects(&self) -> BTreeSet<Object> {
        let object = |kind, schema: Option<&String>, name: &String| Object {
            kind,
            schema: schema.cloned(),
            name: name.clone(),
            column: None,
        };
        let relations = self.relations.iter().map(|((schema, name), relation)| {
            let kind = if relation.kind == 'S' { ObjectKind::Sequence } else { ObjectKind::Table };
            object(kind, Some(schema), name)
        });
        let functions = self.functions.keys().filter(|(schema, _)| self.schemas.contains(schema));
        let functions = functions.map(|(schema, name)| object(ObjectKind::Function, Some(schema), name));
        let schemas = self.schemas.iter().map(|name| object(ObjectKind::Schema, None, name));
        let database = object(ObjectKind::Database, None, &self.database);
        std::iter::once(database).chain(schemas).chain(relations).chain(functions).collect()
    }

    /// The table, view or sequence of that name.
    pub fn relation(&self, object: &Object) -> Option<&Relation> {
        self.relations.get(&(object.schema.clone()?, object.name.clone()))
    }

    pub(super) fn function(&self, object: &Object) -> Option<&Function> {
        self.functions.get(&(object.schema.clone()?, object.name.clone()))
    }
}

const NOTHING: &[&(dyn ToSql + Sync)] = &[];

fn relation(row: &Row) -> Result<Relation, Error> {
    let names: Vec<String> = column(row, "columns")?;
    let sorts: Vec<String> = column(row, "sorts")?;
    Ok(Relation {
        kind: letter(row)?,
        statement_triggers: column(row, "statement_triggers")?,
        rules: column(row, "rules")?,
        columns: names.into_iter().zip(sorts).map(|(name, sort)| RelationColumn { name, sort }).collect(),
    })
}

fn initial(row: &Row) -> Result<Object, Error> {
    let kind = match column::<&str>(row, "kind")? {
        "schema" => ObjectKind::Schema,
        "function" => ObjectKind::Function,
        "column" => ObjectKind::Column,
        "sequence" => ObjectKind::Sequence,
        _ => ObjectKind::Table,
    };
    Ok(Object { kind, schema: column(row, "schema")?, name: column(row, "name")?, column: column(row, "column")? })
}

fn function(row: &Row) -> Result<Function, Error> {
    Ok(Function {
        name: column(row, "name")?,
        kind: letter(row)?,
        immutable: column(row, "immutable")?,
        variadic: column(row, "variadic")?,
        pseudo: column(row, "pseudo")?,
        arguments: column(row, "arguments")?,
    })
}

fn letter(row: &Row) -> Result<char, Error> {
    let text: &str = column(row, "kind")?;
    text.chars().next().ok_or_else(|| Error::column("kind", "it is empty"))
}
