use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Grant, Micros, Username};

/// One privilege, tried out as the credential and rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeRecord {
    /// The lifecycle whose credential tried it.
    pub lifecycle: u64,
    /// Before its first statement.
    pub from: Micros,
    /// After its last answer.
    pub to: Micros,
    /// The OID of the credential's role, where it was read before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<u32>,
    /// The credential.
    pub username: Username,
    /// The database that it logged in to.
    pub database: String,
    /// What was tried.
    pub grant: Grant,
    /// What the scenario says of it.
    pub expected: Expected,
    /// What came of it.
    pub outcome: ProbeOutcome,
}

/// What a scenario says of a privilege that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// It is promised.
    Promised,
    /// It is not, nor is it one of PUBLIC's built-in defaults where those are allowed.
    Forbidden,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Promised => "promised",
            Self::Forbidden => "not promised",
        })
    }
}

/// What came of trying a privilege.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum ProbeOutcome {
    /// The server let it through: the privilege is held.
    Allowed,
    /// The server refused it for want of this very privilege: it is not held.
    Refused {
        /// 42501.
        sqlstate: String,
        /// The server's own words.
        message: String,
    },
    /// The server refused it for want of another privilege, on the object's schema or on something that the object
    /// rests on. Whether this one is held is not shown; that it cannot be used is.
    Blocked {
        /// 42501.
        sqlstate: String,
        /// The server's own words.
        message: String,
    },
    /// It cannot be tried without harm, or what was tried says nothing.
    Unproved {
        /// Why.
        why: String,
    },
    /// No answer came.
    Indeterminate {
        /// What was seen instead.
        why: String,
    },
}
