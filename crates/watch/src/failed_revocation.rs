use leaseproof_domain::{FailedRevocation, LeaseId, Micros};
use leaseproof_vault::on_one_line;

/// What Vault writes where a lease cannot be revoked: at its end (vault/expiration.go, `revocationJob.OnFailure`), and where
/// a client requests it (vault/logical_system.go, `handleRevoke`). The fields of the message follow.
const MESSAGES: [&str; 2] = [": failed to revoke lease: ", ": lease revocation failed: "];
/// A field of several lines: its name in a line of its own, then its lines, then the other fields (hashicorp/go-hclog,
/// intlogger.go, `logPlain`).
const SEVERAL_LINES: &str = "  error=";
const ONE_OF_THEM: &str = "  | ";
/// What comes before the reason in Vault's error (vault/expiration.go, `revokeEntry`).
const BEFORE: &str = "failed to revoke entry: resp: ";
const REASON: &str = " err: ";

/// Finds failed revocations in Vault's log.
#[derive(Debug, Default)]
pub(crate) struct FailedRevocations {
    /// The last one: its error may be in the lines that follow.
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    failed: FailedRevocation,
    /// The lines of its error, once they have begun.
    lines: Option<Vec<String>>,
}

impl FailedRevocations {
    /// Takes a log's next record, scrubbed, and answers the failed revocation that it completes.
    pub(crate) fn read(&mut self, source: &str, record: &str, at: Micros) -> Option<FailedRevocation> {
        if let Some(open) = &mut self.open {
            match (&mut open.lines, record.strip_prefix(ONE_OF_THEM)) {
                (Some(lines), Some(line)) => {
                    lines.push(line.to_owned());
                    return None;
                }
                (None, _) if record.trim_end() == SEVERAL_LINES => {
                    open.lines = Some(Vec::new());
                    return None;
                }
                (Some(_), None) if record.starts_with("  ") => {
                    open.failed.attempts = fields(record).find(|(name, _)| *name == "attempts").and_then(number);
                    return self.take();
                }
                _ => {}
            }
        }
        let complete = self.take();
        self.open = begun(source, record, at);
        complete
    }

    /// The last one, if nothing follows.
    pub(crate) fn take(&mut self) -> Option<FailedRevocation> {
        let Open { mut failed, lines } = self.open.take()?;
        if let Some(lines) = lines {
            failed.why = reason(&lines.join("\n"));
        }
        (!failed.why.is_empty()).then_some(failed)
    }
}

/// The one that a record begins; its reason is empty if it follows.
fn begun(source: &str, record: &str, at: Micros) -> Option<Open> {
    let (_, text) = MESSAGES.iter().find_map(|message| record.split_once(message))?;
    let (mut lease, mut why, mut attempts) = (None, String::new(), None);
    for (name, value) in fields(text) {
        match name {
            "lease_id" => lease = Some(LeaseId::new(value)),
            "error" => why = reason(&value),
            "attempts" => attempts = number((name, value)),
            _ => {}
        }
    }
    let failed = FailedRevocation { at, source: source.to_owned(), lease: lease?, why, attempts };
    Some(Open { failed, lines: None })
}

/// The reason alone, on one line.
fn reason(error: &str) -> String {
    let text = error.strip_prefix(BEFORE).and_then(|rest| rest.split_once(REASON)).map_or(error, |(_, reason)| reason);
    on_one_line(text)
}

fn number((_, value): (&str, String)) -> Option<u32> {
    value.parse().ok()
}

/// `name=value` and `name="a value"`, as hclog writes them.
fn fields(text: &str) -> impl Iterator<Item = (&str, String)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, after) = rest.trim_start().split_once('=')?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        rest = after;
        Some((name, value))
    })
}

