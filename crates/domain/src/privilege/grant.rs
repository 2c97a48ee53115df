use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Object, ObjectKind, Privilege};

/// One privilege on one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// The privilege.
    pub privilege: Privilege,
    /// What it is on.
    pub object: Object,
    /// Whether it has the grant option.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grantable: bool,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ON {}", self.privilege, self.object)?;
        if self.grantable { f.write_str(" WITH GRANT OPTION") } else { Ok(()) }
    }
}

/// Why a role has a privilege.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "by", content = "name")]
pub enum Why {
    /// Granted to the role itself.
    Direct,
    /// Granted to a role that it is a member of and inherits from: the groups on the way, the one with the grant last.
    Member(Vec<String>),
    /// What a predefined role (`pg_read_all_data`, …) brings by itself, without any ACL or by the ACL that the cluster or
    /// an extension was made with: the groups on the way to it, itself last.
    Predefined(Vec<String>),
    /// It (`itself`), or a role it inherits from, owns the object.
    Owner(String),
    /// Granted to PUBLIC.
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

/// A privilege that a role has, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct GrantedTo {
    /// The privilege.
    pub grant: Grant,
    /// Why.
    pub why: Why,
}

/// A privilege that a role will have on future objects (`pg_default_acl`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FutureGrant {
    /// The creator for whose objects the default applies; `itself` for the role.
    pub creator: String,
    /// The schema it holds in; none for all of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The kind of the objects.
    pub kind: ObjectKind,
    /// The privilege.
    pub privilege: Privilege,
    /// Whether it has the grant option.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grantable: bool,
    /// Why the role will have it: direct, through a membership, or through PUBLIC.
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
