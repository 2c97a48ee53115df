use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A membership, direct or indirect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Membership {
    /// The group.
    pub group: String,
    /// Whether the role can grant the membership to others.
    pub admin: bool,
    /// Whether the role is a direct member.
    pub direct: bool,
    /// Whether it inherits the group's privileges (before 16: if the member has INHERIT).
    #[serde(default)]
    pub inherit: bool,
    /// Whether it can SET ROLE to the group (before 16: always).
    #[serde(default)]
    pub set: bool,
}

/// The attributes of a PostgreSQL role (`pg_roles`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RoleAttributes {
    /// SUPERUSER
    pub superuser: bool,
    /// CREATEROLE
    pub createrole: bool,
    /// CREATEDB
    pub createdb: bool,
    /// LOGIN
    pub login: bool,
    /// REPLICATION
    pub replication: bool,
    /// BYPASSRLS
    pub bypassrls: bool,
    /// INHERIT
    pub inherit: bool,
    /// CONNECTION LIMIT; none is unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_limit: Option<i32>,
}

/// A setting that sessions of a role start with (`pg_db_role_setting`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RoleSetting {
    /// The database it holds in; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The parameter.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl fmt::Display for RoleSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SET {} = {}", self.name, self.value)?;
        match &self.database {
            Some(database) => write!(f, " in database {database}"),
            None => Ok(()),
        }
    }
}

impl RoleAttributes {
    /// Each attribute with GRANT-like name and value, for comparing and printing.
    pub fn named(&self) -> [(&'static str, bool); 7] {
        [
            ("SUPERUSER", self.superuser),
            ("CREATEROLE", self.createrole),
            ("CREATEDB", self.createdb),
            ("LOGIN", self.login),
            ("REPLICATION", self.replication),
            ("BYPASSRLS", self.bypassrls),
            ("INHERIT", self.inherit),
        ]
    }
}
