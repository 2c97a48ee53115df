//! The plan: a scenario that was checked whole. It is what every other room works from, and it is kept with the run
//! (redacted), so that a recorded run can be judged again.

mod accounts;
mod action;
mod attached;
mod choices;
mod containers;
mod fault;
mod load;
mod naming;
mod password_policy;
mod pdns;
mod planned_load;
mod predefined;
mod probes;
mod promise;
mod promised;
mod schedule;
mod setup;
mod start;
mod tamper;
mod username;
mod wrong_key;

use std::collections::BTreeMap;

use leaseproof_domain::{CheckId, NotRequested, Origin, ScenarioWarning, Subject, Ttl};
use serde::{Deserialize, Serialize};

pub use action::{ActionPlan, Affected, healed_by, numbered};
pub use attached::{
    AttachedAuth, AttachedFiles, AttachedInput, AttachedPlan, AttachedPostgres, AttachedVault, EnvironmentKind,
    LeftOut, SecretSource,
};
pub use choices::{Choices, Draw};
pub use containers::{ContainersPlan, Image};
pub use fault::{EVERY_NODE, FaultKind, FaultName, FaultPlan};
pub(crate) use load::THRESHOLD_OPTION;
pub use load::{
    ClientPlan, Comparison, During, HoldPlan, KnownIssuePlan, LifecyclePlan, PhasePlan, RenewPlan, ThresholdPlan,
};
pub use naming::{Naming, UsernamePattern};
pub use pdns::{AfterRendering, PdnsPlan};
pub use planned_load::{PlannedArrival, PlannedLoad};
pub use predefined::brings_membership;
pub use promise::{
    AccountPromise, EnvironmentPromise, Escalations, FuturePromise, GrantFragment, Member, Never, ProbePlan,
    PublicDefaults, RolePromise, SessionFate, WholeSchema,
};
pub use promised::Promised;
pub use schedule::Schedule;
pub use setup::{ExpectedFailure, Setting, SettingValue, SetupAction, SetupStep, Warnings};
pub use tamper::{TamperKind, TamperPlan, TamperedRequest};
pub use username::RoleNames;
pub use wrong_key::WrongKey;
pub(crate) use wrong_key::{PASSWORD_POLICIES, policy_in};

/// A checked scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The scenario's name: its folder's.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The runbook that it follows, relative to the scenario's folder.
    pub runbook: Option<String>,
    /// Seed of every choice: which lifecycle renews, which is revoked, when.
    pub seed: u64,
    /// The Vault under test.
    pub vault: VaultPlan,
    /// The PostgreSQL clusters under test, by name.
    pub postgres: BTreeMap<String, PostgresPlan>,
    /// What the operator does, in order.
    pub setup: Vec<SetupStep>,
    /// What is likely to be wrong with the scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<ScenarioWarning>,
    /// What the credentials' client may do.
    pub client: ClientPlan,
    /// What is promised of the whole environment.
    pub promise: EnvironmentPromise,
    /// What is promised of PostgreSQL accounts that Vault uses.
    pub accounts: Vec<AccountPromise>,
    /// What is promised of each Vault role's credentials.
    pub roles: Vec<RolePromise>,
    /// What is done with credentials.
    pub lifecycles: Vec<LifecyclePlan>,
    /// When, and how often.
    pub phases: Vec<PhasePlan>,
    /// Bounds on figures.
    pub thresholds: Vec<ThresholdPlan>,
    /// Defects that are declared.
    pub known_issues: Vec<KnownIssuePlan>,
    /// What a tampering proxy between the credentials' client and Vault does; without `[[tamper]]` there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tampering: Vec<TamperPlan>,
    /// What is done to servers, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultPlan>,
    /// What the operator does during the load, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionPlan>,
    /// A live PowerDNS on an issued credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdns: Option<PdnsPlan>,
    /// The checks that all these promises ask for, in the catalogue's order.
    pub asks: Vec<Ask>,
    /// Where the servers run.
    #[serde(default, skip_serializing_if = "EnvironmentKind::is_processes")]
    pub environment: EnvironmentKind,
    /// The images of an environment of containers.
    #[serde(default, skip_serializing_if = "ContainersPlan::is_empty")]
    pub containers: ContainersPlan,
    /// Where an environment stands that leaseproof did not make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached: Option<AttachedPlan>,
    /// Checks that the promises ask for and that nobody can make in this environment: they are not among `asks`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Checks that the promises ask for and that `--only` or `--skip` left out: they are not among `asks`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_requested: Vec<NotRequested>,
}

