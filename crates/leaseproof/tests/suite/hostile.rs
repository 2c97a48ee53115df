//! What comes from outside (names, files, recorded runs) neither speaks to the terminal, nor hangs, nor fills the memory;
//! an output that is lost is an error.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Erases the line above, sets the window's title, reverses what follows, hides a letter, forges a line.
const HOSTILE: &str = "a\u{1b}[1A\u{1b}[2Kb\u{1b}]0;t\u{7}c\u{9b}31md\u{202e}e\u{200b}f\ng";

fn leaseproof<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leaseproof"));
    command.args(arguments).env_remove("NO_COLOR").env("HOME", "/nowhere").env("XDG_STATE_HOME", "/nowhere/state");
    command
}

fn output<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    leaseproof(arguments).output().unwrap()
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn assert_harmless(output: &Output) {
    let text = both(output);
    let hostile = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{200b}' | '\u{202e}');
    assert!(!text.chars().any(hostile), "{text:?}");
}

/// Nothing is left out either.
fn assert_shown(output: &Output) {
    assert_harmless(output);
    assert!(both(output).contains(r"\u{202e}"), "{:?}", both(output));
}

/// A scenario in `folder` whose title is a hostile one, and whose setup has a key of that name.
fn scenario(folder: &Path, setup: &str) {
    let quoted = |text: &str| toml_quoted(text);
    let text = format!("title = {}\n{}", quoted(HOSTILE), setup.replace("HOSTILE", &quoted(HOSTILE)));
    fs::write(folder.join("scenario.toml"), text).unwrap();
}

fn toml_quoted(text: &str) -> String {
    let escaped: String = text.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
    format!("\"{escaped}\"")
}

#[test]
fn a_title_and_a_folder_cannot_speak_to_the_terminal() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join(HOSTILE);
    fs::create_dir(&folder).unwrap();
    scenario(&folder, "");
    let listed = output(["list".as_ref(), place.path().as_os_str()]);
    assert_shown(&listed);
    assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().count(), 1, "a newline forges no line");
    for command in ["validate", "run"] {
        assert_shown(&output([command.as_ref(), folder.as_os_str()]));
    }
}

#[test]
fn what_a_scenario_holds_is_shown_escaped_where_it_is_wrong() {
    for setup in [
        "HOSTILE = 1\n",
        "[postgres.target]\nversion = HOSTILE\n",
        "[[setup]]\nsql = HOSTILE\n",
        "[role.x]\ngrants = [HOSTILE]\n",
        "extends = HOSTILE\n",
        // Not TOML at all: the line itself is shown.
        "x = \u{1b}[1A\u{1b}[2K\n",
    ] {
        let place = TempDir::new().unwrap();
        scenario(place.path(), setup);
        let shown = output(["validate".as_ref(), place.path().as_os_str()]);
        assert_eq!(shown.status.code(), Some(2), "{setup}: {}", both(&shown));
        assert_harmless(&shown);
    }
}

#[test]
fn arguments_are_shown_escaped() {
    for arguments in [
        &["explain", HOSTILE][..],
        &[HOSTILE],
        &["show", HOSTILE, "--lease", "x"],
        &["judge", HOSTILE],
        &["new", HOSTILE],
        &["validate", HOSTILE],
        &["list", HOSTILE],
        &["conformance", "--only", HOSTILE],
    ] {
        let shown = output(arguments);
        assert_ne!(shown.status.code(), Some(0), "{arguments:?}");
        assert_shown(&shown);
    }
}

