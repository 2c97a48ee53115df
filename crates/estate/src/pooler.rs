//! PgBouncer before a cluster: a pooler that many estates have between Vault and PostgreSQL.

use std::time::Duration;

use leaseproof_domain::Secret;
use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use crate::child::Child;
use crate::find::Places;
use crate::ports::{TRIES, says_taken};
use crate::program::Sought;
use crate::site::Order;
use crate::{Estate, EstateError, folder};

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

impl Estate {
    /// Starts a pooler before a cluster, for one account, into every database.
    ///
    /// # Errors
    /// [`EstateError`] where it is not on this machine, or does not start.
    ///
    /// # Panics
    /// Where the environment has no such cluster.
    pub async fn pooler(&self, cluster: &str, account: &str, password: &Secret) -> Result<Pooler, EstateError> {
        let program = Places::here().named(&PGBOUNCER)?;
        let site = &self.site;
        let name = format!("{}.{cluster}", PGBOUNCER.name);
        let home = site.folder.join(&name);
        folder::make(&home, 0o700, site.account)?;
        let users = home.join("users");
        let line = format!("{} {}\n", quoted(account), quoted(password.expose()));
        folder::write(&users, &line, 0o600, site.account)?;
        let server = self.cluster(cluster).write_port();
        for _ in 0..STARTS {
            let port = site.ports.free().ok_or_else(|| no_port(&name))?;
            // PgBouncer's own words for everything: pgbouncer.ini(5).
            let text = format!(
                "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {}\npool_mode = transaction\n",
                users.display()
            );
            let file = home.join("pgbouncer.ini");
            folder::write(&file, &text, 0o600, site.account)?;
            let (child, log) = site.start(Order {
                name: &name,
                program: program.path.clone(),
                image: None,
                args: vec![file.into()],
                env: Vec::new(),
                folder: &home,
                account: site.account,
                death: Signal::SIGKILL,
                input: None,
            })?;
            match site.listens(&name, &child, port, START).await {
                Err(EstateError::NotStarted { tail, .. }) if says_taken(&tail) => {}
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

fn no_port(name: &str) -> EstateError {
    EstateError::NoFreePort { server: name.to_owned(), tried: TRIES }
}
