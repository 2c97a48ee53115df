//! What can be done to a standing server: it is killed, stopped, let go on, started again.

use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::launch::child::Child;
use crate::launch::process::{self, send};
use crate::launch::wait::Tries;
use crate::servers::server::Server;
use crate::{Environment, EnvironmentError};

/// How long the last of a killed server's processes may take to go.
const GOING: Duration = Duration::from_secs(5);
/// How long a server that cannot go on may take to end by itself.
const GIVING_UP: Duration = Duration::from_millis(500);

impl Environment {
    /// Ends a server (`vault`, `postgres.<cluster>`) with SIGKILL, PostgreSQL's backends with it, and waits until it
    /// is gone. Its end is no loss.
    ///
    /// # Panics
    /// Where the environment has no such server.
    pub async fn kill(&self, server: &str) {
        let child = self.child(server);
        child.want_end();
        // The postmaster's backends would outlive it for a moment and keep its memory.
        let pids = self.processes(server);
        // What starts servers goes first.
        child.signal(Signal::SIGKILL);
        pids.iter().for_each(|pid| send(*pid, Signal::SIGKILL));
        child.end().await;
        let tries = Tries::new(GOING, Duration::from_millis(5));
        while pids.iter().any(|pid| process::is_alive(*pid)) {
            if !tries.again().await {
                return;
            }
        }
    }

    /// Ends a server as its operator would (Vault: SIGTERM, PostgreSQL: a fast shutdown), and waits until it is gone.
    ///
    /// # Panics
    /// Where the environment has no such server.
    pub async fn stop(&self, server: &str) {
        let child = self.child(server);
        child.want_end();
        match self.members().find(|member| member.name == server) {
            Some(member) => member.signal(Signal::SIGINT),
            None => child.signal(Signal::SIGTERM),
        }
        child.end().await;
    }

    /// Freezes every process of a server (SIGSTOP): its sockets still take what is sent, and nothing answers.
    ///
    /// # Panics
    /// Where the environment has no such server.
    pub fn freeze(&self, server: &str) {
        // The one that starts others first, so that no new one slips through.
        self.child(server).signal(Signal::SIGSTOP);
        self.processes(server).into_iter().for_each(|pid| send(pid, Signal::SIGSTOP));
    }

    /// Lets a frozen server go on.
    ///
    /// # Panics
    /// Where the environment has no such server.
    pub fn thaw(&self, server: &str) {
        self.processes(server).into_iter().for_each(|pid| send(pid, Signal::SIGCONT));
        self.child(server).signal(Signal::SIGCONT);
    }

    /// Starts a server that was ended again, on the same port and data; Vault is unsealed and active when this returns.
    /// A Vault that keeps its data in memory has lost it, and cannot be unsealed.
    ///
    /// # Errors
    /// [`EnvironmentError`] where it does not come up.
    ///
    /// # Panics
    /// Where the environment has no such server.
    pub async fn start_again(&mut self, server: &str) -> Result<(), EnvironmentError> {
        if let Some(done) = self.vault.start_again(server, &self.context).await {
            return done;
        }
        let mut members = self.clusters.values_mut().flat_map(|cluster| &mut cluster.members);
        let member = members.find(|member| member.name == server);
        member.unwrap_or_else(|| unknown(server)).start_again(&self.context).await
    }

    /// Waits until a PostgreSQL whose end was to be expected takes logins again; where it had ended, it is started
    /// again, and that is reported. From then on its end is a loss.
    pub(crate) async fn recover(&mut self, server: &str) -> Result<bool, EnvironmentError> {
        // One that has given up may need a moment to end.
        let end = tokio::time::timeout(GIVING_UP, self.member(server).child.end()).await;
        if end.is_ok() {
            self.start_again(server).await?;
            return Ok(true);
        }
        let member = self.member(server);
        member.ready(&self.context).await?;
        member.child.want_lifecycle();
        Ok(false)
    }

    /// A server of a cluster.
    pub(crate) fn member(&self, server: &str) -> &Server {
        self.members().find(|member| member.name == server).unwrap_or_else(|| unknown(server))
    }

    fn members(&self) -> impl Iterator<Item = &Server> {
        self.clusters.values().flat_map(|cluster| &cluster.members)
    }

    /// Makes a standby of a cluster the primary, and waits until it takes writes. Members are counted from 0; the first
    /// primary is 0.
    ///
    /// # Errors
    /// [`EnvironmentError::Postgres`] where it cannot be promoted.
    ///
    /// # Panics
    /// Where the environment has no such cluster or member.
    pub async fn promote(&self, cluster: &str, member: usize) -> Result<(), EnvironmentError> {
        self.cluster(cluster).promote(member).await
    }

    /// What is added to Vault's environment at its next start, instead of what was.
    pub fn set_vault_env(&mut self, env: Vec<(String, String)>) {
        self.vault.env = env;
    }

    fn child(&self, server: &str) -> &Child {
        self.children().find(|(name, _)| *name == server).map_or_else(|| unknown(server), |(_, child)| child)
    }

    /// The processes of a server beside its first one; the engine cares for those of a container.
    fn processes(&self, server: &str) -> Vec<Pid> {
        if self.child(server).is_contained() {
            return Vec::new();
        }
        let member = self.members().find(|member| member.name == server);
        member.map_or_else(|| vec![self.child(server).pid()], |member| member.processes())
    }
}

fn unknown(server: &str) -> ! {
    panic!("the environment has no server `{server}`")
}
