use std::collections::BTreeMap;
use std::sync::Arc;

use leaseproof_domain::{Origin, Redactor, Secret};
use leaseproof_history::Ledger;
pub use leaseproof_scenario::{Layout, Replication, VaultStorage as Storage};
use leaseproof_scenario::{PostgresPlan, Setting, VaultPlan};

use crate::environment::Servers;
use crate::environment::bare_storage::{self, STORAGE};
use crate::launch::context::password;
use crate::launch::processes::Processes;
use crate::{Environment, EnvironmentError, StartOptions};

/// The name of a bare environment's first cluster.
pub const TARGET: &str = "target";

/// One Vault and a PostgreSQL cluster, named `target`, without a scenario: for whoever asks the servers themselves.
#[derive(Clone, Debug)]
pub struct Bare {
    /// PostgreSQL's major version, e.g. `15`.
    pub postgres: String,
    /// The text of pg_hba.conf after the harness's own line; SCRAM for everybody where there is none.
    pub hba: Option<String>,
    /// Settings of postgresql.conf.
    pub settings: BTreeMap<String, String>,
    /// How many servers each cluster has, and what stands before them.
    pub layout: Layout,
    /// Names of more clusters like it.
    pub also: Vec<String>,
    /// Where Vault keeps its data. What is in memory is gone after a restart.
    pub storage: Storage,
    /// How many servers share that storage; more than one needs [`Storage::Postgresql`]. Then they take turns, and what
    /// leads to the active one stands before them.
    pub vault_nodes: u16,
    /// Whether a file audit device is on.
    pub audit: bool,
    /// Added to Vault's environment, e.g. `VAULT_LEASE_REVOCATION_WORKERS`.
    pub vault_env: Vec<(String, String)>,
}

impl Bare {
    /// That PostgreSQL beside a Vault that keeps its data in memory and writes no audit log.
    pub fn new(postgres: impl Into<String>) -> Self {
        Self {
            postgres: postgres.into(),
            hba: None,
            settings: BTreeMap::new(),
            layout: Layout::Standalone,
            also: Vec::new(),
            storage: Storage::Inmem,
            vault_nodes: 1,
            audit: false,
            vault_env: Vec::new(),
        }
    }
}

impl Environment {
    /// Stands bare servers up, as [`Environment::start`] does with a plan's.
    ///
    /// # Errors
    /// [`EnvironmentError`]; whatever was made by then has been ended and removed.
    pub async fn stand_bare(
        bare: &Bare,
        options: &StartOptions,
        ledger: &Ledger,
        redactor: &Arc<Redactor>,
    ) -> Result<Self, EnvironmentError> {
        let origin = Origin { file: "a bare environment".to_owned(), line: 1, column: 1 };
        let stored = (bare.storage == Storage::Postgresql).then(|| bare_storage::make(bare.vault_nodes, redactor));
        let (stanza, first) = stored.map_or((None, Vec::new()), |(stanza, step)| (Some(stanza), vec![step]));
        let vault = VaultPlan {
            nodes: bare.vault_nodes,
            postgresql: stanza,
            storage: bare.storage,
            tls: false,
            audit: bare.audit,
            default_lease_ttl: None,
            max_lease_ttl: None,
            port: None,
            origin: origin.clone(),
        };
        let superuser: Secret = password(redactor);
        let cluster = PostgresPlan {
            layout: bare.layout,
            clock: 0,
            replicate_as: None,
            lines: BTreeMap::new(),
            version: bare.postgres.clone(),
            hba: bare.hba.clone(),
            settings: bare.settings.clone(),
            tls: false,
            superuser: "postgres".to_owned(),
            password: Setting::Secret(superuser),
            port: None,
            origin,
        };
        let names = bare.also.iter().cloned().chain([TARGET.to_owned()]);
        let mut postgres: BTreeMap<String, PostgresPlan> = names.map(|name| (name, cluster.clone())).collect();
        if vault.postgresql.is_some() {
            postgres.insert(STORAGE.to_owned(), PostgresPlan { layout: Layout::Standalone, ..cluster });
        }
        let servers = Servers {
            vault: &vault,
            vault_env: &bare.vault_env,
            postgres: &postgres,
            first: &first,
            faults: &[],
            launcher: Box::new(Processes),
        };
        let main = Some((TARGET.to_owned(), "postgres".to_owned()));
        Self::start_servers(servers, main, options, None, ledger, redactor).await
    }
}
