use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use leaseproof_scenario::{Image, Layout, Plan};

use super::engine;
use crate::EnvironmentError;
use crate::launch::program::{PostgresPrograms, Program};

/// How to get an engine.
const GET_ENGINE: &str = "eval \"$(ci/docker)\", or install Docker, start it, and name its client by DOCKER_BIN \
                          where it is not `docker`";

/// An image that environments of containers are made of: what it is, the variable that names another one, the stand-in of
/// `ci/images/build`.
struct Kind {
    server: &'static str,
    variable: &'static str,
    stand_in: &'static str,
}

const VAULT: Kind = Kind { server: "vault", variable: "LEASEPROOF_VAULT_IMAGE", stand_in: "leaseproof/vault:1.21.0" };
const POSTGRES: Kind =
    Kind { server: "postgres", variable: "LEASEPROOF_POSTGRES_IMAGE", stand_in: "leaseproof/postgres:15" };
const HAPROXY: Kind =
    Kind { server: "haproxy", variable: "LEASEPROOF_HAPROXY_IMAGE", stand_in: "leaseproof/haproxy:2.6" };

const PDNS: Kind = Kind { server: "pdns", variable: "LEASEPROOF_PDNS_IMAGE", stand_in: "leaseproof/pdns-auth:4.7" };

impl Kind {
    /// What the environment names, else the scenario, else the official image.
    fn image(&self, named: Option<&Image>, official: &str) -> String {
        let from_environment = env::var(self.variable).ok().filter(|name| !name.is_empty());
        from_environment.or_else(|| Some(named?.name.clone())).unwrap_or_else(|| official.to_owned())
    }

    fn how_to_get(&self, image: &str) -> String {
        format!("docker pull {image}, or ci/images/build and {}={}", self.variable, self.stand_in)
    }

    /// What the image says of itself.
    fn inspect(&self, image: &str, named: Option<&Image>) -> Result<Said, EnvironmentError> {
        let format = "{{range $path, $_ := .Config.Volumes}}{{println $path}}{{end}}---\n\
                      {{range .Config.Env}}{{println .}}{{end}}";
        let said = engine::ask(&["image", "inspect", "--format", format, image]);
        let said = said.map_err(|why| EnvironmentError::ServerMissing {
            wanted: match named.filter(|named| named.name == image) {
                Some(named) => format!("the image {image} ({} names it)", named.origin),
                None => format!("the image {image}"),
            },
            searched: vec![format!("the engine's images ({why})")],
            how_to_get: self.how_to_get(image),
        })?;
        let (volumes, environment) = said.split_once("---").unwrap_or(("", &said));
        Ok(Said { volumes: volumes.lines().map(str::to_owned).collect(), environment: environment.to_owned() })
    }
}

/// What an image says of itself.
struct Said {
    /// Its environment, one `NAME=value` a line.
    environment: String,
    /// The folders that it wants a volume for.
    volumes: Vec<String>,
}

/// The images of one environment; all of them are there.
#[derive(Clone, Debug)]
pub(crate) struct Images {
    pub(crate) vault: String,
    pub(crate) haproxy: String,
    pub(crate) pdns: String,
    /// By major version.
    postgres: BTreeMap<String, String>,
    /// The folders for which an image wants a volume, by image.
    volumes: BTreeMap<String, Vec<String>>,
}

impl Images {
    /// Those of a plan: as the environment names them, else the plan, else the official ones. Blocking.
    ///
    /// # Errors
    /// [`EnvironmentError::ServerMissing`] where there is no engine or an image is missing, or there is none for the plan, [`EnvironmentError::WrongVersion`]
    /// where an image has another PostgreSQL than the plan.
    pub(crate) fn of(plan: &Plan) -> Result<Self, EnvironmentError> {
        engine::version().map_err(|why| EnvironmentError::ServerMissing {
            wanted: "a container engine".to_owned(),
            searched: vec![format!("`{} version` ({why})", engine::client().display())],
            how_to_get: GET_ENGINE.to_owned(),
        })?;
        if let Some(name) = plan.postgres.iter().find_map(|(name, of)| of.layout.is_patroni().then_some(name)) {
            return Err(EnvironmentError::ServerMissing {
                wanted: format!("an image with Patroni, which keeps postgres.{name}"),
                searched: vec!["the images of --environment containers (PostgreSQL alone is in them)".to_owned()],
                how_to_get: "run it with --environment processes, or with layout = \"haproxy-ha\"".to_owned(),
            });
        }
        if let Some(name) = plan.postgres.iter().find_map(|(name, of)| (of.clock != 0).then_some(name)) {
            return Err(EnvironmentError::ServerMissing {
                wanted: format!("an image with libfaketime, for the clock of postgres.{name}"),
                searched: vec!["the images of --environment containers".to_owned()],
                how_to_get: "run it with --environment processes".to_owned(),
            });
        }
        let named = &plan.containers;
        let mut images = Self {
            vault: VAULT.image(named.vault.as_ref(), official_vault()),
            haproxy: HAPROXY.image(named.haproxy.as_ref(), official_haproxy()),
            pdns: PDNS.image(named.pdns.as_ref(), official_pdns()),
            postgres: plan
                .postgres
                .values()
                .map(|plan| (plan.version.clone(), postgres(&plan.version, named.postgres.get(&plan.version))))
                .collect(),
            volumes: BTreeMap::new(),
        };
        let mut wanted = vec![(VAULT, &images.vault, &named.vault)];
        for (major, image) in &images.postgres {
            let said = POSTGRES.inspect(image, named.postgres.get(major))?;
            same_major(major, image, &said.environment)?;
            images.volumes.insert(image.clone(), said.volumes);
        }
        let proxied = plan.postgres.values().any(|plan| plan.layout != Layout::Standalone);
        if proxied || plan.vault.nodes > 1 {
            wanted.push((HAPROXY, &images.haproxy, &named.haproxy));
        }
        if plan.pdns.is_some() {
            wanted.push((PDNS, &images.pdns, &named.pdns));
        }
        for (kind, image, named) in wanted {
            images.volumes.insert(image.clone(), kind.inspect(image, named.as_ref())?.volumes);
        }
        Ok(images)
    }

