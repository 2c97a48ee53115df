//! What goes wrong around a run: a clear message, the documented exit code, and nothing left behind.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::{Desk, text, variant, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Moments of a run of the `short` variant: standing, setting up, under load, draining, clearing up.
const MOMENTS: [u64; 6] = [100, 700, 2_000, 4_500, 9_000, 15_000];

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

#[test]
fn an_interrupt_in_each_phase_cleans_up_and_ends_with_130() {
    std::thread::scope(|scope| {
        for millis in MOMENTS {
            scope.spawn(move || {
                let desk = Desk::new();
                let child = desk.start(&variant("short"), &[]);
                std::thread::sleep(Duration::from_millis(millis));
                signal(child.id(), Signal::SIGINT);
                let output = wait(child, Duration::from_secs(30));
                assert_eq!(output.status.code(), Some(130), "after {millis} ms: {}", text(&output));
                assert_eq!(desk.temporary(), Vec::<std::path::PathBuf>::new(), "after {millis} ms, before clean");
                desk.assert_nothing_left();
            });
        }
    });
}

#[test]
fn a_termination_cleans_up_and_ends_with_143() {
    let desk = Desk::new();
    let child = desk.start(&variant("short"), &[]);
    std::thread::sleep(Duration::from_secs(5));
    signal(child.id(), Signal::SIGTERM);
    let output = wait(child, Duration::from_secs(30));
    assert_eq!(output.status.code(), Some(143), "{}", text(&output));
    desk.assert_nothing_left();
}

#[test]
fn after_a_kill_in_each_phase_clean_leaves_nothing() {
    std::thread::scope(|scope| {
        for millis in MOMENTS {
            scope.spawn(move || {
                let desk = Desk::new();
                let child = desk.start(&variant("short"), &[]);
                std::thread::sleep(Duration::from_millis(millis));
                signal(child.id(), Signal::SIGKILL);
                wait(child, Duration::from_secs(5));
                desk.assert_nothing_left();
            });
        }
    });
}

#[test]
fn a_run_that_was_killed_leaves_a_history_that_is_judged_and_never_passes() {
    let desk = Desk::new();
    let child = desk.start(&variant("short"), &[]);
    // Credentials are issued when PostgreSQL's log has the first login of one.
    let log = desk.run_folder().join("logs/postgres.target.log");
    let begun = Instant::now();
    while !std::fs::read_to_string(&log).unwrap_or_default().contains("v-token-") {
        assert!(begun.elapsed() < Duration::from_secs(90), "no credential was issued");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(2));
    signal(child.id(), Signal::SIGKILL);
    wait(child, Duration::from_secs(5));
    desk.assert_nothing_left();
    let judged = desk.command(["judge"]).arg(desk.run_folder()).output().unwrap();
    assert_eq!(judged.status.code(), Some(3), "{}", text(&judged));
    let verdicts = desk.verdicts();
    assert_eq!(verdicts["verdict"], "unknown");
    assert!(verdicts["totals"]["issued"].as_u64().unwrap() > 0, "{}", verdicts["totals"]);
}

#[test]
fn a_server_killed_under_a_run_ends_it_with_5_and_is_named() {
    for (program, name) in [("postgres", "postgres.target"), ("vault", "vault")] {
        let desk = Desk::new();
        let child = desk.start(&variant("short"), &[]);
        std::thread::sleep(Duration::from_secs(6));
        let server = desk
            .processes(Some(child.id()))
            .into_iter()
            .find(|pid| {
                let link = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
                link.file_name().is_some_and(|file| file == program)
            })
            .expect("the server stands");
        signal(server, Signal::SIGKILL);
        let output = wait(child, Duration::from_secs(30));
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(5), "{shown}");
        assert!(shown.contains(name), "{shown}");
        desk.assert_nothing_left();
    }
}

