pub(crate) mod bare;
pub(crate) mod bare_storage;
mod clocks;
mod control;
mod members;
mod pooler;
mod powerdns;
mod setup;
mod token;
mod variables;

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use leaseproof_domain::{Redactor, ServerLost};
use leaseproof_history::{Entry, Ledger, Recorder};
use leaseproof_postgres::Login;
use leaseproof_scenario::{EnvironmentKind, FaultKind, FaultPlan, Plan, PostgresPlan, SetupStep, VaultPlan};
use leaseproof_vault::{Client, TokenRequest};
use nix::sys::signal::Signal;
use tokio::sync::watch;

use crate::environment::variables::main_database;
use crate::launch::account::Account;
use crate::launch::all::all;
use crate::launch::child::Child;
use crate::launch::containers::{Containers, Images};
use crate::launch::context::{LaunchContext, redact};
use crate::launch::folder::PrivateFolder;
use crate::launch::launcher::Launcher;
use crate::launch::logs::Output;
use crate::launch::ports::Ports;
use crate::launch::processes::Processes;
use crate::launch::tls::Authority;
use crate::launch::wait::TIMEOUT;
use crate::launch::{folder, process};
use crate::placeholders::Placeholders;
use crate::servers::cluster::Cluster;
use crate::servers::haproxy::Haproxy;
use crate::servers::links::{CLIENT, Links};
use crate::servers::patroni::Etcd;
use crate::servers::powerdns::PowerDns;
use crate::servers::server::Server;
use crate::servers::tampering::TamperingProxy;
use crate::servers::vault::{Node, SERVER as VAULT, VaultServer};
use crate::setup::{before_vault, steps_before_vault};
use crate::token::ClientToken;
use crate::{EnvironmentError, LogStream, requirements};

/// Where and for which run an environment is started.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// The run's name; it marks every process and names the private folder.
    pub run: String,
    /// The folder that the private folder is made in. PostgreSQL's account has to be able to pass through it.
    pub parent: PathBuf,
}

impl StartOptions {
    /// For that run, in the system's folder for temporary files.
    pub fn new(run: impl Into<String>) -> Self {
        Self { run: run.into(), parent: std::env::temp_dir() }
    }
}

/// The servers of an environment.
pub(crate) struct Servers<'a> {
    pub(crate) vault: &'a VaultPlan,
    /// Added to Vault's environment.
    pub(crate) vault_env: &'a [(String, String)],
    pub(crate) postgres: &'a BTreeMap<String, PostgresPlan>,
    /// The steps of the setup that a storage in PostgreSQL needs before Vault starts.
    pub(crate) first: &'a [SetupStep],
    /// What will be done to links.
    pub(crate) faults: &'a [FaultPlan],
    /// Where they run in containers.
    pub(crate) launcher: Box<dyn Launcher>,
}

/// Real servers on loopback, standing. They end with this value, and with the process that holds it.
pub struct Environment {
    pub(crate) vault: VaultServer,
    pub(crate) clusters: BTreeMap<String, Cluster>,
    pub(crate) folder: PrivateFolder,
    pub(crate) context: Arc<LaunchContext>,
    pub(crate) placeholders: Placeholders,
    /// Stands between the credentials' client and Vault where the plan has `[[tamper]]`.
    pub(crate) tampering: Option<TamperingProxy>,
    /// A live PowerDNS, where the plan has one.
    pub(crate) powerdns: Option<PowerDns>,
    /// What faults of links are done to.
    pub(crate) links: Links,
    /// The cluster and database that `environment` speaks of.
    pub(crate) main: Option<(String, String)>,
    /// The token of the credentials' client, and what it was asked for as.
    pub(crate) client: Option<(ClientToken, TokenRequest)>,
    over: bool,
}

