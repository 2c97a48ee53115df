//! What an operator does to a primary and its standbys: cut one off, promote one, take the old primary back.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use leaseproof_domain::Secret;
use leaseproof_postgres::Session;
use nix::sys::signal::Signal;

use crate::cluster::Cluster;
use crate::configuration::quoted;
use crate::server::{OBSERVER, Server};
use crate::site::{Order, Site};
use crate::tls::Papers;
use crate::{EstateError, folder};

/// How long a standby may take to stream.
const STREAMING: Duration = Duration::from_secs(30);
/// How often that is asked.
const TRY: Duration = Duration::from_millis(20);

impl Cluster {
    /// The first standby that runs.
    pub(crate) fn standby(&self) -> Option<usize> {
        let primary = self.primary.load(Ordering::Acquire);
        (0..self.members.len()).find(|place| *place != primary && self.members[*place].child.ended().is_none())
    }

    /// Makes a standby lose its primary: it receives nothing more until it is promoted or told another one.
    pub(crate) async fn cut_off(&self, standby: usize) -> Result<(), EstateError> {
        self.ask(standby, "cut a standby of it off", &["ALTER SYSTEM SET primary_conninfo = ''", RELOAD]).await
    }

    /// Has another member than the primary, which has ended, in its place, and gives which one: the first standby that runs
    /// is promoted, or Patroni chooses.
    pub(crate) async fn succeed(&self, site: &Site) -> Result<usize, EstateError> {
        let old = self.primary.load(Ordering::Acquire);
        if let Some(patroni) = &self.patroni {
            let leader = patroni.leader(&self.name, &self.members, Some(old), site).await?;
            self.primary.store(leader, Ordering::Release);
            return Ok(leader);
        }
        let standby = self.standby().ok_or_else(|| no_standby(&self.name))?;
        self.promote(standby).await?;
        Ok(standby)
    }

    /// Makes a member the primary, counted from 0, and waits until it takes writes; other standbys that run follow it.
    ///
    /// A new primary without a standby that streams does not wait for one: the synchronous standbys of its
    /// configuration are set aside until [`Cluster::rejoin`], as Patroni does with `synchronous_mode` when no standby is
    /// left. Otherwise every commit would hang.
    pub(crate) async fn promote(&self, member: usize) -> Result<(), EstateError> {
        let alone = ["ALTER SYSTEM SET synchronous_standby_names = ''", RELOAD, "SELECT pg_promote(true, 60)"];
        self.ask(member, "promote a standby of it", &alone).await?;
        let old = self.primary.swap(member, Ordering::AcqRel);
        let (port, observer) = (self.members[member].port, &self.members[member].observer);
        for (place, server) in self.members.iter().enumerate() {
            if place == member || place == old || server.child.ended().is_some() {
                continue;
            }
            let upstream = upstream(&server.name, port, observer, server.papers.as_ref());
            let follow = format!("ALTER SYSTEM SET primary_conninfo = {}", quoted(upstream.expose()));
            self.ask(place, "make a standby follow", &[&follow, RELOAD]).await?;
        }
        Ok(())
    }

    /// Makes a member that has ended a standby of the primary, of a new copy of its data, and waits until all standbys
    /// stream. Its own data may hold what the new primary never got.
    ///
    /// A Patroni does that itself: it is only started again where it has ended.
    pub(crate) async fn rejoin(&mut self, member: usize, site: &Site) -> Result<(), EstateError> {
        if self.patroni.is_some() {
            if self.members[member].child.ended().is_some() {
                self.members[member].start_again(site).await?;
            }
            return self.settle(site).await;
        }
        let primary = self.primary.load(Ordering::Acquire);
        let (port, observer) = (self.members[primary].port, self.members[primary].observer.clone());
        let server = &mut self.members[member];
        copy(server, port, &observer, site).await?;
        server.start_again(site).await?;
        streaming(&self.name, &self.members[primary], self.members.len() - 1, site).await?;
        let again = ["ALTER SYSTEM RESET synchronous_standby_names", RELOAD];
        self.ask(primary, "make it wait for its standbys again", &again).await
    }

