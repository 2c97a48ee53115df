//! A throw-away PostgreSQL cluster in a private folder.

pub mod versions;

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use leaseproof_domain::Secret;
use leaseproof_postgres::{Login, Session};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User, chown};
use tempfile::TempDir;

use crate::ports::free_port;

/// Makes a test of each version, named for it: they run beside each other.
#[macro_export]
macro_rules! on_each_version {
    ($test:ident: $($name:ident = $major:literal),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(cluster) = $crate::postgres::Cluster::of($major).await {
                    $test(cluster).await;
                }
            }
        )+
    };
}

pub struct Cluster {
    folder: TempDir,
    server: Child,
    port: u16,
}

impl Cluster {
    pub async fn start() -> Self {
        Self::start_in(&versions::bin_of(versions::USUAL).unwrap()).await
    }

    /// A cluster of that major version, where its binaries are here.
    pub async fn of(major: u32) -> Option<Self> {
        Some(Self::start_in(&versions::bin_of(major)?).await)
    }

    async fn start_in(bin: &Path) -> Self {
        let mut folder = tempfile::Builder::new().prefix("lpg-").tempdir().unwrap();
        if let Some(user) = unprivileged() {
            chown(folder.path(), Some(user.uid), Some(user.gid)).unwrap();
        }
        let data = folder.path().join("data");
        let mut initdb = command(&bin.join("initdb"), folder.path());
        initdb.args(["-N", "--auth=trust", "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8", "-D"]).arg(&data);
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for _ in 0..5 {
            let port = free_port();
            let mut postgres = command(&bin.join("postgres"), folder.path());
            postgres.arg("-D").arg(&data).args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
            postgres.args(["-c", &format!("port={port}"), "-c", "unix_socket_directories="]);
            let server = postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let mut cluster = Self { folder, server, port };
            if cluster.answers().await {
                return cluster;
            }
            cluster.stop();
            folder = std::mem::replace(&mut cluster.folder, TempDir::new().unwrap());
        }
        panic!("PostgreSQL did not start");
    }

    /// Where the server keeps its data, and who it runs as.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn login(&self, database: &str, user: &str) -> Login {
        Login {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            database: database.to_owned(),
            user: user.to_owned(),
            password: Some(Secret::new("unused")),
            application_name: "test".to_owned(),
            // Other tests keep the processors busy.
            timeout: Duration::from_secs(30),
            encryption: None,
        }
    }

    async fn answers(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline && self.server.try_wait().unwrap().is_none() {
            if let Ok(session) = Session::open(&self.login("postgres", "postgres")).await {
                // A cluster of somebody else's may have taken the port first.
                let data = self.folder.path().join("data");
                let own = format!("SELECT 1 WHERE current_setting('data_directory') = '{}'", data.display());
                return session.query(&own).await == Ok(1);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    fn stop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.server.id()).unwrap());
        let _gone_already = kill(pid, Signal::SIGQUIT);
        drop(self.server.wait());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// PostgreSQL refuses to run as root.
pub fn unprivileged() -> Option<User> {
    if !Uid::effective().is_root() {
        return None;
    }
    ["postgres", "nobody"].into_iter().find_map(|name| User::from_name(name).unwrap())
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("TZ", "UTC");
    if let Some(user) = unprivileged() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}
