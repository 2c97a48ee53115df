use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of object that privileges are granted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// Tables, views, materialised views, partitioned and foreign tables.
    Table,
    /// A column of one of those.
    Column,
    /// A sequence.
    Sequence,
    /// A schema.
    Schema,
    /// A database.
    Database,
}

impl ObjectKind {
    /// The word that GRANT uses for it; a column is named with its table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Table => "TABLE",
            Self::Column => "COLUMN",
            Self::Sequence => "SEQUENCE",
            Self::Schema => "SCHEMA",
            Self::Database => "DATABASE",
        }
    }

    /// The privileges that this kind has, as PostgreSQL's GRANT lists them. MAINTAIN (17 and later) is not among them.
    pub const fn privileges(self) -> &'static [Privilege] {
        use Privilege::{
            Connect, Create, Delete, Insert, References, Select, Temporary, Trigger, Truncate, Update, Usage,
        };
        match self {
            Self::Table => &[Select, Insert, Update, Delete, Truncate, References, Trigger],
            Self::Column => &[Select, Insert, Update, References],
            Self::Sequence => &[Usage, Select, Update],
            Self::Schema => &[Create, Usage],
            Self::Database => &[Create, Connect, Temporary],
        }
    }
}

/// A privilege, by GRANT's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Privilege {
    /// SELECT
    Select,
    /// INSERT
    Insert,
    /// UPDATE
    Update,
    /// DELETE
    Delete,
    /// TRUNCATE
    Truncate,
    /// REFERENCES
    References,
    /// TRIGGER
    Trigger,
    /// MAINTAIN, PostgreSQL 17 and later
    Maintain,
    /// USAGE
    Usage,
    /// CREATE
    Create,
    /// CONNECT
    Connect,
    /// TEMPORARY
    Temporary,
}

impl Privilege {
    /// Every privilege.
    pub const ALL: [Self; 12] = [
        Self::Select,
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Truncate,
        Self::References,
        Self::Trigger,
        Self::Maintain,
        Self::Usage,
        Self::Create,
        Self::Connect,
        Self::Temporary,
    ];

    /// GRANT's word for it, which is also what `aclexplode` answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
            Self::References => "REFERENCES",
            Self::Trigger => "TRIGGER",
            Self::Maintain => "MAINTAIN",
            Self::Usage => "USAGE",
            Self::Create => "CREATE",
            Self::Connect => "CONNECT",
            Self::Temporary => "TEMPORARY",
        }
    }

    /// The privilege of that word, in any case; `TEMP` is TEMPORARY.
    pub fn from_word(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("TEMP") {
            return Some(Self::Temporary);
        }
        Self::ALL.into_iter().find(|privilege| privilege.word().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// An object that privileges are granted on, named as PostgreSQL's catalog names it (unquoted).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Object {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its schema; none for schemas and databases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its name; the table's for a column.
    pub name: String,
    /// The column's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind.word())?;
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)?;
        match &self.column {
            Some(column) => write!(f, "({column})"),
            None => Ok(()),
        }
    }
}

/// One privilege on one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// The privilege.
    pub privilege: Privilege,
    /// What it is on.
    pub object: Object,
    /// Whether it came WITH GRANT OPTION.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grantable: bool,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ON {}", self.privilege, self.object)?;
        if self.grantable { f.write_str(" WITH GRANT OPTION") } else { Ok(()) }
    }
}

/// Why a role holds a privilege.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "by", content = "name")]
pub enum Why {
    /// Granted to the role itself.
    Direct,
    /// Granted to a role that it is a member of and inherits from.
    Member(String),
    /// It, or a role it inherits from, owns the object.
    Owner(String),
    /// Granted to PUBLIC by somebody.
    Public,
    /// PUBLIC's built-in default (`acldefault`), which every role has unless it is revoked.
    PublicDefault,
    /// The role is a superuser.
    Superuser,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("granted directly"),
            Self::Member(role) => write!(f, "through membership of {role}"),
            Self::Owner(role) => write!(f, "as owner ({role})"),
            Self::Public => f.write_str("granted to PUBLIC"),
            Self::PublicDefault => f.write_str("PUBLIC's built-in default"),
            Self::Superuser => f.write_str("as superuser"),
        }
    }
}

/// A privilege that is held, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct GrantedTo {
    /// What is held.
    pub grant: Grant,
    /// Why.
    pub why: Why,
}

/// A membership, direct or through others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Membership {
    /// The group.
    pub group: String,
    /// Whether the role may hand the membership on.
    pub admin: bool,
    /// Whether the role is a direct member.
    pub direct: bool,
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

/// All that one credential may do, as the catalog showed it at one moment, in one database and the shared catalogs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrivilegeSet {
    /// The database whose objects were looked at.
    pub database: String,
    /// The role's attributes.
    pub attributes: RoleAttributes,
    /// Its memberships, direct and inherited.
    pub memberships: BTreeSet<Membership>,
    /// The privileges it holds on objects of `database`, on databases, and why.
    pub held: BTreeSet<GrantedTo>,
    /// What `pg_shdepend` shows beyond that: objects it owns or has rights on in other databases, default ACLs,
    /// policies; each as one line for people.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub beyond: BTreeSet<String>,
}
