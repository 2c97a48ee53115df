//! A cluster that Patroni keeps, as its operators run one: an etcd of one member holds the leader's lock, and before each
//! PostgreSQL server stands a Patroni, which starts it, promotes it, and takes it back. The harness decides nothing.
//!
//! Patroni takes over servers that were made before it ran (Patroni, "Converting a Standalone to a Patroni Cluster"):
//! the first one that comes up without a leader becomes it.

mod etcd;
mod rest;

use std::time::Duration;

use leaseproof_postgres::Session;
use leaseproof_scenario::{PatroniTiming, PostgresPlan, Replication};

pub(crate) use self::etcd::{ETCD, Etcd};
use crate::EnvironmentError;
use crate::launch::context::LaunchContext;
use crate::launch::find::Places;
use crate::launch::wait::Tries;
use crate::servers::keeper::{Keeping, PATRONI, member, slot};
use crate::servers::server::Server;
use crate::servers::upstream::streaming;

/// How often a state is asked for.
const TRY: Duration = Duration::from_millis(100);
/// How long a leader may take beyond the time until its predecessor's lock runs out: PostgreSQL's own recovery.
const PROMOTION: Duration = Duration::from_secs(60);
/// How long Patroni may take to make its standbys synchronous.
const SYNCHRONOUS: Duration = Duration::from_secs(60);

/// What keeps a cluster.
pub(crate) struct Patroni {
    pub(crate) etcd: Etcd,
    pub(crate) timing: PatroniTiming,
    pub(crate) replication: Replication,
}

impl Patroni {
    /// Starts the cluster's etcd; with what its servers' Patronis have in common.
    pub(crate) async fn begin(
        cluster: &str,
        plan: &PostgresPlan,
        (standbys, replication): (usize, Replication),
        timing: PatroniTiming,
        context: &LaunchContext,
    ) -> Result<(Self, Keeping), EnvironmentError> {
        // A missing Patroni is reported before anything starts.
        Places::here().named(&PATRONI)?;
        let etcd = Etcd::start(cluster.replacen("postgres", "etcd", 1), context).await?;
        let keeping = Keeping::new(cluster, plan, (standbys, replication), timing, etcd.port)?;
        Ok((Self { etcd, timing, replication }, keeping))
    }

    /// Asks the Patroni of a cluster's primary for a switchover.
    pub(crate) async fn hand_over(&self, cluster: &str, primary: &Server) -> Result<(), EnvironmentError> {
        let failed = |why: String| EnvironmentError::NotStarted {
            server: cluster.to_owned(),
            why: format!("Patroni made no switchover: {why}"),
            tail: Vec::new(),
        };
        let port = primary.rest_port().ok_or_else(|| failed("it does not keep this server".to_owned()))?;
        rest::switch_over(port, &member(&primary.name)).await.map_err(failed)
    }

    /// Waits until the standbys stream from the leader at that place and, where commits wait for them, until Patroni made
    /// them synchronous.
    pub(crate) async fn settled(
        &self,
        name: &str,
        members: &[Server],
        leader: usize,
        context: &LaunchContext,
    ) -> Result<(), EnvironmentError> {
        let (server, standbys) = (&members[leader], members.len() - 1);
        let failed = |source| EnvironmentError::Postgres {
            server: server.name.clone(),
            doing: "read its replication slots",
            source,
        };
        let session = Session::open(&server.observer_login("postgres")).await.map_err(failed)?;
        // Patroni makes the slots at its next observation, and a standby that found none tries again five seconds later.
        for member in members.iter().filter(|member| member.name != server.name) {
            let slot = slot(&member.name);
            let make = format!(
                "SELECT pg_create_physical_replication_slot('{slot}') \
                 WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{slot}')"
            );
            session.query(&make).await.map_err(failed)?;
        }
        streaming(name, server, standbys, context).await?;
        if self.replication == Replication::RemoteApply {
            self.synchronous(&session, server, standbys, context).await?;
        }
        session.close().await;
        Ok(())
    }

    /// Waits until that many standbys are synchronous. Patroni is asked to check at once: by itself it checks every
    /// `loop_wait`.
    async fn synchronous(
        &self,
        session: &Session,
        leader: &Server,
        standbys: usize,
        context: &LaunchContext,
    ) -> Result<(), EnvironmentError> {
        let doing = "read its synchronous standbys";
        let failed = |source| EnvironmentError::Postgres { server: leader.name.clone(), doing, source };
        let sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')";
        let tries = Tries::new(SYNCHRONOUS, TRY);
        loop {
            let now = session.value(sql).await.map_err(failed)?.unwrap_or_default();
            if now == standbys.to_string() {
                return Ok(());
            }
            if let Some(port) = leader.rest_port() {
                rest::wake(port).await;
            }
            if !tries.again().await {
                let why = format!("{now} of {standbys} standbys are synchronous after {} s", SYNCHRONOUS.as_secs());
                return Err(context.not_started(&leader.name, why, &leader.child));
            }
        }
    }

    /// Waits for a leader, another one than `but` where it is given, and gives its place.
    pub(crate) async fn leader(
        &self,
        name: &str,
        members: &[Server],
        but: Option<usize>,
        context: &LaunchContext,
    ) -> Result<usize, EnvironmentError> {
        let tries = Tries::new(Duration::from_secs(self.timing.ttl.into()) + PROMOTION, TRY);
        loop {
            for (place, member) in members.iter().enumerate().filter(|(place, _)| Some(*place) != but) {
                let Some(port) = member.rest_port().filter(|_| member.child.ended().is_none()) else { continue };
                if rest::is_leader(port).await {
                    return Ok(place);
                }
            }
            if !tries.again().await {
                let why = "Patroni has no leader of it".to_owned();
                return Err(context.not_started(name, why, &members[0].child));
            }
        }
    }
}
