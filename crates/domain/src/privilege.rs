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
    /// A function, procedure or aggregate; its name carries the types of its input arguments, `f(integer, text)`.
    Function,
    /// A procedural language.
    Language,
    /// A type or domain.
    Type,
    /// A foreign-data wrapper.
    ForeignDataWrapper,
    /// A foreign server.
    ForeignServer,
    /// A large object, named by its OID.
    LargeObject,
    /// A tablespace.
    Tablespace,
    /// A configuration parameter (PostgreSQL 15 and later).
    Parameter,
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
            Self::Function => "FUNCTION",
            Self::Language => "LANGUAGE",
            Self::Type => "TYPE",
            Self::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
            Self::ForeignServer => "FOREIGN SERVER",
            Self::LargeObject => "LARGE OBJECT",
            Self::Tablespace => "TABLESPACE",
            Self::Parameter => "PARAMETER",
        }
    }

    /// The privileges that this kind can have in any supported PostgreSQL, as GRANT lists them: what a promise may name.
    /// What a server's own version knows is asked of that server. MAINTAIN is of 17 and later.
    pub const fn privileges(self) -> &'static [Privilege] {
        use Privilege::{
            AlterSystem, Connect, Create, Delete, Execute, Insert, Maintain, References, Select, Set, Temporary,
            Trigger, Truncate, Update, Usage,
        };
        match self {
            Self::Table => &[Select, Insert, Update, Delete, Truncate, References, Trigger, Maintain],
            Self::Column => &[Select, Insert, Update, References],
            Self::Sequence => &[Usage, Select, Update],
            Self::Schema => &[Create, Usage],
            Self::Database => &[Create, Connect, Temporary],
            Self::Function => &[Execute],
            Self::Language | Self::Type | Self::ForeignDataWrapper | Self::ForeignServer => &[Usage],
            Self::LargeObject => &[Select, Update],
            Self::Tablespace => &[Create],
            Self::Parameter => &[Set, AlterSystem],
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
    /// EXECUTE
    Execute,
    /// SET, of a parameter (15 and later)
    Set,
    /// ALTER SYSTEM, of a parameter (15 and later)
    #[serde(rename = "ALTER SYSTEM")]
    AlterSystem,
}

impl Privilege {
    /// Every privilege.
    pub const ALL: [Self; 15] = [
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
        Self::Execute,
        Self::Set,
        Self::AlterSystem,
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
            Self::Execute => "EXECUTE",
            Self::Set => "SET",
            Self::AlterSystem => "ALTER SYSTEM",
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
    /// Its schema; none for kinds that stand in no schema.
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
    /// Granted to a role that it is a member of and inherits from: the groups on the way, the one that holds it last.
    Member(Vec<String>),
    /// What a predefined role (`pg_read_all_data`, …) may do without any ACL: the groups on the way to it, itself last.
    Predefined(Vec<String>),
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
            Self::Member(path) => write!(f, "through membership of {}", path.join(" → ")),
            Self::Predefined(path) => write!(f, "through the predefined role {}", path.join(" → ")),
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
    /// Whether it has the group's privileges without asking (before 16: where the member has INHERIT).
    #[serde(default)]
    pub inherit: bool,
    /// Whether it may SET ROLE to the group (before 16: always).
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

/// A setting that sessions of a role begin with (`pg_db_role_setting`).
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

/// A privilege that a role will hold on objects that do not exist yet (`pg_default_acl`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FutureGrant {
    /// Who has to create the object for the default to apply.
    pub creator: String,
    /// The schema it holds in; none for all of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The kind of the objects.
    pub kind: ObjectKind,
    /// The privilege.
    pub privilege: Privilege,
    /// Whether it comes WITH GRANT OPTION.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grantable: bool,
    /// Why the role will hold it: direct, through a membership, or through PUBLIC.
    pub why: Why,
}

impl fmt::Display for FutureGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ON each future {}", self.privilege, self.kind.word())?;
        if let Some(schema) = &self.schema {
            write!(f, " in schema {schema}")?;
        }
        write!(f, " created by {}", self.creator)?;
        if self.grantable { f.write_str(" WITH GRANT OPTION") } else { Ok(()) }
    }
}

/// A way to do more than the ACLs say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EscalationKind {
    /// It may execute a SECURITY DEFINER function, which runs as its owner. The system's own are left out.
    SecurityDefiner,
    /// It holds a privilege on a view that reads its tables as the view's owner (no `security_invoker`).
    OwnerView,
    /// A user mapping, its own or PUBLIC's, logs in elsewhere in its name.
    UserMapping,
    /// It may SET ROLE to a group whose privileges it does not have without asking.
    SetRole,
    /// It is a member of a predefined role that reaches the server's files, programs, signals or monitoring.
    PredefinedRole,
    /// Row security of a table does not bind it: as owner, by BYPASSRLS or as superuser.
    RowSecurity,
}

/// One way to do more than the ACLs say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Escalation {
    /// What kind of way.
    pub kind: EscalationKind,
    /// The object it goes through: the function, the view, the foreign server, the table. None for a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// The role whose power is had: the owner, the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The way in one line for people.
    pub what: String,
}

/// Row security of a table on which the role holds a privilege.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RowSecurity {
    /// The table.
    pub table: Object,
    /// Whether it binds the owner too (FORCE ROW LEVEL SECURITY).
    pub forced: bool,
    /// The policies that apply to the role, each as `name FOR command TO roles`; none means that no row is seen.
    pub policies: BTreeSet<String>,
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
    /// Settings that its sessions begin with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub settings: BTreeSet<RoleSetting>,
    /// The privileges it holds on objects of `database` and on shared objects, and why.
    pub held: BTreeSet<GrantedTo>,
    /// The objects it, or a role it inherits from, owns in `database` and among the shared ones, with the owner's name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub owned: BTreeSet<(Object, String)>,
    /// What default ACLs will give it on objects that do not exist yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub future: BTreeSet<FutureGrant>,
    /// Ways to do more than the ACLs say.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub escalations: BTreeSet<Escalation>,
    /// Row security on the tables it holds privileges on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub row_security: BTreeSet<RowSecurity>,
    /// What the catalog shows beyond all that, each as one line for people: a privilege that has no name here, an entry
    /// of `pg_shdepend` in another database.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub beyond: BTreeSet<String>,
}
