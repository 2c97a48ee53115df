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

/// How many characters of a Vault role's name the engine's own template keeps.
const SHORT: usize = 8;

impl LeaseId {
    /// The mount and the Vault role that a credential's lease belongs to: `<mount>/creds/<role>/<24 characters>`.
    pub fn vault_role(&self) -> Option<(&str, &str)> {
        self.0.rsplit_once('/')?.0.rsplit_once("/creds/")
    }
}

impl Username {
    /// Whether a credential of that Vault role may have this name. The engine's own template puts the first eight
    /// characters of the Vault role's name into it (builtin/logical/database, `v-…-…-…-…`); any other name says nothing.
    pub fn may_be_of(&self, vault_role: &str) -> bool {
        let short = vault_role.char_indices().nth(SHORT).map_or(vault_role, |(end, _)| &vault_role[..end]);
        self.before_random().is_none_or(|names| names.contains(short))
    }

    /// The Unix time at the end of a name, as the engine's own template has it.
    pub fn unix_time(&self) -> Option<i64> {
        let digits = self.0.rsplit('-').next().filter(|digits| digits.len() == 10)?;
        digits.parse().ok()
    }

    /// What the engine's own template puts before the random part: `v-<display name>-<Vault role>`.
    fn before_random(&self) -> Option<&str> {
        self.unix_time()?;
        let (before, random) = self.0.rsplit_once('-')?.0.rsplit_once('-')?;
        let is_random = random.len() == 20 && random.bytes().all(|sign| sign.is_ascii_alphanumeric());
        (is_random && before.starts_with("v-")).then_some(before)
    }

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
    use super::{LeaseId, Username};

    #[test]
    fn a_role_has_the_first_63_bytes_of_a_name_in_whole_characters() {
        let of = |text: String| Username::new(text).of_role().into_owned().0;
        assert_eq!(of("a".repeat(63)).len(), 63);
        assert_eq!(of("a".repeat(64)), "a".repeat(63));
        assert_eq!(of(format!("{}é", "a".repeat(62))), "a".repeat(62));
    }

    #[test]
    fn a_lease_names_its_vault_role() {
        let of = |lease: &str| LeaseId::new(lease).vault_role().map(|(mount, role)| format!("{mount} {role}"));
        assert_eq!(of("database/creds/app/AbC").as_deref(), Some("database app"));
        assert_eq!(of("db/creds/team/creds/app/AbC").as_deref(), Some("db/creds/team app"));
        assert_eq!(of("pki/issue/app/AbC"), None);
    }

    #[test]
    fn a_name_of_the_engines_own_template_belongs_to_few_vault_roles() {
        let name = Username::new("v-token-le-powerdns-AbCdEfGhIjKlMnOpQrSt-1700000000");
        assert!(["powerdns", "powerdns-role", "powerdns-other", "le-powerd"].iter().all(|role| name.may_be_of(role)));
        assert!(["reports", "PowerDNS", "powerdnt"].iter().all(|role| !name.may_be_of(role)));
        assert_eq!(name.unix_time(), Some(1_700_000_000));
        // Another template, or a name by hand.
        for other in ["v-token-app-short-1700000000", "app-1700000000", "v-token-app-AbCdEfGhIjKlMnOpQrSt-170"] {
            assert!(Username::new(other).may_be_of("reports"), "{other}");
        }
    }
}
