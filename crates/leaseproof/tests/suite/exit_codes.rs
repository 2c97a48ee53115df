//! Exit codes of docs/exit-codes.md that no other test produces, each by the cheapest run that shows it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::{Desk, on_one_line, text, variant};

/// Fails the second request for as many random bytes as a password takes, with an error that Linux never gives: that of
/// `site::password`, which panics. Hash tables ask for fewer.
const NO_RANDOM_BYTES: &str = "#include <errno.h>
#include <sys/types.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t getrandom(void *to, size_t length, unsigned int flags) {
    static int asked;
    if (length == 32 && ++asked == 2) { errno = EIO; return -1; }
    return syscall(SYS_getrandom, to, length, flags);
}
";

/// A scenario of its own in the desk.
fn scenario(desk: &Desk, text: &str) -> PathBuf {
    let folder = desk.path().join("scenario");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("scenario.toml"), text).unwrap();
    folder
}

fn outcome(desk: &Desk) -> (Option<i32>, Value) {
    let judged = desk.command(["judge"]).arg(desk.run_folder()).output().unwrap();
    (judged.status.code(), desk.verdicts()["outcome"].clone())
}

#[test]
fn a_run_of_which_nothing_is_requested_is_undecided() {
    let desk = Desk::new();
    let output = desk.run(&scenario(&desk, "title = \"nothing is promised\"\n[postgres.target]\n"), &[]);
    let shown = text(&output);
    assert!(output.status.code() == Some(3) && shown.contains("undecided · "), "{shown}");
    assert_eq!(outcome(&desk), (Some(3), "undecided".into()), "{shown}");
    desk.assert_nothing_left();
}

#[test]
fn a_bug_in_leaseproof_ends_with_70_and_nothing_is_left() {
    let desk = Desk::new();
    let (source, library) = (desk.path().join("getrandom.c"), desk.path().join("getrandom.so"));
    std::fs::write(&source, NO_RANDOM_BYTES).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).output().unwrap();
    assert!(built.status.success(), "{}", text(&built));
    let path = scenario(&desk, "title = \"nothing is promised\"\n[postgres.target]\n");
    let mut run = desk.command(["run"]);
    run.arg(path).arg("--output").arg(desk.run_folder()).env("LD_PRELOAD", &library);
    let output = run.output().unwrap();
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(70), "{shown}");
    for words in ["a bug in leaseproof, at ", "report it", "leaseproof clean"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // Its history has no end.
    assert_eq!(outcome(&desk), (Some(3), "undecided".into()), "{shown}");
    desk.assert_nothing_left();
}

/// The outcome and the code of a failed threshold on a time depend on whether this machine sent in time.
#[test]
fn a_threshold_fails_on_timing_and_a_known_issue_passes() {
    let crossed = "[[threshold]]\nmetric = \"login.response.p50\"\nlimit = \"< 1ms\"\n";
    let known = "[[known_issue]]\ncheck = \"THR-1\"\nbecause = \"a login hashes its password 4,096 times\"\n";
    for (more, only, code, word, last) in [
        ("", "THR-1", 1, "failed_on_timing", "failed on timing · "),
        (known, "THR-1,KNO-1", 0, "known_issues_only", "passed, known issues only · "),
    ] {
        let desk = Desk::new();
        let parent = variant("short");
        let text_of = format!("extends = {parent:?}\ntitle = \"a threshold\"\n{crossed}{more}");
        let sets = ["phase.steady.for=2s", "phase.steady.rate=2/s"].map(|set| ["--set", set]).concat();
        let output = desk.run(&scenario(&desk, &text_of), &[&sets[..], &["--only", only]].concat());
        let shown = text(&output);
        let late = desk.verdicts()["validity"]["is"] != "valid";
        let (code, word, last) =
            if late { (4, "invalid_measurement", "invalid measurement · ") } else { (code, word, last) };
        assert!(output.status.code() == Some(code) && shown.contains(last), "{code}: {shown}");
        assert_eq!(outcome(&desk), (Some(code), word.into()), "{shown}");
        desk.assert_nothing_left();
    }
}

#[test]
fn another_program_in_place_of_a_server_is_never_started() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/bin/ls", folder.path().join("postgres")).unwrap();
    for (variable, value, words) in [
        (
            "PG_BIN_DIR",
            folder.path().to_str().unwrap(),
            "/postgres (from PG_BIN_DIR) is not PostgreSQL: expected `--version`",
        ),
        (
            "VAULT_BIN",
            "/bin/ls",
            "/bin/ls (from VAULT_BIN) is not Vault: expected `version` to answer with \"Vault v\", got",
        ),
        ("HAPROXY_BIN", "/bin/true", "/bin/true (from HAPROXY_BIN) is not HAProxy: expected `-v` to answer with"),
    ] {
        let desk = Desk::new();
        let layout = if variable == "HAPROXY_BIN" { "layout = \"haproxy-ha\"\n" } else { "" };
        let path = scenario(&desk, &format!("title = \"t\"\n[postgres.target]\n{layout}"));
        let mut run = desk.command(["run"]);
        run.arg(&path).arg("--output").arg(desk.run_folder()).env(variable, value);
        let output = run.output().unwrap();
        let shown = on_one_line(&text(&output));
        assert!(output.status.code() == Some(5) && shown.contains(words), "{variable}: {shown}");
        assert!(
            !std::fs::read_to_string(desk.run_folder().join("ledger.jsonl")).unwrap().contains("postgres"),
            "{shown}"
        );
        assert_eq!(outcome(&desk), (Some(5), "environment_lost".into()), "{shown}");
        desk.assert_nothing_left();
    }
}
