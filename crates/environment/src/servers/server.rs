use std::ffi::OsString;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leaseproof_domain::Secret;
use leaseproof_history::Entry;
use leaseproof_postgres::{Login, Observer};
use leaseproof_scenario::{Layout, PostgresPlan};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use postgres_protocol::escape::escape_identifier;
use tokio::sync::mpsc;

use crate::EnvironmentError;
use crate::launch::child::Child;
use crate::launch::context::{LaunchContext, LaunchSpec};
use crate::launch::logs::Output;
use crate::launch::ports::{TRIES, is_free, says_taken};
use crate::launch::program::PostgresPrograms;
use crate::launch::tls::CertificateFiles;
use crate::launch::wait::Tries;
use crate::launch::{folder, process};
use crate::servers::configuration::{CHECK, OBSERVER, hba, quoted, settings, socket_folders, tls_settings};
use crate::servers::keeper::{Keeper, Keeping};
use crate::servers::skew::{self, Skew};

/// How long a server may take to let its observer in.
const START: Duration = Duration::from_secs(30);
/// How often that is tried.
const TRY: Duration = Duration::from_millis(20);
/// How many ports are tried where others take them first.
const STARTS: u32 = 8;

/// One running PostgreSQL server.
pub(crate) struct Server {
    /// `postgres.<cluster>`, or `postgres.<cluster>.<number>` where the cluster has several.
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) bin: PathBuf,
    /// The image that has its programs, where they are not this machine's.
    pub(crate) image: Option<String>,
    pub(crate) output: Output,
    pub(crate) child: Child,
    pub(crate) observer: Secret,
    pub(crate) data: PathBuf,
    /// Where it offers TLS.
    pub(crate) certificate_files: Option<CertificateFiles>,
    /// The Patroni that starts it; the child is that one then.
    keeper: Option<Keeper>,
    /// Makes its clock wrong.
    skew: Option<Skew>,
    sockets: Vec<PathBuf>,
}

/// What a server of a cluster is started with.
pub(crate) struct ServerSpec<'a> {
    pub(crate) name: &'a str,
    pub(crate) plan: &'a PostgresPlan,
    pub(crate) programs: &'a PostgresPrograms,
    pub(crate) observer: &'a Secret,
    pub(crate) certificate_files: Option<&'a CertificateFiles>,
    /// What replication adds to its settings and to pg_hba.conf.
    pub(crate) more: &'a Replicated,
    /// Where Patroni keeps it.
    pub(crate) keeping: Option<&'a Keeping>,
}

/// What replication adds to a server's configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replicated {
    pub(crate) settings: String,
    pub(crate) hba: String,
    /// Whether it starts as a standby.
    pub(crate) standby: bool,
}

impl Server {
    /// Starts a server on a data directory that was made. It is there when its observer can log in.
    pub(crate) async fn start(
        spec: &ServerSpec<'_>,
        data: PathBuf,
        context: &LaunchContext,
    ) -> Result<Self, EnvironmentError> {
        let ServerSpec { name, plan, programs, observer, certificate_files, .. } = *spec;
        for _ in 0..STARTS {
            let port = plan.port.or_else(|| context.ports.free()).ok_or_else(|| no_port(name))?;
            let sockets = configure(spec, port, &data, context)?;
            let keeper = spec.keeping.map(|keeping| keeping.keeper(name, port, (&data, programs), observer, context));
            let keeper = keeper.transpose()?;
            let skew = Skew::of(plan)?;
            let (child, log) =
                launch(name, (&programs.bin, &programs.image), &data, keeper.as_ref(), skew.as_ref(), context)?;
            let server = Self {
                name: name.to_owned(),
                port,
                bin: programs.bin.clone(),
                image: programs.image.clone(),
                output: Output::new(log),
                child,
                observer: observer.clone(),
                data: data.clone(),
                certificate_files: certificate_files.cloned(),
                keeper,
                skew,
                sockets,
            };
            match server.ready(context).await {
                Err(EnvironmentError::NotStarted { tail, .. }) if says_taken(&tail) => check_port(name, plan)?,
                Err(why) => return Err(why),
                Ok(()) => {
                    context.guard(name, &server.child);
                    return Ok(server);
                }
            }
        }
        Err(no_port(name))
    }

