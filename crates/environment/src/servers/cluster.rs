use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use leaseproof_domain::Secret;
use leaseproof_postgres::Login;
use leaseproof_scenario::{Layout, PatroniTiming, PostgresPlan, Replication, ReplicationAccount};
use nix::sys::signal::Signal;

use crate::EnvironmentError;
use crate::launch::context::{LaunchContext, LaunchSpec, password};
use crate::launch::folder;
use crate::launch::mount;
use crate::launch::program::PostgresPrograms;
use crate::launch::tls::CertificateFiles;
use crate::servers::configuration::{CHECK, KEPT_WAL, OBSERVER, quoted};
use crate::servers::keeper::Keeping;
use crate::servers::patroni::Patroni;
use crate::servers::proxy::Proxy;
use crate::servers::server::{Replicated, Server, ServerSpec, check_port, initialise};
use crate::servers::upstream::{Replicates, SaidAccount, streaming, upstream};

/// A PostgreSQL cluster: one server, or a primary and its standbys behind a proxy.
pub(crate) struct Cluster {
    /// `postgres.<cluster>`.
    pub(crate) name: String,
    pub(crate) superuser: String,
    pub(crate) password: Secret,
    pub(crate) members: Vec<Server>,
    pub(crate) proxy: Option<Proxy>,
    /// What keeps it, where that is not the harness.
    pub(crate) patroni: Option<Patroni>,
    pub(crate) primary: AtomicUsize,
    /// The account of the scenario's that standbys replicate with.
    pub(crate) replicate_as: Option<SaidAccount>,
}

impl Cluster {
    /// Whether a server, `postgres.<cluster>` or `postgres.<cluster>.<member>`, is one of it.
    pub(crate) fn has(&self, server: &str) -> bool {
        self.members.iter().any(|member| member.name == server)
    }

    /// Makes a new cluster and starts it.
    pub(crate) async fn start(
        name: &str,
        plan: &PostgresPlan,
        small: bool,
        context: &LaunchContext,
    ) -> Result<Self, EnvironmentError> {
        let name = format!("postgres.{name}");
        check_port(&name, plan)?;
        let programs = context.launcher.postgres(&plan.version)?;
        let superuser_password = Secret::new(plan.password.expose());
        context.redactor.add_fixed(superuser_password.clone());
        let certificate_files = if plan.tls { context.certificate_files(&name, context.account)? } else { None };
        let making = Making {
            name: &name,
            plan,
            programs,
            observer: password(&context.redactor),
            certificate_files,
            small,
            context,
        };
        let (members, patroni) = match plan.layout {
            Layout::Standalone => (vec![making.alone().await?], None),
            Layout::HaproxyHa { standbys, replication } => (making.replicated(standbys, replication).await?, None),
            Layout::Patroni { standbys, replication, timing } => {
                let (members, patroni) = making.kept(standbys, replication, timing).await?;
                (members, Some(patroni))
            }
        };
        let proxy = match plan.layout.replicated() {
            Some(_) => Some(Proxy::start(&name, plan, &members, context).await?),
            None => None,
        };
        let superuser = plan.superuser.clone();
        let cluster = Self {
            name,
            superuser,
            password: superuser_password,
            members,
            proxy,
            patroni,
            primary: AtomicUsize::new(0),
            replicate_as: SaidAccount::of(plan, &context.redactor),
        };
        if let Some(proxy) = &cluster.proxy {
            proxy.routes(&cluster.primary().observer_login("postgres"), cluster.members.len(), context).await?;
        }
        Ok(cluster)
    }

    /// The server that takes writes, as far as the harness made it so.
    pub(crate) fn primary(&self) -> &Server {
        // Members are never taken away.
        &self.members[self.primary.load(Ordering::Acquire)]
    }

    /// Where writes go: the proxy's port, or the one server's own.
    pub(crate) fn write_port(&self) -> u16 {
        self.proxy.as_ref().map_or(self.primary().port, Proxy::write)
    }

    /// Where reads of standbys go, where there is a proxy.
    pub(crate) fn read_port(&self) -> Option<u16> {
        self.proxy.as_ref().map(Proxy::read)
    }

