use std::collections::BTreeMap;

use leaseproof_domain::{Object, RoleAttributes, RoleSetting};
use tokio_postgres::Row;

use crate::Error;
use crate::kind::kind;
use crate::observer::column;
use crate::roles::limit;

/// The OID that stands for PUBLIC in ACLs, policies and user mappings.
pub(super) const PUBLIC: u32 = 0;

/// What the catalog says, by the role that each fact is about, before anybody asked what follows for one credential.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) database: String,
    /// The roles asked for and every group that one of them is a member of.
    pub(super) roles: BTreeMap<u32, Role>,
    /// Other roles: those with whose power an object is used, and those that policies name.
    pub(super) names: BTreeMap<u32, Named>,
    pub(super) edges: BTreeMap<u32, Vec<Edge>>,
    pub(super) settings: BTreeMap<u32, Vec<RoleSetting>>,
    pub(super) entries: BTreeMap<u32, Vec<Entry>>,
    pub(super) owned: BTreeMap<u32, Vec<Owned>>,
    /// How many of the system's objects a role owns.
    pub(super) system_owned: BTreeMap<u32, i64>,
    pub(super) future: BTreeMap<u32, Vec<Future>>,
    /// By the OID of the table.
    pub(super) policies: BTreeMap<u32, Vec<Policy>>,
    /// The names of foreign servers.
    pub(super) mappings: BTreeMap<u32, Vec<String>>,
    pub(super) depends: BTreeMap<u32, Vec<Dependency>>,
}

pub(super) struct Role {
    pub(super) name: String,
    pub(super) attributes: RoleAttributes,
    /// Whether PostgreSQL brings it.
    pub(super) predefined: bool,
}

pub(super) struct Named {
    pub(super) name: String,
    pub(super) superuser: bool,
}

/// A membership as one grantor gave it.
pub(super) struct Edge {
    pub(super) group: u32,
    pub(super) admin: bool,
    pub(super) inherits: bool,
    pub(super) sets: bool,
    /// Of the database's owner in `pg_database_owner`, which no catalog shows.
    pub(super) implicit: bool,
}

/// What an object does besides being held.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trait {
    None,
    /// A function that runs as its owner.
    Definer,
    /// A view that reads as its owner.
    OwnerView,
    RowSecurity {
        forced: bool,
    },
}

/// Where a privilege comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Acl,
    /// PUBLIC's own by default.
    Default,
    /// What a predefined role brings: no ACL, or one that the cluster or an extension was made with.
    Predefined,
}

/// One privilege on one object, of one grantee.
pub(super) struct Entry {
    pub(super) object: Object,
    pub(super) id: u32,
    pub(super) owner: u32,
    pub(super) is: Trait,
    pub(super) word: String,
    pub(super) grantable: bool,
    pub(super) source: Source,
    pub(super) system: bool,
}

pub(super) struct Owned {
    pub(super) object: Object,
    pub(super) id: u32,
    pub(super) is: Trait,
    /// The privileges that its ACL withholds from the owner.
    pub(super) withheld: Option<String>,
}

/// A privilege that a default ACL gives.
pub(super) struct Future {
    pub(super) creator: (u32, String),
    pub(super) schema: Option<String>,
    /// The letter of `pg_default_acl.defaclobjtype`.
    pub(super) kind: String,
    pub(super) word: String,
    pub(super) grantable: bool,
}

pub(super) struct Policy {
    pub(super) name: String,
    pub(super) command: String,
    pub(super) permissive: bool,
    pub(super) roles: Vec<u32>,
}

/// An entry of `pg_shdepend` that nothing else tells.
pub(super) struct Dependency {
    pub(super) line: String,
    /// The table, where it is a policy's.
    pub(super) policy_of: Option<u32>,
    /// The other database that it is in.
    pub(super) elsewhere: Option<String>,
}

impl Facts {
    pub(super) fn read(rows: &[Row]) -> Result<Self, Error> {
        let mut facts = Self::default();
        for row in rows {
            facts.add(row)?;
        }
        Ok(facts)
    }

