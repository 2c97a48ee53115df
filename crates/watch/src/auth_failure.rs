use leaseproof_domain::{AuthFailure, Micros, Username};

use crate::log_line::Record;

/// Where a refusal ends and its DETAIL may follow: PostgreSQL writes both as records of their own, one after the other.
#[derive(Debug, Default)]
pub(crate) struct AuthFailures {
    /// A refusal whose DETAIL may come next.
    open: Option<AuthFailure>,
}

const FATAL: &str = "FATAL:  password authentication failed for user \"";
const DETAIL: &str = "DETAIL:  ";
/// What follows the reason in the DETAIL: the line of pg_hba.conf that let the login come so far.
const MATCHED: &str = "\n\tConnection matched ";

impl AuthFailures {
    /// Takes a log's next record, and answers the refusal that it completes.
    pub(crate) fn read(&mut self, source: &str, record: &Record, at: Micros) -> Option<AuthFailure> {
        if let Some(refused) = user(&record.text) {
            let line = record.first_line;
            let failure =
                AuthFailure { at, source: source.to_owned(), line, username: Username::new(refused), reason: None };
            return self.open.replace(failure);
        }
        let mut complete = self.open.take()?;
        if let Some((_, detail)) = record.text.split_once(DETAIL) {
            let reason = detail.split(MATCHED).next().unwrap_or(detail).trim();
            complete.reason = (!reason.is_empty() && !reason.starts_with("Connection matched")).then(|| reason.into());
        }
        Some(complete)
    }

    /// The refusal that nothing followed.
    pub(crate) fn take(&mut self) -> Option<AuthFailure> {
        self.open.take()
    }
}

fn user(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(FATAL)?;
    rest.rsplit_once('"').map(|(user, _)| user)
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{AuthFailure, Micros};

    use super::AuthFailures;
    use crate::log_line::Record;

    fn read(records: &[&str]) -> Vec<(String, Option<String>)> {
        let mut failures = AuthFailures::default();
        let mut all: Vec<AuthFailure> = Vec::new();
        for (place, text) in records.iter().enumerate() {
            let record = Record { first_line: place as u64 + 1, text: (*text).to_owned() };
            all.extend(failures.read("postgres.target", &record, Micros(0)));
        }
        all.extend(failures.take());
        all.into_iter().map(|failure| (failure.username.as_str().to_owned(), failure.reason)).collect()
    }

    #[test]
    fn a_refusal_and_its_detail_are_one_failure() {
        let expired = "2026-11-22 23:00:00 UTC [7] DETAIL:  User \"v-1\" has an expired password.\n\tConnection matched pg_hba.conf line 3: \"host all all 127.0.0.1/32 scram-sha-256\"";
        let absent = "2026-11-22 23:00:01 UTC [8] DETAIL:  Role \"v-2\" does not exist.\n\tConnection matched file \"pg_hba.conf\" line 3";
        let matched = "2026-11-22 23:00:01 UTC [9] DETAIL:  Connection matched pg_hba.conf line 3: \"…\"";
        let refused = |user: &str| {
            format!("2026-11-22 23:00:00 UTC [7] FATAL:  password authentication failed for user \"{user}\"")
        };
        assert_eq!(
            read(&[
                &refused("v-1"),
                expired,
                "LOG:  statement: SELECT 1",
                &refused("v-2"),
                absent,
                &refused("v-3"),
                &refused("v-4"),
                matched
            ]),
            [
                ("v-1".to_owned(), Some("User \"v-1\" has an expired password.".to_owned())),
                ("v-2".to_owned(), Some("Role \"v-2\" does not exist.".to_owned())),
                ("v-3".to_owned(), None),
                ("v-4".to_owned(), None)
            ]
        );
        assert_eq!(read(&["LOG:  nothing of it", expired]), []);
    }

    #[test]
    fn a_refusal_at_the_logs_end_is_not_lost() {
        assert_eq!(read(&["FATAL:  password authentication failed for user \"v-\"1\""]), [("v-\"1".to_owned(), None)]);
    }
}