    /// Every port that the setup can name: for writes, for reads where there are any, and each server's own.
    pub(crate) fn places(&self) -> Vec<u16> {
        let servers = self.members.iter().map(|member| member.port);
        [self.write_port()].into_iter().chain(self.read_port()).chain(servers).collect()
    }

    /// How the harness's own account logs in to one of its databases: where writes go, so that it finds the primary
    /// whichever server that is.
    pub(crate) fn observer_login(&self, database: &str) -> Login {
        Login { port: self.write_port(), ..self.primary().observer_login(database) }
    }

    /// How any account logs in to the primary itself.
    pub(crate) fn login(
        &self,
        database: &str,
        user: &str,
        password: Option<Secret>,
        application_name: &str,
        timeout: Duration,
    ) -> Login {
        self.primary().login(database, user, password, application_name, timeout)
    }
}

/// A cluster in the making.
struct Making<'a> {
    name: &'a str,
    plan: &'a PostgresPlan,
    programs: PostgresPrograms,
    observer: Secret,
    certificate_files: Option<CertificateFiles>,
    /// Whether its servers' data are each on a small file system of their own.
    small: bool,
    context: &'a LaunchContext,
}

impl Making<'_> {
    async fn alone(&self) -> Result<Server, EnvironmentError> {
        let data = self.data(self.name).await?;
        self.start(self.name, self.plan, &Replicated::default(), data, None).await
    }

    /// A primary and standbys that Patroni keeps: it finds their data made, and says itself who is what.
    async fn kept(
        &self,
        standbys: u16,
        replication: Replication,
        timing: PatroniTiming,
    ) -> Result<(Vec<Server>, Patroni), EnvironmentError> {
        let names = self.names(standbys);
        let Some((first, others)) = names.split_first() else { return Err(no_members(self.name)) };
        let common = Patroni::begin(self.name, self.plan, (others.len(), replication), timing, self.context);
        let (data, begun) = tokio::join!(self.data(first), common);
        let (data, (patroni, keeping)) = (data?, begun?);
        let copies = self.copies(&data, others).await?;
        // A fixed port is the proxy's.
        let plan = PostgresPlan { port: None, ..self.plan.clone() };
        let more = Replicated { hba: hba(), ..Replicated::default() };
        let mut members = Vec::new();
        for (name, room) in names.iter().zip(std::iter::once(data).chain(copies)) {
            members.push(self.start(name, &plan, &more, room, Some(&keeping)).await?);
            if members.len() == 1 {
                patroni.leader(self.name, &members, None, self.context).await?;
            }
        }
        patroni.settled(self.name, &members, 0, self.context).await?;
        Ok((members, patroni))
    }

    fn names(&self, standbys: u16) -> Vec<String> {
        (1..=standbys + 1).map(|number| format!("{}.{number}", self.name)).collect()
    }

    /// A primary and standbys, the standbys made of copies of its data before it first starts: they stream from there.
    async fn replicated(&self, standbys: u16, replication: Replication) -> Result<Vec<Server>, EnvironmentError> {
        let names = self.names(standbys);
        let Some((first, others)) = names.split_first() else { return Err(no_members(self.name)) };
        let data = self.data(first).await?;
        let copies = self.copies(&data, others).await?;
        // A fixed port is the proxy's.
        let plan = PostgresPlan { port: None, ..self.plan.clone() };
        let settings = format!("wal_keep_size = '{KEPT_WAL}'\n{}", synchronous(replication, others.len()));
        let hba = hba() + &hba_of(self.plan);
        let more = Replicated { settings: settings.clone(), hba: hba.clone(), standby: false };
        let mut members = vec![self.start(first, &plan, &more, data, None).await?];
        let port = members[0].port;
        for (name, data) in others.iter().zip(copies) {
            let login = Replicates::harness(&self.observer);
            let upstream = upstream(name, port, &login, self.certificate_files.as_ref());
            let settings = format!("{settings}primary_conninfo = {}\n", quoted(upstream.expose()));
            let more = Replicated { settings, hba: hba.clone(), standby: true };
            members.push(self.start(name, &plan, &more, data, None).await?);
        }
        streaming(self.name, &members[0], others.len(), self.context).await?;
        Ok(members)
    }

    async fn data(&self, server: &str) -> Result<PathBuf, EnvironmentError> {
        let data = self.room(server)?;
        initialise(server, &self.programs, &data, self.plan, &self.observer, self.context).await?;
        Ok(data)
    }

    /// An empty folder for a server's data.
    fn room(&self, server: &str) -> Result<PathBuf, EnvironmentError> {
        let data = self.context.folder.join(server);
        folder::make(&data, 0o700, self.context.account)?;
        if self.small {
            mount::make(server, &data, self.context.account)?;
        }
        Ok(data)
    }

    async fn copies(&self, data: &Path, servers: &[String]) -> Result<Vec<PathBuf>, EnvironmentError> {
        let mut copies = Vec::new();
        for server in servers {
            copies.push(self.copy(data, server).await?);
        }
        Ok(copies)
    }

    async fn copy(&self, data: &Path, server: &str) -> Result<PathBuf, EnvironmentError> {
        let copy = self.room(server)?;
        let name = format!("data of {server}");
        let spec = LaunchSpec {
            name: &name,
            program: "/bin/cp".into(),
            image: None,
            args: vec!["-a".into(), data.join(".").into(), copy.clone().into()],
            env: Vec::new(),
            folder: &copy,
            account: self.context.account,
            death: Signal::SIGKILL,
            input: None,
        };
        self.context.run(server, spec).await?;
        Ok(copy)
    }

    async fn start(
        &self,
        name: &str,
        plan: &PostgresPlan,
        more: &Replicated,
        data: PathBuf,
        keeping: Option<&Keeping>,
    ) -> Result<Server, EnvironmentError> {
        let certificate_files = self.certificate_files.as_ref();
        let spec = ServerSpec {
            name,
            plan,
            programs: &self.programs,
            observer: &self.observer,
            certificate_files,
            more,
            keeping,
        };
        Server::start(&spec, data, self.context).await
    }
}

