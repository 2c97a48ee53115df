use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use leaseproof_domain::{Redactor, Secret, ServerLost};
use leaseproof_history::{Entry, Ledger, Recorder};
use leaseproof_scenario::Plan;
use nix::sys::signal::Signal;
use rand::TryRng;
use rand::rngs::SysRng;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

use crate::EnvironmentError;
use crate::launch::account::Account;
use crate::launch::child::{Child, Launch};
use crate::launch::launcher::{Launched, Launcher};
use crate::launch::ports::Ports;
use crate::launch::process::{MARKER, marker};
use crate::launch::tls::{Authority, CertificateFiles};
use crate::launch::wait::Tries;

/// How often a server that starts is tried.
const TRY: Duration = Duration::from_millis(20);

/// What every part of an environment needs while it is built: its run, folder, ledger, ports.
pub(crate) struct LaunchContext {
    pub(crate) run: String,
    pub(crate) folder: PathBuf,
    pub(crate) ledger: Ledger,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) ports: Ports,
    /// Where some server speaks TLS.
    pub(crate) authority: Option<Authority>,
    pub(crate) account: Option<Account>,
    /// Where its programs are and how they are started.
    pub(crate) launcher: Box<dyn Launcher>,
    pub(crate) lost: watch::Sender<Option<ServerLost>>,
    pub(crate) recorder: Option<Recorder>,
    /// Set when the environment is being ended: a server that ends now was asked to.
    pub(crate) ending: Arc<AtomicBool>,
}

/// One process to start on a context.
pub(crate) struct LaunchSpec<'a> {
    /// `vault`, `postgres.<cluster>`, `initdb of postgres.<cluster>`.
    pub(crate) name: &'a str,
    pub(crate) program: PathBuf,
    /// The image that has the program, where it is not this machine's.
    pub(crate) image: Option<String>,
    pub(crate) args: Vec<OsString>,
    /// Added to the environment that every process has.
    pub(crate) env: Vec<(String, OsString)>,
    pub(crate) folder: &'a Path,
    pub(crate) account: Option<Account>,
    pub(crate) death: Signal,
    pub(crate) input: Option<Secret>,
}

impl LaunchContext {
    /// Certificate and key of a server that uses TLS; none if the environment has no CA.
    pub(crate) fn certificate_files(
        &self,
        server: &str,
        owner: Option<Account>,
    ) -> Result<Option<CertificateFiles>, EnvironmentError> {
        self.authority.as_ref().map(|authority| authority.give(server, owner)).transpose()
    }

    /// Starts a process, in the ledger first. It inherits nothing but PATH and TZ, and carries the run's marker.
    pub(crate) fn start(&self, spec: LaunchSpec<'_>) -> Result<(Child, mpsc::Receiver<Vec<u8>>), EnvironmentError> {
        let LaunchSpec { name, program, image, args, env, folder, account, death, input } = spec;
        self.ledger.add(Entry::Process { name: name.to_owned(), marker: marker(&self.run) })?;
        let mut all = vec![(MARKER.to_owned(), OsString::from(&self.run)), ("LANG".to_owned(), "C.UTF-8".into())];
        all.extend(["PATH", "TZ"].iter().filter_map(|key| Some(((*key).to_owned(), std::env::var_os(key)?))));
        all.extend(env);
        let folder = folder.to_owned();
        let launch =
            Launch { program: program.clone(), args, env: all, folder, account, death, input, enclosure: None };
        let of = Launched { run: &self.run, folder: &self.folder, ledger: &self.ledger, name, image: image.as_deref() };
        let launch = self.launcher.prepare(launch, &of)?;
        Child::start(launch).map_err(|source| EnvironmentError::Spawn { server: name.to_owned(), program, source })
    }

    /// Runs a command that prepares a server to its end.
    pub(crate) async fn run(&self, server: &str, spec: LaunchSpec<'_>) -> Result<(), EnvironmentError> {
        let name = spec.name.to_owned();
        let (child, _lines) = self.start(spec)?;
        let status = child.end().await;
        if status == "exit status: 0" {
            return Ok(());
        }
        Err(self.not_started(server, format!("{name} ended with {status}"), &child))
    }

    /// Waits until a server that was started listens on its port of loopback. One that has ended does not, whoever else is
    /// there.
    pub(crate) async fn listens(
        &self,
        server: &str,
        child: &Child,
        port: u16,
        longest: Duration,
    ) -> Result<(), EnvironmentError> {
        let tries = Tries::new(longest, TRY);
        loop {
            let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok();
            if child.ended().is_some() {
                let status = child.end().await;
                return Err(self.not_started(server, format!("it ended with {status}"), child));
            }
            if connected {
                return Ok(());
            }
            if !tries.again().await {
                let why = format!("nothing listens within {} s", longest.as_secs());
                return Err(self.not_started(server, why, child));
            }
        }
    }

    /// The error of a server that did not start, with its last words.
    pub(crate) fn not_started(&self, server: &str, why: String, child: &Child) -> EnvironmentError {
        let tail = child.log().tail(&self.redactor);
        EnvironmentError::NotStarted { server: server.to_owned(), why: self.redactor.scrub(&why).text, tail }
    }

    /// From now on the end of that server is a loss, unless the whole environment is being ended.
    pub(crate) fn guard(&self, name: &str, child: &Child) {
        let mut ended = child.watch_end();
        let wanted = child.end_is_wanted();
        let (lost, ending, recorder, server) =
            (self.lost.clone(), Arc::clone(&self.ending), self.recorder.clone(), name.to_owned());
        tokio::spawn(async move {
            let Ok(status) = ended.wait_for(Option::is_some).await.map(|status| status.clone().unwrap_or_default())
            else {
                return;
            };
            if !ending.load(Ordering::Acquire) && !wanted.load(Ordering::Acquire) {
                let at = recorder.map(|recorder| recorder.now()).unwrap_or_default();
                // The first loss is the cause; what follows it is its consequence.
                lost.send_if_modified(|known| {
                    let first = known.is_none();
                    known.get_or_insert(ServerLost { at, server, status });
                    first
                });
            }
        });
    }
}

/// A new random password, which the redactor knows from now on.
pub(crate) fn password(redactor: &Redactor) -> Secret {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefgh";
    let mut bytes = [0_u8; 32];
    SysRng.try_fill_bytes(&mut bytes).expect("Linux always has random bytes once it has booted");
    let secret = Secret::new(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect::<String>());
    redactor.add_fixed(secret.clone());
    secret
}

/// Adds the scenario's secrets, and the shapes of the passwords that Vault will generate, to the redactor.
pub(crate) fn redact(plan: &Plan, redactor: &Redactor) {
    plan.secrets().into_iter().for_each(|secret| redactor.add_fixed(secret));
    plan.password_shapes().into_iter().for_each(|shape| redactor.add_shape(shape));
}
