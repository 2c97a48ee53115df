//! Which servers this machine has, for `leaseproof doctor`.

use std::path::{Path, PathBuf};

use crate::launch::find::{GET_VAULT, Places, get_postgres, runs};
use crate::launch::identity::Identity;
use crate::launch::program::HAPROXY;
use crate::launch::program::PDNS;
use crate::launch::program::{Program, Sought, postgres_identity, vault_identity};
use crate::servers::keeper::PATRONI;
use crate::servers::patroni::ETCD;
use crate::servers::pooler::PGBOUNCER;

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
    /// Why that program cannot be used: another one of the same name, or one that never answers.
    pub problem: Option<String>,
    /// By which rule it was found: `PATH`, `VAULT_BIN`, a folder.
    pub source: String,
    /// The command that brings it.
    pub how_to_get: String,
}

impl Found {
    /// A remark on a version that leaseproof is not tested with.
    pub fn remark(&self) -> &'static str {
        if self.server == "vault" { untested_vault(self.version.as_deref()) } else { "" }
    }

    /// Whether a scenario of this version can be run without it.
    pub fn optional(&self) -> bool {
        !matches!(self.server, "vault" | "postgres")
    }
}

/// A remark on a Vault of another release than 1.21, which leaseproof is tested with.
pub(crate) fn untested_vault(version: Option<&str>) -> &'static str {
    match version {
        Some(version) if !version.contains("1.21.") => {
            " (leaseproof is tested with Vault 1.21; `leaseproof conformance` shows what this one does differently)"
        }
        _ => "",
    }
}

/// Looks for every server, and asks each for its version. PostgreSQL is listed once for each version there is.
pub fn find_all() -> Vec<Found> {
    let places = Places::here();
    let mut all = vec![vault(&places)];
    all.extend(postgres(&places));
    let found = [
        (HAPROXY, "clusters with standbys, several nodes of Vault"),
        (PGBOUNCER, "the fact RUN-3 of `leaseproof conformance`"),
        (PATRONI, "clusters with layout = \"patroni\""),
        (ETCD, "clusters with layout = \"patroni\""),
        (PDNS, "scenarios with a live PowerDNS ([pdns])"),
        (JQ, "setup scripts that read JSON"),
    ];
    all.extend(found.map(|(sought, wanted_by)| by_name(&places, &sought, wanted_by)));
    all
}

fn vault(places: &Places) -> Found {
    let missing = missing("vault", "every scenario", GET_VAULT);
    places.find_vault().map_or_else(|_| missing.clone(), |program| missing.clone().at(program, vault_identity))
}

impl Found {
    fn at(self, program: Program, identity: impl FnOnce(&Path) -> Identity) -> Self {
        let (version, problem) = match identity(&program.path) {
            Identity::Is(version) => (version, None),
            Identity::IsNot(why) => (None, Some(why)),
        };
        Self { version, problem, path: Some(program.path), source: program.source, ..self }
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
            problem: None,
            source: programs.source,
            how_to_get: get_postgres(""),
        })
        .collect();
    let strangers = strangers(places, missing("postgres", wanted_by, &get_postgres("")));
    let all: Vec<Found> = strangers.into_iter().chain(found).collect();
    if all.is_empty() { vec![missing("postgres", wanted_by, &get_postgres(""))] } else { all }
}

/// Programs called `postgres` in the places that come first, which are something else.
fn strangers(places: &Places, missing: Found) -> Vec<Found> {
    let given = places.pg_bin_dir.as_ref().map(|folder| (folder.join("postgres"), "PG_BIN_DIR".to_owned()));
    let in_path = places.in_path("postgres").map(|program| (program.path, program.source));
    let programs = given.into_iter().chain(in_path).filter(|(path, _)| runs(path));
    programs
        .map(|(path, source)| {
            let program = Program { path, source, image: None };
            missing.clone().at(program, postgres_identity)
        })
        .filter(|found| found.problem.is_some())
        .collect()
}

const JQ: Sought =
    Sought { name: "jq", called: "jq", setting: "JQ_BIN", get: "apt-get install jq", version: "--version" };

fn by_name(places: &Places, sought: &Sought, wanted_by: &'static str) -> Found {
    let missing = missing(sought.name, wanted_by, sought.get);
    places
        .find(sought)
        .map_or_else(|_| missing.clone(), |program| missing.clone().at(program, |path| sought.identity(path)))
}

fn missing(server: &'static str, wanted_by: &'static str, how_to_get: &str) -> Found {
    Found {
        server,
        wanted_by,
        path: None,
        version: None,
        problem: None,
        source: String::new(),
        how_to_get: how_to_get.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{Found, postgres, untested_vault, vault};
    use crate::launch::find::Places;

    #[test]
    fn a_vault_of_another_release_is_remarked_on() {
        for (version, remarked) in [
            (Some("1.21.0"), false),
            (Some("1.21.4+ent"), false),
            (None, false),
            (Some("1.20.0"), true),
            (Some("0.11.4"), true),
            (Some("11.21"), true),
        ] {
            assert_eq!(!untested_vault(version).is_empty(), remarked, "{version:?}");
        }
    }

    #[test]
    fn what_only_has_a_server_s_name_is_rejected() {
        let root = tempfile::tempdir().unwrap();
        for (name, says) in [("vault", "a password manager, version 3.1"), ("postgres", "a courier, version 15.2")] {
            let path = root.path().join(name);
            fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let places = Places {
            path: vec![root.path().to_owned()],
            cache: root.path().join("cache"),
            postgres: root.path().join("postgresql"),
            vault_bin: None,
            pg_bin_dir: None,
        };
        let problem = |found: &Found| found.problem.clone().unwrap_or_default();
        assert!(problem(&vault(&places)).ends_with("got \"a password manager, version 3.1\""), "{:?}", vault(&places));
        let found = postgres(&places);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(problem(&found[0]).contains("\"PostgreSQL\", got \"a courier"), "{found:?}");
    }
}