/// What pg_hba.conf of a server has to let in that is one of several.
fn hba() -> String {
    format!("host replication {OBSERVER} 127.0.0.1/32 scram-sha-256\nhost postgres {CHECK} 127.0.0.1/32 trust\n")
}

/// What it has to let in where standbys replicate with an account of the scenario's; `md5` takes SCRAM as well
/// (pg_hba.conf), whichever the account's password is stored as.
fn hba_of(plan: &PostgresPlan) -> String {
    let line = |account: &ReplicationAccount| {
        format!("host replication \"{}\" 127.0.0.1/32 md5\n", account.user.replace('"', "\"\""))
    };
    plan.replicate_as.as_ref().map(line).unwrap_or_default()
}

fn no_members(cluster: &str) -> EnvironmentError {
    EnvironmentError::NotStarted { server: cluster.to_owned(), why: "it has no members".to_owned(), tail: Vec::new() }
}

/// The settings that make the primary wait for its standbys (synchronous_standby_names, synchronous_commit).
fn synchronous(replication: Replication, standbys: usize) -> String {
    match replication {
        Replication::Async => String::new(),
        Replication::RemoteApply => {
            format!("synchronous_standby_names = 'ANY {standbys} (*)'\nsynchronous_commit = 'remote_apply'\n")
        }
        Replication::Quorum => {
            format!("synchronous_standby_names = 'ANY {} (*)'\nsynchronous_commit = 'on'\n", standbys / 2 + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_scenario::Replication;

    use super::synchronous;

    #[test]
    fn a_quorum_is_more_than_half_and_remote_apply_is_all() {
        assert_eq!(synchronous(Replication::Async, 2), "");
        assert!(synchronous(Replication::Quorum, 2).contains("ANY 2 (*)"));
        assert!(synchronous(Replication::Quorum, 3).contains("ANY 2 (*)"));
        assert!(synchronous(Replication::RemoteApply, 3).contains("ANY 3 (*)'\nsynchronous_commit = 'remote_apply'"));
    }
}
