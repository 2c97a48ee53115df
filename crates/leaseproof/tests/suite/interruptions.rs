//! Twenty interruptions at different moments of different scenarios, faults under way among them: a signal to the run,
//! a disk that is full, a container engine that ends. Whatever ends a run, nothing of it is left after `leaseproof clean`.
//! It takes minutes, root and a container engine; `ci/nightly` runs it.

use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::engine::{Engine, IMAGES, image};
use crate::support::{Desk, text, wait, workspace};
use After::{Started, Struck};
use What::{DiskFull, EngineEnds, Signalled};
use nix::sys::signal::Signal::{self, SIGINT, SIGKILL, SIGTERM};
use nix::sys::signal::kill;
use nix::unistd::Pid;

/// What interrupts a run.
#[derive(Clone, Copy, Debug)]
enum What {
    /// The harness gets it.
    Signalled(Signal),
    /// Nothing more can be written below its folders: not by the servers, not by the harness.
    DiskFull,
    /// The container engine under it gets it, and is started again before `clean`.
    EngineEnds(Signal),
}

/// When it comes, in milliseconds.
#[derive(Clone, Copy, Debug)]
enum After {
    /// After the start of the run.
    Started(u64),
    /// After a fault began, while it is under way.
    Struck(u64),
}

/// How long a fault may take to begin.
const STRIKES: Duration = Duration::from_secs(120);

const ON_PROCESSES: [(&str, What, After); 15] = [
    ("keybuzz", Signalled(SIGKILL), Started(150)),
    ("keybuzz", Signalled(SIGINT), Started(900)),
    ("keybuzz", Signalled(SIGTERM), Started(2_300)),
    ("keybuzz-patroni", Signalled(SIGKILL), Started(4_100)),
    ("keybuzz", DiskFull, Started(9_100)),
    ("keybuzz-tls", Signalled(SIGTERM), Started(3_100)),
    ("keybuzz-tls", Signalled(SIGKILL), Started(9_900)),
    ("vault-storage", Signalled(SIGKILL), Started(600)),
    ("vault-storage", DiskFull, Started(1_500)),
    ("vault-storage", Signalled(SIGINT), Started(6_100)),
    ("keybuzz-failover", Signalled(SIGKILL), Struck(50)),
    ("keybuzz-patroni", Signalled(SIGINT), Struck(250)),
    ("vault-storage-ha", Signalled(SIGTERM), Struck(500)),
    ("vault-storage-ha", Signalled(SIGKILL), Struck(1_200)),
    ("powerdns", Signalled(SIGKILL), Started(20_000)),
];

const ON_CONTAINERS: [(&str, What, After); 5] = [
    ("keybuzz", Signalled(SIGINT), Started(2_900)),
    ("keybuzz", Signalled(SIGKILL), Started(12_300)),
    ("keybuzz", EngineEnds(SIGTERM), Started(14_700)),
    ("vault-storage", EngineEnds(SIGTERM), Started(2_100)),
    ("vault-storage", EngineEnds(SIGKILL), Started(16_300)),
];

#[test]
#[ignore = "it takes minutes"]
fn whatever_ends_a_run_nothing_of_it_is_left() {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut engine = Engine::start();
            for (name, what, after) in ON_CONTAINERS {
                interrupted(name, what, after, Some(&mut engine));
            }
        });
        scope.spawn(|| {
            while let Some((name, what, after)) = ON_PROCESSES.get(next.fetch_add(1, Ordering::Relaxed)) {
                interrupted(name, *what, *after, None);
            }
        });
    });
}

fn interrupted(name: &str, what: What, after: After, mut engine: Option<&mut Engine>) {
    let at = format!("{name}, {what:?}, {after:?} ms");
    let desk = if matches!(what, DiskFull) { Desk::on_a_disk_of(900) } else { Desk::new() };
    let child = start(&desk, &workspace().join("scenarios").join(name), engine.as_deref());
    let millis = match after {
        Started(millis) => millis,
        Struck(millis) => {
            let give_up = Instant::now() + STRIKES;
            while marks(&desk, "begins") == 0 {
                assert!(Instant::now() < give_up, "{at}: no fault began");
                std::thread::sleep(Duration::from_millis(50));
            }
            millis
        }
    };
    std::thread::sleep(Duration::from_millis(millis));
    if matches!(after, Struck(_)) {
        // One that is asked to end heals what it has struck first, and says so.
        assert_eq!((marks(&desk, "begins"), marks(&desk, "healed")), (1, 0), "{at}: the fault is over");
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    match what {
        Signalled(signal) => {
            kill(pid, signal).unwrap_or_else(|why| panic!("{at}: it has ended by itself: {why}"));
        }
        DiskFull => fill(desk.path()),
        EngineEnds(signal) => engine.as_deref_mut().unwrap().end(signal),
    }
    let output = wait(child, Duration::from_secs(60));
    if let EngineEnds(_) = what {
        engine.as_deref_mut().unwrap().start_again();
    }
    let expected = match what {
        Signalled(SIGINT) => Some(130),
        Signalled(SIGTERM) => Some(143),
        Signalled(_) => None,
        DiskFull | EngineEnds(_) => Some(5),
    };
    assert_eq!(output.status.code(), expected, "{at}: {}", text(&output));
    if expected.is_some() && !matches!(what, EngineEnds(_)) {
        assert_eq!(desk.temporary(), Vec::<PathBuf>::new(), "{at}: before clean");
    }
    nothing_is_left(&desk, &at, &output, engine.as_deref());
}

fn start(desk: &Desk, scenario: &Path, engine: Option<&Engine>) -> Child {
    let mut command = desk.command(["run", "--profile", "soak"]);
    command.arg(scenario).arg("--output").arg(desk.run_folder());
    if let Some(engine) = engine {
        command.args(["--environment", "containers"]).env("DOCKER_HOST", engine.host());
        command.envs(IMAGES.map(|(variable, stand_in)| (variable, image(variable, stand_in))));
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn nothing_is_left(desk: &Desk, at: &str, output: &Output, engine: Option<&Engine>) {
    if let Some(engine) = engine {
        // `assert_nothing_left` asks the machine's engine; here it is another.
        let clean = desk.command(["clean"]).env("DOCKER_HOST", engine.host()).output().unwrap();
        assert_eq!(clean.status.code(), Some(0), "{at}: {}{}", text(&clean), text(output));
        assert_eq!(engine.containers(), Vec::<String>::new(), "{at}: {}", text(&clean));
        assert_eq!(engine.volumes_and_networks(), Vec::<String>::new(), "{at}: {}", text(&clean));
    }
    desk.assert_nothing_left();
    let made = std::fs::read_to_string(desk.run_folder().join("ledger.jsonl")).unwrap_or_default();
    let made = made.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let paths = made.filter_map(|entry| Some(PathBuf::from(entry.get("path")?.as_str()?)));
    let left: Vec<PathBuf> = paths.filter(|path| path.exists()).collect();
    assert!(left.is_empty(), "{at}: sockets or folders are left: {left:?}");
}

/// Fills the disk below the folder.
fn fill(folder: &Path) {
    let mut filler = std::fs::File::create(folder.join("filler")).unwrap();
    let full = std::io::copy(&mut std::io::repeat(0), &mut filler).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
}

/// How many faults came to that point, as far as the run's history was written.
fn marks(desk: &Desk, point: &str) -> usize {
    let (text, point) = (desk.history_so_far(), format!(r#""point":"{point}""#));
    text.lines().filter(|line| line.contains(r#""event":"fault""#) && line.contains(&point)).count()
}