    /// The folders for which that image wants a volume.
    pub(super) fn volumes(&self, image: &str) -> &[String] {
        self.volumes.get(image).map_or(&[], Vec::as_slice)
    }

    /// A program that an image has in its PATH.
    pub(crate) fn program(&self, name: &str, image: &str) -> Program {
        Program { path: name.into(), source: format!("the image {image}"), image: Some(image.to_owned()) }
    }

    /// The programs of a PostgreSQL; they are in its image's PATH.
    pub(crate) fn postgres(&self, major: &str) -> PostgresPrograms {
        let image = self.postgres.get(major).cloned().unwrap_or_else(|| postgres(major, None));
        let source = format!("the image {image}");
        PostgresPrograms { bin: PathBuf::new(), version: major.to_owned(), source, image: Some(image) }
    }
}

/// The newest Vault under test (docs/containers.md).
fn official_vault() -> &'static str {
    "hashicorp/vault:1.21.0"
}

fn official_haproxy() -> &'static str {
    "haproxy:2.6"
}

fn official_pdns() -> &'static str {
    "powerdns/pdns-auth-49"
}

fn postgres(major: &str, named: Option<&Image>) -> String {
    POSTGRES.image(named, &format!("postgres:{major}"))
}

/// The images say which PostgreSQL they hold by `PG_MAJOR`. One that does not is believed.
fn same_major(major: &str, image: &str, environment: &str) -> Result<(), EnvironmentError> {
    match environment.lines().find_map(|line| line.strip_prefix("PG_MAJOR=")) {
        Some(other) if other != major => Err(EnvironmentError::WrongVersion {
            wanted: format!("an image of PostgreSQL {major}"),
            found: vec![format!("PostgreSQL {other} in {image}")],
            how_to_get: format!("name one by {}=postgres:{major}", POSTGRES.variable),
        }),
        _ => Ok(()),
    }
}

/// Whether the engine and every image of a plan are there; their names. Blocking.
pub(crate) fn check(plan: &Plan) -> Result<String, EnvironmentError> {
    let images = Images::of(plan)?;
    let all: Vec<&str> = images.volumes.keys().map(String::as_str).collect();
    Ok(all.join(", "))
}

/// The engine, or an image, and whether it is there; for `leaseproof doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundImage {
    /// `engine`, `vault`, `postgres`, `haproxy`, `pdns`.
    pub server: &'static str,
    /// The engine's version, or the image's name; why there is none where it is missing.
    pub found: Result<String, String>,
    /// The command that brings it.
    pub how_to_get: String,
}

/// Looks for the engine and the images of `--environment containers`. Blocking. Without an engine no image is looked for.
pub fn find_images() -> Vec<FoundImage> {
    let engine = FoundImage { server: "engine", found: engine::version(), how_to_get: GET_ENGINE.to_owned() };
    let there = engine.found.is_ok();
    let mut all = vec![engine];
    let images = [
        (VAULT, VAULT.image(None, official_vault())),
        (POSTGRES, postgres("15", None)),
        (HAPROXY, HAPROXY.image(None, official_haproxy())),
        (PDNS, PDNS.image(None, official_pdns())),
    ];
    for (kind, image) in images.into_iter().filter(|_| there) {
        let found = kind.inspect(&image, None).map(|_| image.clone()).map_err(|_| format!("{image} is not there"));
        all.push(FoundImage { server: kind.server, found, how_to_get: kind.how_to_get(&image) });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::same_major;

    #[test]
    fn an_image_of_another_postgresql_is_refused() {
        assert!(same_major("15", "postgres:15", "PATH=/bin\nPG_MAJOR=15").is_ok());
        let words = same_major("16", "postgres:15", "PG_MAJOR=15").unwrap_err().to_string();
        assert!(words.contains("PostgreSQL 16") && words.contains("LEASEPROOF_POSTGRES_IMAGE=postgres:16"), "{words}");
    }
}
