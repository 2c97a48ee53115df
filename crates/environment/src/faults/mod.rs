//! The faults that a scenario asks for, one file each: what is done, and how it is healed.

mod disk_full;
mod failover;
mod flood;
mod freeze;
mod kill;
mod link;
mod quota;
mod restart;
mod seal;
mod step_down;
mod switchover;
mod terminate_sessions;
mod token_expiry;

use std::fmt;

use futures_util::future::BoxFuture;
use leaseproof_scenario::{EVERY_NODE, FaultKind, FaultPlan};

use crate::servers::cluster::Cluster;
use crate::servers::replication::no_standby;
use crate::servers::vault::SERVER as VAULT;
use crate::{Environment, EnvironmentError};

/// A fault that was injected and has to be healed.
pub struct Injected(Box<dyn HealBoxed>);

impl fmt::Debug for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Injected")
    }
}

/// A fault that was injected, and what was done, in words.
type Done = Result<(Injected, String), EnvironmentError>;

/// Receives each step of a healing, in words, when it is done.
type Tell<'a> = &'a mut (dyn FnMut(String) + Send);

/// Which standbys do not follow their primary again because the account that the scenario has them replicate with does not
/// let them, in words.
type Healed = Result<Option<String>, EnvironmentError>;

/// What a fault did, and how it is healed.
trait Heal: Send + 'static {
    fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> impl Future<Output = Healed> + Send;

    /// With what was done, in words.
    fn done(self, words: String) -> (Injected, String)
    where
        Self: Sized,
    {
        (Injected(Box::new(self)), words)
    }
}

/// [`Heal`] for a fault of any kind.
trait HealBoxed: Send {
    fn heal_boxed<'a>(self: Box<Self>, environment: &'a mut Environment, tell: Tell<'a>) -> BoxFuture<'a, Healed>;
}

impl<T: Heal> HealBoxed for T {
    fn heal_boxed<'a>(self: Box<Self>, environment: &'a mut Environment, tell: Tell<'a>) -> BoxFuture<'a, Healed> {
        Box::pin((*self).heal(environment, tell))
    }
}

impl Environment {
    /// Prepares a fault: the standby that a failover will promote is disconnected from its primary. Returns what was done, in
    /// words.
    ///
    /// # Errors
    /// [`EnvironmentError`] if it cannot be done.
    pub async fn precede(&self, fault: &FaultPlan) -> Result<String, EnvironmentError> {
        let cluster = self.cluster(cluster_of(&fault.on));
        let standby = cluster.standby().ok_or_else(|| no_standby(&fault.on))?;
        cluster.cut_off(standby).await?;
        Ok(format!("{} is cut off", cluster.members[standby].name))
    }

    /// Injects a fault. Returns it, and what was done, in words.
    ///
    /// # Errors
    /// [`EnvironmentError`] if it cannot be injected.
    ///
    /// # Panics
    /// If the environment has no such server: a checked plan names none.
    pub async fn inject(&mut self, fault: &FaultPlan) -> Result<(Injected, String), EnvironmentError> {
        let on = &fault.on;
        match &fault.kind {
            FaultKind::Kill => kill::inject(self, on).await,
            FaultKind::Restart => restart::inject(self, on).await,
            FaultKind::Freeze => freeze::inject(self, on).await,
            FaultKind::Failover { .. } => failover::inject(self, on).await,
            FaultKind::Switchover => switchover::inject(self, on).await,
            FaultKind::StepDown => step_down::inject(self, on).await,
            FaultKind::Seal => seal::inject(self, on).await,
            FaultKind::Partition { to } => Ok(link::stall(self, on, to)),
            FaultKind::Cut { to } => Ok(link::cut(self, on, to)),
            FaultKind::Latency { to, by } => Ok(link::delay(self, on, to, *by)),
            FaultKind::Loss { to, share } => Ok(link::lose(self, on, to, *share)),
            FaultKind::Quota { rate, mount } => quota::inject(self, on, mount, *rate).await,
            FaultKind::Flood => flood::inject(self, on).await,
            FaultKind::TokenExpiry => token_expiry::inject(self).await,
            FaultKind::DiskFull => disk_full::inject(self, on).await,
            FaultKind::TerminateSessions => terminate_sessions::inject(self, on).await,
        }
    }

    /// Heals a fault. `tell` gets each step in words when it is done. Returns which standbys do not follow their primary again
    /// because the account that the scenario has them replicate with does not let them, in words.
    ///
    /// # Errors
    /// [`EnvironmentError`] if it cannot be healed.
    pub async fn heal(
        &mut self,
        injected: Injected,
        mut tell: impl FnMut(String) + Send,
    ) -> Result<Option<String>, EnvironmentError> {
        injected.0.heal_boxed(self, &mut tell).await
    }

    /// Why the fault cannot be injected any more, in words: it needs a standby, and an earlier one lost the last.
    pub fn lacks_standby(&self, fault: &FaultPlan) -> Option<String> {
        let needed = matches!(fault.kind, FaultKind::Failover { .. } | FaultKind::Switchover);
        let (_, cluster) = self.clusters().find(|(name, _)| *name == cluster_of(&fault.on))?;
        let lacks = needed && cluster.replicates_as_said() && cluster.standby().is_none();
        lacks.then(|| format!("{} has no standby left that could take its place: not done", fault.on))
    }

    /// Why standbys of that server's cluster do not follow it, if the scenario says as whom they replicate.
    async fn standbys_lost(&self, server: &str) -> Option<String> {
        let cluster = self
            .clusters
            .values()
            .find(|cluster| cluster.has(server))
            .filter(|cluster| cluster.replicates_as_said())?;
        cluster.standbys_follow(&self.context).await.err().map(|why| cluster.lost(&why))
    }

    /// If Patroni manages the cluster of a server: waits until it has a primary and the others follow.
    async fn settle(&self, server: &str, tell: Tell<'_>) -> Result<(), EnvironmentError> {
        if let Some(cluster) = self.managed_by_patroni(server) {
            cluster.settle(&self.context).await?;
            tell(format!("{} is the primary, and the others follow", cluster.primary().name));
        }
        Ok(())
    }

    /// The cluster of that server, if Patroni manages it.
    fn managed_by_patroni(&self, server: &str) -> Option<&Cluster> {
        let mut managed = self.clusters.values().filter(|cluster| cluster.patroni.is_some());
        managed.find(|cluster| cluster.has(server))
    }

    /// The servers that are meant: every node of Vault, or the one.
    fn each(&self, server: &str) -> Vec<String> {
        if server == EVERY_NODE {
            return self.vault.nodes.iter().map(|node| node.name.clone()).collect();
        }
        vec![server.to_owned()]
    }

    /// The server that a fault's `on` means now: a cluster with standbys stands for its primary, Vault for its active
    /// node.
    async fn server_of(&self, on: &str) -> Result<String, EnvironmentError> {
        if on == VAULT {
            return self.vault.active_node().await;
        }
        let Some((_, whole)) = self.clusters().find(|(name, _)| on == format!("postgres.{name}")) else {
            return Ok(on.to_owned());
        };
        whole.find_leader(&self.context).await?;
        Ok(whole.primary().name.clone())
    }
}

/// `vault.1 is killed`, `every node of vault is killed`.
fn done_to(server: &str, done: &str) -> String {
    let whom = if server == EVERY_NODE { "every node of vault" } else { server };
    format!("{whom} is {done}")
}

fn cluster_of(on: &str) -> &str {
    on.strip_prefix("postgres.").unwrap_or(on)
}
