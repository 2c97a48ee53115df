//! Environments of containers, on a real engine: the same scenarios, the same verdicts, and nothing left, whatever ends the
//! harness. Without an engine these tests fail, and say how to get one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::engine::{IMAGES, docker, image};
use crate::support::{Desk, assert_kept, text, variant, workspace};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

fn contained(desk: &Desk, scenario: &Path, more: &[&str]) -> Command {
    let engine = docker(&["version", "--format", "{{.Server.Version}}"]);
    assert!(engine.status.success(), "no container engine: get one by `eval \"$(ci/docker)\"`: {}", text(&engine));
    let mut command = desk.command(["run", "--environment", "containers"]);
    command.arg(scenario).arg("--output").arg(desk.run_folder()).args(more);
    command.envs(IMAGES.map(|(variable, stand_in)| (variable, image(variable, stand_in))));
    command
}

/// The containers of a run, by its name.
fn containers(run: &str) -> Vec<String> {
    let all = docker(&["ps", "--all", "--filter", &format!("label=leaseproof.run={run}"), "--format", "{{.Names}}"]);
    assert!(all.status.success(), "{}", text(&all));
    String::from_utf8(all.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn run_name(desk: &Desk) -> String {
    let run: Value = serde_json::from_slice(&std::fs::read(desk.run_folder().join("run.json")).unwrap()).unwrap();
    assert_eq!(run["environment"], "containers");
    run["run"].as_str().unwrap().to_owned()
}

/// Every check that was asked, with its verdict.
fn judged(verdicts: &Value) -> Vec<(String, String)> {
    let checks = verdicts["checks"].as_array().unwrap().iter();
    let word = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    checks.map(|check| (word(check, "check"), word(check, "verdict"))).collect()
}

/// The process, where it is the engine's client.
fn client(pid: u32) -> Option<Pid> {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    (name.trim() == "docker").then(|| Pid::from_raw(i32::try_from(pid).unwrap()))
}

#[test]
fn an_image_that_the_scenario_names_and_that_is_missing_is_reported_with_its_place() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let powerdns = workspace().join("scenarios/powerdns");
    let file = folder.path().join("scenario.toml");
    let named = "[containers]\npostgres = { 15 = \"leaseproof.invalid/postgres:15\" }\n";
    std::fs::write(&file, format!("extends = {:?}\ntitle = \"An image of our own\"\n{named}", powerdns)).unwrap();
    let mut command = contained(&desk, folder.path(), &[]);
    let output = command.env_remove("LEASEPROOF_POSTGRES_IMAGE").output().unwrap();
    let words = text(&output);
    assert_eq!(output.status.code(), Some(5), "{words}");
    let place = format!("leaseproof.invalid/postgres:15 ({}:4:", file.display());
    assert!(words.contains(&place) && words.contains("LEASEPROOF_POSTGRES_IMAGE"), "{words}");
    // The environment has the last word: the same file without it would be refused.
    let desk = Desk::new();
    let stand_in = contained(&desk, folder.path(), &["--profile", "soak"]).env(IMAGES[0].0, IMAGES[0].1).output();
    let stand_in = stand_in.unwrap();
    assert_kept(&stand_in, &desk.verdicts());
}

fn keeps_its_promises(scenario: &str) {
    let desk = Desk::new();
    let path = workspace().join("scenarios").join(scenario);
    let output = contained(&desk, &path, &GENTLE).output().unwrap();
    assert!(desk.run_folder().join("verdicts.json").exists(), "{}", text(&output));
    assert_kept(&output, &desk.verdicts());
    let run = run_name(&desk);
    // The ledger names what was made before it was made, and all of it is gone.
    let ledger = std::fs::read_to_string(desk.run_folder().join("ledger.jsonl")).unwrap();
    assert!(ledger.contains(&format!("leaseproof-{run}-vault")), "{ledger}");
    assert_eq!(containers(&run), Vec::<String>::new());
    let log = std::fs::read_dir(desk.run_folder().join("logs")).unwrap().count();
    assert!(log > 1, "the logs of the servers are read");
    desk.assert_nothing_left();
}

/// Another test runs beside this one: at a rate that two of them sustain on two cores.
const GENTLE: [&str; 4] = ["--profile", "soak", "--set", "phase.steady.rate=3/s"];

#[test]
fn powerdns_has_the_same_verdicts_in_containers_and_as_processes() {
    let desk = Desk::new();
    let path = workspace().join("scenarios/powerdns");
    let output = contained(&desk, &path, &["--profile", "soak"]).output().unwrap();
    assert!(desk.run_folder().join("verdicts.json").exists(), "{}", text(&output));
    assert_kept(&output, &desk.verdicts());
    assert_eq!(containers(&run_name(&desk)), Vec::<String>::new());
    let other = Desk::new();
    let processes = other.run(&path, &GENTLE);
    assert_kept(&processes, &other.verdicts());
    assert_eq!(judged(&desk.verdicts()), judged(&other.verdicts()));
    desk.assert_nothing_left();
    other.assert_nothing_left();
}

#[test]
fn a_replicated_cluster_keeps_its_promises_in_containers() {
    keeps_its_promises("keybuzz");
}

#[test]
fn a_vault_of_two_nodes_keeps_its_promises_in_containers() {
    keeps_its_promises("vault-storage");
}

#[test]
fn containers_that_are_killed_frozen_and_sealed_keep_what_was_acknowledged() {
    let desk = Desk::new();
    let output = contained(&desk, &variant("struck"), &[]).output().unwrap();
    assert!(desk.run_folder().join("verdicts.json").exists(), "{}", text(&output));
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    let faults = verdicts["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 4);
    for fault in faults {
        assert_eq!(fault["steps"].as_array().unwrap().last().unwrap()[1], "healed", "{fault:#}");
    }
    assert_eq!(containers(&run_name(&desk)), Vec::<String>::new());
    desk.assert_nothing_left();
}

#[test]
fn a_live_powerdns_follows_its_credential_in_a_container() {
    let desk = Desk::new();
    let path = workspace().join("scenarios/powerdns-live");
    let output = contained(&desk, &path, &["--profile", "soak"]).output().unwrap();
    assert!(desk.run_folder().join("verdicts.json").exists(), "{}", text(&output));
    assert_kept(&output, &desk.verdicts());
    let run = run_name(&desk);
    let ledger = std::fs::read_to_string(desk.run_folder().join("ledger.jsonl")).unwrap();
    assert!(ledger.contains(&format!("leaseproof-{run}-pdns-")), "{ledger}");
    assert!(judged(&desk.verdicts()).iter().any(|(check, verdict)| check == "DNS-2" && verdict == "pass"));
    assert_eq!(containers(&run), Vec::<String>::new());
    desk.assert_nothing_left();
}

#[test]
fn a_full_disk_under_a_container_ends_its_server_and_loses_nothing() {
    let desk = Desk::new();
    let output = contained(&desk, &variant("full-disk"), &[]).output().unwrap();
    assert!(desk.run_folder().join("verdicts.json").exists(), "mounting takes root: {}", text(&output));
    assert_kept(&output, &desk.verdicts());
    let steps = &desk.verdicts()["faults"][0]["steps"];
    assert!(steps.to_string().contains("had ended, and is started again with room"), "{steps:#}");
    desk.assert_nothing_left();
    assert_eq!(desk.mounts(), Vec::<String>::new());
}

#[test]
fn a_killed_harness_leaves_what_clean_removes_also_without_a_ledger() {
    for forgotten in [false, true] {
        let desk = Desk::new();
        let mut command = contained(&desk, &variant("short"), &[]);
        let mut harness = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        let run = loop {
            if desk.run_folder().join("run.json").exists() {
                let run = run_name(&desk);
                if containers(&run).iter().any(|name| name.contains("-vault-")) {
                    break run;
                }
            }
            assert!(Instant::now() < until && harness.try_wait().unwrap().is_none(), "no container of Vault came");
            std::thread::sleep(Duration::from_millis(50));
        };
        // The kernel tells the engine's clients of the harness's end, and they hand it on to their containers: one that is
        // stopped, and killed then, hands nothing on.
        let clients: Vec<Pid> = desk.processes(Some(harness.id())).into_iter().filter_map(client).collect();
        clients.iter().for_each(|client| kill(*client, Signal::SIGSTOP).unwrap());
        harness.kill().unwrap();
        harness.wait().unwrap();
        clients.iter().for_each(|client| kill(*client, Signal::SIGKILL).unwrap());
        assert_ne!(containers(&run), Vec::<String>::new(), "the containers are left");
        if forgotten {
            std::fs::remove_dir_all(desk.path().join("state/leaseproof/ledgers")).unwrap();
        }
        let clean = desk.output(["clean"]);
        assert_eq!(clean.status.code(), Some(0), "{}", text(&clean));
        assert_eq!(containers(&run), Vec::<String>::new(), "{}", text(&clean));
        if forgotten {
            // Without its ledger nobody knows of the run's folder; it is this desk's own, and goes with it.
            continue;
        }
        desk.assert_nothing_left();
    }
}

#[test]
fn an_engine_or_image_that_is_missing_is_named_with_how_to_get_it() {
    let desk = Desk::new();
    let mut command = contained(&desk, &variant("short"), &[]);
    let output = command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    assert!(text(&output).contains("a container engine") && text(&output).contains("ci/docker"), "{}", text(&output));
    let desk = Desk::new();
    let mut command = contained(&desk, &variant("short"), &[]);
    let output = command.env("LEASEPROOF_VAULT_IMAGE", "leaseproof/nothing:0").output().unwrap();
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(5), "{shown}");
    for part in ["leaseproof/nothing:0", "LEASEPROOF_VAULT_IMAGE", "ci/images/build"] {
        assert!(shown.contains(part), "`{part}` is not in\n{shown}");
    }
    desk.assert_nothing_left();
}

#[test]
fn a_cluster_that_patroni_keeps_is_refused_with_what_to_do() {
    let desk = Desk::new();
    let output = contained(&desk, &workspace().join("scenarios/keybuzz-patroni"), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    for part in ["Patroni", "postgres.target", "--environment processes"] {
        assert!(text(&output).contains(part), "`{part}` is not in\n{}", text(&output));
    }
    desk.assert_nothing_left();
}

#[test]
fn a_scenario_may_ask_for_containers_itself() {
    let desk = Desk::new();
    let mut command = desk.command(["run"]);
    command.arg(variant("asks-for-containers")).arg("--output").arg(desk.run_folder());
    command.envs(IMAGES.map(|(variable, stand_in)| (variable, image(variable, stand_in))));
    let output = command.output().unwrap();
    assert!(desk.run_folder().join("verdicts.json").exists(), "{}", text(&output));
    assert_kept(&output, &desk.verdicts());
    assert_eq!(containers(&run_name(&desk)), Vec::<String>::new());
    desk.assert_nothing_left();
}

/// The environment of docker-compose.yml, attached: the script asserts the rest.
#[test]
fn the_compose_environment_is_attached_under_the_printed_rights_and_keeps_nothing() {
    let mut script = Command::new("ci/images/attached");
    script.env("LEASEPROOF", env!("CARGO_BIN_EXE_leaseproof")).current_dir(workspace());
    let output = script.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}