    /// How the harness's own account logs in to one of its databases.
    pub(crate) fn observer_login(&self, database: &str) -> Login {
        self.login(database, OBSERVER, Some(self.observer.clone()), "leaseproof", Duration::from_secs(10))
    }

    /// How any account logs in.
    pub(crate) fn login(
        &self,
        database: &str,
        user: &str,
        password: Option<Secret>,
        application_name: &str,
        timeout: Duration,
    ) -> Login {
        Login {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            database: database.to_owned(),
            user: user.to_owned(),
            password,
            application_name: application_name.to_owned(),
            timeout,
            encryption: self.certificate_files.as_ref().map(|certificate_files| certificate_files.encryption.clone()),
        }
    }

    /// Starts it again, after its end, on the same port and data.
    pub(crate) async fn start_again(&mut self, context: &LaunchContext) -> Result<(), EnvironmentError> {
        if self.skew.is_some() {
            skew::remove(self.child.pid());
        }
        let programs = (self.bin.as_path(), &self.image);
        let (keeper, skew) = (self.keeper.as_ref(), self.skew.as_ref());
        let (child, log) = launch(&self.name, programs, &self.data, keeper, skew, context)?;
        self.output.renew(log, child.log());
        self.child = child;
        self.ready(context).await?;
        context.guard(&self.name, &self.child);
        Ok(())
    }

    /// Where its Patroni can be asked.
    pub(crate) fn rest_port(&self) -> Option<u16> {
        self.keeper.as_ref().map(|keeper| keeper.rest)
    }

    /// Asks it to end: SIGINT in order, SIGQUIT and SIGKILL at once, as PostgreSQL takes them. A Patroni ends its server
    /// in order on SIGTERM, and does not end it otherwise: there both are killed.
    pub(crate) fn signal(&self, signal: Signal) {
        match (&self.keeper, signal) {
            (None, _) => self.child.signal(signal),
            (Some(_), Signal::SIGINT) => self.child.signal(Signal::SIGTERM),
            (Some(_), _) => {
                self.child.signal(Signal::SIGKILL);
                self.processes().into_iter().for_each(|pid| process::send(pid, Signal::SIGKILL));
            }
        }
    }

    /// The postmaster and its backends, which are in process groups of their own.
    pub(crate) fn processes(&self) -> Vec<Pid> {
        process::working_in(&self.data)
    }

    /// After the server's end: removes what lies outside the private folder.
    pub(crate) fn remove_traces(&self) {
        for path in &self.sockets {
            remove_socket(path, &self.data);
        }
        if self.skew.is_some() {
            skew::remove(self.child.pid());
        }
    }

    /// Waits until its observer can log in.
    pub(crate) async fn ready(&self, context: &LaunchContext) -> Result<(), EnvironmentError> {
        let tries = Tries::new(START, TRY);
        loop {
            if self.child.ended().is_some() {
                let status = self.child.end().await;
                return Err(context.not_started(&self.name, format!("it ended with {status}"), &self.child));
            }
            let why = match Observer::connect(self.observer_login("postgres")).await {
                Ok(_) => return Ok(()),
                Err(why) => why,
            };
            if !tries.again().await {
                let why = format!("no login within {} s: {why}", START.as_secs());
                return Err(context.not_started(&self.name, why, &self.child));
            }
        }
    }
}

