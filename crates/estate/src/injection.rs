//! The faults that a scenario asks for: what is done, and how it is healed.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use leaseproof_scenario::{EVERY_NODE, FaultKind, FaultPlan};

use crate::cluster::Cluster;
use crate::flood::Flood;
use crate::replication::no_standby;
use crate::vault::SERVER as VAULT;
use crate::{Estate, EstateError, Link, disk};

/// A fault that was done and has to be healed.
#[derive(Debug)]
pub struct Injected {
    kind: FaultKind,
    /// The server that it was done to, or who connects over the link.
    server: String,
    /// The link's other end.
    to: Option<String>,
    /// The connections that it took.
    flood: Option<Flood>,
    /// The file that fills a disk.
    filler: Option<PathBuf>,
}

impl Injected {
    fn of(kind: FaultKind, server: String) -> Self {
        Self { kind, server, to: None, flood: None, filler: None }
    }
}

impl Estate {
    /// What comes before a fault: the standby that a failover will promote is cut off from its primary. Gives what was
    /// done, in words.
    ///
    /// # Errors
    /// [`EstateError`] where it cannot be done.
    pub async fn precede(&self, fault: &FaultPlan) -> Result<String, EstateError> {
        let cluster = self.cluster(cluster_of(&fault.on));
        let standby = cluster.standby().ok_or_else(|| no_standby(&fault.on))?;
        cluster.cut_off(standby).await?;
        Ok(format!("{} is cut off", cluster.members[standby].name))
    }

    /// Does what the fault says. Gives it, and what was done, in words.
    ///
    /// # Errors
    /// [`EstateError`] where it cannot be done.
    ///
    /// # Panics
    /// Where the environment has no such server: a checked plan names none.
    pub async fn inject(&mut self, fault: &FaultPlan) -> Result<(Injected, String), EstateError> {
        if let Some(to) = &fault.to {
            return Ok(self.disturb(fault, to));
        }
        if fault.kind == FaultKind::Flood {
            let flood = Flood::begin(self.cluster(cluster_of(&fault.on)), &self.site.redactor).await?;
            let words = format!("{} connections of {} are taken", flood.connections(), fault.on);
            return Ok((Injected { flood: Some(flood), ..Injected::of(fault.kind, fault.on.clone()) }, words));
        }
        let server = self.server_of(&fault.on).await?;
        let done = match fault.kind {
            FaultKind::Kill | FaultKind::Failover => {
                for server in self.each(&server) {
                    self.kill(&server).await;
                }
                "killed"
            }
            FaultKind::Restart | FaultKind::Switchover => {
                if let Some(cluster) = self.kept(&server).filter(|_| fault.kind == FaultKind::Switchover) {
                    cluster.hand_over().await?;
                    return Ok((Injected::of(fault.kind, server.clone()), format!("{server} has handed over")));
                }
                for server in self.each(&server) {
                    self.stop(&server).await;
                }
                "stopped"
            }
            FaultKind::Freeze => {
                self.each(&server).iter().for_each(|server| self.freeze(server));
                "frozen"
            }
            FaultKind::StepDown => {
                self.vault.tell(&server, "sys/step-down", "step down").await?;
                "told to step down"
            }
            FaultKind::Seal => {
                self.vault.tell(&server, "sys/seal", "seal itself").await?;
                "sealed"
            }
            FaultKind::Quota => {
                self.vault.limit(fault.mount.as_deref().unwrap_or_default(), fault.rate.unwrap_or_default()).await?;
                "told to limit the rate of requests"
            }
            FaultKind::TokenExpiry => {
                self.expire_client().await?;
                let words = "the client's token has expired".to_owned();
                return Ok((Injected::of(fault.kind, server), words));
            }
            FaultKind::DiskFull => {
                let member = self.member(&server);
                member.child.want_end();
                let filler = Some(disk::fill(member).await?);
                let words = format!("the disk of {server} is full");
                return Ok((Injected { filler, ..Injected::of(fault.kind, server) }, words));
            }
            // These are done above, to what is no server.
            FaultKind::Partition | FaultKind::Cut | FaultKind::Latency | FaultKind::Loss | FaultKind::Flood => {
                "left alone"
            }
        };
        let whom = if server == EVERY_NODE { "every node of vault" } else { &server };
        let words = format!("{whom} is {done}");
        Ok((Injected::of(fault.kind, server), words))
    }

