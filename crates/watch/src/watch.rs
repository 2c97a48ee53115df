use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use leaseproof_domain::{
    AccountReading, Baseline, Event, LeaseId, Observer as ObserverKind, Redactor, RoleSeen, Username,
};
use leaseproof_history::Recorder;
use leaseproof_vault::Client;
use regex::RegexSet;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::Error;
use crate::databases::{Watched, whole_cluster};
use crate::delta::KnownLeases;
use crate::dependencies::DependencyWatch;
use crate::leases::{LeaseWatch, all_leases};
use crate::leases_before::LeasesBefore;
use crate::logs::{LogSource, Logs};
use crate::objects;
use crate::pace::{Book, at_pace};
use crate::privileges::KnownSets;
use crate::release::{Backlog, ReleaseWait};
use crate::roles::RoleWatch;
use crate::sessions::{KnownSessions, SessionWatch};
use crate::telemetry::{GaugeWatch, IrrevocableWatch};

/// How often sessions are observed.
const SESSIONS_PACE: Duration = pace(ObserverKind::Sessions);
/// How often `pg_shdepend` is read.
const DEPENDENCIES_PACE: Duration = pace(ObserverKind::Dependencies);
/// How often Vault is asked for irrevocable leases and gauges.
const TELEMETRY_PACE: Duration = pace(ObserverKind::Irrevocable);
/// For how long what is left after the drain is asked for again where a server does not answer.
const RESIDUE_BOUND: Duration = Duration::from_secs(15);

const fn pace(observer: ObserverKind) -> Duration {
    observer.pace().expect("it observes at a pace of its own")
}

/// What to observe.
pub struct Config {
    /// The PostgreSQL clusters and databases; an observer of one that setup has yet to make is lazy.
    pub clusters: Vec<Watched>,
    /// Vault, with a token that may list leases.
    pub vault: Client,
    /// The mounts and roles whose leases are listed.
    pub roles: Vec<(String, String)>,
    /// Regular expressions of the names of roles that Vault creates: where one was there before the run, the leases from
    /// before are looked up one by one.
    pub usernames: Vec<String>,
    /// PostgreSQL accounts whose attributes are promised.
    pub accounts: Vec<String>,
    /// PostgreSQL accounts of Vault's own, whose sessions are observed too.
    pub vaults_own: BTreeSet<String>,
    /// Clusters whose sessions of those accounts are all that is observed: Vault's storage.
    pub storage: Vec<Watched>,
    /// From one observation to the next.
    pub pace: Duration,
    /// The servers' logs.
    pub logs: Vec<LogSource>,
    /// Vault's file audit log, where there is one. It need not be there yet.
    pub audit: Option<PathBuf>,
    /// Where scrubbed logs go; it is made.
    pub logs_folder: PathBuf,
}

/// Everything that observations on.
pub struct Watch {
    clusters: Vec<Watched>,
    vault: Client,
    roles: Vec<(String, String)>,
    usernames: Vec<String>,
    accounts: Vec<String>,
    vaults_own: BTreeSet<String>,
    storage: Vec<Watched>,
    pace: Duration,
    book: Book,
    /// By cluster, the OIDs that were there before the first credential.
    baseline: Mutex<BTreeMap<String, BTreeSet<u32>>>,
    /// The leases that were there before the first credential.
    leases_before: Mutex<BTreeSet<LeaseId>>,
    looking: Mutex<Vec<JoinHandle<()>>>,
    stop: CancellationToken,
    /// A watch that is dropped observations no more.
    _stops_with_this: DropGuard,
    logs: Logs,
}

