//! Which line of a scenario keeps a server from starting, by the server's last words.

use std::sync::LazyLock;

use leaseproof_domain::Origin;
use regex::Regex;

use super::Plan;

/// The server of an error, as the environment names it.
static SERVER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?<server>\S+) did not start: ").expect("a pattern written here"));
/// A setting that PostgreSQL does not know, or whose value it rejects (src/backend/utils/misc/guc.c).
static SETTING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?:parameter|setting) "(?<name>[^"]+)""#).expect("a pattern written here"));
/// How Vault begins if it cannot use its storage.
const STORAGE: &str = "Error initializing storage of type postgresql";

impl Plan {
    /// The line to observe if a server did not start with these words; none if they are about no key of the scenario.
    pub fn line_of_failed_start(&self, words: &str) -> Option<Origin> {
        let server = SERVER.captures(words)?.name("server")?.as_str();
        if server.split('.').next() == Some("vault") {
            let storage = self.vault.postgresql.as_ref().filter(|_| words.contains(STORAGE))?;
            return Some(storage.origin.clone().unwrap_or_else(|| self.vault.origin.clone()));
        }
        let name = server.strip_prefix("postgres.")?.split('.').next()?;
        let cluster = self.postgres.get(name)?;
        let line = |key: &str| {
            let known = cluster.lines.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
            known.map(|(_, line)| line.clone())
        };
        if words.contains("could not load pg_hba.conf") {
            return line("hba");
        }
        SETTING.captures_iter(words).find_map(|found| line(&found["name"]))
    }
}
