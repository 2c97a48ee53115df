//! What an operator does to a primary and its standbys: cut one off, promote one, take the old primary back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use leaseproof_postgres::Session;

use crate::EnvironmentError;
use crate::launch::context::LaunchContext;
use crate::servers::base_backup;
use crate::servers::cluster::Cluster;
use crate::servers::configuration::quoted;
use crate::servers::upstream::{Replicates, streaming_as, upstream};

impl Cluster {
    /// The first standby that runs.
    pub(crate) fn standby(&self) -> Option<usize> {
        let primary = self.primary.load(Ordering::Acquire);
        (0..self.members.len()).find(|place| *place != primary && self.members[*place].child.ended().is_none())
    }

    /// Makes a standby lose its primary: it receives nothing more until it is promoted or reported another one.
    pub(crate) async fn cut_off(&self, standby: usize) -> Result<(), EnvironmentError> {
        self.ask(standby, "cut a standby of it off", &["ALTER SYSTEM SET primary_conninfo = ''", RELOAD]).await
    }

    /// Has another member than the primary, which has ended, in its place, and gives which one: the first standby that runs
    /// is promoted, or Patroni chooses.
    pub(crate) async fn succeed(&self, context: &LaunchContext) -> Result<usize, EnvironmentError> {
        let old = self.primary.load(Ordering::Acquire);
        if let Some(patroni) = &self.patroni {
            let leader = patroni.leader(&self.name, &self.members, Some(old), context).await?;
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
    pub(crate) async fn promote(&self, member: usize) -> Result<(), EnvironmentError> {
        let alone = ["ALTER SYSTEM SET synchronous_standby_names = ''", RELOAD, "SELECT pg_promote(true, 60)"];
        self.ask(member, "promote a standby of it", &alone).await?;
        let old = self.primary.swap(member, Ordering::AcqRel);
        let others = |place: &usize| *place != member && *place != old;
        for place in (0..self.members.len()).filter(others) {
            if self.members[place].child.ended().is_none() {
                self.follow(place).await?;
            }
        }
        Ok(())
    }

    /// Makes a standby stream from the primary, with the account that is in force.
    async fn follow(&self, standby: usize) -> Result<(), EnvironmentError> {
        let server = &self.members[standby];
        let upstream =
            upstream(&server.name, self.primary().port, &self.replicates(), server.certificate_files.as_ref());
        let follow = format!("ALTER SYSTEM SET primary_conninfo = E{}", quoted(upstream.expose()));
        self.ask(standby, "make a standby follow", &[&follow, RELOAD]).await
    }

    /// As whom standbys log in to the primary.
    fn replicates(&self) -> Replicates {
        match self.replicate_as.as_ref().filter(|account| account.in_force.load(Ordering::Acquire)) {
            Some(account) => account.login.clone(),
            None => Replicates::harness(&self.primary().observer),
        }
    }

    /// Whether standbys replicate as the scenario says, and no more as the harness.
    pub(crate) fn replicates_as_said(&self) -> bool {
        self.replicate_as.as_ref().is_some_and(|account| account.in_force.load(Ordering::Acquire))
    }

    /// Makes the standbys stream with the account that the scenario names, once that exists and may replicate. Answers
    /// whether it is in force; a cluster without such an account is always as it has to be.
    ///
    /// From then on whatever becomes of the account is the scenario's: a stream that is open goes on.
    pub(crate) async fn replicate_as_said(&self, context: &LaunchContext) -> Result<bool, EnvironmentError> {
        let Some(account) = &self.replicate_as else { return Ok(true) };
        if account.in_force.load(Ordering::Acquire) {
            return Ok(true);
        }
        let primary = self.primary();
        let failed =
            |source| EnvironmentError::Postgres { server: primary.name.clone(), doing: "read an account", source };
        let session = Session::open(&primary.observer_login("postgres")).await.map_err(failed)?;
        let sql = format!(
            "SELECT 1 FROM pg_roles WHERE rolname = E{} AND rolcanlogin AND (rolreplication OR rolsuper)",
            quoted(&account.login.user)
        );
        let may = session.value(&sql).await.map_err(failed)?.is_some();
        session.close().await;
        if !may {
            return Ok(false);
        }
        account.in_force.store(true, Ordering::Release);
        let place = self.primary.load(Ordering::Acquire);
        for standby in (0..self.members.len()).filter(|standby| *standby != place) {
            self.follow(standby).await?;
        }
        self.standbys_follow(context).await.map(|()| true)
    }

    /// Waits until all standbys stream with the account that is in force.
    pub(crate) async fn standbys_follow(&self, context: &LaunchContext) -> Result<(), EnvironmentError> {
        let (standbys, user) = (self.members.len() - 1, self.replicates().user);
        let streamed = streaming_as(&self.name, self.primary(), standbys, Some(&user), context).await;
        streamed.map_err(|why| self.why_not(why, context))
    }

    /// The error with what a standby's own log says of its connection: PostgreSQL's word is in there.
    fn why_not(&self, error: EnvironmentError, context: &LaunchContext) -> EnvironmentError {
        let EnvironmentError::NotStarted { server, why, .. } = error else { return error };
        let place = self.primary.load(Ordering::Acquire);
        let standbys = self.members.iter().enumerate().filter(|(member, _)| *member != place);
        let said = standbys.flat_map(|(_, standby)| standby.child.log().tail(&context.redactor));
        let tail = said.filter(|line| line.contains("FATAL")).collect();
        EnvironmentError::NotStarted { server, why, tail }
    }

    /// Makes a member that has ended a standby of the primary, of a new copy of its data, and waits until all standbys
    /// stream. Its own data may hold what the new primary never got. Where standbys replicate with an account of the
    /// scenario's and cannot, that is its finding: answers with why, and leaves them as they are.
    ///
    /// A Patroni does that itself: it is only started again where it has ended.
    pub(crate) async fn rejoin(
        &mut self,
        member: usize,
        context: &LaunchContext,
    ) -> Result<Option<String>, EnvironmentError> {
        let said = self.replicates_as_said();
        match self.take_back(member, context).await {
            Err(why) if said => Ok(Some(self.lost(&why))),
            done => done.map(|()| None),
        }
    }

    /// That standbys do not follow, in words.
    pub(crate) fn lost(&self, why: &EnvironmentError) -> String {
        let user = self.replicates().user;
        let (why, tail) = match why {
            EnvironmentError::NotStarted { why, tail, .. } => (why.clone(), tail.as_slice()),
            other => (other.to_string(), [].as_slice()),
        };
        let said = tail.iter().rfind(|line| line.contains("FATAL")).or(tail.last());
        let said = said.map(|line| format!(": {}", line.trim())).unwrap_or_default();
        format!("a standby of {} cannot replicate as {user}: {why}{said}", self.name)
    }

    /// The same; a standby that cannot follow is an error.
    pub(crate) async fn take_back(&mut self, member: usize, context: &LaunchContext) -> Result<(), EnvironmentError> {
        if self.patroni.is_some() {
            if self.members[member].child.ended().is_some() {
                self.members[member].start_again(context).await?;
            }
            return self.settle(context).await;
        }
        let primary = self.primary.load(Ordering::Acquire);
        let login = self.replicates();
        base_backup::copy(&self.members[member], &self.members[primary], &login, context).await?;
        self.members[member].start_again(context).await?;
        self.standbys_follow(context).await?;
        let again = ["ALTER SYSTEM RESET synchronous_standby_names", RELOAD];
        self.ask(primary, "make it wait for its standbys again", &again).await
    }

    async fn ask(&self, member: usize, doing: &'static str, statements: &[&str]) -> Result<(), EnvironmentError> {
        let server = &self.members[member];
        let failed = |source| EnvironmentError::Postgres { server: server.name.clone(), doing, source };
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

pub(crate) fn no_standby(cluster: &str) -> EnvironmentError {
    EnvironmentError::NotStarted {
        server: cluster.to_owned(),
        why: "it has no standby that runs, which could be promoted".to_owned(),
        tail: Vec::new(),
    }
}

const RELOAD: &str = "SELECT pg_reload_conf()";

impl Cluster {
    /// Where Patroni keeps it: who leads now. It may be another one than the last time.
    pub(crate) async fn find_leader(&self, context: &LaunchContext) -> Result<(), EnvironmentError> {
        let Some(patroni) = &self.patroni else { return Ok(()) };
        let leader = patroni.leader(&self.name, &self.members, None, context).await?;
        self.primary.store(leader, Ordering::Release);
        Ok(())
    }

    /// Where Patroni keeps it: waits until it has a leader, and until its standbys follow.
    pub(crate) async fn settle(&self, context: &LaunchContext) -> Result<(), EnvironmentError> {
        self.find_leader(context).await?;
        let Some(patroni) = &self.patroni else { return Ok(()) };
        patroni.settled(&self.name, &self.members, self.primary.load(Ordering::Acquire), context).await
    }

    /// Asks Patroni for a switchover, as `patronictl switchover` does: another member leads when it returns.
    pub(crate) async fn hand_over(&self) -> Result<(), EnvironmentError> {
        match &self.patroni {
            Some(patroni) => patroni.hand_over(&self.name, self.primary()).await,
            None => Ok(()),
        }
    }
}