impl Plan {
    /// The account that the standbys of a fault's cluster replicate with, where the scenario says one.
    pub fn replication_of(&self, fault: &FaultPlan) -> Option<&ReplicationAccount> {
        let rest = fault.on.strip_prefix("postgres.")?;
        let is_of = |name: &str| rest.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let (_, cluster) = self.postgres.iter().find(|(name, _)| is_of(name))?;
        cluster.replicate_as.as_ref()
    }

    /// The steps of the setup and of the operator's actions.
    pub fn steps(&self) -> impl Iterator<Item = &SetupStep> {
        self.setup.iter().chain(self.actions.iter().map(|action| &action.step))
    }

    /// The same, to change.
    pub(crate) fn steps_mut(&mut self) -> impl Iterator<Item = &mut SetupStep> {
        self.setup.iter_mut().chain(self.actions.iter_mut().map(|action| &mut action.step))
    }

    /// At how many endpoints the credentials of a role log in: a replicated cluster has one for reads and writes, and one
    /// for reads.
    pub fn endpoints(&self, role: &RolePromise) -> usize {
        let attached = self.attached.as_ref().and_then(|attached| attached.postgres.get(&role.on));
        let layout = self.postgres.get(&role.on).map(|cluster| cluster.layout);
        match attached {
            Some(attached) => attached.endpoints.len(),
            None => 1 + usize::from(layout.is_some_and(|layout| layout.replicated().is_some())),
        }
    }

    /// The title for people; it says if a tampering proxy changes what the client gets.
    pub fn shown_title(&self) -> String {
        if self.tampering.is_empty() {
            return self.title.clone();
        }
        let kinds: Vec<&str> = self.tampering.iter().map(|tamper| tamper.kind.name()).collect();
        format!("{} (with a tampering proxy in front of Vault: {})", self.title, kinds.join(", "))
    }
}

/// One check that the scenario's promises ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The check.
    pub check: CheckId,
    /// What it is to judge.
    pub subject: Subject,
    /// The line that asks.
    pub origin: Origin,
}

/// The Vault under test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultPlan {
    /// How many servers share the storage.
    #[serde(default = "one")]
    pub nodes: u16,
    /// Where Vault keeps its data.
    pub storage: VaultStorage,
    /// The stanza of [`VaultStorage::Postgresql`].
    #[serde(default)]
    pub postgresql: Option<VaultPostgresPlan>,
    /// Whether it listens with TLS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
    /// Whether a file audit device is enabled before setup.
    pub audit: bool,
    /// The system's default lease TTL, where the scenario sets one (Vault's own: 768 h).
    pub default_lease_ttl: Option<Ttl>,
    /// The system's maximum lease TTL, where the scenario sets one (Vault's own: 768 h).
    pub max_lease_ttl: Option<Ttl>,
    /// A fixed port to listen on; otherwise a free one.
    pub port: Option<u16>,
    /// The `[vault]` line.
    pub origin: Origin,
}

fn one() -> u16 {
    1
}

