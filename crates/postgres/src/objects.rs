use leaseproof_domain::{Object, ObjectKind};

use crate::observer::column;
use crate::{Error, Observer};

/// Everything that a promise can name, and that `ALL TABLES IN SCHEMA` and its like can mean.
const SQL: &str = include_str!("objects.sql");

impl Observer {
    /// What privileges can be granted on, but for parameters: the objects of the connected database, each table's columns
    /// among them, without those in the system's schemas; databases, tablespaces and languages, all of them.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] where the server does not answer, [`Error::Answer`] where it refuses.
    pub async fn objects(&self) -> Result<Vec<Object>, Error> {
        let rows = self.select(SQL, &[]).await?;
        rows.iter()
            .map(|row| {
                let name = column::<&str>(row, "name")?.to_owned();
                let kind = kind(column(row, "kind")?)?;
                Ok(Object { kind, schema: column(row, "schema")?, name, column: column(row, "col")? })
            })
            .collect()
    }
}

/// The kind that a query of this room calls so.
pub(crate) fn kind(word: &str) -> Result<ObjectKind, Error> {
    match word {
        "table" => Ok(ObjectKind::Table),
        "column" => Ok(ObjectKind::Column),
        "sequence" => Ok(ObjectKind::Sequence),
        "schema" => Ok(ObjectKind::Schema),
        "database" => Ok(ObjectKind::Database),
        "function" => Ok(ObjectKind::Function),
        "language" => Ok(ObjectKind::Language),
        "type" => Ok(ObjectKind::Type),
        "foreign_data_wrapper" => Ok(ObjectKind::ForeignDataWrapper),
        "foreign_server" => Ok(ObjectKind::ForeignServer),
        "large_object" => Ok(ObjectKind::LargeObject),
        "tablespace" => Ok(ObjectKind::Tablespace),
        "parameter" => Ok(ObjectKind::Parameter),
        _ => Err(Error::column("kind", format!("`{word}` is no kind of object"))),
    }
}
