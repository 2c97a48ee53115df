use std::collections::BTreeMap;
use std::path::Path;

/// What `${…}` stands for in the values of a setup: the environment as it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Placeholders {
    values: BTreeMap<String, String>,
}

/// What stands for `$` itself: `${dollar}{x}` is `${x}`.
const DOLLAR: &str = "dollar";

/// A placeholder that this environment has no value for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no `${{{given}}}`; this environment has {}", known.join(", "))]
pub(crate) struct UnknownPlaceholder {
    pub(crate) given: String,
    pub(crate) known: Vec<String>,
}

impl Placeholders {
    /// Adds Vault's address: `${vault.addr}`.
    pub(crate) fn vault(&mut self, address: &str, port: u16) {
        self.vault_at(address, "127.0.0.1", port);
    }

    /// The same, of a Vault that is elsewhere.
    /// Those of servers that are not leaseproof's.
    pub(crate) fn of_attached<'a>(
        vault: &str,
        (host, port): (&str, u16),
        clusters: impl Iterator<Item = (&'a str, &'a [(String, u16)])>,
    ) -> Self {
        let mut all = Self::default();
        all.vault_at(vault, host, port);
        for (name, endpoints) in clusters {
            if let Some((host, port)) = endpoints.first() {
                all.cluster_at(name, host, *port);
            }
            if let Some((host, port)) = endpoints.get(1) {
                all.read_at(name, host, *port);
            }
            all.servers(name, endpoints.iter().map(|(host, port)| (host.as_str(), *port)));
        }
        all
    }

    pub(crate) fn vault_at(&mut self, address: &str, host: &str, port: u16) {
        self.set("vault.addr", address.to_owned());
        self.set("vault.host", host.to_owned());
        self.set("vault.port", port.to_string());
    }

    /// Adds one cluster: `${postgres.<cluster>.write}` is `host:port`, `.host` and `.port` are its parts.
    pub(crate) fn cluster(&mut self, cluster: &str, port: u16) {
        self.cluster_at(cluster, "127.0.0.1", port);
    }

    /// The same, of a cluster that is elsewhere.
    pub(crate) fn cluster_at(&mut self, cluster: &str, host: &str, port: u16) {
        self.set(&format!("postgres.{cluster}.write"), place(host, port));
        self.set(&format!("postgres.{cluster}.host"), host.to_owned());
        self.set(&format!("postgres.{cluster}.port"), port.to_string());
    }

    /// Adds where a cluster's standbys are read: `${postgres.<cluster>.read}`.
    pub(crate) fn read(&mut self, cluster: &str, port: u16) {
        self.read_at(cluster, "127.0.0.1", port);
    }

    /// The same, of standbys that are elsewhere.
    pub(crate) fn read_at(&mut self, cluster: &str, host: &str, port: u16) {
        self.set(&format!("postgres.{cluster}.read"), place(host, port));
    }

    /// Adds a cluster's servers one by one: `${postgres.<cluster>.1}`, …
    pub(crate) fn servers<'a>(&mut self, cluster: &str, servers: impl Iterator<Item = (&'a str, u16)>) {
        for (number, (host, port)) in (1..).zip(servers) {
            self.set(&format!("postgres.{cluster}.{number}"), place(host, port));
        }
    }

    /// Adds the file with the certificate of the run's authority: `${environment.ca}`.
    pub(crate) fn authority(&mut self, ca: &Path) {
        self.set("environment.ca", ca.to_string_lossy().into_owned());
    }

    /// Fills every placeholder in.
    ///
    /// # Errors
    /// [`UnknownPlaceholder`] for the first that has no value.
    pub(crate) fn fill(&self, text: &str) -> Result<String, UnknownPlaceholder> {
        self.replace(text, |given| {
            if given == DOLLAR {
                return Ok("$".to_owned());
            }
            let known = self.values.keys().map(|name| format!("`${{{name}}}`")).collect();
            Err(UnknownPlaceholder { given: given.to_owned(), known })
        })
    }

    /// Fills in the placeholders of the environment and leaves the others: in a shell script they are the shell's.
    pub(crate) fn fill_known(&self, text: &str) -> String {
        self.replace(text, |given| Ok(format!("${{{given}}}"))).unwrap_or_else(|_: UnknownPlaceholder| text.to_owned())
    }

    fn set(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), value);
    }

    fn replace(
        &self,
        text: &str,
        unknown: impl Fn(&str) -> Result<String, UnknownPlaceholder>,
    ) -> Result<String, UnknownPlaceholder> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(begin) = rest.find("${") {
            let Some(length) = rest[begin..].find('}') else { break };
            let name = &rest[begin + 2..begin + length];
            filled.push_str(&rest[..begin]);
            match self.values.get(name) {
                Some(value) => filled.push_str(value),
                None => filled.push_str(&unknown(name)?),
            }
            rest = &rest[begin + length + 1..];
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// `host:port`, an IPv6 address in brackets.
fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::Placeholders;

    fn environment() -> Placeholders {
        let mut environment = Placeholders::default();
        environment.vault("http://127.0.0.1:18200", 18200);
        environment.cluster("target", 15432);
        environment
    }

    #[test]
    fn the_environment_is_filled_in_and_vaults_own_templates_stay() {
        for (text, filled) in [
            (
                "postgresql://{{username}}:{{password}}@${postgres.target.write}/db",
                "postgresql://{{username}}:{{password}}@127.0.0.1:15432/db",
            ),
            ("${postgres.target.host}:${postgres.target.port}", "127.0.0.1:15432"),
            ("${vault.addr}", "http://127.0.0.1:18200"),
            ("no ${ end", "no ${ end"),
            ("a${dollar}{b} ${dollar}{vault.addr}", "a${b} ${vault.addr}"),
            ("$ {} ü", "$ {} ü"),
        ] {
            assert_eq!(environment().fill(text).unwrap(), filled);
        }
    }

    #[test]
    fn an_unknown_placeholder_is_reported_with_the_known_ones() {
        insta::assert_snapshot!(
            environment().fill("a ${postgres.main.write}").unwrap_err(),
            @"there is no `${postgres.main.write}`; this environment has `${postgres.target.host}`, `${postgres.target.port}`, `${postgres.target.write}`, `${vault.addr}`, `${vault.host}`, `${vault.port}`"
        );
        assert_eq!(environment().fill_known("${HOME} ${dollar} ${vault.port}"), "${HOME} ${dollar} 18200");
    }
}
