//! Signals during each stage of a run on processes: whatever comes, and however often, everything is cleaned up before the
//! harness ends, and its exit code says which signal it was.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Desk, on_one_line, text, variant, wait, workspace};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// When the signal comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// Servers are being started.
    Starting,
    /// The operator's steps.
    Setup,
    /// Credentials are issued.
    Load,
    /// No more arrivals.
    Drain,
    /// The run's token is being revoked, and servers are ended.
    Release,
    /// Vault has ended.
    Teardown,
}

const STAGES: [Stage; 6] = [Stage::Starting, Stage::Setup, Stage::Load, Stage::Drain, Stage::Release, Stage::Teardown];
const SIGNALS: [(Signal, i32); 4] =
    [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129), (Signal::SIGQUIT, 131)];
const LOAD: Duration = Duration::from_secs(2);
const DRAIN: Duration = Duration::from_secs(3);
/// How long a stage may take to come.
const COMES: Duration = Duration::from_secs(120);

#[test]
fn a_signal_is_answered_in_each_stage() {
    interrupted(Stage::Setup, SIGNALS[2], false);
    interrupted(Stage::Load, SIGNALS[3], true);
}

#[test]
fn a_hangup_that_is_ignored_at_the_start_stays_ignored() {
    let desk = Desk::new();
    let mut command = desk.command(["run"]);
    command.arg(variant("short")).arg("--output").arg(desk.run_folder()).args(arguments());
    // Of five credentials hardly one renews late, and INV-9 has nothing to judge (3) where no observation comes before that. The
    // others have time to come to their end.
    command.args(["--set", "phase.steady.drain=20s", "--skip", "INV-9"]);
    // As nohup(1) starts it.
    let mut nohup = std::process::Command::new("nohup");
    nohup.arg(command.get_program()).args(command.get_args()).current_dir(workspace());
    nohup.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child =
        nohup.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn().unwrap();
    until(&desk, Stage::Load, &child);
    kill(pid(&child), Signal::SIGHUP).unwrap();
    let output = wait(child, Duration::from_secs(120));
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", text(&output));
    assert_eq!(desk.verdicts()["end"], "completed", "{}", text(&output));
    desk.assert_nothing_left();
}

#[test]
#[ignore = "forty-eight runs take ten minutes"]
fn every_signal_is_answered_in_each_stage_once_and_twice() {
    let mut missed = 0;
    for stage in STAGES {
        for signal in SIGNALS {
            for twice in [false, true] {
                missed += u32::from(!interrupted(stage, signal, twice));
            }
        }
    }
    eprintln!("{} runs, {missed} of them had ended before their signal", STAGES.len() * SIGNALS.len() * 2);
    assert!(missed < 16, "{missed} runs had ended before their signal: nothing is shown by them");
}

/// Sends that signal in that stage. False where the run had ended by itself.
fn interrupted(stage: Stage, (signal, code): (Signal, i32), twice: bool) -> bool {
    let desk = Desk::new();
    let child = desk.start(&variant("short"), &arguments());
    until(&desk, stage, &child);
    let was_there = kill(pid(&child), signal).is_ok();
    if twice {
        std::thread::sleep(Duration::from_millis(100));
        let _ended_meanwhile = kill(pid(&child), signal);
    }
    let output = wait(child, Duration::from_secs(120));
    let at = format!("{stage:?}, {signal}, twice: {twice}: {}", text(&output));
    // The very last moments belong to the verdicts: nobody answers a signal there any more.
    let ended_by_itself =
        matches!(output.status.code(), Some(0 | 3 | 4)) && matches!(stage, Stage::Release | Stage::Teardown);
    assert!(output.status.code() == Some(code) || ended_by_itself, "{at}");
    let words = on_one_line(&text(&output));
    assert!(ended_by_itself || words.contains("cleaned up"), "{at}");
    assert!(!words.contains("not everything was cleaned up"), "{at}");
    assert_eq!(desk.temporary(), Vec::<PathBuf>::new(), "before clean: {at}");
    desk.assert_nothing_left();
    was_there && !ended_by_itself
}

fn arguments() -> [&'static str; 8] {
    [
        "--set",
        "phase.steady.rate=2/s",
        "--set",
        "phase.steady.for=2s",
        "--set",
        "phase.steady.drain=3s",
        "--set",
        "lifecycle.app.lease=\"3s\"",
    ]
}

/// Waits until the run has come to that stage, as its ledger and its processes show.
fn until(desk: &Desk, stage: Stage, child: &Child) {
    let ledger = || std::fs::read_to_string(desk.run_folder().join("ledger.jsonl")).unwrap_or_default();
    let count = |kind: &str| ledger().matches(&format!("\"made\":\"{kind}\"")).count();
    let issues = || count("token_accessor") > 0;
    let wait = |done: &dyn Fn() -> bool| {
        let give_up = Instant::now() + COMES;
        while !done() && Instant::now() < give_up && goes_on(child) {
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    match stage {
        Stage::Starting => wait(&|| count("folder") > 0),
        Stage::Setup => {
            wait(&|| count("process") > 1);
            std::thread::sleep(Duration::from_millis(400));
        }
        Stage::Load => wait(&issues),
        Stage::Drain => {
            wait(&issues);
            std::thread::sleep(LOAD + Duration::from_millis(1_500));
        }
        Stage::Release => {
            wait(&issues);
            std::thread::sleep(LOAD + DRAIN + Duration::from_millis(1_200));
        }
        Stage::Teardown => {
            wait(&issues);
            wait(&|| !desk.commands().iter().any(|command| command.contains("vault") && command.contains("server")));
        }
    }
}

/// Whether it still goes on, or only its exit status is left (proc(5), `stat`, the field behind the name in brackets).
fn goes_on(child: &Child) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}
