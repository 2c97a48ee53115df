use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Privilege;

/// A kind of object that privileges are granted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// Tables, views, materialized views, partitioned and foreign tables.
    Table,
    /// A column of one of those.
    Column,
    /// A sequence.
    Sequence,
    /// A schema.
    Schema,
    /// A database.
    Database,
    /// A function, procedure or aggregate; its name carries the types of its input arguments, `f(integer, text)`.
    Function,
    /// A procedural language.
    Language,
    /// A type or domain.
    Type,
    /// A foreign-data wrapper.
    ForeignDataWrapper,
    /// A foreign server.
    ForeignServer,
    /// A large object, named by its OID.
    LargeObject,
    /// A tablespace.
    Tablespace,
    /// A configuration parameter (PostgreSQL 15 and later).
    Parameter,
}

impl ObjectKind {
    /// The word that GRANT uses for it; a column is named with its table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Table => "TABLE",
            Self::Column => "COLUMN",
            Self::Sequence => "SEQUENCE",
            Self::Schema => "SCHEMA",
            Self::Database => "DATABASE",
            Self::Function => "FUNCTION",
            Self::Language => "LANGUAGE",
            Self::Type => "TYPE",
            Self::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
            Self::ForeignServer => "FOREIGN SERVER",
            Self::LargeObject => "LARGE OBJECT",
            Self::Tablespace => "TABLESPACE",
            Self::Parameter => "PARAMETER",
        }
    }

    /// The privileges that this kind can have in any supported PostgreSQL, as GRANT lists them: what a promise may name.
    /// What a server's own version knows is asked of that server. MAINTAIN is of 17 and later.
    pub const fn privileges(self) -> &'static [Privilege] {
        use Privilege::{
            AlterSystem, Connect, Create, Delete, Execute, Insert, Maintain, References, Select, Set, Temporary,
            Trigger, Truncate, Update, Usage,
        };
        match self {
            Self::Table => &[Select, Insert, Update, Delete, Truncate, References, Trigger, Maintain],
            Self::Column => &[Select, Insert, Update, References],
            Self::Sequence => &[Usage, Select, Update],
            Self::Schema => &[Create, Usage],
            Self::Database => &[Create, Connect, Temporary],
            Self::Function => &[Execute],
            Self::Language | Self::Type | Self::ForeignDataWrapper | Self::ForeignServer => &[Usage],
            Self::LargeObject => &[Select, Update],
            Self::Tablespace => &[Create],
            Self::Parameter => &[Set, AlterSystem],
        }
    }
}

/// An object that privileges are granted on, named as PostgreSQL's catalog names it (unquoted).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Object {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its schema; none for kinds without a schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its name; the table's for a column.
    pub name: String,
    /// The column's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind.word())?;
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)?;
        match &self.column {
            Some(column) => write!(f, "({column})"),
            None => Ok(()),
        }
    }
}
