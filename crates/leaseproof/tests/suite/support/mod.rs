//! Runs the built binary as a user would, in a private folder, and checks what it leaves.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod engine;

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tempfile::TempDir;

/// A private place for one test: its state folder, its temporary folder, its runs.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("lpt-").tempdir().unwrap();
        // PostgreSQL's own user has to reach its data below it.
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
        for part in ["tmp", "state"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        std::fs::set_permissions(folder.path().join("tmp"), std::os::unix::fs::PermissionsExt::from_mode(0o711))
            .unwrap();
        Self { folder }
    }

    /// A desk on a file system of its own, in memory, of so many megabytes. It takes root.
    pub(crate) fn on_a_disk_of(megabytes: u32) -> Self {
        let desk = Self::new();
        let size = format!("size={megabytes}m,mode=711");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "leaseproof-test"]).arg(desk.path()).output();
        let mount = mount.unwrap();
        assert!(mount.status.success(), "a disk that can be filled takes root: {}", text(&mount));
        for part in ["tmp", "state"] {
            std::fs::create_dir(desk.path().join(part)).unwrap();
        }
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(desk.path().join("tmp"), open).unwrap();
        desk
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where a run of this desk goes.
    pub(crate) fn run_folder(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// The binary, with this desk's folders and nothing of the caller's that would change what it does.
    pub(crate) fn command<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leaseproof"));
        command
            .args(arguments)
            .env("TMPDIR", self.folder.path().join("tmp"))
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("NO_COLOR", "1")
            .current_dir(workspace());
        command
    }

    pub(crate) fn output<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a scenario into this desk's run folder.
    pub(crate) fn run(&self, scenario: &Path, more: &[&str]) -> Output {
        self.command(["run"]).arg(scenario).arg("--output").arg(self.run_folder()).args(more).output().unwrap()
    }

    /// Starts the binary and leaves it running, once it handles signals.
    pub(crate) fn start(&self, scenario: &Path, more: &[&str]) -> Child {
        let mut child = self
            .command(["run"])
            .arg(scenario)
            .arg("--output")
            .arg(self.run_folder())
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_handlers(&mut child);
        child
    }

    /// Every process whose environment says that it was started from this desk, the given one excepted.
    pub(crate) fn processes(&self, but: Option<u32>) -> Vec<u32> {
        let needle = self.folder.path().to_str().unwrap();
        std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
            .filter(|pid| Some(*pid) != but)
            .filter(|pid| {
                let cmdline = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&cmdline).contains(needle)
            })
            .collect()
    }

    /// The command lines of every process that was started from this desk.
    pub(crate) fn commands(&self) -> Vec<String> {
        let of = |pid: u32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        self.processes(None).into_iter().map(|pid| String::from_utf8_lossy(&of(pid)).replace('\0', " ")).collect()
    }

    /// What stands in the desk's temporary folder.
    pub(crate) fn temporary(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path().join("tmp")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Where a file system is mounted below the desk.
    pub(crate) fn mounts(&self) -> Vec<String> {
        let table = std::fs::read_to_string("/proc/self/mounts").unwrap();
        let points = table.lines().filter_map(|line| line.split(' ').nth(1));
        points.filter(|point| std::path::Path::new(point).starts_with(self.folder.path())).map(str::to_owned).collect()
    }

    /// The history of a run that may be under way, or was killed: such a file ends in the middle of a frame.
    pub(crate) fn history_so_far(&self) -> String {
        let mut written = Vec::new();
        if let Ok(file) = std::fs::File::open(self.run_folder().join("history.jsonl.zst")) {
            let _cut_off = zstd::Decoder::new(file).unwrap().read_to_end(&mut written);
        }
        String::from_utf8_lossy(&written).into_owned()
    }

    /// Runs `clean`, then asserts that no process, folder or ledger is left. Children of a killed harness are ended by
    /// the kernel and need a moment.
    pub(crate) fn assert_nothing_left(&self) {
        let clean = self.output(["clean"]);
        assert_eq!(clean.status.code(), Some(0), "clean: {}", text(&clean));
        let deadline = Instant::now() + Duration::from_secs(5);
        while !self.processes(None).is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(self.processes(None), Vec::<u32>::new(), "processes are left");
        assert_eq!(self.temporary(), Vec::<PathBuf>::new(), "files are left");
        let ledgers = self.folder.path().join("state/leaseproof/ledgers");
        if ledgers.exists() {
            let left: Vec<_> = std::fs::read_dir(ledgers).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(left.is_empty(), "open ledgers are left: {left:?}");
        }
    }

    /// `verdicts.json` of this desk's run.
    pub(crate) fn verdicts(&self) -> serde_json::Value {
        let path = self.run_folder().join("verdicts.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if self.mounts().iter().any(|point| Path::new(point) == self.path()) {
            let _last_resort = Command::new("umount").arg("--lazy").arg(self.path()).status();
        }
    }
}

/// Without the breaks that the terminal's width asks for.
pub(crate) fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub(crate) fn variant(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/variants").join(name)
}

/// Both streams, for messages.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Waits until a child handles SIGINT, or has ended: on a busy machine a program needs a second to get there.
pub(crate) fn wait_for_handlers(child: &mut Child) {
    let until = Instant::now() + Duration::from_secs(30);
    let handles = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        caught
            .is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & (1 << (Signal::SIGINT as u64 - 1)) != 0)
    };
    while !handles(child.id()) && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "it does not handle SIGINT");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for a child, at most so long; kills it where that is not enough.
pub(crate) fn wait(mut child: Child, longest: Duration) -> Output {
    let deadline = Instant::now() + longest;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("leaseproof did not end within {longest:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let read = |stream: Option<&mut dyn Read>| {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            stream.read_to_end(&mut bytes).unwrap();
        }
        bytes
    };
    let stdout = read(child.stdout.as_mut().map(|s| s as &mut dyn Read));
    let stderr = read(child.stderr.as_mut().map(|s| s as &mut dyn Read));
    Output { status, stdout, stderr }
}

/// That every promise was kept. Several runs at once can keep a small machine from sending on time; that makes a
/// measurement invalid (4) and says nothing of the promises.
pub(crate) fn assert_kept(output: &Output, verdicts: &serde_json::Value) {
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", text(output));
    assert_eq!(verdicts["verdict"], "pass", "{}", text(output));
}

/// Ids of the checks that failed, each once, in the report's order.
pub(crate) fn failed(verdicts: &serde_json::Value) -> Vec<String> {
    let mut ids: Vec<String> = verdicts["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["verdict"] == "fail")
        .map(|check| check["check"].as_str().unwrap().to_owned())
        .collect();
    ids.dedup();
    ids
}
