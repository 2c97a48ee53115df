use std::collections::BTreeMap;

use leaseproof_domain::PrivilegeSet;

use crate::observer::{Prepared, column};
use crate::{Error, Observer};

mod escalations;
mod facts;
mod reach;
mod set;

use facts::Facts;

impl Observer {
    /// What the roles of those OIDs can do in the connected database and with shared objects, and why, all seen at one
    /// moment. A role that is gone is not in the answer. Of a superuser only attributes, memberships, settings and
    /// `beyond` are reported: what it may do needs no list. Where the role itself would be named, as an owner or by a
    /// policy, `itself` stands: credentials that hold the same have equal sets.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] where the server does not answer, [`Error::Answer`] where it refuses.
    pub async fn privileges(&self, oids: &[u32]) -> Result<BTreeMap<u32, PrivilegeSet>, Error> {
        self.privileges_beside(oids, &[]).await
    }

    /// The same for a caller that reads the databases `read` as well: what `pg_shdepend` tells of those is left out.
    ///
    /// # Errors
    /// As [`Observer::privileges`].
    pub async fn privileges_beside(&self, oids: &[u32], read: &[String]) -> Result<BTreeMap<u32, PrivilegeSet>, Error> {
        if oids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = self.prepared(Prepared::Privileges, &[&oids]).await?;
        let facts = Facts::read(&rows)?;
        Ok(oids.iter().filter_map(|oid| Some((*oid, facts.set(*oid, read)?))).collect())
    }

    /// The databases of the cluster that accept connections, without templates, in the order of their names.
    ///
    /// # Errors
    /// As [`Observer::privileges`].
    pub async fn databases(&self) -> Result<Vec<String>, Error> {
        let sql = "SELECT datname::text AS name FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1";
        self.select(sql, &[]).await?.iter().map(|row| column(row, "name")).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::prepared::privileges as sql;

    #[test]
    fn parameters_are_asked_for_from_the_first_version_that_has_them() {
        let parameters = include_str!("privileges/parameters.sql");
        assert_eq!([149_999, 150_000, 150_001].map(|version| sql(version).contains(parameters)), [false, true, true]);
    }
}