#[test]
fn a_missing_server_is_named_with_how_to_get_it() {
    for (variable, expected) in [("PG_BIN_DIR", "postgresql"), ("VAULT_BIN", "ci/servers/vault/build")] {
        let desk = Desk::new();
        let output = desk
            .command(["run"])
            .arg(variant("short"))
            .arg("--output")
            .arg(desk.run_folder())
            .env(variable, "/nowhere/at/all")
            .output()
            .unwrap();
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(5), "{shown}");
        assert!(shown.contains(variable) && shown.contains("/nowhere/at/all") && shown.contains(expected), "{shown}");
        desk.assert_nothing_left();
    }
}

#[test]
fn a_taken_port_is_named() {
    for key in ["postgres.target.port", "vault.port"] {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let desk = Desk::new();
        let output = desk.run(&variant("short"), &["--set", &format!("{key}={port}")]);
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(5), "{shown}");
        assert!(shown.contains(&port.to_string()), "{shown}");
        desk.assert_nothing_left();
    }
}

#[test]
fn a_statement_that_postgresql_rejects_is_shown_with_its_line_and_the_servers_words() {
    let desk = Desk::new();
    let output = desk.run(&variant("sql-error"), &[]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    for part in ["sql-error/scenario.toml:4", "42601", "syntax error at or near \"CREAT\""] {
        assert!(shown.contains(part), "`{part}` is not in\n{shown}");
    }
    desk.assert_nothing_left();
}

#[test]
fn three_mistakes_are_reported_in_one_pass() {
    let desk = Desk::new();
    let output = desk.run(&variant("three-mistakes"), &[]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    for part in ["orphans", "powerdns-role", "8 per second"] {
        assert!(shown.contains(part), "`{part}` is not in\n{shown}");
    }
    assert!(!desk.run_folder().exists(), "a scenario that is wrong makes no run");
    desk.assert_nothing_left();
}

#[test]
fn an_output_folder_that_cannot_be_written_is_said_before_anything_starts() {
    let desk = Desk::new();
    // Nobody can make a folder in /proc, root included.
    let output =
        desk.command(["run"]).arg(variant("short")).args(["--output", "/proc/leaseproof-run"]).output().unwrap();
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(5), "{shown}");
    assert!(shown.contains("/proc/leaseproof-run"), "{shown}");
    desk.assert_nothing_left();
}

#[test]
fn an_environment_stands_detached_until_it_is_taken_down() {
    let desk = Desk::new();
    let up = desk.command(["up"]).arg(variant("short")).arg("--detach").output().unwrap();
    assert_eq!(up.status.code(), Some(0), "{}", text(&up));
    let exports = String::from_utf8(up.stdout).unwrap();
    let script = format!("{exports}\ncurl -fsS \"$VAULT_ADDR/v1/sys/health\" && psql -Atc 'SELECT 7 * 6'");
    let used = std::process::Command::new("bash").args(["-euc", &script]).output().unwrap();
    let shown = text(&used);
    assert!(used.status.success() && shown.contains("\"sealed\":false") && shown.contains("42"), "{shown}");
    let down = desk.output(["down"]);
    assert_eq!(down.status.code(), Some(0), "{}", text(&down));
    // Its supervisor is killed.
    let up = desk.command(["up"]).arg(variant("short")).arg("--detach").output().unwrap();
    assert_eq!(up.status.code(), Some(0), "{}", text(&up));
    let ledger = std::fs::read_dir(desk.path().join("state/leaseproof/ledgers")).unwrap().next().unwrap().unwrap();
    let ledger = std::fs::read_to_string(ledger.path()).unwrap();
    let entries = ledger.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let pid = entries.filter(|entry| entry["made"] == "supervisor").find_map(|entry| entry["pid"].as_i64()).unwrap();
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL).unwrap();
    while std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let down = desk.output(["down"]);
    let shown = text(&down);
    assert_eq!(down.status.code(), Some(2), "{shown}");
    assert!(shown.contains("no longer runs") && shown.contains("`leaseproof clean` removes it"), "{shown}");
    let clean = desk.output(["clean"]);
    assert!(clean.status.success(), "{}", text(&clean));
    desk.assert_nothing_left();
}
