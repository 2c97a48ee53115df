use std::collections::HashSet;

use leaseproof_domain::{ServerNote, Severity};

/// How many notes of one log are handed on.
const KEPT: usize = 500;

/// The words that begin a record's text (src/backend/utils/error/elog.c, error_severity and write_console).
const WORDS: [&str; 14] = [
    "DEBUG",
    "LOG",
    "INFO",
    "NOTICE",
    "WARNING",
    "ERROR",
    "FATAL",
    "PANIC",
    "DETAIL",
    "HINT",
    "QUERY",
    "CONTEXT",
    "LOCATION",
    "STATEMENT",
];

/// Finds warnings in PostgreSQL's log, and errors that it says more about than its client may have been reported. DETAIL and
/// HINT are records of their own there, after the one that they belong to.
#[derive(Debug, Default)]
pub(crate) struct LoggedNotes {
    open: Option<ServerNote>,
    seen: HashSet<String>,
}

impl LoggedNotes {
    /// Takes a log's next record, scrubbed, and answers the note that it completes. The same words come once.
    pub(crate) fn read(&mut self, record: &str) -> Option<ServerNote> {
        let (prefix, word, text) = parts(record)?;
        match word {
            "DETAIL" | "HINT" => {
                if let Some(open) = &mut self.open {
                    open.details.push(format!("{word}: {}", text.replace("\n\t", " ")));
                }
                None
            }
            "CONTEXT" | "QUERY" | "LOCATION" | "STATEMENT" => None,
            _ => {
                let severity = match word {
                    "WARNING" => Some(Severity::Warning),
                    "ERROR" => Some(Severity::Error),
                    _ => None,
                };
                // The harness's own sessions were reported themselves.
                let severity = severity.filter(|_| !prefix.contains("leaseproof"));
                let next = severity.map(|severity| ServerNote::postgres(severity, text.replace("\n\t", " ")));
                let done = std::mem::replace(&mut self.open, next)?;
                self.unseen(done)
            }
        }
    }

    /// The note that nothing followed.
    pub(crate) fn take(&mut self) -> Option<ServerNote> {
        let done = self.open.take()?;
        self.unseen(done)
    }

    fn unseen(&mut self, note: ServerNote) -> Option<ServerNote> {
        let says_more = note.severity == Severity::Warning || !note.details.is_empty();
        (says_more && self.seen.len() < KEPT && self.seen.insert(note.to_string())).then_some(note)
    }
}

/// What stands before the word, the word, and the text.
fn parts(record: &str) -> Option<(&str, &str, &str)> {
    let line = record.lines().next()?;
    let places = WORDS.iter().filter_map(|word| Some((line.find(&format!("{word}:  "))?, *word)));
    let (at, word) = places.min_by_key(|(at, _)| *at)?;
    Some((&record[..at], word, &record[at + word.len() + 3..]))
}

#[cfg(test)]
mod tests {
    use super::LoggedNotes;

    fn read(records: &[&str]) -> Vec<String> {
        let mut notes = LoggedNotes::default();
        let mut all: Vec<_> = records.iter().filter_map(|record| notes.read(record)).collect();
        all.extend(notes.take());
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn warnings_and_what_is_said_about_errors_are_found_once() {
        let prefix = "2026-11-30 10:00:00.000 UTC [7] vaultuser@shop vault ";
        let line = |text: &str| format!("{prefix}{text}");
        let depends = line("ERROR:  role \"v-1\" cannot be dropped because some objects depend on it");
        let detail = line("DETAIL:  privileges for table t\n\tprivileges for schema s");
        let statement = line("STATEMENT:  DROP ROLE \"v-1\"; -- WARNING:  of nobody");
        let warning = line("WARNING:  no privileges were granted for \"t\"");
        let own = "2026-11-30 10:00:00.000 UTC [7] leaseproof_observer@shop x WARNING:  own";
        let bare = line("ERROR:  permission denied for table t");
        let logged = line("LOG:  statement: SELECT 'ERROR:  x'");
        assert_eq!(
            read(&[&warning, &depends, &detail, &statement, own, &bare, &logged, &depends, &detail, &warning]),
            [
                "PostgreSQL WARNING: no privileges were granted for \"t\"",
                "PostgreSQL ERROR: role \"v-1\" cannot be dropped because some objects depend on it; DETAIL: privileges for table t privileges for schema s",
            ]
        );
    }
}
