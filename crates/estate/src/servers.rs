//! Which servers this machine has, for `leaseproof doctor`.

use std::path::PathBuf;

use crate::find::{GET_VAULT, Places, Program, Sought, asked, get_postgres, version_of};
use crate::haproxy::HAPROXY;
use crate::patroni::{ETCD, PATRONI};
use crate::pooler::PGBOUNCER;
use crate::powerdns::PDNS;

/// A server, or a program that the project's scripts use, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// `vault`, `postgres`, `haproxy`, `pdns_server`, `jq`.
    pub server: &'static str,
    /// What needs it, in words.
    pub wanted_by: &'static str,
    /// The program; none where it is missing.
    pub path: Option<PathBuf>,
    /// What it says of its version.
    pub version: Option<String>,
    /// By which rule it was found: `PATH`, `VAULT_BIN`, a folder.
    pub source: String,
    /// The command that brings it.
    pub how_to_get: String,
}

impl Found {
    /// Whether a scenario of this version can be run without it.
    pub fn optional(&self) -> bool {
        !matches!(self.server, "vault" | "postgres")
    }
}

/// Looks for every server, and asks each for its version. PostgreSQL is listed once for each version there is.
pub fn find_all() -> Vec<Found> {
    let places = Places::here();
    let mut all = vec![vault(&places)];
    all.extend(postgres(&places));
    let found = [
        (HAPROXY, "clusters with standbys, several nodes of Vault", "-v"),
        (PGBOUNCER, "the fact RUN-3 of `leaseproof conformance`", "--version"),
        (PATRONI, "clusters with layout = \"patroni\"", "--version"),
        (ETCD, "clusters with layout = \"patroni\"", "--version"),
        (PDNS, "scenarios with a live PowerDNS ([pdns])", "--version"),
        (JQ, "set-up scripts that read JSON", "--version"),
    ];
    all.extend(found.map(|(sought, wanted_by, version)| by_name(&places, &sought, wanted_by, version)));
    all
}

fn vault(places: &Places) -> Found {
    let found = places.vault().ok();
    Found {
        server: "vault",
        wanted_by: "every scenario",
        version: found.as_ref().and_then(|program| asked(&program.path, "version")),
        source: found.as_ref().map(|program| program.source.clone()).unwrap_or_default(),
        path: found.map(|program| program.path),
        how_to_get: GET_VAULT.to_owned(),
    }
}

fn postgres(places: &Places) -> Vec<Found> {
    let wanted_by = "every scenario, in the major version that it names";
    let found: Vec<Found> = places
        .all_postgres()
        .into_iter()
        .map(|programs| Found {
            server: "postgres",
            wanted_by,
            path: Some(programs.bin.join("postgres")),
            version: Some(programs.version),
            source: programs.source,
            how_to_get: get_postgres(""),
        })
        .collect();
    if found.is_empty() { vec![missing("postgres", wanted_by, &get_postgres(""))] } else { found }
}

const JQ: Sought = Sought { name: "jq", called: "jq", setting: "JQ_BIN", get: "apt-get install jq" };

fn by_name(places: &Places, sought: &Sought, wanted_by: &'static str, version: &str) -> Found {
    let missing = missing(sought.name, wanted_by, sought.get);
    match places.named(sought) {
        Ok(Program { path, source, .. }) => {
            Found { version: asked(&path, version).or_else(|| version_of(&path)), path: Some(path), source, ..missing }
        }
        Err(_) => missing,
    }
}

fn missing(server: &'static str, wanted_by: &'static str, how_to_get: &str) -> Found {
    Found { server, wanted_by, path: None, version: None, source: String::new(), how_to_get: how_to_get.to_owned() }
}
