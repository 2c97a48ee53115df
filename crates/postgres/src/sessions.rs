use leaseproof_domain::{SessionSeen, UnixMicros, Username};

use crate::observer::column;
use crate::{Error, Observer};

const SQL: &str = include_str!("sessions.sql");

impl Observer {
    /// The clients' sessions in `pg_stat_activity`, the observer's own account excepted. They are reported by the role's OID:
    /// a session outlives its role, and then shows no name.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] where the server does not answer, [`Error::Answer`] where it refuses.
    pub async fn sessions(&self) -> Result<Vec<SessionSeen>, Error> {
        let rows = self.select(SQL, &[&self.login().user]).await?;
        let seen = rows.iter().map(|row| {
            Ok(SessionSeen {
                pid: column(row, "pid")?,
                started: UnixMicros(column(row, "started")?),
                oid: column(row, "oid")?,
                name: column::<Option<&str>>(row, "name")?.map(Username::new),
                application: column::<&str>(row, "application")?.to_owned(),
                encrypted: column(row, "encrypted")?,
            })
        });
        seen.collect()
    }
}
