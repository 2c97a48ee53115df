use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leaseproof_domain::Secret;
use leaseproof_scenario::{VaultPlan, VaultStorage};
use leaseproof_vault::{Client, Health};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::EnvironmentError;
use crate::launch::child::Child;
use crate::launch::context::LaunchContext;
use crate::launch::find::Places;
use crate::launch::logs::Output;
use crate::launch::ports::{TRIES, is_free, says_taken};
use crate::launch::program::Program;
use crate::launch::tls::{CertificateFiles, vault_address, vault_client};
use crate::launch::wait::Tries;
use crate::launch::{context, folder};
use crate::servers::front::Front;

/// The server's name in histories and messages.
pub(crate) const SERVER: &str = "vault";
/// Its configuration file, in its own folder.
const CONFIGURATION: &str = "vault.json";
/// The limit of a fault.
const QUOTA: &str = "sys/quotas/rate-limit/leaseproof-fault";
/// How long Vault's nodes may take to elect one of them.
const ELECTION: Duration = Duration::from_secs(60);
/// How long Vault may take to answer, and to become active after its unseal (raft elects a leader first).
const START: Duration = Duration::from_secs(30);
/// How often that is asked.
const TRY: Duration = Duration::from_millis(20);
/// How long a node may take to say what it is: a frozen one never does.
const ASKED: Duration = Duration::from_secs(2);
/// How long one request of the setup may take: as long as Vault itself lets a request run.
const REQUEST: Duration = Duration::from_secs(90);
/// How many ports are tried where others take them first.
const STARTS: u32 = 8;

/// A running Vault: one server, or several that share one storage, initialised and unsealed, the first one active.
pub(crate) struct VaultServer {
    /// Where clients go: the one node, or what stands before several.
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) program: Program,
    /// With the root token: for setup, never for the workload.
    pub(crate) root: Client,
    pub(crate) token: Secret,
    /// The one share of its unseal key.
    key: Secret,
    pub(crate) audit: Option<PathBuf>,
    pub(crate) nodes: Vec<Node>,
    /// Leads to the active node, where there are several.
    pub(crate) front: Option<Front>,
    /// Where it speaks TLS.
    pub(crate) certificate_files: Option<CertificateFiles>,
    /// Added to the environment of each node at its next start.
    pub(crate) env: Vec<(String, String)>,
}

/// What every node of a Vault is started with.
struct LaunchSpec<'a> {
    plan: &'a VaultPlan,
    program: &'a Program,
    certificate_files: Option<&'a CertificateFiles>,
    env: &'a [(String, String)],
    /// The connection URL of a storage in PostgreSQL.
    url: Option<&'a str>,
}

/// One server of a Vault.
pub(crate) struct Node {
    /// `vault`, or `vault.<number>` where there are several.
    pub(crate) name: String,
    pub(crate) output: Output,
    pub(crate) child: Child,
    pub(crate) client: Client,
    home: PathBuf,
}

impl VaultServer {
    /// Its program on this machine: what is in an image is no program here, and this machine's own, if there is one,
    /// stands for it.
    pub(crate) fn local_program(&self) -> Result<PathBuf, EnvironmentError> {
        match self.program.image {
            Some(_) => Places::here().vault().map(|program| program.path),
            None => Ok(self.program.path.clone()),
        }
    }