    /// Heals what was done. Each step is told in words when it is done. Answers which standbys do not follow their primary
    /// again because the account that the scenario has them replicate with does not let them, in words.
    ///
    /// # Errors
    /// [`EstateError`] where it cannot be healed.
    pub async fn heal(
        &mut self,
        injected: Injected,
        mut tell: impl FnMut(String),
    ) -> Result<Option<String>, EstateError> {
        let Injected { kind, server, to, flood, filler } = injected;
        match kind {
            FaultKind::Kill | FaultKind::Restart => {
                for server in self.each(&server) {
                    self.start_again(&server).await?;
                    tell(format!("{server} is started again"));
                }
                self.settle(&server, tell).await?;
                return Ok(self.standbys_lost(&server).await);
            }
            FaultKind::Freeze => {
                for server in self.each(&server) {
                    self.thaw(&server);
                    tell(format!("{server} goes on"));
                }
                self.settle(&server, tell).await?;
                return Ok(self.standbys_lost(&server).await);
            }
            FaultKind::Failover | FaultKind::Switchover => return self.fail_over(&server, tell).await,
            FaultKind::StepDown => {
                let active = self.vault.active_node().await?;
                tell(format!("{active} is active"));
            }
            FaultKind::Seal => {
                self.vault.unseal_again(&server, &self.site).await?;
                tell(format!("{server} is unsealed"));
            }
            FaultKind::Quota => {
                self.vault.unlimit().await?;
                tell(format!("{server} has no limit"));
            }
            FaultKind::DiskFull => {
                filler.as_deref().map_or(Ok(()), disk::clear)?;
                let ended = self.recover(&server).await?;
                let how = if ended { "had ended, and is started again with room" } else { "has room again" };
                tell(format!("{server} {how}"));
            }
            FaultKind::TokenExpiry => {
                self.log_client_in_again().await?;
                tell("the client has a new token".to_owned());
            }
            FaultKind::Flood => {
                if let Some(flood) = flood {
                    flood.end(self.cluster(cluster_of(&server))).await?;
                }
                tell(format!("the connections of {server} are given back"));
            }
            FaultKind::Partition | FaultKind::Cut | FaultKind::Latency | FaultKind::Loss => {
                let to = to.unwrap_or_default();
                self.links.between(&server, &to).iter().for_each(Link::pass);
                tell(format!("the link between {server} and {to} hands on again"));
            }
        }
        Ok(None)
    }

    /// Why the fault cannot be done any more, in words: it needs a standby, and an earlier one lost the last.
    pub fn lacks_standby(&self, fault: &FaultPlan) -> Option<String> {
        let needed = matches!(fault.kind, FaultKind::Failover | FaultKind::Switchover) || fault.lag.is_some();
        let (_, cluster) = self.clusters().find(|(name, _)| *name == cluster_of(&fault.on))?;
        let lacks = needed && cluster.replicates_as_said() && cluster.standby().is_none();
        lacks.then(|| format!("{} has no standby left that could take its place: not done", fault.on))
    }

    /// Why standbys of that server's cluster do not follow it, where the scenario says as whom they replicate.
    async fn standbys_lost(&self, server: &str) -> Option<String> {
        let member = |cluster: &&Cluster| cluster.members.iter().any(|member| member.name == server);
        let cluster = self.clusters.values().find(member).filter(|cluster| cluster.replicates_as_said())?;
        cluster.standbys_follow(&self.site).await.err().map(|why| cluster.lost(&why))
    }

    /// Does a fault of a link.
    fn disturb(&self, fault: &FaultPlan, to: &str) -> (Injected, String) {
        let links = self.links.between(&fault.on, to);
        let by = fault.by.unwrap_or_default();
        let done = match fault.kind {
            FaultKind::Cut => {
                links.iter().for_each(Link::cut);
                "is cut".to_owned()
            }
            FaultKind::Latency => {
                links.iter().for_each(|link| link.delay(by.duration()));
                format!("hands on {by} later")
            }
            FaultKind::Loss => {
                let share = fault.share.unwrap_or_default();
                // Each of several ports has a draw of its own.
                for (seed, link) in (self.links.seed()..).zip(links) {
                    link.lose(share, seed);
                }
                format!("loses {:.0} % of what passes", share * 100.0)
            }
            _ => {
                links.iter().for_each(Link::stall);
                "hands nothing on".to_owned()
            }
        };
        let words = format!("the link between {} and {to} {done}", fault.on);
        (Injected { to: Some(to.to_owned()), ..Injected::of(fault.kind, fault.on.clone()) }, words)
    }

    /// After the end of a primary: a standby takes its place, and it becomes a standby itself.
    async fn fail_over(&mut self, old: &str, mut tell: impl FnMut(String)) -> Result<Option<String>, EstateError> {
        let members = |cluster: &crate::cluster::Cluster| cluster.members.iter().any(|member| member.name == old);
        let Some(cluster) = self.clusters.values_mut().find(|cluster| members(cluster)) else { return Ok(None) };
        let place = cluster.primary.load(Ordering::Acquire);
        let standby = cluster.succeed(&self.site).await?;
        tell(format!("{} is promoted", cluster.members[standby].name));
        let lost = cluster.rejoin(place, &self.site).await?;
        if lost.is_none() {
            tell(format!("{old} is a standby"));
        }
        Ok(lost)
    }

    /// Where Patroni keeps the cluster of a server: waits until it has a primary and the others follow, and tells which.
    async fn settle(&self, server: &str, mut tell: impl FnMut(String)) -> Result<(), EstateError> {
        if let Some(cluster) = self.kept(server) {
            cluster.settle(&self.site).await?;
            tell(format!("{} is the primary, and the others follow", cluster.primary().name));
        }
        Ok(())
    }

    /// The cluster of that server, where Patroni keeps it.
    fn kept(&self, server: &str) -> Option<&Cluster> {
        let mut kept = self.clusters.values().filter(|cluster| cluster.patroni.is_some());
        kept.find(|cluster| cluster.members.iter().any(|member| member.name == server))
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
    async fn server_of(&self, on: &str) -> Result<String, EstateError> {
        if on == VAULT {
            return self.vault.active_node().await;
        }
        let Some((_, whole)) = self.clusters().find(|(name, _)| on == format!("postgres.{name}")) else {
            return Ok(on.to_owned());
        };
        whole.look(&self.site).await?;
        Ok(whole.primary().name.clone())
    }
}

fn cluster_of(on: &str) -> &str {
    on.strip_prefix("postgres.").unwrap_or(on)
}

/// How long Vault's nodes may take to elect one of them.
pub(crate) const ELECTION: Duration = Duration::from_secs(60);
