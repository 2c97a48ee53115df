use std::fmt::Write as _;

use crate::{CATALOGUE, Ground, Otherwise};

/// The catalogue as Markdown, for docs/facts.md.
pub fn facts_markdown() -> String {
    let mut text = String::from(
        "# Facts\n\nWritten by `leaseproof reference facts`; a test compares it.\n\n\
         How Vault and PostgreSQL behave, independent of any promise. `leaseproof conformance` tests each fact on real servers \
         and reports it as confirmed, refuted or undecided, with the expected and the actual result. Facts marked *slow* take \
         minutes and are tested with `--slow`.\n",
    );
    for fact in CATALOGUE {
        let slow = if fact.slow { " *(slow)*" } else { "" };
        let ground = match fact.ground {
            Ground::Shared => "on servers shared with other facts",
            Ground::Own(_) => "on servers of its own",
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n## {}{slow}\n\n{}.\n\n- **Shown** ({ground}): {}\n- **Source**: {}\n",
            fact.id, fact.says, fact.shown, fact.source
        );
        for exception in fact.exceptions {
            let Otherwise::Postgres(versions) = &exception.with else {
                let _ = writeln!(text, "- **Differs behind HAProxy** (`--layout haproxy-ha`): {}", exception.why);
                continue;
            };
            let (first, last) = (versions.start(), versions.end());
            let versions = if first == last { first.to_string() } else { format!("{first} to {last}") };
            let _ = writeln!(text, "- **Differs on PostgreSQL {versions}**: {}", exception.why);
        }
    }
    text
}