    /// Starts a new Vault, with `env` in its environment, and makes it ready for setup. `url` is the connection URL of
    /// a storage in PostgreSQL, filled in.
    pub(crate) async fn start(
        plan: &VaultPlan,
        env: &[(String, String)],
        url: Option<&str>,
        context: &LaunchContext,
    ) -> Result<Self, EnvironmentError> {
        check_port(plan)?;
        let program = context.launcher.vault()?;
        // A fixed port is what stands before several nodes.
        let of_nodes = VaultPlan { port: plan.port.filter(|_| plan.nodes == 1), ..plan.clone() };
        let certificate_files = if plan.tls { context.certificate_files(SERVER, None)? } else { None };
        let spec =
            LaunchSpec { plan: &of_nodes, program: &program, certificate_files: certificate_files.as_ref(), env, url };
        let (first, port) = Node::start(&spec, 1, context).await?;
        let (root, token, key) = open(&first, context).await?;
        let audit = if plan.audit { Some(audit(&root, context).await?) } else { None };
        let (mut nodes, mut ports) = (vec![first], vec![port]);
        for number in 2..=plan.nodes {
            let (node, port) = Node::start(&spec, number, context).await?;
            unseal(&node, &key).await?;
            standby(&node, context).await?;
            nodes.push(node);
            ports.push(port);
        }
        nodes.iter().for_each(|node| context.guard(&node.name, &node.child));
        let front = if plan.nodes > 1 {
            Some(Front::start(plan.port, &ports, certificate_files.as_ref(), context).await?)
        } else {
            None
        };
        let port = front.as_ref().map_or(port, Front::port);
        let address = vault_address(port, certificate_files.as_ref());
        let root = vault_client(port, certificate_files.as_ref(), REQUEST)?.with_token(token.clone());
        let env = env.to_vec();
        Ok(Self { address, port, program, root, token, key, audit, nodes, front, certificate_files, env })
    }

    /// Starts a node again, after its end, on the same port and storage, and unseals it. Where it is the only one it is
    /// active when this returns. None where there is no such node.
    pub(crate) async fn start_again(
        &mut self,
        name: &str,
        context: &LaunchContext,
    ) -> Option<Result<(), EnvironmentError>> {
        let alone = self.nodes.len() == 1;
        let Self { program, env, key, nodes, .. } = self;
        let node = nodes.iter_mut().find(|node| node.name == name)?;
        Some(node.start_again(program, env, key, alone, context).await)
    }
}

impl VaultServer {
    /// The name of the node that is active; where none is, it is waited for.
    pub(crate) async fn active_node(&self) -> Result<String, EnvironmentError> {
        let tries = Tries::new(ELECTION, TRY);
        loop {
            for node in self.nodes.iter().filter(|node| node.child.ended().is_none()) {
                let asked = tokio::time::timeout(ASKED, node.client.health()).await;
                if matches!(asked, Ok(Ok(health)) if health.initialized && !health.sealed && !health.standby) {
                    return Ok(node.name.clone());
                }
            }
            if !tries.again().await {
                let why = format!("no node is active within {} s", ELECTION.as_secs());
                return Err(EnvironmentError::NotStarted { server: SERVER.to_owned(), why, tail: Vec::new() });
            }
        }
    }

    /// Writes nothing to a path of one node, with the root token.
    pub(crate) async fn tell(&self, name: &str, path: &str, doing: &'static str) -> Result<(), EnvironmentError> {
        let Some(node) = self.nodes.iter().find(|node| node.name == name) else { return Ok(()) };
        let client = node.client.with_token(self.token.clone());
        let reported = client.write(path, &json!({})).await;
        reported.map(drop).map_err(|source| EnvironmentError::Vault { doing, source })
    }

    /// Puts that `api_addr` into a node's configuration for its next start, or takes it out, and gives what was there.
    pub(crate) fn set_api_addr(&self, name: &str, address: Option<String>) -> Result<Option<String>, EnvironmentError> {
        let Some(node) = self.nodes.iter().find(|node| node.name == name) else { return Ok(None) };
        let file = node.home.join(CONFIGURATION);
        let failed = |source| EnvironmentError::Folder { doing: "read", path: file.clone(), source };
        let text = fs::read_to_string(&file).map_err(failed)?;
        let mut all: Value = serde_json::from_str(&text).map_err(|why| failed(why.into()))?;
        let key = "api_addr";
        let was = all[key].as_str().map(str::to_owned);
        match address {
            Some(address) => all[key] = json!(address),
            None => drop(all.as_object_mut().and_then(|all| all.remove(key))),
        }
        folder::write(&file, &all.to_string(), 0o600, None)?;
        Ok(was)
    }

