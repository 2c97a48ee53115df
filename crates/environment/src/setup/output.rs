use std::sync::LazyLock;

use leaseproof_domain::{ServerNote, Severity};
use regex::Regex;
use tokio::sync::mpsc;

/// How many notes of one script are kept.
const KEPT: usize = 1000;

/// What psql prints (src/interfaces/libpq/fe-protocol3.c, pqBuildErrorMessage3): `psql:file:line: WARNING:  …`, then `DETAIL:  …`.
static PSQL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:psql:(?<place>[^ ]+:\d+): )?(?<word>WARNING|NOTICE|INFO|DETAIL|HINT):\s+(?<text>.*)$")
        .expect("a pattern written here and tested below")
});

/// What `vault` prints above the warnings of an answer (command/format.go).
const VAULT: &str = "WARNING! The following warnings were returned from Vault:";

/// The warnings and notices that `psql` and `vault` print within a script's output.
pub(super) async fn notes(mut lines: mpsc::Receiver<Vec<u8>>) -> Vec<ServerNote> {
    let mut notes = Notes::default();
    while let Some(line) = lines.recv().await {
        notes.read(String::from_utf8_lossy(&line).trim_end());
    }
    notes.found
}

#[derive(Default)]
struct Notes {
    found: Vec<ServerNote>,
    /// Whether the last line was about PostgreSQL's last note.
    open: bool,
    /// Whether the lines are a list of Vault's warnings.
    listing: bool,
}

impl Notes {
    fn read(&mut self, line: &str) {
        if line == VAULT {
            (self.listing, self.open) = (true, false);
            return;
        }
        if self.listing {
            if let Some(warning) = line.trim_start().strip_prefix("* ") {
                self.add(ServerNote::vault(warning));
                return;
            }
            self.listing = line.is_empty();
        }
        let Some(found) = PSQL.captures(line) else {
            self.open = false;
            return;
        };
        let (word, text) = (&found["word"], &found["text"]);
        let severity = match word {
            "WARNING" => Severity::Warning,
            "NOTICE" | "INFO" => Severity::Notice,
            _ => {
                if let Some(last) = self.found.last_mut().filter(|_| self.open) {
                    last.details.push(format!("{word}: {text}"));
                }
                return;
            }
        };
        let place = found.name("place").map(|place| place.as_str().to_owned());
        self.add(ServerNote { place, ..ServerNote::postgres(severity, text) });
        self.open = true;
    }

    fn add(&mut self, note: ServerNote) {
        if self.found.len() < KEPT {
            self.found.push(note);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Notes;

    #[test]
    fn what_psql_and_vault_print_is_found() {
        let mut notes = Notes::default();
        for line in [
            "GRANT",
            "psql:grants.sql:3: WARNING:  no privileges were granted for \"t\"",
            "HINT:  ask its owner",
            "WARNING! The following warnings were returned from Vault:",
            "",
            "  * Endpoint ignored these unrecognized parameters: [defualt_ttl]",
            "",
            "Success! Data written to: database/roles/app",
            "DETAIL:  of nothing",
            "NOTICE:  relation \"t\" already exists, skipping",
            "a WARNING: of nobody",
        ] {
            notes.read(line);
        }
        let found: Vec<String> = notes.found.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "PostgreSQL WARNING: no privileges were granted for \"t\"; HINT: ask its owner (at grants.sql:3)",
                "Vault warns: Endpoint ignored these unrecognized parameters: [defualt_ttl]",
                "PostgreSQL NOTICE: relation \"t\" already exists, skipping",
            ]
        );
    }
}
