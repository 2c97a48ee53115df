use serde::{Deserialize, Serialize};

use super::promised::Promised;

/// How the usernames of a role's credentials are formed, as far as the setup says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Naming {
    /// By the engine's own template: no step writes another one.
    #[default]
    Default,
    /// By the `username_template` that a step writes to the role's connection.
    Template {
        /// The template, and the step that writes it.
        template: Promised<String>,
        /// What follows from it.
        pattern: UsernamePattern,
    },
    /// By a template that the setup does not show.
    Unknown {
        /// Why it is not known.
        why: String,
    },
}

impl Naming {
    /// Whether it is the engine's own template.
    pub fn is_default(&self) -> bool {
        *self == Self::Default
    }
}

/// What usernames of a template look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsernamePattern {
    /// A regular expression that each whole username matches.
    pub names: String,
    /// The same for the roles of these names: PostgreSQL keeps 63 bytes of a name.
    pub roles: String,
    /// What of the template does not follow exactly and can be any text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
