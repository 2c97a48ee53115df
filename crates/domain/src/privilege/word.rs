use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
