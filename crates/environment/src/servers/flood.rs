//! A client that takes every connection that a cluster has for ordinary accounts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use leaseproof_domain::{FLOOD_ACCOUNT, Redactor};
use leaseproof_postgres::{Error, Login, Session};
use tokio::task::JoinHandle;

use crate::EnvironmentError;
use crate::launch::context::password;
use crate::servers::cluster::Cluster;

/// `too_many_connections`: what PostgreSQL answers where only those are left that it keeps for superusers
/// (`superuser_reserved_connections`, src/backend/utils/init/postinit.c).
const TOO_MANY: &str = "53300";
/// What keeps a session's statements out of the server's log, whatever its settings are, and its passwords SCRAM.
const UNLOGGED: &str = "SET log_statement = 'none'; SET log_min_duration_statement = -1; \
                        SET log_min_error_statement = 'panic'; SET password_encryption = 'scram-sha-256'";
/// More connections than any server here has: an end, should the server never refuse one.
const MOST: usize = 10_000;
/// How long one login may take.
const LOGIN: Duration = Duration::from_secs(10);

/// How often it is tried whether a connection that somebody gave back can be had.
const AGAIN: Duration = Duration::from_millis(5);

/// The connections that were taken. They are given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Flood {
    connections: usize,
    over: Arc<AtomicBool>,
    keeper: JoinHandle<Vec<Held>>,
}

struct Held(Session);

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a session")
    }
}

impl Flood {
    /// Logs in again and again, until the server refuses; and from then on takes whatever is given back.
    pub(crate) async fn begin(cluster: &Cluster, redactor: &Redactor) -> Result<Self, EnvironmentError> {
        let failed = |doing| move |source| EnvironmentError::Postgres { server: cluster.name.clone(), doing, source };
        let secret = password(redactor);
        let make = format!("CREATE ROLE {FLOOD_ACCOUNT} LOGIN PASSWORD '{}'", secret.expose());
        let observer = Session::open(&cluster.observer_login("postgres")).await;
        let observer = observer.map_err(failed("make an account that floods it"))?;
        // Its password is in the statement, and no log may hold one.
        for statement in [UNLOGGED, &make] {
            observer.script(statement).await.map_err(failed("make an account that floods it"))?;
        }
        observer.close().await;
        let login = Login {
            user: FLOOD_ACCOUNT.to_owned(),
            password: Some(secret),
            timeout: LOGIN,
            ..cluster.observer_login("postgres")
        };
        let mut sessions = Vec::new();
        while sessions.len() < MOST {
            match Session::open(&login).await {
                Ok(session) => sessions.push(Held(session)),
                Err(Error::Answer { sqlstate, .. }) if sqlstate == TOO_MANY => break,
                Err(source) => return Err(failed("flood it with connections")(source)),
            }
        }
        let (connections, over) = (sessions.len(), Arc::new(AtomicBool::new(false)));
        let keeper = tokio::spawn(keep(sessions, login, Arc::clone(&over)));
        Ok(Self { connections, over, keeper })
    }

    /// How many were taken until the server first refused.
    pub(crate) fn connections(&self) -> usize {
        self.connections
    }

    /// Gives them back, and takes the account away.
    pub(crate) async fn end(mut self, cluster: &Cluster) -> Result<(), EnvironmentError> {
        self.over.store(true, Ordering::Release);
        for session in (&mut self.keeper).await.unwrap_or_default() {
            session.0.close().await;
        }
        let failed = |source| EnvironmentError::Postgres {
            server: cluster.name.clone(),
            doing: "drop the account of the flood",
            source,
        };
        let observer = Session::open(&cluster.observer_login("postgres")).await.map_err(failed)?;
        observer.query(&format!("DROP ROLE IF EXISTS {FLOOD_ACCOUNT}")).await.map_err(failed)?;
        observer.close().await;
        Ok(())
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// A client that is connected at the moment of the flood gives its connection back when it is done: it is taken too.
async fn keep(mut sessions: Vec<Held>, login: Login, over: Arc<AtomicBool>) -> Vec<Held> {
    while !over.load(Ordering::Acquire) && sessions.len() < MOST {
        match Session::open(&login).await {
            Ok(session) => sessions.push(Held(session)),
            Err(_refused) => tokio::time::sleep(AGAIN).await,
        }
    }
    sessions
}