impl Environment {
    /// Stands the plan's servers up, in parallel: PostgreSQL with the harness's own account, Vault initialised,
    /// unsealed and active, its audit device on where the plan says so. Nothing of the setup is done yet.
    ///
    /// The redactor learns every secret of the plan and every one that is made. Where `recorder` is given, the loss of
    /// a server is dated by it.
    ///
    /// # Errors
    /// [`EnvironmentError`]; whatever was made by then has been ended and removed.
    pub async fn start(
        plan: &Plan,
        options: &StartOptions,
        recorder: Option<&Recorder>,
        ledger: &Ledger,
        redactor: &Arc<Redactor>,
    ) -> Result<Self, EnvironmentError> {
        requirements::programs(plan)?;
        redact(plan, redactor);
        let first = steps_before_vault(plan);
        let launcher: Box<dyn Launcher> = match plan.environment {
            EnvironmentKind::Containers => Box::new(Containers(Images::of(plan)?)),
            EnvironmentKind::Processes | EnvironmentKind::Attached => Box::new(Processes),
        };
        let servers = Servers {
            vault: &plan.vault,
            vault_env: &[],
            postgres: &plan.postgres,
            first,
            faults: &plan.faults,
            launcher,
        };
        let mut environment =
            Self::start_servers(servers, main_database(plan), options, recorder, ledger, redactor).await?;
        environment.links.draw_by(plan.seed);
        environment.powerdns = plan.pdns.as_ref().map(|_| PowerDns::awaited());
        if !plan.tampering.is_empty() {
            environment.tampering =
                Some(TamperingProxy::start(plan, environment.vault.port, &environment.context).await?);
        }
        let port = environment.tampering.as_ref().map_or(environment.vault.port, TamperingProxy::port);
        environment.links.lay(CLIENT, VAULT, &[port]).await?;
        Ok(environment)
    }

    pub(crate) async fn start_servers(
        servers: Servers<'_>,
        main: Option<(String, String)>,
        options: &StartOptions,
        recorder: Option<&Recorder>,
        ledger: &Ledger,
        redactor: &Arc<Redactor>,
    ) -> Result<Self, EnvironmentError> {
        if let Some(start_time) = process::start_time(std::process::id()) {
            ledger.add(Entry::Harness { pid: std::process::id(), start_time })?;
        }
        let account = Account::unprivileged()?;
        let folder = PrivateFolder::create(&options.parent, &options.run, ledger)?;
        folder::enterable(folder.path(), account)?;
        let encrypted = servers.vault.tls || servers.postgres.values().any(|cluster| cluster.tls);
        let authority = encrypted.then(|| Authority::make(&options.run, folder.path())).transpose()?;
        let Servers { vault, vault_env, postgres, first, faults, launcher } = servers;
        let context = Arc::new(LaunchContext {
            run: options.run.clone(),
            folder: folder.path().to_owned(),
            ledger: ledger.clone(),
            redactor: Arc::clone(redactor),
            ports: Ports::default(),
            authority,
            account,
            launcher,
            lost: watch::channel(None).0,
            recorder: recorder.cloned(),
            ending: Arc::new(AtomicBool::new(false)),
        });
        let clusters = async {
            let clusters =
                postgres.iter().map(|(name, plan)| Cluster::start(name, plan, is_filled(name, faults), &context));
            let clusters = clusters.collect();
            let clusters = postgres.keys().cloned().zip(all(clusters).await?);
            Ok::<BTreeMap<String, Cluster>, EnvironmentError>(clusters.collect())
        };
        let mut links = Links::wanted(faults);
        let (vault, clusters) = match &vault.postgresql {
            None => {
                let (vault, clusters) =
                    tokio::try_join!(VaultServer::start(vault, vault_env, None, &context), clusters)?;
                lay(&mut links, &clusters).await?;
                (vault, clusters)
            }
            Some(stanza) => {
                let clusters = clusters.await?;
                lay(&mut links, &clusters).await?;
                let places = places(&clusters, &links, &context);
                before_vault(first, &clusters, &places, &context).await?;
                let url = places.fill(&stanza.connection_url);
                let url = url.map_err(|why| EnvironmentError::Placeholder {
                    origin: vault.origin.clone(),
                    why: why.to_string(),
                })?;
                (VaultServer::start(vault, vault_env, Some(&url), &context).await?, clusters)
            }
        };
        lay_out(&folder, &vault)?;
        let placeholders = placeholders(&vault, &clusters, &links, &context);
        Ok(Self {
            vault,
            folder,
            context,
            placeholders,
            tampering: None,
            powerdns: None,
            links,
            main,
            client: None,
            over: false,
            clusters,
        })
    }

    /// Vault with its root token: for setup only.
    pub fn vault(&self) -> Client {
        self.vault.root.clone()
    }

    /// The address of each node of Vault, the first one first.
    pub fn vault_addresses(&self) -> Vec<String> {
        self.vault.nodes.iter().map(|node| node.client.address().to_owned()).collect()
    }

    /// How the harness's own account logs in to a database of a cluster.
    ///
    /// # Panics
    /// Where the plan that was started has no such cluster.
    pub fn observer_login(&self, cluster: &str, database: &str) -> Login {
        self.cluster(cluster).observer_login(database)
    }