    /// Lets only so many requests a second pass to a mount, and answers the others 429 (Vault, HTTP API,
    /// /sys/quotas/rate-limit).
    pub(crate) async fn limit(&self, mount: &str, rate: f64) -> Result<(), EnvironmentError> {
        let quota = json!({ "path": format!("{mount}/"), "rate": rate, "interval": "1s" });
        let limited = self.root.write(QUOTA, &quota).await;
        limited.map(drop).map_err(|source| EnvironmentError::Vault { doing: "limit the rate of requests", source })
    }

    /// Takes that limit away.
    pub(crate) async fn unlimit(&self) -> Result<(), EnvironmentError> {
        let gone = self.root.delete(QUOTA).await;
        gone.map(drop).map_err(|source| EnvironmentError::Vault { doing: "remove its limit", source })
    }

    /// Unseals a node that was sealed, and waits until some node is active.
    pub(crate) async fn unseal_again(&self, name: &str, context: &LaunchContext) -> Result<(), EnvironmentError> {
        let Some(node) = self.nodes.iter().find(|node| node.name == name) else { return Ok(()) };
        until(node, context, "still unsealed", |health| health.sealed).await?;
        unseal(node, &self.key).await?;
        self.active_node().await.map(drop)
    }
}

impl Node {
    async fn start(
        order: &LaunchSpec<'_>,
        number: u16,
        context: &LaunchContext,
    ) -> Result<(Self, u16), EnvironmentError> {
        let LaunchSpec { plan, program, certificate_files, env, .. } = *order;
        let name = if plan.nodes == 1 { SERVER.to_owned() } else { format!("{SERVER}.{number}") };
        let home = context.folder.join(&name);
        folder::make(&home, 0o700, None)?;
        for _ in 0..STARTS {
            let port = plan.port.or_else(|| context.ports.free()).ok_or_else(no_port)?;
            let cluster = context.ports.free().ok_or_else(no_port)?;
            let file = home.join(CONFIGURATION);
            folder::write(&file, &configuration(order, (port, cluster), &home).to_string(), 0o600, None)?;
            let (child, log) = launch(&name, program, &home, env, context)?;
            let client = vault_client(port, certificate_files, REQUEST)?;
            let node = Self { name: name.clone(), output: Output::new(log), child, client, home: home.clone() };
            match answers(&node, context).await {
                Err(EnvironmentError::NotStarted { tail, .. }) if says_taken(&tail) => check_port(plan)?,
                Err(why) => return Err(why),
                Ok(()) => return Ok((node, port)),
            }
        }
        Err(no_port())
    }

    async fn start_again(
        &mut self,
        program: &Program,
        env: &[(String, String)],
        key: &Secret,
        alone: bool,
        context: &LaunchContext,
    ) -> Result<(), EnvironmentError> {
        let (child, log) = launch(&self.name, program, &self.home, env, context)?;
        self.output.renew(log, child.log());
        self.child = child;
        answers(self, context).await?;
        unseal(self, key).await?;
        if alone {
            active(self, context).await?;
        }
        context.guard(&self.name, &self.child);
        Ok(())
    }
}

fn launch(
    name: &str,
    program: &Program,
    home: &Path,
    env: &[(String, String)],
    context: &LaunchContext,
) -> Result<(Child, mpsc::Receiver<Vec<u8>>), EnvironmentError> {
    let given = env.iter().map(|(name, value)| (name.clone(), value.into()));
    context.start(context::LaunchSpec {
        name,
        program: program.path.clone(),
        image: program.image.clone(),
        args: vec!["server".into(), "-config".into(), home.join(CONFIGURATION).into()],
        env: [("HOME".to_owned(), home.into())].into_iter().chain(given).collect(),
        folder: home,
        account: None,
        death: Signal::SIGKILL,
        input: None,
    })
}

/// Waits until a node answers at all.
async fn answers(node: &Node, context: &LaunchContext) -> Result<(), EnvironmentError> {
    until(node, context, "no answer", |_| true).await
}

