//! PgBouncer before a cluster: a pooler that many environments have between Vault and PostgreSQL.

use std::time::Duration;

use leaseproof_domain::Secret;
use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use crate::EnvironmentError;
use crate::launch::child::Child;
use crate::launch::context::{LaunchContext, LaunchSpec};
use crate::launch::find::Places;
use crate::launch::folder;
use crate::launch::ports::{TRIES, says_taken};
use crate::launch::program::Sought;

pub(crate) const PGBOUNCER: Sought = Sought {
    name: "pgbouncer",
    called: "PgBouncer",
    setting: "PGBOUNCER_BIN",
    get: "apt-get install pgbouncer",
    version: "--version",
};
/// How long it may take until it listens.
const START: Duration = Duration::from_secs(15);
/// How many ports are tried where others take them first.
const STARTS: u32 = 8;

/// A running PgBouncer in transaction mode: a connection of the server is a client's for one transaction only. It ends
/// with this value.
pub struct Pooler {
    port: u16,
    _child: Child,
    _log: mpsc::Receiver<Vec<u8>>,
}

impl Pooler {
    /// The port of loopback that clients log in to.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl std::fmt::Debug for Pooler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pooler").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Pooler {
    /// Starts one before the port of a cluster, with the password of one account.
    pub(crate) async fn start(
        cluster: &str,
        server: u16,
        (account, password): (&str, &Secret),
        context: &LaunchContext,
    ) -> Result<Self, EnvironmentError> {
        let program = Places::here().named(&PGBOUNCER)?;
        let name = format!("{}.{cluster}", PGBOUNCER.name);
        let home = context.folder.join(&name);
        folder::make(&home, 0o700, context.account)?;
        let users = home.join("users");
        let line = format!("{} {}\n", quoted(account), quoted(password.expose()));
        folder::write(&users, &line, 0o600, context.account)?;
        for _ in 0..STARTS {
            let port = context.ports.free().ok_or_else(|| no_port(&name))?;
            // PgBouncer's own words for everything: pgbouncer.ini(5).
            let text = format!(
                "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {}\npool_mode = transaction\n",
                users.display()
            );
            let file = home.join("pgbouncer.ini");
            folder::write(&file, &text, 0o600, context.account)?;
            let (child, log) = context.start(LaunchSpec {
                name: &name,
                program: program.path.clone(),
                image: None,
                args: vec![file.into()],
                env: Vec::new(),
                folder: &home,
                account: context.account,
                death: Signal::SIGKILL,
                input: None,
            })?;
            match context.listens(&name, &child, port, START).await {
                Err(EnvironmentError::NotStarted { tail, .. }) if says_taken(&tail) => {}
                Err(why) => return Err(why),
                Ok(()) => return Ok(Pooler { port, _child: child, _log: log }),
            }
        }
        Err(no_port(&name))
    }
}

/// A name or password of its file of users (pgbouncer(5), "Authentication file format").
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn no_port(name: &str) -> EnvironmentError {
    EnvironmentError::NoFreePort { server: name.to_owned(), tried: TRIES }
}
