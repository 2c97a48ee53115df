use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $type(String);

        impl $type {
            /// Takes the name as a server gave it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// Vault's name of a lease: `database/creds/<role>/<24 characters>`. It is no secret: Vault itself writes it to
    /// the audit log in plain text.
    LeaseId
}

name! {
    /// The PostgreSQL role that Vault created for one credential, e.g. `v-token-le-powerdns-…`.
    Username
}

/// PostgreSQL keeps so many bytes of a name (NAMEDATALEN - 1).
const KEPT: usize = 63;

impl Username {
    /// The name of the role in the catalog: PostgreSQL cuts a longer one, at the end of a character
    /// (src/backend/parser/scansup.c, truncate_identifier).
    pub fn of_role(&self) -> Cow<'_, Self> {
        if self.0.len() <= KEPT {
            return Cow::Borrowed(self);
        }
        let end = (0..=KEPT).rev().find(|end| self.0.is_char_boundary(*end)).unwrap_or(0);
        Cow::Owned(Self(self.0[..end].to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Username;

    #[test]
    fn a_role_has_the_first_63_bytes_of_a_name_in_whole_characters() {
        let of = |text: String| Username::new(text).of_role().into_owned().0;
        assert_eq!(of("a".repeat(63)).len(), 63);
        assert_eq!(of("a".repeat(64)), "a".repeat(63));
        assert_eq!(of(format!("{}é", "a".repeat(62))), "a".repeat(62));
    }
}
