//! What one scenario needs on this machine, for `leaseproof doctor SCENARIO`.

use std::collections::BTreeSet;

use leaseproof_domain::Origin;
use leaseproof_scenario::{EnvironmentKind, FaultKind, Layout, Plan, PostgresPlan};

use crate::EnvironmentError;
use crate::installed::untested_vault;
use crate::launch::containers::{self, FoundImage};
use crate::launch::find::Places;
use crate::launch::identity::Identity;
use crate::launch::program::HAPROXY;
use crate::launch::program::PDNS;
use crate::launch::program::{Sought, vault_identity};
use crate::servers::keeper::PATRONI;
use crate::servers::patroni::ETCD;

/// Checks that each program that the plan starts on this machine is the one that its name says.
///
/// # Errors
/// [`EnvironmentError`] for the first one that is missing, is another program, or has another version.
pub(crate) fn programs(plan: &Plan) -> Result<(), EnvironmentError> {
    if plan.environment != EnvironmentKind::Processes {
        return Ok(());
    }
    let places = Places::here();
    places.vault()?;
    let layouts = || plan.postgres.values().map(|cluster| cluster.layout);
    let standbys = layouts().any(|layout| layout != Layout::Standalone);
    let mut asked = BTreeSet::new();
    let versions = plan.postgres.values().map(|cluster| &cluster.version).filter(|version| asked.insert(*version));
    versions.map(|version| places.postgres(version)).try_for_each(|found| found.map(drop))?;
    let wanted = [
        (standbys || plan.vault.nodes > 1, &HAPROXY),
        (layouts().any(|layout| layout.is_patroni()), &PATRONI),
        (layouts().any(|layout| layout.is_patroni()), &ETCD),
        (plan.pdns.is_some(), &PDNS),
    ];
    wanted.into_iter().filter(|(wanted, _)| *wanted).try_for_each(|(_, sought)| places.named(sought).map(drop))
}

/// One thing that a scenario needs, and whether it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// What is needed: `PostgreSQL 15`.
    pub what: String,
    /// What in the scenario needs it, with its line.
    pub because: String,
    /// What was found and where; else why it does not do, and how to get it.
    pub found: Result<String, String>,
}

/// Everything that the plan needs before it can be run. Blocking: each program is asked who it is.
pub fn requirements(plan: &Plan) -> Vec<Requirement> {
    match plan.environment {
        EnvironmentKind::Processes => processes(plan),
        EnvironmentKind::Containers => containers(plan),
        EnvironmentKind::Attached => Vec::new(),
    }
}

fn processes(plan: &Plan) -> Vec<Requirement> {
    let places = Places::here();
    let mut all = vec![Requirement {
        what: "Vault".to_owned(),
        because: at("every scenario", &plan.vault.origin),
        found: places.find_vault().map_err(|error| error.to_string()).and_then(|program| {
            let shown = format!("{} (from {})", program.path.display(), program.source);
            match vault_identity(&program.path) {
                Identity::Is(version) => {
                    let remark = untested_vault(version.as_deref());
                    Ok(format!("{}{remark} {shown}", version.unwrap_or_default()))
                }
                Identity::IsNot(why) => {
                    Err(format!("{shown} is not Vault: {why}; name another one by VAULT_BIN=/path/to/vault"))
                }
            }
        }),
    }];
    all.extend(plan.postgres.iter().flat_map(|(name, cluster)| postgres(&places, name, cluster)));
    if plan.vault.nodes > 1 {
        all.push(program(&places, &HAPROXY, at("several nodes of Vault", &plan.vault.origin)));
    }
    all.extend(plan.pdns.as_ref().map(|pdns| program(&places, &PDNS, at("[pdns]", &pdns.origin))));
    let disk = plan.faults.iter().find(|fault| fault.kind == FaultKind::DiskFull);
    all.extend(disk.map(|fault| Requirement {
        what: "the right to mount a small file system".to_owned(),
        because: at(&fault.words(), &fault.origin),
        found: if nix::unistd::geteuid().is_root() {
            Ok("this is root".to_owned())
        } else {
            Err("this is not root: run leaseproof as root, or in a container with CAP_SYS_ADMIN".to_owned())
        },
    }));
    let mut met = Vec::new();
    all.retain(|requirement| {
        let new = !met.contains(&requirement.what);
        met.push(requirement.what.clone());
        new
    });
    all
}

fn postgres(places: &Places, name: &str, cluster: &PostgresPlan) -> Vec<Requirement> {
    let of = |words: &str| at(&format!("postgres.{name}{words}"), &cluster.origin);
    let found = places.postgres(&cluster.version).map_err(|error| error.to_string());
    let mut all = vec![Requirement {
        what: format!("PostgreSQL {}", cluster.version),
        because: of(""),
        found: found.map(|found| format!("{} in {} (from {})", found.version, found.bin.display(), found.source)),
    }];
    if cluster.layout != Layout::Standalone {
        all.push(program(places, &HAPROXY, of(", which has standbys")));
    }
    if cluster.layout.is_patroni() {
        all.push(program(places, &PATRONI, of(", layout = \"patroni\"")));
        all.push(program(places, &ETCD, of(", layout = \"patroni\"")));
    }
    if cluster.clock != 0 {
        let found = places.faketime().map(|path| path.display().to_string());
        all.push(Requirement {
            what: "libfaketime".to_owned(),
            because: of(", whose clock is wrong"),
            found: found.map_err(|error| error.to_string()),
        });
    }
    all
}

fn program(places: &Places, sought: &Sought, because: String) -> Requirement {
    let found = places.find(sought).map_err(|error| error.to_string()).and_then(|program| {
        let shown = format!("{} (from {})", program.path.display(), program.source);
        match sought.identity(&program.path) {
            Identity::Is(version) => Ok(format!("{} {shown}", version.unwrap_or_default())),
            Identity::IsNot(why) => Err(format!("{shown} is not {}: {why}", sought.called)),
        }
    });
    Requirement { what: sought.called.to_owned(), because, found }
}

/// The engine and the images, or the first of them that is missing.
fn containers(plan: &Plan) -> Vec<Requirement> {
    let engine = containers::find_images().into_iter().next();
    let found = containers::check(plan).map_err(|error: EnvironmentError| error.to_string());
    let mut all: Vec<Requirement> = engine
        .into_iter()
        .map(|FoundImage { found, how_to_get, .. }| Requirement {
            what: "a container engine".to_owned(),
            because: "--environment containers".to_owned(),
            found: found.map_err(|why| format!("{why}; to get it: {how_to_get}")),
        })
        .collect();
    if all.iter().all(|engine| engine.found.is_ok()) {
        let because = at("the servers of the scenario", &plan.vault.origin);
        all.push(Requirement { what: "the images".to_owned(), because, found });
    }
    all
}

fn at(what: &str, origin: &Origin) -> String {
    format!("{what} ({}:{})", origin.file, origin.line)
}
