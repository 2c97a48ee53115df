//! The PostgreSQL accounts that Vault itself logs in as.

use std::collections::BTreeSet;

use super::{Plan, Setting, SettingValue, SetupAction};

impl Plan {
    /// The accounts that Vault logs in as, as far as the scenario says: those of the connections that the setup
    /// writes (`username` of `<mount>/config/<name>`), its storage's, and each `[account.<name>]`.
    pub fn vault_accounts(&self) -> BTreeSet<String> {
        let connections = self.steps().filter_map(|step| match &step.action {
            SetupAction::Write { path, data } if path.contains("/config/") => match data.get("username") {
                Some(SettingValue::Text(Setting::Text(name))) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        });
        let storage = self.vault.postgresql.iter().filter_map(|stanza| user_of(&stanza.connection_url));
        let promised = self.accounts.iter().map(|account| account.name.clone());
        connections.chain(storage).chain(promised).collect()
    }
}

/// Who logs in by a URL or a connection string; what `${…}` stands for is not known yet.
fn user_of(url: &str) -> Option<String> {
    let user = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('@')?.0.split(':').next()?,
        None => url.split_whitespace().find_map(|word| word.strip_prefix("user="))?,
    };
    (!user.is_empty()).then(|| user.trim_matches('\'').to_owned())
}

#[cfg(test)]
mod tests {
    use super::user_of;

    #[test]
    fn the_user_stands_in_a_url_and_in_a_connection_string() {
        for (text, user) in [
            ("postgres://vaultadmin:pw@${postgres.storage.write}/vault?sslmode=disable", Some("vaultadmin")),
            ("postgres://ada@h/vault", Some("ada")),
            ("host=h user='ada' password=x", Some("ada")),
            ("postgres://h/vault", None),
            ("", None),
        ] {
            assert_eq!(user_of(text).as_deref(), user, "{text}");
        }
    }
}
