//! Twenty interruptions at different moments of different scenarios, faults under way among them: whatever ends a run,
//! nothing of it is left after `leaseproof clean`. It takes minutes; `ci/nightly` runs it.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod support;

use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use After::{Started, Struck};
use nix::sys::signal::Signal::{self, SIGINT, SIGKILL, SIGTERM};
use nix::sys::signal::kill;
use nix::unistd::Pid;
use support::{Desk, text, wait, workspace};

/// When a signal comes, in milliseconds.
#[derive(Clone, Copy, Debug)]
enum After {
    /// After the start of the run.
    Started(u64),
    /// After a fault began, while it is under way.
    Struck(u64),
}

/// How long a fault may take to begin.
const STRIKES: Duration = Duration::from_secs(120);

const INTERRUPTIONS: [(&str, Signal, After); 20] = [
    ("keybuzz", SIGKILL, Started(150)),
    ("keybuzz", SIGINT, Started(900)),
    ("keybuzz", SIGTERM, Started(2_300)),
    ("keybuzz", SIGKILL, Started(4_100)),
    ("keybuzz", SIGINT, Started(7_300)),
    ("keybuzz", SIGKILL, Started(13_700)),
    ("keybuzz-tls", SIGKILL, Started(500)),
    ("keybuzz-tls", SIGTERM, Started(3_100)),
    ("keybuzz-tls", SIGKILL, Started(9_900)),
    ("vault-storage", SIGKILL, Started(600)),
    ("vault-storage", SIGINT, Started(1_700)),
    ("vault-storage", SIGKILL, Started(3_500)),
    ("vault-storage", SIGTERM, Started(6_100)),
    ("vault-storage", SIGKILL, Started(11_300)),
    ("keybuzz-failover", SIGKILL, Struck(50)),
    ("keybuzz-failover", SIGINT, Struck(250)),
    ("keybuzz-failover", SIGKILL, Struck(500)),
    ("vault-storage-ha", SIGTERM, Struck(500)),
    ("vault-storage-ha", SIGKILL, Struck(1_200)),
    ("powerdns", SIGKILL, Started(20_000)),
];

#[test]
#[ignore = "it takes minutes"]
fn whatever_ends_a_run_nothing_of_it_is_left() {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((name, signal, after)) = INTERRUPTIONS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    interrupted(name, *signal, *after);
                }
            });
        }
    });
}

fn interrupted(name: &str, signal: Signal, after: After) {
    let at = format!("{name}, {signal}, {after:?} ms");
    let desk = Desk::new();
    let child = desk.start(&workspace().join("scenarios").join(name), &["--profile", "soak"]);
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
    kill(pid, signal).unwrap_or_else(|why| panic!("{at}: it has ended by itself: {why}"));
    let output = wait(child, Duration::from_secs(60));
    let expected = match signal {
        SIGINT => Some(130),
        SIGTERM => Some(143),
        _ => None,
    };
    assert_eq!(output.status.code(), expected, "{at}: {}", text(&output));
    if expected.is_some() {
        assert_eq!(desk.temporary(), Vec::<PathBuf>::new(), "{at}: before clean");
    }
    desk.assert_nothing_left();
    let made = std::fs::read_to_string(desk.run_folder().join("ledger.jsonl")).unwrap_or_default();
    let made = made.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let paths = made.filter_map(|entry| Some(PathBuf::from(entry.get("path")?.as_str()?)));
    let left: Vec<PathBuf> = paths.filter(|path| path.exists()).collect();
    assert!(left.is_empty(), "{at}: sockets or folders are left: {left:?}");
}

/// How many faults came to that point, as far as the run's history was written.
fn marks(desk: &Desk, point: &str) -> usize {
    let Ok(file) = std::fs::File::open(desk.run_folder().join("history.jsonl.zst")) else { return 0 };
    let mut written = Vec::new();
    // A file that is being written, or whose writer was killed, ends in the middle of a frame.
    let _cut_off = zstd::Decoder::new(file).unwrap().read_to_end(&mut written);
    let (text, point) = (String::from_utf8_lossy(&written), format!(r#""point":"{point}""#));
    text.lines().filter(|line| line.contains(r#""event":"fault""#) && line.contains(&point)).count()
}
