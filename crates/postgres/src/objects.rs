use leaseproof_domain::Object;

use crate::kind::kind;
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