    async fn ask(&self, member: usize, doing: &'static str, statements: &[&str]) -> Result<(), EstateError> {
        let server = &self.members[member];
        let failed = |source| EstateError::Postgres { server: server.name.clone(), doing, source };
        let mut login = server.observer_login("postgres");
        login.timeout = Duration::from_secs(70);
        let session = Session::open(&login).await.map_err(failed)?;
        for statement in statements {
            session.query(statement).await.map_err(failed)?;
        }
        session.close().await;
        Ok(())
    }
}

pub(crate) fn no_standby(cluster: &str) -> EstateError {
    EstateError::NotStarted {
        server: cluster.to_owned(),
        why: "it has no standby that runs, which could be promoted".to_owned(),
        tail: Vec::new(),
    }
}

const RELOAD: &str = "SELECT pg_reload_conf()";

/// Where a standby streams from (`primary_conninfo`).
pub(crate) fn upstream(standby: &str, port: u16, observer: &Secret, papers: Option<&Papers>) -> Secret {
    let sure = papers.map_or_else(String::new, |papers| {
        format!(" sslmode=verify-full sslrootcert={}", quoted(&papers.ca.to_string_lossy()))
    });
    Secret::new(format!(
        "host=127.0.0.1 port={port} user={OBSERVER} password={} application_name={}{sure}",
        observer.expose(),
        standby.replace('.', "_")
    ))
}

/// Replaces a server's data by a copy of the primary's at `port` (pg_basebackup), and keeps its configuration.
async fn copy(server: &Server, port: u16, observer: &Secret, site: &Site) -> Result<(), EstateError> {
    let data = &server.data;
    let own = data.join("leaseproof.conf");
    let io = |doing, path: &std::path::Path| {
        let path = path.to_owned();
        move |source| EstateError::Folder { doing, path, source }
    };
    let settings = fs::read_to_string(&own).map_err(io("read", &own))?;
    folder::empty(data)?;
    let name = format!("copy for {}", server.name);
    let port = port.to_string();
    let args = ["--host=127.0.0.1", "--checkpoint=fast", "--wal-method=stream", "--no-sync", "--no-password"];
    let args = args.into_iter().chain(["--username", OBSERVER, "--port", &port, "--pgdata"]).map(Into::into);
    let sure = server.papers.iter().flat_map(Papers::libpq).map(|(name, value)| (name.to_owned(), value.into()));
    let order = Order {
        name: &name,
        program: server.bin.join("pg_basebackup"),
        image: server.image.clone(),
        args: args.chain([data.clone().into()]).collect(),
        env: sure.chain([("PGPASSWORD".to_owned(), observer.expose().into())]).collect(),
        folder: &site.folder,
        account: site.account,
        death: Signal::SIGKILL,
        input: None,
    };
    site.run(&server.name, order).await?;
    let upstream = upstream(&server.name, port.parse().unwrap_or_default(), observer, server.papers.as_ref());
    let follow = format!("primary_conninfo = {}\n", quoted(upstream.expose()));
    folder::write(&own, &settings, 0o600, site.account)?;
    folder::write(&data.join("postgresql.auto.conf"), &follow, 0o600, site.account)?;
    folder::write(&data.join("standby.signal"), "", 0o600, site.account)
}

/// Waits until that many standbys stream from the primary of the cluster.
pub(crate) async fn streaming(
    cluster: &str,
    primary: &Server,
    standbys: usize,
    site: &Site,
) -> Result<(), EstateError> {
    let failed = |source| EstateError::Postgres { server: cluster.to_owned(), doing: "ask for its standbys", source };
    let session = Session::open(&primary.observer_login("postgres")).await.map_err(failed)?;
    let until = Instant::now() + STREAMING;
    loop {
        let sql = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
        let now = session.value(sql).await.map_err(failed)?.unwrap_or_default();
        if now == standbys.to_string() {
            return Ok(());
        }
        if Instant::now() >= until {
            let why = format!("{now} of {standbys} standbys stream after {} s", STREAMING.as_secs());
            return Err(site.not_started(cluster, why, &primary.child));
        }
        tokio::time::sleep(TRY).await;
    }
}
