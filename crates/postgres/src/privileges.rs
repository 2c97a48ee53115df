use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Grant, GrantedTo, Membership, Object, Privilege, PrivilegeSet, RoleAttributes, Why};
use tokio_postgres::Row;

use crate::objects::kind;
use crate::observer::{Prepared, column};
use crate::{Error, Observer};

/// Every fact of every role asked for, one row each.
pub(crate) const SQL: &str = include_str!("privileges.sql");

impl Observer {
    /// What the roles of those OIDs hold in the connected database and on databases, and why, all seen at one moment.
    /// A role that is gone is not in the answer. Of a superuser only attributes, memberships and `beyond` are told:
    /// what it may do needs no list.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] where the server does not answer, [`Error::Answer`] where it refuses.
    pub async fn privileges(&self, oids: &[u32]) -> Result<BTreeMap<u32, PrivilegeSet>, Error> {
        if oids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = self.prepared(Prepared::Privileges, &[&oids]).await?;
        let mut holdings: BTreeMap<u32, Holding> = BTreeMap::new();
        for row in &rows {
            holdings.entry(column(row, "role")?).or_default().add(row)?;
        }
        Ok(holdings.into_iter().map(|(oid, holding)| (oid, holding.set())).collect())
    }
}

/// A set in the making.
#[derive(Default)]
struct Holding {
    set: PrivilegeSet,
    /// The same privilege may have come from two grantors, once with the right to grant it on: it is held with it.
    grants: BTreeMap<(Privilege, Object, Why), bool>,
}

impl Holding {
    fn add(&mut self, row: &Row) -> Result<(), Error> {
        match column::<&str>(row, "part")? {
            "role" => {
                self.set.database = column(row, "name")?;
                self.set.attributes = attributes(row)?;
            }
            "membership" => {
                let direct = column::<Option<&str>>(row, "why")?.is_some();
                self.set.memberships.insert(Membership {
                    group: column(row, "name")?,
                    admin: column(row, "flag")?,
                    direct,
                    inherit: true,
                    set: true,
                });
            }
            "held" => self.hold(row)?,
            _ => {
                self.set.beyond.insert(column(row, "why")?);
            }
        }
        Ok(())
    }

    fn hold(&mut self, row: &Row) -> Result<(), Error> {
        let object = Object {
            kind: kind(column(row, "kind")?)?,
            schema: column(row, "schema")?,
            name: column(row, "name")?,
            column: column(row, "col")?,
        };
        let why = why(row)?;
        let word: &str = column(row, "privilege")?;
        let Some(privilege) = Privilege::from_word(word) else {
            // A privilege of a later PostgreSQL: it has no name here, and must not be lost.
            self.set.beyond.insert(format!("holds {word} on {object}, {why}"));
            return Ok(());
        };
        *self.grants.entry((privilege, object, why)).or_default() |= column::<bool>(row, "flag")?;
        Ok(())
    }

    fn set(self) -> PrivilegeSet {
        let held: BTreeSet<GrantedTo> = self
            .grants
            .into_iter()
            .map(|((privilege, object, why), grantable)| GrantedTo {
                grant: Grant { privilege, object, grantable },
                why,
            })
            .collect();
        PrivilegeSet { held, ..self.set }
    }
}

fn why(row: &Row) -> Result<Why, Error> {
    Ok(match column::<&str>(row, "why")? {
        "direct" => Why::Direct,
        "member" => Why::Member(vec![column(row, "via")?]),
        "owner" => Why::Owner(column(row, "via")?),
        "public" => Why::Public,
        "public_default" => Why::PublicDefault,
        word => return Err(Error::column("why", format!("`{word}` is no reason"))),
    })
}

/// In the order in which the query lists them.
fn attributes(row: &Row) -> Result<RoleAttributes, Error> {
    let listed: Vec<bool> = column(row, "attributes")?;
    let [superuser, createrole, createdb, login, replication, bypassrls, inherit] = listed[..] else {
        return Err(Error::column("attributes", format!("{} instead of 7", listed.len())));
    };
    Ok(RoleAttributes {
        superuser,
        createrole,
        createdb,
        login,
        replication,
        bypassrls,
        inherit,
        connection_limit: None,
    })
}