fn launch(
    server: &str,
    (bin, image): (&Path, &Option<String>),
    data: &Path,
    keeper: Option<&Keeper>,
    skew: Option<&Skew>,
    context: &LaunchContext,
) -> Result<(Child, mpsc::Receiver<Vec<u8>>), EnvironmentError> {
    let (program, args, folder) = match keeper {
        Some(keeper) => (keeper.program.clone(), keeper.arguments(), keeper.home.as_path()),
        None => (bin.join("postgres"), vec!["-D".into(), data.into()], data),
    };
    let started = context.start(LaunchSpec {
        name: server,
        program,
        image: image.clone(),
        args,
        env: skew.map(Skew::environment).unwrap_or_default(),
        folder,
        account: context.account,
        death: if keeper.is_some() { Signal::SIGTERM } else { Signal::SIGQUIT },
        input: None,
    })?;
    if skew.is_some() {
        for path in skew::traces(started.0.pid()) {
            context.ledger.add(Entry::File { path })?;
        }
    }
    Ok(started)
}

impl Drop for Server {
    /// A server that fails while it starts leaves nothing either.
    fn drop(&mut self) {
        if self.keeper.is_some() {
            self.signal(Signal::SIGKILL);
        }
        if self.child.stop(Signal::SIGQUIT) {
            self.remove_traces();
        }
    }
}

/// Makes the data directory, the observer, and the bootstrap superuser's password.
///
/// The passwords go through the standard input of a single-user session (postgres(1), `--single`), which speaks to
/// nobody else and is over before the server starts: no password file, no open pg_hba line, nothing in any log.
///
/// Both commands are asked to end, not killed: a bootstrap backend that is killed leaves its shared memory behind.
pub(crate) async fn initialise(
    server: &str,
    programs: &PostgresPrograms,
    data: &Path,
    plan: &PostgresPlan,
    observer: &Secret,
    context: &LaunchContext,
) -> Result<(), EnvironmentError> {
    let order = |name, program, args: Vec<OsString>, death, input| LaunchSpec {
        name,
        program: programs.bin.join(program),
        image: programs.image.clone(),
        args,
        env: Vec::new(),
        folder: data,
        account: context.account,
        death,
        input,
    };
    let args = ["--no-sync", "--auth=trust", "--locale=C.UTF-8", "--encoding=UTF8", "--username"].map(OsString::from);
    let args = args.into_iter().chain([plan.superuser.clone().into(), "-D".into(), data.into()]).collect();
    let name = format!("initdb of {server}");
    context.run(server, order(&name, "initdb", args, Signal::SIGTERM, None)).await?;
    let sql = Secret::new(format!(
        "SET password_encryption = 'scram-sha-256'; \
         ALTER ROLE {} PASSWORD {}; CREATE ROLE {OBSERVER} SUPERUSER REPLICATION LOGIN PASSWORD {};{}\n",
        escape_identifier(&plan.superuser),
        literal(plan.password.expose()),
        literal(observer.expose()),
        if plan.layout == Layout::Standalone { String::new() } else { format!(" CREATE ROLE {CHECK} LOGIN;") },
    ));
    // Without exit_on_error a session that could not do its work would end with status 0.
    let args = ["--single", "-F", "-c", "exit_on_error=on", "-D"].map(OsString::from);
    let args = args.into_iter().chain([data.into(), "postgres".into()]).collect();
    let name = format!("first accounts of {server}");
    context.run(server, order(&name, "postgres", args, Signal::SIGQUIT, Some(sql))).await
}

