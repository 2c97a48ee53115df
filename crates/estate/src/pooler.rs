//! PgBouncer before a cluster: a pooler that many estates have between Vault and PostgreSQL.

use std::time::{Duration, Instant};

use leaseproof_domain::Secret;
use nix::sys::signal::Signal;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::child::Child;
use crate::find::{Places, Program, runs};
use crate::ports::{TRIES, says_taken};
use crate::site::Order;
use crate::{Estate, EstateError, folder};

/// The variable that names the program.
pub(crate) const SETTING: &str = "PGBOUNCER_BIN";
/// How to get it.
pub(crate) const GET_PGBOUNCER: &str = "apt-get install pgbouncer";
const NAME: &str = "pgbouncer";
/// How long it may take until it listens.
const START: Duration = Duration::from_secs(15);
/// How often that is tried.
const TRY: Duration = Duration::from_millis(20);
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
    /// Where the estate has no such cluster.
    pub async fn pooler(&self, cluster: &str, account: &str, password: &Secret) -> Result<Pooler, EstateError> {
        let program = find()?;
        let site = &self.site;
        let name = format!("{NAME}.{cluster}");
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
            let until = Instant::now() + START;
            loop {
                if TcpStream::connect(("127.0.0.1", port)).await.is_ok() && child.ended().is_none() {
                    return Ok(Pooler { port, _child: child, _log: log });
                }
                if child.ended().is_some() {
                    let status = child.end().await;
                    match site.not_started(&name, format!("it ended with {status}"), &child) {
                        EstateError::NotStarted { tail, .. } if says_taken(&tail) => break,
                        why => return Err(why),
                    }
                }
                if Instant::now() >= until {
                    let why = format!("nothing listens within {} s", START.as_secs());
                    return Err(site.not_started(&name, why, &child));
                }
                tokio::time::sleep(TRY).await;
            }
        }
        Err(no_port(&name))
    }
}

/// `PGBOUNCER_BIN`, else `PATH`.
fn find() -> Result<Program, EstateError> {
    let given = std::env::var_os(SETTING).filter(|value| !value.is_empty()).map(std::path::PathBuf::from);
    let (looked, found) = match given {
        Some(path) if runs(&path) => (String::new(), Some(Program { path, source: SETTING.to_owned(), image: None })),
        Some(path) => (format!("{SETTING}={} (no such program)", path.display()), None),
        None => (format!("{SETTING} (not set)"), Places::here().in_path(NAME)),
    };
    found.ok_or_else(|| EstateError::ServerMissing {
        wanted: "PgBouncer".to_owned(),
        looked: vec![looked, "PATH".to_owned()],
        how_to_get: format!("{GET_PGBOUNCER}, or name one by {SETTING}=/path/to/{NAME}"),
    })
}

/// A name or password of its file of users (pgbouncer(5), "Authentication file format").
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn no_port(name: &str) -> EstateError {
    EstateError::NoFreePort { server: name.to_owned(), tried: TRIES }
}