/// PostgreSQL as Vault's own storage. Vault makes no tables: the setup's SQL steps that come before any other are done
/// before Vault starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultPostgresPlan {
    /// `connection_url`, with `${…}` not yet filled in. It may hold a password.
    pub connection_url: String,
    /// `ha_enabled`: whether the nodes take turns by a lock in the database.
    pub ha_enabled: bool,
    /// The line of `connection_url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// Where Vault keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VaultStorage {
    /// In memory: gone with the process.
    Inmem,
    /// Files in the environment's private folder.
    File,
    /// Integrated storage in the environment's private folder.
    Raft,
    /// Tables of a PostgreSQL cluster of the environment.
    Postgresql,
}

/// How many servers a cluster has, and what stands before them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Layout {
    /// One server.
    #[default]
    Standalone,
    /// A primary and streaming standbys behind HAProxy, which has a port for the primary and one for the standbys.
    HaproxyHa {
        /// How many standbys.
        standbys: u16,
        /// When a commit is acknowledged.
        replication: Replication,
    },
    /// The same kept by Patroni and etcd, which decide themselves who is the primary.
    Patroni {
        /// How many standbys.
        standbys: u16,
        /// When a commit is acknowledged: `Async` or `RemoteApply`.
        replication: Replication,
        /// How soon Patroni sees and decides.
        timing: PatroniTiming,
    },
}

impl Layout {
    /// How many standbys there are and when a commit is acknowledged; none of a server that stands alone.
    pub const fn replicated(self) -> Option<(u16, Replication)> {
        match self {
            Self::Standalone => None,
            Self::HaproxyHa { standbys, replication } | Self::Patroni { standbys, replication, .. } => {
                Some((standbys, replication))
            }
        }
    }

    /// Whether Patroni keeps it.
    pub const fn is_patroni(self) -> bool {
        matches!(self, Self::Patroni { .. })
    }
}

/// Patroni's dynamic settings of the same names, in seconds; the defaults are Patroni's own (Patroni, Dynamic
/// Configuration Settings).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatroniTiming {
    /// How long the leader's lock lasts when nobody renews it.
    pub ttl: u32,
    /// How long Patroni sleeps between two observations.
    pub loop_wait: u32,
    /// How long it tries etcd and PostgreSQL before it gives the lock up.
    pub retry_timeout: u32,
}

impl Default for PatroniTiming {
    fn default() -> Self {
        Self { ttl: 30, loop_wait: 10, retry_timeout: 10 }
    }
}

/// The account that standbys replicate with, as an operator configures it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicationAccount {
    /// The PostgreSQL user.
    pub user: String,
    /// Its password as the standbys know it: what is done to the account later does not change it.
    pub password: Setting,
    /// The line of `replicate_as`.
    pub origin: Origin,
}

/// When the primary acknowledges a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replication {
    /// When it is on the primary's own disk.
    Async,
    /// When every standby shows it to its readers.
    RemoteApply,
    /// When more than half of the standbys have it on their disks.
    Quorum,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(seconds: &i64) -> bool {
    *seconds == 0
}

/// One PostgreSQL cluster under test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresPlan {
    /// How many servers, and what stands before them.
    #[serde(default)]
    pub layout: Layout,
    /// Major version, e.g. `15`.
    pub version: String,
    /// The text of pg_hba.conf, where the scenario brings one. The harness's own line stands before it.
    pub hba: Option<String>,
    /// Settings of postgresql.conf.
    pub settings: BTreeMap<String, String>,
    /// Whether its servers offer TLS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
    /// The bootstrap superuser's name (`postgres`).
    pub superuser: String,
    /// The bootstrap superuser's password.
    pub password: Setting,
    /// A fixed port to listen on; otherwise a free one.
    pub port: Option<u16>,
    /// How far its servers' clock is ahead of the machine's, in seconds; behind it where negative.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub clock: i64,
    /// The account that standbys replicate with once the setup has created it; the harness's own where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicate_as: Option<ReplicationAccount>,
    /// The lines of `hba` and of each setting, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<String, Origin>,
    /// The `[postgres.<name>]` line.
    pub origin: Origin,
}
