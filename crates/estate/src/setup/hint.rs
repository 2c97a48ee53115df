use leaseproof_domain::{Failure, FailureSource, Outcome};
use leaseproof_scenario::SetupAction;

/// What to do about a refusal, where its reason is one that operators meet again and again.
pub(super) fn of(action: &SetupAction, outcome: &Outcome) -> Option<String> {
    let Failure { source, code, message } = outcome.failure()?;
    let says = |words: &str| message.contains(words);
    let hint = match (source, code.as_str(), action) {
        (FailureSource::Vault, "404", SetupAction::Write { path, .. }) if says("no handler for route") => {
            let mount = path.split('/').next().unwrap_or_default();
            format!("nothing is mounted at `{mount}/`: a step `enable = \"…\"` has to come before this one")
        }
        (FailureSource::Vault, "400", _)
            if says("error verifying connection") || says("error creating database object") =>
        {
            "Vault tried to log in to PostgreSQL with this connection: look at its host and port, user, password and \
             database, and at pg_hba.conf"
                .to_owned()
        }
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
            "the login itself was refused: look at `user` and `password` of the step, and at pg_hba.conf".to_owned()
        }
        _ => return None,
    };
    Some(hint)
}