#[test]
fn an_output_that_is_lost_is_an_error() {
    let commands: [&[&str]; 9] = [
        &["schema"],
        &["schema", "--verdicts"],
        &["list", concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios")],
        &["explain"],
        &["explain", "GRA-1"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
        &["validate", concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/powerdns")],
    ];
    for command in commands {
        assert_eq!(output(command).status.code(), Some(0), "{command:?}");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let read_only = File::open("/dev/null").unwrap();
        for (stdout, why) in [(full, "No space left on device"), (read_only, "Bad file descriptor")] {
            let lost = leaseproof(command).stdout(stdout).stderr(Stdio::piped()).output().unwrap();
            assert_eq!(lost.status.code(), Some(5), "{command:?}: {}", both(&lost));
            assert!(both(&lost).contains(&format!("cannot write to stdout: {why}")), "{command:?}: {}", both(&lost));
        }
    }
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let quiet = leaseproof(["schema"]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((quiet.status.code(), quiet.stderr.as_slice()), (Some(0), &b""[..]), "{}", both(&quiet));
}

#[test]
fn only_regular_files_of_a_limited_size_are_read() {
    let place = TempDir::new().unwrap();
    let fifo = place.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let large = place.path().join("large.toml");
    File::create(&large).unwrap().set_len(1 << 40).unwrap();
    let link = place.path().join("loop");
    std::os::unix::fs::symlink(&link, &link).unwrap();
    for (path, why) in [
        (fifo.as_path(), "a FIFO"),
        (Path::new("/dev/zero"), "a device"),
        (&large, "larger than 16 MiB"),
        (&link, "symbolic links"),
    ] {
        let refused = output(["validate".as_ref(), path.as_os_str()]);
        assert_eq!(refused.status.code(), Some(2), "{}", both(&refused));
        assert!(both(&refused).contains(why), "{}", both(&refused));
    }
    for (name, target) in [("fifo", "a FIFO"), ("/dev/zero", "a device"), ("large.toml", "larger than 16 MiB")] {
        let text = format!("title = \"x\"\nextends = \"{name}\"\n");
        fs::write(place.path().join("scenario.toml"), text).unwrap();
        let refused = output(["validate".as_ref(), place.path().as_os_str()]);
        assert!(both(&refused).contains(target), "{}", both(&refused));
    }
}

#[test]
fn a_secret_that_no_regular_file_holds_is_bad_usage() {
    let place = TempDir::new().unwrap();
    nix::unistd::mkfifo(&place.path().join("token"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let scenario = "title = 'x'\n[postgres.target]\n[client]\npolicies = ['p']\n[role.r]\ndatabase = 'd'\n\
                    [lifecycle.l]\nrole = 'r'\nend = { revoke = 1 }\n[[phase]]\nname = 'p'\nrate = '1/s'\nfor = '1s'\n\
                    mix = { l = 1 }\n[attached.vault]\naddress = 'http://127.0.0.1:1'\n\
                    auth = { method = 'token', token_file = 'token' }\n[attached.postgres.target]\n\
                    observer = 'postgres://o@127.0.0.1:1/postgres'\nsslmode = 'disable'\n";
    fs::write(place.path().join("scenario.toml"), scenario).unwrap();
    let (path, folder) = (place.path().to_str().unwrap(), place.path().join("run"));
    let attached =
        ["--environment", "attached", "--allow-writes-to", "127.0.0.1", "--output", folder.to_str().unwrap()];
    let refused = output([&["run", path], &attached[..]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", both(&refused));
    assert!(both(&refused).contains("it is a FIFO"), "{}", both(&refused));
}

/// The most memory that a command ever held, in bytes.
fn peak(arguments: &[&str]) -> (Output, u64) {
    let child = leaseproof(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let before = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    let output = child.wait_with_output().unwrap();
    let after = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).unwrap().max_rss();
    (output, u64::try_from(after.max(before)).unwrap() << 10)
}

#[test]
fn a_history_that_unpacks_to_more_than_any_real_one_is_refused() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("history.jsonl.zst");
    let long = |line: bool| {
        let mut writer = zstd::Encoder::new(File::create(&path).unwrap(), 3).unwrap();
        writeln!(
            writer,
            r#"{{"event":"header","format":{},"leaseproof":"0","run":"r","scenario":"s","seed":1,"epoch":1}}"#,
            leaseproof_domain::FORMAT_VERSION
        )
        .unwrap();
        let lease = r#"{"event":"leases","from":1,"to":2,"total":0}"#;
        let chunk = if line { "x".repeat(1 << 20) } else { format!("{lease}\n").repeat(20_000) };
        (0..80).for_each(|_| writer.write_all(chunk.as_bytes()).unwrap());
        writer.finish().unwrap();
    };
    for (one_line, why) in
        [(true, "a line is longer than 67108864 bytes"), (false, "it unpacks to more than 1000 times")]
    {
        long(one_line);
        assert!(path.metadata().unwrap().len() < 200_000);
        let (shown, peak) = peak(&["show", place.path().to_str().unwrap(), "--lease", "x"]);
        assert_eq!(shown.status.code(), Some(2), "{}", both(&shown));
        assert!(both(&shown).contains(why), "{}", both(&shown));
        assert!(peak < 400 << 20, "{peak} bytes");
    }
}
