use leaseproof_domain::{Object, ObjectKind};

use crate::observer::column;
use crate::{Error, Observer};

/// Everything that `ALL TABLES IN SCHEMA` and its like can mean, in the connected database.
const SQL: &str = include_str!("objects.sql");

impl Observer {
    /// Tables of every kind, sequences and schemas of the connected database, without those of the system.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] where the server does not answer, [`Error::Answer`] where it refuses.
    pub async fn objects(&self) -> Result<Vec<Object>, Error> {
        let rows = self.select(SQL, &[]).await?;
        rows.iter()
            .map(|row| {
                let name = column::<&str>(row, "name")?.to_owned();
                let kind = kind(column(row, "kind")?)?;
                Ok(Object { kind, schema: column(row, "schema")?, name, column: None })
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
