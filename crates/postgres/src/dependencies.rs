use leaseproof_domain::{DependencySeen, Username};

use crate::observer::column;
use crate::{Error, Observer};

const SQL: &str = include_str!("dependencies.sql");

impl Observer {
    /// What `pg_shdepend` holds of the cluster's roles, the system's own (OIDs below 16384) excepted. What has no name
    /// belongs to a role that is gone.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] where the server does not answer, [`Error::Answer`] where it refuses.
    pub async fn dependencies(&self) -> Result<Vec<DependencySeen>, Error> {
        let rows = self.select(SQL, &[]).await?;
        let seen = rows.iter().map(|row| {
            Ok(DependencySeen {
                oid: column(row, "oid")?,
                name: column::<Option<&str>>(row, "name")?.map(Username::new),
                database: column(row, "database")?,
                catalog: column(row, "catalog")?,
                kind: column(row, "kind")?,
                rows: column::<i64>(row, "rows")?.unsigned_abs(),
            })
        });
        seen.collect()
    }
}
