use leaseproof_domain::{RoleAttributes, RoleSeen, UnixMicros, Username};
use tokio_postgres::Row;

use crate::observer::{Prepared, column};
use crate::{Error, Observer};

const ATTRIBUTES: &str = "SELECT rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, \
                          rolinherit, rolconnlimit FROM pg_roles WHERE rolname = $1";

impl Observer {
    /// Every role of the cluster, by OID, without the predefined `pg_…` ones and the observer's own.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] where the server does not answer, [`Error::Answer`] where it refuses.
    pub async fn roles(&self) -> Result<Vec<RoleSeen>, Error> {
        self.prepared(Prepared::Roles, &[&self.login().user]).await?.iter().map(seen).collect()
    }

    /// The role of that name, if there is one.
    ///
    /// # Errors
    /// As [`Observer::roles`].
    pub async fn role(&self, name: &Username) -> Result<Option<RoleSeen>, Error> {
        self.prepared(Prepared::Role, &[&name.as_str()]).await?.first().map(seen).transpose()
    }

    /// The attributes of the role of that name, if there is one.
    ///
    /// # Errors
    /// As [`Observer::roles`].
    pub async fn attributes(&self, account: &str) -> Result<Option<RoleAttributes>, Error> {
        let rows = self.select(ATTRIBUTES, &[account]).await?;
        rows.first().map(attributes).transpose()
    }
}

fn seen(row: &Row) -> Result<RoleSeen, Error> {
    Ok(RoleSeen {
        cluster: String::new(),
        oid: column(row, "oid")?,
        name: Username::new(column::<&str>(row, "name")?),
        valid_until: column::<Option<i64>>(row, "valid_until")?.map(UnixMicros),
        login: column(row, "login")?,
        password: column(row, "password")?,
    })
}

fn attributes(row: &Row) -> Result<RoleAttributes, Error> {
    Ok(RoleAttributes {
        superuser: column(row, "rolsuper")?,
        createrole: column(row, "rolcreaterole")?,
        createdb: column(row, "rolcreatedb")?,
        login: column(row, "rolcanlogin")?,
        replication: column(row, "rolreplication")?,
        bypassrls: column(row, "rolbypassrls")?,
        inherit: column(row, "rolinherit")?,
        connection_limit: limit(column(row, "rolconnlimit")?),
    })
}

/// PostgreSQL's −1 is no limit.
pub(crate) fn limit(connections: i32) -> Option<i32> {
    (connections >= 0).then_some(connections)
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn a_limit_of_no_connection_is_one() {
        assert_eq!([-1, 0, 1].map(limit), [None, Some(0), Some(1)]);
    }
}
