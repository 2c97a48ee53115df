//! `pdns_server`, whose gpgsql settings the agent renders.

use std::path::{Path, PathBuf};

use leaseproof_domain::Secret;
use leaseproof_vault::Client;
use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use super::programs::Programs;
use super::{PowerDnsAccess, SERVER, START, place};
use crate::EnvironmentError;
use crate::launch::child::Child;
use crate::launch::context::{LaunchContext, LaunchSpec, password};
use crate::launch::folder;
use crate::launch::ports::{TRIES, says_taken};

/// The control socket's name in the server's folder (pdns/dynhandler.cc).
pub(super) const SOCKET: &str = "pdns.controlsocket";
/// How many times it is started where others take its ports first.
const STARTS: u32 = 8;

/// A running PowerDNS.
pub(super) struct Server {
    pub(super) child: Child,
}

/// The folder whose files PowerDNS reads after its own configuration.
pub(super) fn settings_folder(home: &Path) -> Result<PathBuf, EnvironmentError> {
    let folder = home.join("settings");
    folder::make(&folder, 0o700, None)?;
    Ok(folder)
}

/// Starts it, and waits until it listens.
pub(super) async fn start(
    programs: &Programs,
    home: &Path,
    agent: Client,
    context: &LaunchContext,
) -> Result<(Server, mpsc::Receiver<Vec<u8>>, PowerDnsAccess), EnvironmentError> {
    let api_key = password(&context.redactor);
    for _ in 0..STARTS {
        let (dns, api) = context.ports.free().zip(context.ports.free()).ok_or_else(no_port)?;
        folder::write(&home.join("pdns.conf"), &configuration(home, (dns, api), &api_key), 0o600, None)?;
        let (child, log) = context.start(LaunchSpec {
            name: SERVER,
            program: programs.server.clone(),
            image: programs.image.clone(),
            args: vec![format!("--config-dir={}", home.display()).into()],
            env: Vec::new(),
            folder: home,
            account: None,
            // Its guardian takes the instance with it (pdns/receiver.cc, takedown). On SIGKILL it would leave it.
            death: Signal::SIGTERM,
            input: None,
        })?;
        let server = Server { child };
        match context.listens(SERVER, &server.child, dns, START).await {
            Err(EnvironmentError::NotStarted { tail, .. }) if says_taken(&tail) => {}
            Err(why) => return Err(why),
            Ok(()) => return Ok((server, log, PowerDnsAccess { dns: place(dns), api: place(api), api_key, agent })),
        }
    }
    Err(no_port())
}

/// What leaseproof says of itself. `cycle` needs a guardian; the caches are off because they would go on answering after
/// a credential's end (their defaults are 20, 20, 60 and 300 s).
fn configuration(home: &Path, (dns, api): (u16, u16), api_key: &Secret) -> String {
    let home = home.display();
    format!(
        "# Written by leaseproof.\n\
         launch=gpgsql\n\
         include-dir={home}/settings\n\
         socket-dir={home}\n\
         local-address=127.0.0.1\n\
         local-port={dns}\n\
         guardian=yes\n\
         daemon=no\n\
         disable-syslog=yes\n\
         cache-ttl=0\n\
         query-cache-ttl=0\n\
         negquery-cache-ttl=0\n\
         zone-cache-refresh-interval=0\n\
         security-poll-suffix=\n\
         webserver=yes\n\
         webserver-address=127.0.0.1\n\
         webserver-port={api}\n\
         api=yes\n\
         api-key={}\n",
        api_key.expose()
    )
}

fn no_port() -> EnvironmentError {
    EnvironmentError::NoFreePort { server: SERVER.to_owned(), tried: TRIES }
}
