use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use leaseproof_domain::Secret;
use leaseproof_scenario::{VaultPlan, VaultStorage};
use leaseproof_vault::Client;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::child::Child;
use crate::find::{Places, Program};
use crate::ports::{TRIES, is_free, says_taken};
use crate::site::{Order, Site};
use crate::{EstateError, folder};

/// The server's name in histories and messages.
pub(crate) const SERVER: &str = "vault";
/// Its configuration file, in its own folder.
const CONFIGURATION: &str = "vault.json";
/// How long Vault may take to answer, and to become active after its unseal (raft elects a leader first).
const START: Duration = Duration::from_secs(30);
/// How often that is asked.
const TRY: Duration = Duration::from_millis(20);
/// How long one request of the set-up may take: as long as Vault itself lets a request run.
const REQUEST: Duration = Duration::from_secs(90);
/// How many ports are tried where others take them first.
const STARTS: u32 = 8;

/// A running Vault, initialised, unsealed and active.
pub(crate) struct VaultServer {
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) program: Program,
    /// With the root token: for set-up, never for the workload.
    pub(crate) root: Client,
    pub(crate) token: Secret,
    /// The one share of its unseal key.
    key: Secret,
    pub(crate) audit: Option<PathBuf>,
    pub(crate) log: Option<mpsc::Receiver<Vec<u8>>>,
    pub(crate) child: Child,
    home: PathBuf,
    pub(crate) env: Vec<(String, String)>,
}

impl VaultServer {
    /// Starts a new Vault, with `env` in its environment, and makes it ready for set-up.
    pub(crate) async fn stand(plan: &VaultPlan, env: &[(String, String)], site: &Site) -> Result<Self, EstateError> {
        check_port(plan)?;
        let program = Places::here().vault()?;
        let home = site.folder.join(SERVER);
        folder::make(&home, 0o700, None)?;
        for _ in 0..STARTS {
            let port = plan.port.or_else(|| site.ports.free()).ok_or_else(no_port)?;
            let address = format!("http://127.0.0.1:{port}");
            let cluster = site.ports.free().ok_or_else(no_port)?;
            let file = home.join(CONFIGURATION);
            folder::write(&file, &configuration(plan, port, cluster, &home).to_string(), 0o600, None)?;
            let (child, log) = launch(&program, &file, &home, env, site)?;
            let client = Client::new(&address, REQUEST)
                .map_err(|source| EstateError::Vault { doing: "make a client of it", source })?;
            match answers(&client, &child, site).await {
                Err(EstateError::NotStarted { tail, .. }) if says_taken(&tail) => {
                    check_port(plan)?;
                    continue;
                }
                done => done?,
            }
            let (root, token, key) = open(&client, &child, site).await?;
            let audit = if plan.audit { Some(audit(&root, site).await?) } else { None };
            site.guard(SERVER, &child);
            let env = env.to_vec();
            return Ok(Self { address, port, program, root, token, key, audit, log: Some(log), child, home, env });
        }
        Err(no_port())
    }

    /// Starts it again, after its end, on the same port and storage, and unseals it.
    pub(crate) async fn start_again(&mut self, site: &Site) -> Result<(), EstateError> {
        let failed = |doing| move |source| EstateError::Vault { doing, source };
        let (child, log) = launch(&self.program, &self.home.join(CONFIGURATION), &self.home, &self.env, site)?;
        let client = self.root.without_token();
        answers(&client, &child, site).await?;
        client.unseal(&self.key).await.map_err(failed("unseal it"))?;
        active(&client, &child, site).await?;
        site.guard(SERVER, &child);
        (self.child, self.log) = (child, Some(log));
        Ok(())
    }
}

fn launch(
    program: &Program,
    file: &Path,
    home: &Path,
    env: &[(String, String)],
    site: &Site,
) -> Result<(Child, mpsc::Receiver<Vec<u8>>), EstateError> {
    let given = env.iter().map(|(name, value)| (name.clone(), value.into()));
    site.start(Order {
        name: SERVER,
        program: program.path.clone(),
        args: vec!["server".into(), "-config".into(), file.into()],
        env: [("HOME".to_owned(), home.into())].into_iter().chain(given).collect(),
        folder: home,
        account: None,
        death: Signal::SIGKILL,
        input: None,
    })
}

