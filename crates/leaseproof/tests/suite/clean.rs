//! What `clean` says and does about ledgers that are damaged, that are somebody else's, and about folders of `up` and
//! `conformance`. No servers: the ledgers are made up.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::support::{Desk, text, wait};
use serde_json::json;

const RUN: &str = "20261122T225801Z-3f2a";

fn index(desk: &Desk) -> PathBuf {
    let index = desk.path().join("state/leaseproof/ledgers");
    fs::create_dir_all(&index).unwrap();
    index
}

fn host() -> String {
    let output = Command::new("uname").arg("-n").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn uid() -> u32 {
    nix::unistd::Uid::effective().as_raw()
}

/// A ledger of a run that is over, with those entries behind its own.
fn ledger(desk: &Desk, run: &str, (uid, host): (u32, &str), more: &[serde_json::Value]) -> PathBuf {
    let file = index(desk).join(format!("{run}.jsonl"));
    let own = desk.path().join("nowhere/ledger.jsonl");
    let mut lines = vec![
        json!(own).to_string(),
        json!({ "made": "harness", "pid": 4_000_000, "start_time": 1 }).to_string(),
        json!({ "made": "started", "scenario": "orders", "folder": "/home/ada/checkout", "user": "ada", "uid": uid,
                "host": host })
        .to_string(),
    ];
    lines.extend(more.iter().map(ToString::to_string));
    fs::write(&file, lines.join("\n") + "\n").unwrap();
    file
}

fn folder(desk: &Desk, name: &str) -> (PathBuf, serde_json::Value) {
    let path = desk.path().join("tmp").join(name);
    fs::create_dir(&path).unwrap();
    fs::write(path.join("data"), "x").unwrap();
    (path.clone(), json!({ "made": "folder", "path": path }))
}

fn clean(desk: &Desk, arguments: &[&str]) -> (Option<i32>, String) {
    let output = desk.output(["clean"].iter().chain(arguments));
    (output.status.code(), text(&output))
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_cleaned() {
    for (what, bad) in [("a bad byte", &b"\xff\n"[..]), ("a NUL", b"\0\n"), ("a newer entry", b"{\"made\":\"moon\"}\n")]
    {
        let desk = Desk::new();
        let (path, entry) = folder(&desk, "leaseproof-a");
        let (second, entry_of_second) = folder(&desk, "leaseproof-b");
        let file = ledger(&desk, RUN, (uid(), &host()), &[entry]);
        let whole = fs::read(&file).unwrap();
        fs::write(&file, [&whole, bad, entry_of_second.to_string().as_bytes(), b"\n"].concat()).unwrap();
        let (code, shown) = clean(&desk, &[]);
        assert_eq!(code, Some(1), "{what}: {shown}");
        assert!(shown.contains(&format!("{RUN}.jsonl line 5 is not an entry of a ledger")), "{what}: {shown}");
        assert!(!path.exists() && !second.exists(), "{what}: {shown}");
        assert!(shown.contains(&format!("remove {}", file.display())), "{what}: {shown}");
        fs::remove_file(file).unwrap();
        assert_eq!(clean(&desk, &[]).0, Some(0));
    }
}

#[test]
fn a_ledger_that_is_no_file_is_named() {
    let desk = Desk::new();
    let index = index(&desk);
    fs::create_dir(index.join(format!("{RUN}.jsonl"))).unwrap();
    symlink("nowhere", index.join("20261122T225802Z-0000.jsonl")).unwrap();
    let fifo = index.join("20261122T225803Z-0000.jsonl");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let child = desk.command(["clean"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let output = wait(child, Duration::from_secs(30));
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert_eq!(shown.matches(" cannot be read: ").count(), 3, "{shown}");
    assert!(!shown.contains("nothing was left behind"), "{shown}");
    fs::remove_dir_all(&index).unwrap();
    fs::write(&index, "no folder").unwrap();
    let (code, shown) = clean(&desk, &[]);
    assert!(code == Some(1) && shown.contains("cannot determine what runs left behind"), "{shown}");
}

#[test]
fn a_run_is_shown_with_its_maker_and_only_ones_own_is_removed() {
    let desk = Desk::new();
    let (path, entry) = folder(&desk, "leaseproof-a");
    let (others, of_another) = folder(&desk, "leaseproof-b");
    let (elsewhere, of_elsewhere) = folder(&desk, "leaseproof-c");
    ledger(&desk, "20261122T225801Z-0001", (uid(), &host()), &[entry]);
    ledger(&desk, "20261122T225801Z-0002", (uid() + 1, &host()), &[of_another]);
    ledger(&desk, "20261122T225801Z-0003", (uid(), "another-machine"), &[of_elsewhere]);
    let (code, shown) = clean(&desk, &["--dry-run"]);
    assert_eq!(code, Some(1), "{shown}");
    let maker = format!("20261122T225801Z-0001 (orders, started by ada@{} in /home/ada/checkout, pid 4000000)", host());
    assert!(shown.contains(&format!("{maker}: would remove {}", path.display())), "{shown}");
    assert!(path.exists(), "{shown}");
    let (code, shown) = clean(&desk, &[]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains(&format!("{maker}: {} removed", path.display())), "{shown}");
    assert!(shown.contains("not touched: it is ada's") && shown.contains("on the machine another-machine"), "{shown}");
    assert!(!path.exists() && others.exists() && elsewhere.exists(), "{shown}");
}

/// A ledger may have been changed: what it names and leaseproof cannot have made is neither removed nor ended.
#[test]
fn a_folder_that_is_not_leaseproofs_keeps_what_is_in_it() {
    let desk = Desk::new();
    let folder = desk.path().join("data");
    fs::create_dir(&folder).unwrap();
    let program = folder.join("postgres");
    fs::copy("/bin/sleep", &program).unwrap();
    let mut server = Command::new(&program).arg("60").current_dir(&folder).spawn().unwrap();
    let file = json!({ "made": "file", "path": folder.join("kept") });
    fs::write(folder.join("kept"), "").unwrap();
    ledger(&desk, RUN, (uid(), &host()), &[json!({ "made": "folder", "path": folder }), file]);
    for arguments in [&["--dry-run"][..], &[]] {
        let (code, shown) = clean(&desk, arguments);
        let stays = format!("{} (not a folder of leaseproof's)", folder.display());
        assert!(code == Some(1) && shown.contains(&stays), "{shown}");
        assert!(!shown.contains("postgres (pid ") && !shown.contains("kept"), "{shown}");
    }
    assert!(server.try_wait().unwrap().is_none(), "it was ended");
    assert!(folder.join("kept").exists());
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn a_run_whose_owner_cannot_be_read_is_left_alone() {
    let desk = Desk::new();
    let (path, entry) = folder(&desk, "leaseproof-a");
    let file = ledger(&desk, RUN, (uid(), &host()), &[entry]);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("{\"made\":\"harness\"", "{\"mode\":\"harness\"", 1)).unwrap();
    let (code, shown) = clean(&desk, &[]);
    assert!(code == Some(1) && shown.contains("its owner cannot be read, and may still live"), "{shown}");
    assert!(path.exists(), "{shown}");
}

#[test]
fn folders_of_killed_commands_are_removed() {
    let desk = Desk::new();
    let state = desk.path().join("state/leaseproof");
    let of = |command: &str, run: &str| {
        let folder = state.join(command).join(run);
        fs::create_dir_all(folder.join("logs")).unwrap();
        folder
    };
    let (up, stray, new) =
        (of("up", RUN), of("conformance", "20261122T225802Z-0000"), of("up", "20261122T225803Z-0000"));
    let own = up.join("ledger.jsonl");
    fs::write(&own, "").unwrap();
    let harness = json!({ "made": "harness", "pid": 4_000_000, "start_time": 1 });
    fs::write(index(&desk).join(format!("{RUN}.jsonl")), format!("{}\n{harness}\n", json!(own))).unwrap();
    age(&stray, Duration::from_secs(3600));
    let (code, shown) = clean(&desk, &[]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(!up.exists() && !stray.exists() && new.exists(), "one that is just being made stays: {shown}");
    age(&new, Duration::from_secs(3600));
    assert_eq!(clean(&desk, &[]).0, Some(0));
    assert_eq!((state.join("up").exists(), state.join("conformance").exists()), (false, false));
}

fn age(folder: &Path, by: Duration) {
    let folder = fs::File::open(folder).unwrap();
    folder.set_modified(SystemTime::now() - by).unwrap();
}

/// What the ledger of an attached run has whose token was revoked.
fn revoked() -> [serde_json::Value; 3] {
    let vault = "http://vault.example:8200";
    [
        json!({ "made": "attached", "vault": vault, "cluster_id": "c1", "namespace": null }),
        json!({ "made": "token_accessor", "vault": vault, "accessor": "a1", "ends": 1 }),
        json!({ "made": "token_revoked", "accessor": "a1" }),
    ]
}

#[test]
fn a_run_whose_credentials_were_not_checked_is_not_forgotten() {
    let checks = "`leaseproof clean --attached SCENARIO` checks which of them still exist";
    let credential = json!({ "made": "credential_unchecked", "role": "v-app-1", "lease": "database/creds/app/1",
                             "cluster": "target", "oid": 16_400 });
    let named =
        "\n  role v-app-1 (OID 16400) of postgres.target, lease database/creds/app/1: it was not checked whether";
    for (more, words) in [(None, "their names are known: "), (Some(credential), named)] {
        let desk = Desk::new();
        let entries: Vec<_> = revoked().into_iter().chain(more).collect();
        let file = ledger(&desk, RUN, (uid(), &host()), &entries);
        for arguments in [&["--dry-run"][..], &[], &[]] {
            let (code, shown) = clean(&desk, arguments);
            assert!(code == Some(1) && file.exists(), "{shown}");
            assert!(shown.contains(words) && shown.contains(checks), "{words}: {shown}");
            assert!(!shown.contains("nothing "), "{shown}");
        }
        let checked = json!({ "made": "credentials_checked", "accessor": "a1" });
        let entries: Vec<_> = entries.into_iter().chain([checked]).collect();
        ledger(&desk, RUN, (uid(), &host()), &entries);
        let (code, shown) = clean(&desk, &[]);
        assert!(code == Some(0) && shown.contains("nothing was left") && !file.exists(), "{shown}");
    }
}

/// A line break in a name from outside is shown as an escape, and does not begin a line.
#[test]
fn the_commands_that_remove_credentials_have_a_line_of_their_own() {
    let desk = Desk::new();
    let left =
        |role: &str| json!({ "made": "credential_left", "cluster": "target", "role": role, "lease": "l/1", "oid": 7 });
    let checked = json!({ "made": "credentials_checked", "accessor": "a1" });
    let entries: Vec<_> = revoked().into_iter().chain([left("v-a"), left("v-b\nforged"), checked]).collect();
    ledger(&desk, RUN, (uid(), &host()), &entries);
    let (code, shown) = clean(&desk, &["--dry-run"]);
    assert_eq!(code, Some(1), "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 5, "{shown}");
    assert_eq!(lines[1], "  role v-a (OID 7) of postgres.target, lease l/1: Vault could not revoke it");
    assert_eq!(lines[2], "  role v-b\\nforged (OID 7) of postgres.target, lease l/1: Vault could not revoke it");
    assert!(lines[3].starts_with("  To remove each of these 2, here the last one: while Vault at "), "{shown}");
    assert_eq!(lines[4], "  `leaseproof clean --attached SCENARIO` checks which of them still exist");
}