    fn add(&mut self, row: &Row) -> Result<(), Error> {
        let part: &str = column(row, "part")?;
        if part == "policy" {
            self.policies.entry(column(row, "id")?).or_default().push(policy(row)?);
            return Ok(());
        }
        let subject: u32 = column(row, "subject")?;
        match part {
            "role" => {
                self.database = column(row, "database")?;
                self.roles.insert(subject, role(row)?);
            }
            "name" => {
                let [superuser] = flags(row)?;
                self.names.insert(subject, Named { name: column(row, "name")?, superuser });
            }
            "edge" => self.edges.entry(subject).or_default().push(edge(row)?),
            "setting" => self.settings.entry(subject).or_default().push(RoleSetting {
                database: column(row, "database")?,
                name: column(row, "name")?,
                value: column(row, "privilege")?,
            }),
            "held" => self.entries.entry(subject).or_default().push(entry(row, Source::Acl)?),
            "held_by_default" => self.entries.entry(subject).or_default().push(entry(row, Source::Default)?),
            "predefined" => self.entries.entry(subject).or_default().push(entry(row, Source::Predefined)?),
            "owned" => self.owned.entry(subject).or_default().push(Owned {
                object: object(row)?,
                id: column(row, "id")?,
                is: is(row)?,
                withheld: column(row, "privilege")?,
            }),
            "system_owned" => {
                self.system_owned.insert(subject, column(row, "number")?);
            }
            "future" => self.future.entry(subject).or_default().push(future(row)?),
            "mapping" => self.mappings.entry(subject).or_default().push(column(row, "name")?),
            "depends" => self.depends.entry(subject).or_default().push(Dependency {
                line: column(row, "name")?,
                policy_of: column(row, "id")?,
                elsewhere: column(row, "database")?,
            }),
            _ => return Err(Error::column("part", format!("`{part}` is no part"))),
        }
        Ok(())
    }
}

fn flags<const N: usize>(row: &Row) -> Result<[bool; N], Error> {
    let flags: Vec<bool> = column(row, "flags")?;
    flags.try_into().map_err(|flags: Vec<bool>| Error::column("flags", format!("{} instead of {N}", flags.len())))
}

fn role(row: &Row) -> Result<Role, Error> {
    let [superuser, createrole, createdb, login, replication, bypassrls, inherit, predefined] = flags(row)?;
    let connections: i64 = column(row, "number")?;
    let connections = i32::try_from(connections).map_err(|error| Error::column("number", error))?;
    let attributes = RoleAttributes {
        superuser,
        createrole,
        createdb,
        login,
        replication,
        bypassrls,
        inherit,
        connection_limit: limit(connections),
    };
    Ok(Role { name: column(row, "name")?, attributes, predefined })
}

fn edge(row: &Row) -> Result<Edge, Error> {
    let [admin, inherits, sets, implicit] = flags(row)?;
    Ok(Edge { group: column(row, "id")?, admin, inherits, sets, implicit })
}

fn object(row: &Row) -> Result<Object, Error> {
    Ok(Object {
        kind: kind(column(row, "kind")?)?,
        schema: column(row, "schema")?,
        name: column(row, "name")?,
        column: column(row, "col")?,
    })
}

fn is(row: &Row) -> Result<Trait, Error> {
    Ok(match column::<Option<&str>>(row, "trait")? {
        None => Trait::None,
        Some("definer") => Trait::Definer,
        Some("owner_view") => Trait::OwnerView,
        Some("row_security") => Trait::RowSecurity { forced: false },
        Some("forced_row_security") => Trait::RowSecurity { forced: true },
        Some(word) => return Err(Error::column("trait", format!("`{word}` is no trait"))),
    })
}

fn entry(row: &Row, source: Source) -> Result<Entry, Error> {
    let [grantable, system] = flags(row)?;
    Ok(Entry {
        object: object(row)?,
        id: column(row, "id")?,
        owner: column(row, "owner")?,
        is: is(row)?,
        word: column(row, "privilege")?,
        grantable,
        source,
        system,
    })
}

fn future(row: &Row) -> Result<Future, Error> {
    let [grantable] = flags(row)?;
    Ok(Future {
        creator: (column(row, "owner")?, column(row, "name")?),
        schema: column(row, "schema")?,
        kind: column(row, "kind")?,
        word: column(row, "privilege")?,
        grantable,
    })
}

fn policy(row: &Row) -> Result<Policy, Error> {
    let [permissive] = flags(row)?;
    Ok(Policy { name: column(row, "name")?, command: column(row, "trait")?, permissive, roles: column(row, "roles")? })
}
