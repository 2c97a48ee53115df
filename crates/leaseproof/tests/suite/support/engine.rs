//! The container engine of this machine, and one of a test's own, which may be stopped and killed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::text;

/// The stand-ins of `ci/images/build`, unless the environment names others.
pub(crate) const IMAGES: [(&str, &str); 4] = [
    ("LEASEPROOF_POSTGRES_IMAGE", "leaseproof/postgres:15"),
    ("LEASEPROOF_VAULT_IMAGE", "leaseproof/vault:1.21.0"),
    ("LEASEPROOF_HAPROXY_IMAGE", "leaseproof/haproxy:2.6"),
    ("LEASEPROOF_PDNS_IMAGE", "leaseproof/pdns-auth:4.7"),
];

/// The image that a variable names: the environment's, or the stand-in.
pub(crate) fn image(variable: &str, stand_in: &str) -> OsString {
    std::env::var_os(variable).unwrap_or_else(|| stand_in.into())
}

/// The machine's engine, asked by its client.
pub(crate) fn docker(args: &[&str]) -> Output {
    let output = Command::new("docker").args(args).output();
    output.expect("no container engine: get one by `eval \"$(ci/docker)\"`, and its images by `ci/images/build`")
}

fn ip(args: &[&str]) {
    let done = Command::new("ip").args(args).output().expect("no `ip` on this machine: apt-get install iproute2");
    assert!(done.status.success() || std::thread::panicking(), "ip {args:?} takes root: {}", text(&done));
}

/// An engine of a test's own, with the images in it. It takes root.
pub(crate) struct Engine {
    folder: TempDir,
    bridge: String,
    daemon: Option<Child>,
}

impl Engine {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("lpt-engine-").tempdir().unwrap();
        // An engine without a bridge of its own takes that of the machine's engine, or takes it away.
        let bridge = format!("lpt{}", std::process::id());
        ip(&["link", "add", &bridge, "type", "bridge"]);
        let mut engine = Self { folder, bridge, daemon: None };
        ip(&["address", "add", "10.213.77.1/24", "dev", &engine.bridge]);
        engine.start_again();
        let images: Vec<OsString> = IMAGES.iter().map(|(variable, stand_in)| image(variable, stand_in)).collect();
        let mut save = Command::new("docker").arg("save").args(images).stdout(Stdio::piped()).spawn().unwrap();
        let load = engine.client().arg("load").stdin(save.stdout.take().unwrap()).output().unwrap();
        assert!(save.wait().unwrap().success(), "the images are missing: build them by `ci/images/build`");
        assert!(load.status.success(), "{}", text(&load));
        engine
    }

    /// What `DOCKER_HOST` has to be for it.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.path("sock").display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn client(&self) -> Command {
        let mut client = Command::new("docker");
        client.env("DOCKER_HOST", self.host());
        client
    }

    /// Starts it and waits until it answers.
    pub(crate) fn start_again(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        // One that was killed has left them behind, and takes a number that nobody has reaped for a process that runs.
        for left in ["pid", "exec/containerd/containerd.pid"] {
            let _absent = std::fs::remove_file(self.path(left));
        }
        let paths = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        let dockerd = ["/usr/sbin/dockerd", "/usr/bin/dockerd"].into_iter().find(|path| Path::new(path).exists());
        let daemon = Command::new(dockerd.expect("no dockerd on this machine: get one by `ci/docker`"))
            .args(["--bridge", &self.bridge, "--iptables=false", "--ip-forward=false", "--host", &self.host()])
            .args([OsString::from("--data-root"), self.path("data").into(), "--exec-root".into()])
            .args([self.path("exec").into(), OsString::from("--pidfile"), self.path("pid").into()])
            .env("PATH", paths)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.daemon = Some(daemon.unwrap());
        let until = Instant::now() + Duration::from_secs(60);
        while !self.client().args(["version"]).output().unwrap().status.success() {
            let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
            assert!(Instant::now() < until, "the engine does not answer; it takes root: {log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Ends it by that signal, and waits until it has ended.
    pub(crate) fn end(&mut self, signal: Signal) {
        let Some(mut daemon) = self.daemon.take() else { return };
        kill(Pid::from_raw(i32::try_from(daemon.id()).unwrap()), signal).unwrap();
        daemon.wait().unwrap();
    }

    /// Its containers, of whatever run.
    pub(crate) fn containers(&self) -> Vec<String> {
        let all = self.client().args(["ps", "--all", "--format", "{{.Names}}"]).output().unwrap();
        assert!(all.status.success(), "{}", text(&all));
        String::from_utf8(all.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Its volumes, and its networks but those that every engine has.
    pub(crate) fn volumes_and_networks(&self) -> Vec<String> {
        let volumes = self.client().args(["volume", "ls", "--format", "{{.Name}}"]).output().unwrap();
        let networks =
            self.client().args(["network", "ls", "--filter", "type=custom", "--format", "{{.Name}}"]).output();
        let both = [volumes, networks.unwrap()].map(|output| String::from_utf8(output.stdout).unwrap());
        both.iter().flat_map(|output| output.lines()).map(str::to_owned).collect()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _containers = self.client().args(["ps", "--all"]).status();
        }
        self.end(Signal::SIGTERM);
        ip(&["link", "delete", &self.bridge]);
        // One that was killed, or had containers on the host's network, leaves file systems mounted.
        let table = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let points = table.lines().filter_map(|line| line.split(' ').nth(1)).map(Path::new);
        let mut points: Vec<&Path> = points.filter(|point| point.starts_with(self.folder.path())).collect();
        points.sort_by_key(|point| std::cmp::Reverse(point.components().count()));
        for point in points {
            let _reported_below = Command::new("umount").arg(point).status();
        }
    }
}
