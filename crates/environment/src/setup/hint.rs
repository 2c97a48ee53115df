use std::collections::BTreeMap;

use leaseproof_domain::{Failure, FailureSource, Outcome};
use leaseproof_scenario::{SettingValue, SetupAction};

/// What to do about a refusal, where its reason is one that operators meet again and again.
pub(super) fn of(action: &SetupAction, outcome: &Outcome) -> Option<String> {
    let Failure { source, code, message } = outcome.failure()?;
    let says = |words: &str| message.contains(words);
    let hint = match (source, code.as_str(), action) {
        (FailureSource::Vault, "404", SetupAction::Write { path, .. }) if says("no handler for route") => {
            let mount = path.split('/').next().unwrap_or_default();
            format!("nothing is mounted at `{mount}/`: a step `enable = \"…\"` has to come before this one")
        }
        (FailureSource::Vault, "400", SetupAction::Write { data, .. })
            if says("error verifying connection") && says("28P01") && lacks_account(data) =>
        {
            "`connection_url` has no `{{username}}:{{password}}@`, so Vault does not use `username` and `password`"
                .to_owned()
        }
        (FailureSource::Vault, "400", _) if says("error verifying connection") => of_login(message).to_owned(),
        (FailureSource::Postgres, "3D000", SetupAction::Sql { .. }) => {
            "a step before this one has to make the database".to_owned()
        }
        (FailureSource::Postgres, "42601", SetupAction::Sql { text, .. })
            if text.lines().any(|line| line.starts_with('\\')) =>
        {
            "a line that begins with a backslash is psql's own command and no SQL: name the database in the step, or \
             call psql in a `script` step"
                .to_owned()
        }
        (FailureSource::Postgres, _, SetupAction::Sql { text, .. })
            if text.to_ascii_lowercase().contains("from stdin") =>
        {
            "`COPY … FROM stdin` reads its data from psql: call psql in a `script` step, or write INSERT".to_owned()
        }
        (FailureSource::Postgres, "28P01" | "28000", SetupAction::Sql { .. }) => {
            "the login itself was refused: check `user` and `password` of the step, and pg_hba.conf".to_owned()
        }
        _ => return None,
    };
    Some(hint)
}

/// Whether a connection has a user and a password, and a URL in which neither is filled in.
fn lacks_account(data: &BTreeMap<String, SettingValue>) -> bool {
    let url = match data.get("connection_url") {
        Some(SettingValue::Text(url)) => url.expose(),
        _ => return false,
    };
    data.contains_key("username") && !url.contains("{{")
}

/// What to do if Vault could not log in to PostgreSQL, by PostgreSQL's answer.
fn of_login(message: &str) -> &'static str {
    let code = message.split_once("SQLSTATE ").and_then(|(_, code)| code.get(..5)).unwrap_or_default();
    match code {
        "3D000" => "an earlier step has to create the database that this connection names",
        "28P01" => "PostgreSQL rejected the password: check `username` and `password` of this connection",
        "28000" => {
            "PostgreSQL does not let this account log in: it needs LOGIN, and a line in pg_hba.conf for its address and \
             database"
        }
        "42501" => "this account lacks CONNECT on the database: `GRANT CONNECT ON DATABASE … TO …`",
        "53300" => {
            "PostgreSQL has no free connection for this account: raise `max_connections` in `settings`, or its CONNECTION \
             LIMIT"
        }
        _ if message.contains("server refused TLS connection") => {
            "the server has no TLS: `tls = true` in its section turns it on, or `sslmode=disable` in `connection_url` does \
             without it"
        }
        _ if message.contains("sslmode is invalid") => {
            "`sslmode` in `connection_url` is one of disable, allow, prefer, require, verify-ca and verify-full"
        }
        _ if message.contains("unrecognized configuration parameter") => {
            "PostgreSQL does not know a parameter of `connection_url`: see what follows its `?`"
        }
        _ if message.contains("invalid dsn") || message.contains("cannot parse `") => {
            "`connection_url` cannot be read: it is postgresql://{{username}}:{{password}}@HOST:PORT/DATABASE?PARAMETERS"
        }
        _ => {
            "Vault tried to log in to PostgreSQL with this connection: check its host and port, user, password and \
             database, and at pg_hba.conf"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use leaseproof_domain::{Failure, FailureSource, Outcome};
    use leaseproof_scenario::{Setting, SettingValue, SetupAction};

    #[test]
    fn a_hint_about_a_login_is_for_a_login_that_failed() {
        let hint = |message: &str| {
            let action = SetupAction::Write { path: "database/config/app".to_owned(), data: BTreeMap::new() };
            let failure = Failure { source: FailureSource::Vault, code: "400".to_owned(), message: message.to_owned() };
            super::of(&action, &Outcome::Failed(failure)).unwrap_or_default()
        };
        for without in [
            "error creating database object: unable to add CA to cert pool",
            "error creating database object: cannot use both self-managed and vault-managed workflows",
        ] {
            assert_eq!(hint(without), "", "{without}");
        }
        let without_account = |url: &str| {
            let text = |text: &str| SettingValue::Text(Setting::Text(text.to_owned()));
            let data = [("connection_url", text(url)), ("username", text("v"))];
            let data = data.map(|(key, value)| (key.to_owned(), value)).into();
            let action = SetupAction::Write { path: "database/config/app".to_owned(), data };
            let message = "error verifying connection: ping failed: FATAL: no (SQLSTATE 28P01)".to_owned();
            let failure = Failure { source: FailureSource::Vault, code: "400".to_owned(), message };
            super::of(&action, &Outcome::Failed(failure)).unwrap_or_default()
        };
        assert!(without_account("postgresql://h:5432/d").starts_with("`connection_url` has no `{{username}}"));
        let filled_in = without_account("postgresql://{{username}}:{{password}}@h:5432/d");
        assert!(filled_in.starts_with("PostgreSQL rejected the password"), "{filled_in}");
        let fatal = |why: &str| {
            hint(&format!(
                "error creating database object: error verifying connection: ping failed: failed to connect to `host=h user=v \
                 database=d`: server error (FATAL: {why})"
            ))
        };
        for (why, expected) in [
            ("database \"d\" does not exist (SQLSTATE 3D000)", "an earlier step has to create the database"),
            ("password authentication failed for user \"v\" (SQLSTATE 28P01)", "PostgreSQL rejected the password"),
            ("role \"v\" is not permitted to log in (SQLSTATE 28000)", "PostgreSQL does not let this account log in"),
            ("permission denied for database \"d\" (SQLSTATE 42501)", "this account lacks CONNECT"),
            ("sorry, too many clients already (SQLSTATE 53300)", "PostgreSQL has no free connection"),
            ("something else", "Vault tried to log in"),
            ("tls error (server refused TLS connection)", "the server has no TLS"),
            ("sslmode is invalid", "`sslmode` in `connection_url`"),
            ("unrecognized configuration parameter \"x\"", "PostgreSQL does not know a parameter"),
        ] {
            assert!(fatal(why).starts_with(expected), "{why}: {}", fatal(why));
        }
    }
}