/// A value in quotation marks, without its backslashes, and what follows it.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return (value, &text[at + 1..]),
            '\\' => match signs.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, escaped)) => value.push(escaped),
                None => {}
            },
            _ => value.push(sign),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{FailedRevocation, Micros};

    use super::FailedRevocations;

    /// `lease: reason (attempts)`.
    fn read(records: &[&str]) -> Vec<String> {
        let mut failures = FailedRevocations::default();
        let mut all: Vec<FailedRevocation> =
            records.iter().filter_map(|record| failures.read("vault", record, Micros(7))).collect();
        all.extend(failures.take());
        let words = |FailedRevocation { lease, why, attempts, .. }: FailedRevocation| {
            format!("{}: {why} ({})", lease.as_str(), attempts.map_or_else(|| "-".to_owned(), |many| many.to_string()))
        };
        all.into_iter().map(words).collect()
    }

    const DEPENDS: &str = r#"2026-11-30T23:46:06.308Z [ERROR] expiration: failed to revoke lease: lease_id=database/creds/app/xN3Y error="failed to revoke entry: resp: (*logical.Response)(nil) err: ERROR: role \"v-1\" cannot be dropped because some objects depend on it (SQLSTATE 2BP01)" attempts=2 next_attempt=20.9s"#;

    #[test]
    fn what_vault_writes_at_an_expiry_and_at_a_request_is_found() {
        let requested = r#"2026-11-30T23:46:03.438Z [ERROR] secrets.system.system_368d1b35: lease revocation failed: lease_id=database/creds/app/4B0d error="failed to revoke entry: resp: (*logical.Response)(nil) err: ERROR: syntax error at or near \"ROLL\" (SQLSTATE 42601)""#;
        let revoked = "2026-11-30T23:46:15.2Z [INFO]  expiration: revoked lease: lease_id=database/creds/app/4B0d";
        assert_eq!(
            read(&["==> Vault server started!", DEPENDS, revoked, requested]),
            [
                "database/creds/app/xN3Y: ERROR: role \"v-1\" cannot be dropped because some objects depend on it (SQLSTATE 2BP01) (2)",
                "database/creds/app/4B0d: ERROR: syntax error at or near \"ROLL\" (SQLSTATE 42601) (-)",
            ]
        );
    }

    #[test]
    fn an_error_of_several_lines_is_one() {
        let head =
            "2026-11-30T23:52:57.545Z [ERROR] expiration: failed to revoke lease: lease_id=database/creds/app/ZUq3";
        let refused =
            "  | \t* failed to connect to `host=h`: dial error (dial tcp 127.0.0.1:1: connect: connection refused)";
        let title = "  | failed to revoke entry: resp: (*logical.Response)(nil) err: 1 error occurred:";
        let expected = "database/creds/app/ZUq3: failed to connect to `host=h`: dial error (dial tcp 127.0.0.1:1: connect: connection refused)";
        let lines = [head, "  error=", title, refused, "  | "];
        assert_eq!(read(&[&lines[..], &["   attempts=3 next_attempt=24s"]].concat()), [format!("{expected} (3)")]);
        assert_eq!(read(&[&lines[..], &["  ", "other"]].concat()), [format!("{expected} (-)")]);
        assert_eq!(read(&lines), [format!("{expected} (-)")]);
        // The next one begins before its fields are over.
        assert_eq!(read(&[&lines[..], &[DEPENDS]].concat()).len(), 2);
    }

    #[test]
    fn what_is_no_failed_revocation_is_left_out() {
        for line in [
            "",
            "  error=",
            "  | of nothing",
            "2026-11-30T23:46:03Z [ERROR] expiration: failed to revoke lease: error=\"no lease\"",
            "2026-11-30T23:46:03Z [ERROR] expiration: failed to revoke lease: lease_id=database/creds/app/x",
            "2026-11-30T23:46:03Z [ERROR] x: lease renewal failed: lease_id=database/creds/app/x error=\"no\"",
            "2026-11-30T23:46:03Z [ERROR] x: failed to revoke lease: lease_id=\"",
        ] {
            assert_eq!(read(&[line]), Vec::<String>::new(), "{line}");
        }
    }
}