    /// Hosts and ports where clients log in to a cluster: where writes go, and where reads of standbys go.
    ///
    /// # Panics
    /// Where the plan that was started has no such cluster.
    pub fn endpoints(&self, cluster: &str) -> Vec<(String, u16)> {
        let cluster = self.cluster(cluster);
        let ports = self.links.ports(CLIENT, &cluster.name, ports_of(cluster));
        ports.into_iter().map(|port| ("127.0.0.1".to_owned(), port)).collect()
    }

    /// What the servers write, from their start on. Lines wait for whoever takes them, and it has to read on: the
    /// servers wait for it. Each log can be taken once; what nobody takes is dropped.
    pub fn take_logs(&mut self) -> Vec<LogStream> {
        let mut logs = self.powerdns.as_mut().map(PowerDns::take_logs).unwrap_or_default();
        let nodes = self.vault.nodes.iter_mut();
        let servers = nodes.map(|Node { name, output, child, .. }| (name.as_str(), output, &*child));
        let servers = servers.chain(self.clusters.values_mut().flat_map(|cluster| {
            let members = cluster.members.iter_mut();
            let members = members.map(|Server { name, output, child, .. }| (name.as_str(), output, &*child));
            let etcd = cluster.patroni.as_mut().map(|patroni| &mut patroni.etcd);
            let etcd = etcd.map(|Etcd { name, output, child, .. }| (name.as_str(), output, &*child));
            members.chain(cluster.proxy.as_mut().map(|proxy| reported_by(&mut proxy.haproxy))).chain(etcd)
        }));
        let servers = servers.chain(self.vault.front.as_mut().map(|front| reported_by(&mut front.haproxy)));
        for (name, output, child) in servers {
            if let Some(lines) = output.take(child.log()) {
                logs.push(LogStream { name: name.to_owned(), lines });
            }
        }
        logs
    }

    /// The file that Vault's audit device writes, where the plan wants one.
    pub fn audit_log(&self) -> Option<PathBuf> {
        self.vault.audit.clone()
    }

    /// The first server that ended without being asked to.
    pub fn lost(&self) -> watch::Receiver<Option<ServerLost>> {
        self.context.lost.subscribe()
    }

    pub(crate) fn clusters(&self) -> impl Iterator<Item = (&String, &Cluster)> {
        self.clusters.iter()
    }

    /// Ends the servers, waits for them, and removes everything that was made. The ledger may be closed after it.
    ///
    /// # Errors
    /// [`EnvironmentError::LeftBehind`] where something could not be removed.
    pub async fn tear_down(self) -> Result<(), EnvironmentError> {
        let mut environment = self;
        let ended = tokio::task::spawn_blocking(move || environment.shut_down()).await;
        let left = ended.unwrap_or_else(|why| vec![format!("the environment could not be stopped: {why}")]);
        if left.is_empty() { Ok(()) } else { Err(EnvironmentError::LeftBehind { left }) }
    }