/// Writes the configuration for that port. Gives the socket files that the server will make outside the private
/// folder; they are in the ledger.
fn configure(
    spec: &ServerSpec<'_>,
    port: u16,
    data: &Path,
    context: &LaunchContext,
) -> Result<Vec<PathBuf>, EnvironmentError> {
    let ServerSpec { plan, certificate_files, more, .. } = *spec;
    let own = context.folder.join("sockets");
    if !own.exists() {
        folder::make(&own, 0o755, context.account)?;
    }
    let folders = socket_folders(plan.settings.get("unix_socket_directories").map(String::as_str), &own);
    let outside = folders.iter().filter(|folder| **folder != own && folder.is_absolute());
    let sockets: Vec<PathBuf> =
        outside.flat_map(|folder| ["", ".lock"].map(|end| folder.join(format!(".s.PGSQL.{port}{end}")))).collect();
    for path in &sockets {
        context.ledger.add(Entry::File { path: path.clone() })?;
    }
    let encrypted = certificate_files.map(tls_settings).unwrap_or_default();
    let text = settings(plan, port, &folders) + &encrypted + &more.settings;
    if more.standby {
        folder::write(&data.join("standby.signal"), "", 0o600, context.account)?;
    }
    folder::write(&data.join("leaseproof.conf"), &text, 0o600, context.account)?;
    folder::write(&data.join("pg_hba.conf"), &(more.hba.clone() + &hba(plan.hba.as_deref())), 0o600, context.account)?;
    let main = data.join("postgresql.conf");
    let failed = |source| EnvironmentError::Folder { doing: "read", path: main.clone(), source };
    let initial = fs::read_to_string(&main).map_err(failed)?;
    let include = format!("\ninclude = {}\n", quoted("leaseproof.conf"));
    if initial.ends_with(&include) {
        return Ok(sockets);
    }
    folder::write(&main, &(initial + &include), 0o600, context.account)?;
    Ok(sockets)
}

/// Removes a socket, or its lock file, that a server of `data` left; another server's is left alone. The second line
/// of the lock file names the data directory (src/backend/utils/init/miscinit.c, CreateLockFile).
pub(crate) fn remove_socket(path: &Path, data: &Path) {
    let lock = if path.extension().is_some_and(|end| end == "lock") {
        path.to_owned()
    } else {
        PathBuf::from(format!("{}.lock", path.display()))
    };
    let ours = match leaseproof_files::read_text(&lock, leaseproof_files::SECRET) {
        Ok(text) => text.lines().nth(1).is_some_and(|line| Path::new(line).starts_with(data)),
        // Without a lock nobody owns it, unless somebody answers.
        Err(_) => UnixStream::connect(path).is_err(),
    };
    if ours {
        // The socket before its lock, so that the lock still tells whose it is.
        let _ = fs::remove_file(lock.with_extension(""));
        let _ = fs::remove_file(lock);
    }
}

pub(crate) fn check_port(server: &str, plan: &PostgresPlan) -> Result<(), EnvironmentError> {
    match plan.port {
        Some(port) if !is_free(port) => {
            Err(EnvironmentError::PortTaken { server: server.to_owned(), port, origin: plan.origin.clone() })
        }
        _ => Ok(()),
    }
}

fn no_port(server: &str) -> EnvironmentError {
    EnvironmentError::NoFreePort { server: server.to_owned(), tried: TRIES }
}

/// A string literal on one line, because a line is a command in single-user mode.
fn literal(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n").replace('\r', "\\r");
    format!("E'{text}'")
}

#[cfg(test)]
mod tests {
    use super::{escape_identifier, literal, remove_socket};

    #[test]
    fn names_and_passwords_are_quoted() {
        assert_eq!(escape_identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's\\ a\nline"), "E'it''s\\\\ a\\nline'");
    }

    #[test]
    fn a_socket_is_removed_by_its_owner_only() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("leaseproof-r1");
        let socket = place.path().join(".s.PGSQL.15001");
        let lock = place.path().join(".s.PGSQL.15001.lock");
        for (owner, stays) in [("/var/lib/postgresql/15/main", true), (data.to_str().unwrap(), false)] {
            std::fs::write(&socket, "").unwrap();
            std::fs::write(&lock, format!("1234\n{owner}\n1\n15001\n")).unwrap();
            remove_socket(&socket, &data);
            remove_socket(&lock, &data);
            assert_eq!((socket.exists(), lock.exists()), (stays, stays), "{owner}");
        }
        std::fs::write(&socket, "").unwrap();
        remove_socket(&socket, &data);
        assert!(!socket.exists());
    }
}
