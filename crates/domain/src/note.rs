use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{FailureSource, Micros, Origin};

/// The severity of a server's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// PostgreSQL's ERROR, in its log.
    Error,
    /// PostgreSQL's WARNING, or a warning in a response of Vault.
    Warning,
    /// PostgreSQL's NOTICE or INFO.
    Notice,
}

impl Severity {
    /// PostgreSQL's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Notice => "NOTICE",
        }
    }
}

/// A message of a server in addition to its response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerNote {
    /// The server.
    pub source: FailureSource,
    /// Its severity.
    pub severity: Severity,
    /// PostgreSQL's SQLSTATE, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its text, without secrets.
    pub message: String,
    /// PostgreSQL's DETAIL and HINT, without secrets, each with its label: `DETAIL: …`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// Its place in the SQL or script as `file:line:column`, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl ServerNote {
    /// A warning in a response of Vault.
    pub fn vault(message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            source: FailureSource::Vault,
            severity: Severity::Warning,
            code: None,
            message,
            details: Vec::new(),
            place: None,
        }
    }

    /// What PostgreSQL said.
    pub fn postgres(severity: Severity, message: impl Into<String>) -> Self {
        Self { source: FailureSource::Postgres, severity, ..Self::vault(message) }
    }

    /// Each of its texts as `change` has it.
    #[must_use]
    pub fn map(self, change: impl Fn(&str) -> String) -> Self {
        let details = self.details.iter().map(|detail| change(detail)).collect();
        Self { message: change(&self.message), details, ..self }
    }
}

impl fmt::Display for ServerNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            FailureSource::Vault => f.write_str("Vault warns: ")?,
            FailureSource::Postgres => write!(f, "PostgreSQL {}: ", self.severity.name())?,
        }
        f.write_str(&self.message)?;
        self.details.iter().try_for_each(|detail| write!(f, "; {detail}"))?;
        self.place.iter().try_for_each(|place| write!(f, " (at {place})"))
    }
}

/// A message in a server's log, which no client received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoggedNote {
    /// When it was read. The same text of the same server is recorded once.
    pub at: Micros,
    /// `postgres.target`, or one of its servers.
    pub server: String,
    /// The note.
    pub note: ServerNote,
}

/// A server's message in the verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObservedNote {
    /// The action, or the log: `write database/roles/app`, `log of postgres.target`.
    pub of: String,
    /// The step's line in the scenario, if it belongs to a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The note.
    pub note: ServerNote,
}

impl fmt::Display for ObservedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.iter().try_for_each(|origin| write!(f, "{origin}: "))?;
        write!(f, "{}: {}", self.of, self.note)
    }
}

#[cfg(test)]
mod tests {
    use super::{ObservedNote, ServerNote, Severity};

    #[test]
    fn a_note_says_who_said_what_and_where() {
        let mut note = ServerNote::postgres(Severity::Warning, "no privileges were granted for \"t\"");
        note.details.push("HINT: ask its owner".to_owned());
        note.place = Some("grants.sql:3:1".to_owned());
        let seen = ObservedNote { of: "sql grants.sql".to_owned(), origin: None, note };
        assert_eq!(
            seen.to_string(),
            "sql grants.sql: PostgreSQL WARNING: no privileges were granted for \"t\"; HINT: ask its owner (at grants.sql:3:1)"
        );
        assert_eq!(ServerNote::vault("x").to_string(), "Vault warns: x");
    }
}