    /// Does it, blocking. Gives what is left.
    fn shut_down(&mut self) -> Vec<String> {
        if std::mem::replace(&mut self.over, true) {
            return Vec::new();
        }
        self.context.ending.store(true, Ordering::Release);
        self.tampering = None;
        let mut left = self.powerdns.as_mut().map(PowerDns::shut_down).unwrap_or_default();
        // PostgreSQL: fast, immediate, killed (src/backend/postmaster/postmaster.c). Vault seals itself on SIGTERM.
        for (postgres, vault) in
            [(Signal::SIGINT, Signal::SIGTERM), (Signal::SIGQUIT, Signal::SIGKILL), (Signal::SIGKILL, Signal::SIGKILL)]
        {
            let members = self.clusters.values().flat_map(|cluster| &cluster.members);
            members.for_each(|member| member.signal(postgres));
            self.proxies().for_each(|proxy| proxy.child.signal(vault));
            self.vault.nodes.iter().for_each(|node| node.child.signal(vault));
            let until = Instant::now() + TIMEOUT;
            if self.servers().all(|(_, child)| child.wait_until(until)) {
                break;
            }
        }
        // A Patroni that cannot give its lock back would wait.
        self.etcds().for_each(|etcd| {
            etcd.child.stop(Signal::SIGTERM);
        });
        let running = self.children().filter(|(_, child)| child.ended().is_none());
        left.extend(running.map(|(name, child)| format!("{name} (pid {})", child.pid())));
        self.clusters.values().flat_map(|cluster| &cluster.members).for_each(Server::remove_traces);
        left.extend(self.folder.remove());
        left
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = (&str, &Child)> {
        self.servers().chain(self.etcds().map(|etcd| (etcd.name.as_str(), &etcd.child)))
    }

    fn servers(&self) -> impl Iterator<Item = (&str, &Child)> {
        let members = self.clusters.values().flat_map(|cluster| &cluster.members);
        let members = members.map(|member| (member.name.as_str(), &member.child));
        let proxies = self.proxies().map(|proxy| (proxy.name.as_str(), &proxy.child));
        let nodes = self.vault.nodes.iter().map(|node| (node.name.as_str(), &node.child));
        members.chain(proxies).chain(nodes)
    }

    fn etcds(&self) -> impl Iterator<Item = &Etcd> {
        self.clusters.values().filter_map(|cluster| cluster.patroni.as_ref()).map(|patroni| &patroni.etcd)
    }

    fn proxies(&self) -> impl Iterator<Item = &Haproxy> {
        let clusters = self.clusters.values().filter_map(|cluster| cluster.proxy.as_ref()).map(|proxy| &proxy.haproxy);
        clusters.chain(self.vault.front.as_ref().map(|front| &front.haproxy))
    }

    pub(crate) fn cluster(&self, name: &str) -> &Cluster {
        self.clusters.get(name).unwrap_or_else(|| panic!("the plan that was started has no cluster `{name}`"))
    }
}

impl Drop for Environment {
    /// The last resort: blocking, and what fails is reported by nobody but the ledger.
    fn drop(&mut self) {
        self.shut_down();
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clusters: Vec<&str> = self.clusters.values().map(|cluster| cluster.name.as_str()).collect();
        f.debug_struct("Environment")
            .field("run", &self.context.run)
            .field("vault", &self.vault.address)
            .field("clusters", &clusters)
            .finish()
    }
}

fn reported_by(haproxy: &mut Haproxy) -> (&str, &mut Output, &Child) {
    (&haproxy.name, &mut haproxy.output, &haproxy.child)
}

/// Makes what scripts of the setup find: `vault` by that name, and a folder to work in.
fn lay_out(folder: &PrivateFolder, vault: &VaultServer) -> Result<(), EnvironmentError> {
    let bin = folder.path().join("bin");
    folder::make(&bin, 0o711, None)?;
    let link = bin.join("vault");
    // Without one on this machine, scripts have none.
    if let Ok(program) = vault.local_program() {
        symlink(program, &link).map_err(|source| EnvironmentError::Folder {
            doing: "create",
            path: link.clone(),
            source,
        })?;
    }
    folder::make(&folder.path().join("scripts"), 0o700, None)
}

/// Lays the links that lead to clusters.
async fn lay(links: &mut Links, clusters: &BTreeMap<String, Cluster>) -> Result<(), EnvironmentError> {
    for cluster in clusters.values() {
        links.lay(CLIENT, &cluster.name, &ports_of(cluster)).await?;
        links.lay(VAULT, &cluster.name, &cluster.places()).await?;
    }
    Ok(())
}

/// The ports where clients log in to a cluster.
fn ports_of(cluster: &Cluster) -> Vec<u16> {
    [cluster.write_port()].into_iter().chain(cluster.read_port()).collect()
}

fn placeholders(
    vault: &VaultServer,
    clusters: &BTreeMap<String, Cluster>,
    links: &Links,
    context: &LaunchContext,
) -> Placeholders {
    let mut all = places(clusters, links, context);
    all.vault(&vault.address, vault.port);
    all
}

/// Where Vault finds the clusters.
fn places(clusters: &BTreeMap<String, Cluster>, links: &Links, context: &LaunchContext) -> Placeholders {
    let mut all = Placeholders::default();
    if let Some(authority) = &context.authority {
        all.authority(&authority.ca());
    }
    for (name, cluster) in clusters {
        let mut ports = links.ports(VAULT, &cluster.name, cluster.places()).into_iter();
        if let Some(port) = ports.next() {
            all.cluster(name, port);
        }
        if let Some(port) = cluster.read_port().and_then(|_| ports.next()) {
            all.read(name, port);
        }
        all.servers(name, ports.map(|port| ("127.0.0.1", port)));
    }
    all
}

/// Whether a fault fills the disk of a cluster's server.
fn is_filled(cluster: &str, faults: &[FaultPlan]) -> bool {
    let of = |on: &str| on.strip_prefix("postgres.").and_then(|rest| rest.split('.').next()) == Some(cluster);
    faults.iter().any(|fault| fault.kind == FaultKind::DiskFull && of(&fault.on))
}
