//! The scripts of `ci/` that show progress and keep results, on made-up work.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::workspace;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A function of ci/progress, by itself.
fn function(call: &str) -> String {
    let output = Command::new("bash").args(["-c", &format!(". ci/progress; {call}")]).current_dir(workspace()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{call}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_time_left_follows_from_the_work_and_the_time_so_far() {
    for (call, expected) in [
        ("span 59", "59 s"),
        ("span 61", "1 min 01 s"),
        // A quarter of the work took two minutes.
        ("left 25 100 120", ", about 6 min left"),
        ("left 90 100 270", ", under a minute left"),
        ("left 100 100 300", ", under a minute left"),
        // No pace yet: nine seconds, and a hundredth of the work.
        ("left 50 100 9", ""),
        ("left 1 100 60", ""),
    ] {
        assert_eq!(function(call), expected, "{call}");
    }
}

/// Feeds lines to ci/progress, where `a` is nine times as much work as `b` and `c d`.
fn progress(lines: &str, seconds: &str) -> Output {
    let folder = TempDir::new().unwrap();
    let units = folder.path().join("units");
    std::fs::write(&units, "9 a\n1 b\n1 c d\n").unwrap();
    let mut child = Command::new("ci/progress")
        .args(["Building it", "packages"])
        .args([units.as_os_str(), "linking".as_ref()])
        .env("LEASEPROOF_PROGRESS_SECONDS", seconds)
        .current_dir(workspace())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn units_are_counted_and_every_other_line_is_passed_on() {
    let output = progress("a\nerror: $(false) ]\na\nc d\nb\n", "0");
    assert!(output.status.success());
    let shown = text(&output.stderr);
    let expected = [
        "Building it: 1 of 3 packages, 0 s",
        "error: $(false) ]",
        "Building it: 1 of 3 packages, 0 s",
        "a",
        "Building it: 1 of 3 packages, 0 s",
        "Building it: 2 of 3 packages, 0 s",
        "Building it: 3 of 3 packages, 0 s, linking",
    ];
    // How many seconds it took is this machine's.
    let lines: Vec<String> = shown
        .lines()
        .map(|line| match line.split_once(" packages, ") {
            Some((before, after)) => {
                let rest = after.split_once(" s").map_or("", |(_, rest)| rest);
                format!("{before} packages, 0 s{rest}")
            }
            None => line.to_owned(),
        })
        .collect();
    assert_eq!(lines, expected, "{shown}");
}

#[test]
fn between_two_lines_of_progress_some_time_passes() {
    let output = progress("a\nb\nnoise\nc d\n", "3600");
    assert_eq!(text(&output.stderr), "noise\n");
}

/// ci/nightly with parts of its own, and its results in a folder.
fn nightly(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new("ci/nightly")
        .args(arguments)
        .env("LEASEPROOF_NIGHTLY_PARTS", folder.join("parts"))
        .env("XDG_CACHE_HOME", folder)
        .current_dir(workspace())
        .output()
        .unwrap();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn a_night_goes_on_where_it_stopped_and_keeps_each_result() {
    let folder = TempDir::new().unwrap();
    let ran = folder.path().join("ran");
    let [ran, parts] = [ran, folder.path().join("parts")];
    let part = |name: &str, command: &str| {
        format!("part {name} 1 \"what {name} does\" bash -c 'echo {name} >>{}; {command}'\n", ran.display())
    };
    let runs = || std::fs::read_to_string(&ran).unwrap_or_default().replace('\n', " ");

    std::fs::write(&parts, part("good", "true") + &part("bad", "echo why it failed; false")).unwrap();
    let (code, shown) = nightly(folder.path(), &[]);
    assert_eq!((code, runs().as_str()), (Some(1), "good bad "), "{shown}");
    assert!(shown.contains("why it failed") && shown.contains("what good does"), "{shown}");

    // Both have a result: nothing runs, and the failure is still one.
    let (code, shown) = nightly(folder.path(), &[]);
    assert_eq!((code, runs().as_str()), (Some(1), "good bad "), "{shown}");

    // A new part is missing; one that is named runs again.
    std::fs::write(&parts, part("good", "true") + &part("bad", "true") + &part("new", "true")).unwrap();
    assert_eq!(nightly(folder.path(), &["bad"]).0, Some(0));
    let (code, shown) = nightly(folder.path(), &[]);
    assert_eq!((code, runs().as_str()), (Some(0), "good bad bad new "), "{shown}");

    let (code, shown) = nightly(folder.path(), &["nothing-such"]);
    assert_eq!(code, Some(2));
    assert!(shown.contains("no part nothing-such") && shown.contains("  good\n  bad\n  new\n"), "{shown}");

    let (code, shown) = nightly(folder.path(), &["list"]);
    assert_eq!(code, Some(0));
    let line = shown.lines().find(|line| line.starts_with("new ")).unwrap();
    assert!(line.contains(" pass ") && line.ends_with("what new does"), "{shown}");
}

#[test]
fn the_parts_of_the_night_have_commands_that_are_there_and_none_is_forgotten() {
    let output = Command::new("ci/nightly").arg("list").current_dir(workspace()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let listed = text(&output.stdout);
    let parts = std::fs::read_to_string(workspace().join("ci/nightly-parts")).unwrap();
    let lines = parts.lines().filter(|line| !line.starts_with('#'));
    let commands: Vec<&str> = lines.flat_map(str::split_whitespace).filter(|word| word.starts_with("ci/")).collect();
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands {
        assert!(workspace().join(command).exists(), "{command} of ci/nightly-parts does not exist");
    }
    let targets = std::fs::read_dir(workspace().join("fuzz/fuzz_targets")).unwrap();
    for target in targets.map(|entry| entry.unwrap().path()) {
        let part = format!("fuzz-{} ", target.file_stem().unwrap().to_str().unwrap());
        assert!(listed.contains(&part), "{part} is no part: {listed}");
    }
}

/// ci/test with commands that do nothing, and with these of its own.
fn whole_test(own: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    let nothing =
        ["ci/servers/install", "ci/images/build", "ci/nextest", "ci/tests", "bin/cargo", "target/debug/leaseproof"];
    nothing.iter().for_each(|name| write(name, "#!/bin/sh\n"));
    write("ci/docker", "#!/bin/sh\necho DOCKER_STARTED=\n");
    write("ci/test", &std::fs::read_to_string(workspace().join("ci/test")).unwrap());
    own.iter().for_each(|(name, commands)| write(name, &format!("#!/bin/sh\n{commands}\n")));
    let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap());
    let output = Command::new(folder.path().join("ci/test")).env("PATH", path).output().unwrap();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn clippy_beside_the_tests_fails_them_by_its_name_and_ends_with_them() {
    let (code, shown) = whole_test(&[]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("clippy, warnings denied, and examples in the documentation: the last of "), "{shown}");

    let lint = "case $1 in clippy) echo 'error: a lint'; exit 101 ;; esac";
    let (code, shown) = whole_test(&[("bin/cargo", lint)]);
    assert_eq!(code, Some(1), "{shown}");
    let (_, end) = shown.split_once("Where the time went: it failed in \"clippy, warnings denied").unwrap();
    assert!(shown.contains("error: a lint") && end.contains("all of it"), "{shown}");

    // Where the tests fail it is ended.
    let folder = TempDir::new().unwrap();
    let pid = folder.path().join("pid");
    let lint = format!("case $1 in clippy) echo $$ >{}; exec sleep 600 ;; esac", pid.display());
    let tests = format!("until [ -s {} ]; do sleep 0.05; done; exit 100", pid.display());
    let (code, shown) = whole_test(&[("bin/cargo", &lint), ("ci/tests", &tests)]);
    assert_eq!(code, Some(100), "{shown}");
    assert!(shown.contains("it failed in \"tests of the workspace"), "{shown}");
    let command = format!("/proc/{}/cmdline", std::fs::read_to_string(&pid).unwrap().trim());
    let runs = || std::fs::read(&command).is_ok_and(|line| !line.is_empty());
    let until = Instant::now() + Duration::from_secs(30);
    while runs() {
        assert!(Instant::now() < until, "clippy goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_tools_alone_bring_no_server() {
    let folder = TempDir::new().unwrap();
    let output = Command::new("ci/servers/install")
        .arg("--tools-only")
        .env("XDG_CACHE_HOME", folder.path())
        .env_remove("VAULT_BIN")
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no Vault is built");
}