/// Initialises and unseals it, and waits until it is active.
async fn open(node: &Node, context: &LaunchContext) -> Result<(Client, Secret, Secret), EnvironmentError> {
    let made = node.client.initialise().await;
    let made = made.map_err(|source| EnvironmentError::Vault { doing: "initialise it", source })?;
    context.redactor.add_fixed(made.unseal_key.clone());
    context.redactor.add_fixed(made.root_token.clone());
    unseal(node, &made.unseal_key).await?;
    active(node, context).await?;
    Ok((node.client.with_token(made.root_token.clone()), made.root_token, made.unseal_key))
}

async fn unseal(node: &Node, key: &Secret) -> Result<(), EnvironmentError> {
    let unsealed = node.client.unseal(key).await;
    unsealed.map_err(|source| EnvironmentError::Vault { doing: "unseal it", source })
}

async fn active(node: &Node, context: &LaunchContext) -> Result<(), EnvironmentError> {
    until(node, context, "not active", |health| health.initialized && !health.sealed && !health.standby).await
}

async fn standby(node: &Node, context: &LaunchContext) -> Result<(), EnvironmentError> {
    until(node, context, "no standby", |health| health.initialized && !health.sealed && health.standby).await
}

async fn until(
    node: &Node,
    context: &LaunchContext,
    missing: &str,
    so: impl Fn(&Health) -> bool,
) -> Result<(), EnvironmentError> {
    let tries = Tries::new(START, TRY);
    loop {
        if node.child.ended().is_some() {
            let status = node.child.end().await;
            return Err(context.not_started(&node.name, format!("it ended with {status}"), &node.child));
        }
        let why = match node.client.health().await {
            Ok(health) if so(&health) => return Ok(()),
            Ok(_) => String::new(),
            Err(why) => format!(": {why}"),
        };
        if !tries.again().await {
            let why = format!("{missing} within {} s{why}", START.as_secs());
            return Err(context.not_started(&node.name, why, &node.child));
        }
    }
}

async fn audit(root: &Client, context: &LaunchContext) -> Result<PathBuf, EnvironmentError> {
    let path = context.folder.join("audit.log");
    let text = path.to_string_lossy();
    root.enable_file_audit(&text)
        .await
        .map_err(|source| EnvironmentError::Vault { doing: "enable its audit device", source })?;
    Ok(path)
}

/// The server's configuration file.
fn configuration(order: &LaunchSpec<'_>, (port, cluster): (u16, u16), home: &Path) -> Value {
    let LaunchSpec { plan, url, certificate_files, .. } = *order;
    let storage = match plan.storage {
        VaultStorage::Inmem => json!({ "inmem": {} }),
        VaultStorage::File => json!({ "file": { "path": home.join("data") } }),
        VaultStorage::Raft => json!({ "raft": { "path": home.join("data"), "node_id": "vault" } }),
        VaultStorage::Postgresql => {
            let shared = plan.postgresql.as_ref().is_some_and(|stanza| stanza.ha_enabled);
            json!({ "postgresql": { "connection_url": url.unwrap_or_default(), "ha_enabled": shared.to_string() } })
        }
    };
    if matches!(plan.storage, VaultStorage::File | VaultStorage::Raft) {
        // Vault makes no folder for raft. Where this fails, Vault's own words say why.
        let _ = folder::make(&home.join("data"), 0o700, None);
    }
    let mut listener = json!({
        "address": format!("127.0.0.1:{port}"),
        "cluster_address": format!("127.0.0.1:{cluster}"),
        "tls_disable": certificate_files.is_none(),
    });
    if let Some(certificate_files) = certificate_files {
        listener["tls_cert_file"] = json!(certificate_files.certificate);
        listener["tls_key_file"] = json!(certificate_files.key);
    }
    let mut all = json!({
        "ui": false,
        "disable_mlock": true,
        "api_addr": vault_address(port, certificate_files),
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

fn check_port(plan: &VaultPlan) -> Result<(), EnvironmentError> {
    match plan.port {
        Some(port) if !is_free(port) => {
            Err(EnvironmentError::PortTaken { server: SERVER.to_owned(), port, origin: plan.origin.clone() })
        }
        _ => Ok(()),
    }
}

fn no_port() -> EnvironmentError {
    EnvironmentError::NoFreePort { server: SERVER.to_owned(), tried: TRIES }
}