impl Watch {
    /// Begins to collect the logs. Looking begins with [`Watch::baseline`].
    ///
    /// # Errors
    /// [`Error::Log`] where a log's file cannot be made.
    pub async fn start(config: Config, recorder: &Recorder, redactor: &Arc<Redactor>) -> Result<Self, Error> {
        let Config { clusters, vault, roles, usernames, accounts, vaults_own, storage, pace, logs, audit, logs_folder } =
            config;
        let book = Book { recorder: recorder.clone(), redactor: Arc::clone(redactor) };
        let mounts = roles.iter().map(|(mount, _)| mount.as_str());
        let logs = Logs::start(logs, audit, mounts, logs_folder, &book)?;
        let stop = CancellationToken::new();
        Ok(Self {
            clusters,
            vault,
            roles,
            usernames,
            accounts,
            vaults_own,
            storage,
            pace,
            book,
            baseline: Mutex::default(),
            leases_before: Mutex::default(),
            looking: Mutex::default(),
            _stops_with_this: stop.clone().drop_guard(),
            stop,
            logs,
        })
    }

    /// Records what stands before the first credential is asked for: roles, promised accounts, objects. From then on
    /// roles, what new ones may do, and leases are observed, each at the configured pace.
    ///
    /// # Errors
    /// [`Error::Postgres`] where a cluster cannot be observed.
    pub async fn baseline(&self) -> Result<(), Error> {
        let mut databases: BTreeMap<String, Vec<Watched>> = BTreeMap::new();
        for watched in &self.clusters {
            objects::record(watched, &self.book).await?;
            databases.entry(watched.cluster.clone()).or_default().push(watched.clone());
        }
        self.observe_objects();
        for account in &self.accounts {
            self.observe_account(account).await?;
        }
        let sets = Arc::new(Mutex::new(KnownSets::default()));
        let usernames = RegexSet::new(self.usernames.iter().map(|name| format!("^(?:{name})$"))).unwrap_or_default();
        let mut suspects = Vec::new();
        let mut clusters = Vec::new();
        for databases in databases.into_values() {
            let roles = self.record_baseline(&databases[0]).await?;
            clusters.push(databases[0].clone());
            suspects
                .extend(roles.iter().map(|role| role.name.clone()).filter(|name| usernames.is_match(name.as_str())));
            let baseline: BTreeSet<u32> = roles.iter().map(|role| role.oid).collect();
            self.observe_cluster(&databases[0], &baseline);
            let databases = whole_cluster(databases).await?;
            let observations = RoleWatch::new(databases, baseline, Arc::clone(&sets), self.book.clone());
            self.begin(at_pace(observations, Duration::ZERO, self.pace, self.stop.clone()));
        }
        for watched in &self.storage {
            self.observe_sessions(watched, None);
        }
        let before: BTreeSet<LeaseId> = all_leases(&self.vault, &self.roles).await?.into_iter().collect();
        self.record_leases_before(&before, suspects, &clusters).await?;
        self.leases_before.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&before);
        let observations = LeaseWatch {
            vault: self.vault.clone(),
            roles: self.roles.clone(),
            before,
            known: KnownLeases::default(),
            book: self.book.clone(),
        };
        // Half a pace after the roles: two observations at once would disturb the load more than one after the other.
        self.begin(at_pace(observations, self.pace / 2, self.pace, self.stop.clone()));
        self.observe_telemetry();
        Ok(())
    }

    /// The objects once more after each action of the scenario's operator, which may have made some.
    fn observe_objects(&self) {
        let (clusters, book) = (self.clusters.clone(), self.book.clone());
        self.begin(objects::after_actions(clusters, book, self.stop.clone()));
    }

    /// Sessions and dependencies of one cluster. Their observations fall between those at roles and at leases.
    fn observe_cluster(&self, watched: &Watched, baseline: &BTreeSet<u32>) {
        let (watched, baseline, book) = (watched.clone(), baseline.clone(), self.book.clone());
        let observations = DependencyWatch { watched: watched.clone(), baseline: baseline.clone(), book };
        self.begin(at_pace(observations, self.pace / 4, DEPENDENCIES_PACE, self.stop.clone()));
        self.observe_sessions(&watched, Some(baseline));
    }

    fn observe_sessions(&self, watched: &Watched, baseline: Option<BTreeSet<u32>>) {
        let observations = SessionWatch {
            watched: watched.clone(),
            baseline,
            vaults_own: self.vaults_own.clone(),
            known: KnownSessions::default(),
            known_own: KnownSessions::default(),
            book: self.book.clone(),
        };
        self.begin(at_pace(observations, self.pace / 3, SESSIONS_PACE, self.stop.clone()));
    }

    fn observe_telemetry(&self) {
        let (vault, book) = (self.vault.clone(), self.book.clone());
        let observations =
            GaugeWatch { vault: vault.clone(), last: BTreeMap::new(), rejected: false, book: book.clone() };
        self.begin(at_pace(observations, TELEMETRY_PACE / 2, TELEMETRY_PACE, self.stop.clone()));
        let observations = IrrevocableWatch { vault, known: None, book };
        self.begin(at_pace(observations, self.pace, TELEMETRY_PACE, self.stop.clone()));
    }

    async fn record_baseline(&self, watched: &Watched) -> Result<Vec<RoleSeen>, Error> {
        let roles = watched.observer.roles().await.map_err(|source| watched.failed("the roles", source))?;
        let oids: BTreeSet<u32> = roles.iter().map(|role| role.oid).collect();
        let cluster = watched.cluster.clone();
        self.book.record(Event::Baseline(Baseline { at: self.book.now(), cluster, roles: roles.clone() }));
        let mut baseline = self.baseline.lock().unwrap_or_else(PoisonError::into_inner);
        baseline.insert(watched.cluster.clone(), oids);
        Ok(roles)
    }

    /// Which leases there were, with all that may own one of the roles `suspects`. Roles are listed again afterwards: one that
    /// was dropped meanwhile has no lease, and is no orphan.
    async fn record_leases_before(
        &self,
        before: &BTreeSet<LeaseId>,
        suspects: Vec<Username>,
        clusters: &[Watched],
    ) -> Result<(), Error> {
        let mut observed = LeasesBefore::of(&self.vault, &suspects);
        let leases = observed.promised(before).await;
        let mut others = observed.others(&self.roles).await;
        others.unlisted = others.unlisted.map(|why| self.book.redactor.scrub(&why).text);
        let mut gone = suspects;
        if !gone.is_empty() {
            for watched in clusters {
                let roles = watched.observer.roles().await.map_err(|source| watched.failed("the roles", source))?;
                let names: BTreeSet<Username> = roles.into_iter().map(|role| role.name).collect();
                gone.retain(|name| !names.contains(name));
            }
        }
        self.book.record(Event::LeasesBefore { at: self.book.now(), leases, others: Some(others), gone });
        Ok(())
    }

    /// An account is looked for in every cluster; the first one that has it tells.
    async fn observe_account(&self, account: &str) -> Result<(), Error> {
        let mut attributes = None;
        for watched in &self.clusters {
            let read = watched.observer.attributes(account).await;
            attributes = read.map_err(|source| watched.failed("an account", source))?;
            if attributes.is_some() {
                break;
            }
        }
        let reading = AccountReading { at: self.book.now(), account: account.to_owned(), attributes };
        self.book.record(Event::Account(reading));
        Ok(())
    }

    /// Observations once at everything that is left after the drain, and records it.
    ///
    /// A server that a fault has just given back may close the first connections: it is asked again for
    /// [`RESIDUE_BOUND`], unless `stop` is cancelled.
    ///
    /// # Errors
    /// [`Error::Postgres`] or [`Error::Vault`] where it cannot be observed.
    pub async fn residue(&self, stop: &CancellationToken) -> Result<(), Error> {
        let until = Instant::now() + RESIDUE_BOUND;
        let (from, (roles, leases)) = loop {
            let from = self.book.now();
            match self.left().await {
                Ok(left) => break (from, left),
                Err(error) if stop.is_cancelled() || Instant::now() >= until => return Err(error),
                Err(_) => tokio::time::sleep(self.pace).await,
            }
        };
        let to = self.book.now();
        self.book.record(Event::Residue { from, to, released: false, roles, leases, shrinking: false });
        Ok(())
    }

    /// Once the run's token was revoked: observations at what is left until nothing is, Vault revokes nothing more, or the time
    /// of `waits` is over, and records it. `tell` receives how many roles and leases there are. Answers whether `stop` cut
    /// the wait short; where it was cancelled before, the wait is a short one.
    ///
    /// # Errors
    /// [`Error::Postgres`] or [`Error::Vault`] where it cannot be observed.
    pub async fn released(
        &self,
        waits: &ReleaseWait,
        stop: &CancellationToken,
        tell: impl Fn(u64, u64),
    ) -> Result<bool, Error> {
        let mut backlog = Backlog::begin(waits, stop.is_cancelled(), Instant::now());
        loop {
            let from = self.book.now();
            let left = self.left().await;
            let to = self.book.now();
            let (roles, leases) = match left {
                Ok(left) => left,
                Err(error) if backlog.is_over(Instant::now()) => return Err(error),
                Err(_) if backlog.pause(self.pace, stop).await => return Ok(true),
                Err(_) => continue,
            };
            // Groups stay, however long anybody waits.
            let many_roles = roles.iter().filter(|role| !role.is_group()).count() as u64;
            let many_leases = leases.len() as u64;
            if backlog.see(many_roles + many_leases, Instant::now()) {
                self.book.record(Event::Revoking { from, to, roles: many_roles, leases: many_leases });
            }
            tell(many_roles, many_leases);
            let goes_on = many_roles + many_leases > 0 && !backlog.is_over(Instant::now());
            if goes_on && !backlog.pause(self.pace, stop).await {
                continue;
            }
            let shrinking = many_roles + many_leases > 0 && !backlog.has_stalled(Instant::now());
            self.book.record(Event::Residue { from, to, released: true, roles, leases, shrinking });
            return Ok(goes_on);
        }
    }

    /// The roles that were not there before the run, and all leases.
    async fn left(&self) -> Result<(Vec<RoleSeen>, Vec<LeaseId>), Error> {
        let mut leases = all_leases(&self.vault, &self.roles).await?;
        leases.retain(|lease| !self.leases_before.lock().unwrap_or_else(PoisonError::into_inner).contains(lease));
        let mut left = Vec::new();
        let mut clusters = BTreeSet::new();
        for watched in &self.clusters {
            if clusters.insert(watched.cluster.clone()) {
                let roles = watched.observer.roles().await.map_err(|source| watched.failed("the roles", source))?;
                let baseline = self.baseline.lock().unwrap_or_else(PoisonError::into_inner);
                let before = baseline.get(&watched.cluster);
                let since = roles.into_iter().filter(|role| !before.is_some_and(|oids| oids.contains(&role.oid)));
                left.extend(since.map(|role| RoleSeen { cluster: watched.cluster.clone(), ..role }));
            }
        }
        Ok((left, leases))
    }

    /// Stops looking; an observation under way is finished first. Logs are collected on.
    ///
    /// # Panics
    /// Where an observation panicked, with its panic.
    pub async fn stop_observing(&self) {
        self.stop.cancel();
        let looking = std::mem::take(&mut *self.looking.lock().unwrap_or_else(PoisonError::into_inner));
        for observations in looking {
            if let Err(error) = observations.await
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    }

    /// Reads the logs to their end and records how far each was read. The servers have to have ended before; a log that
    /// does not end all the same is given up after some seconds, and recorded as incomplete.
    ///
    /// # Errors
    /// [`Error::Log`] where a log could not be kept.
    pub async fn finish(self) -> Result<(), Error> {
        self.stop_observing().await;
        self.logs.finish(&self.book).await
    }

    fn begin(&self, observations: impl Future<Output = ()> + Send + 'static) {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner).push(tokio::spawn(observations));
    }
}