/// Waits until Vault answers at all.
async fn answers(client: &Client, child: &Child, site: &Site) -> Result<(), EstateError> {
    until(child, site, "no answer", || async { client.health().await.map(|_| true) }).await
}

/// Initialises and unseals it, and waits until it is active.
async fn open(client: &Client, child: &Child, site: &Site) -> Result<(Client, Secret, Secret), EstateError> {
    let failed = |doing| move |source| EstateError::Vault { doing, source };
    let made = client.initialise().await.map_err(failed("initialise it"))?;
    site.redactor.add_fixed(made.unseal_key.clone());
    site.redactor.add_fixed(made.root_token.clone());
    client.unseal(&made.unseal_key).await.map_err(failed("unseal it"))?;
    active(client, child, site).await?;
    Ok((client.with_token(made.root_token.clone()), made.root_token, made.unseal_key))
}

async fn active(client: &Client, child: &Child, site: &Site) -> Result<(), EstateError> {
    let active =
        || async { client.health().await.map(|health| health.initialized && !health.sealed && !health.standby) };
    until(child, site, "not active", active).await
}

async fn until<F>(child: &Child, site: &Site, missing: &str, asked: impl Fn() -> F) -> Result<(), EstateError>
where
    F: Future<Output = Result<bool, leaseproof_vault::Error>>,
{
    let end = Instant::now() + START;
    loop {
        if child.ended().is_some() {
            let status = child.end().await;
            return Err(site.not_started(SERVER, format!("it ended with {status}"), child));
        }
        let why = match asked().await {
            Ok(true) => return Ok(()),
            Ok(false) => String::new(),
            Err(why) => format!(": {why}"),
        };
        if Instant::now() >= end {
            return Err(site.not_started(SERVER, format!("{missing} within {} s{why}", START.as_secs()), child));
        }
        tokio::time::sleep(TRY).await;
    }
}

async fn audit(root: &Client, site: &Site) -> Result<PathBuf, EstateError> {
    let path = site.folder.join("audit.log");
    let text = path.to_string_lossy();
    root.enable_file_audit(&text)
        .await
        .map_err(|source| EstateError::Vault { doing: "enable its audit device", source })?;
    Ok(path)
}

/// The server's configuration file.
fn configuration(plan: &VaultPlan, port: u16, cluster: u16, home: &Path) -> Value {
    let storage = match plan.storage {
        VaultStorage::Inmem => json!({ "inmem": {} }),
        VaultStorage::File => json!({ "file": { "path": home.join("data") } }),
        VaultStorage::Raft => json!({ "raft": { "path": home.join("data"), "node_id": "vault" } }),
    };
    if plan.storage != VaultStorage::Inmem {
        // Vault makes no folder for raft. Where this fails, Vault's own words say why.
        let _ = folder::make(&home.join("data"), 0o700, None);
    }
    let listener = json!({
        "address": format!("127.0.0.1:{port}"),
        "cluster_address": format!("127.0.0.1:{cluster}"),
        "tls_disable": true,
    });
    let mut all = json!({
        "ui": false,
        "disable_mlock": true,
        "api_addr": format!("http://127.0.0.1:{port}"),
        "cluster_addr": format!("https://127.0.0.1:{cluster}"),
        "listener": [{ "tcp": listener }],
        "storage": storage,
    });
    for (name, ttl) in [("default_lease_ttl", plan.default_lease_ttl), ("max_lease_ttl", plan.max_lease_ttl)] {
        if let Some(ttl) = ttl {
            all[name] = json!(format!("{}s", ttl.secs()));
        }
    }
    all
}

fn check_port(plan: &VaultPlan) -> Result<(), EstateError> {
    match plan.port {
        Some(port) if !is_free(port) => {
            Err(EstateError::PortTaken { server: SERVER.to_owned(), port, origin: plan.origin.clone() })
        }
        _ => Ok(()),
    }
}

fn no_port() -> EstateError {
    EstateError::NoFreePort { server: SERVER.to_owned(), tried: TRIES }
}
