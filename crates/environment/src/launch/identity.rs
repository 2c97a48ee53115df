//! What a program says of itself. Another program of the same name is distinguished, and one that never answers is given up.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How long a program may take to tell its version. Vault is large: on a busy machine its start takes seconds.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How much of an answer is read.
const ANSWER: u64 = 16 * 1024;

/// Who a program turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The wanted one, with the version that it tells.
    Is(Option<String>),
    /// Another one, or none that answers: why.
    IsNot(String),
}

/// Asks `program` for its version with `argument`. The wanted one has `marker` in its answer, in either case of letters.
pub(crate) fn identify(program: &Path, argument: &str, marker: &str) -> Identity {
    let answer = match answer(program, argument, TIMEOUT) {
        Ok(answer) => answer,
        Err(why) => return Identity::IsNot(why),
    };
    if answer.to_lowercase().contains(&marker.to_lowercase()) {
        return Identity::Is(version_in(&answer));
    }
    let first = answer.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("nothing");
    let first: String = first.chars().filter(|c| !c.is_control()).take(80).collect();
    Identity::IsNot(format!("expected `{argument}` to answer with \"{marker}\", got \"{first}\""))
}

/// What a program answers to one argument, on either output.
pub(crate) fn answer(program: &Path, argument: &str, timeout: Duration) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg(argument).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    let (sender, receiver) = mpsc::channel();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let mut outputs = 0;
    let pipes = out.map(|out| Box::new(out) as Box<dyn Read + Send>);
    let pipes = pipes.into_iter().chain(err.map(|err| Box::new(err) as Box<dyn Read + Send>));
    for pipe in pipes {
        let sender = sender.clone();
        outputs += 1;
        // It ends with the program, or with its group.
        thread::spawn(move || {
            let mut text = Vec::new();
            let _cut_off = pipe.take(ANSWER).read_to_end(&mut text);
            let _gone = sender.send(String::from_utf8_lossy(&text).into_owned());
        });
    }
    let deadline = Instant::now() + timeout;
    let mut text = String::new();
    let mut late = false;
    for _ in 0..outputs {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(part) => text.push_str(&part),
            Err(_) => late = true,
        }
    }
    // Whatever it started goes too: it may hold the pipes.
    if let Ok(group) = i32::try_from(child.id()) {
        let _gone = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
    let _status = child.wait();
    if late { Err(format!("`{argument}` was not answered within {} s", timeout.as_secs())) } else { Ok(text) }
}

/// The first word of an answer that begins with a digit: one with a dot in it, if there is one.
pub(crate) fn version_in(answer: &str) -> Option<String> {
    let words =
        answer.split_whitespace().map(|word| word.trim_start_matches(['v', '-', 'q', 'j']).trim_end_matches(','));
    let numbers: Vec<&str> =
        words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()) && !word.contains(':')).collect();
    // A log line's date has no dot in it; a version under development has none either.
    numbers.iter().find(|word| word.contains('.')).or(numbers.first()).map(|word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::{Identity, answer, identify};

    fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn another_program_of_that_name_is_distinguished() {
        let folder = tempfile::tempdir().unwrap();
        let vault = script(folder.path(), "vault", "echo 'Vault v1.21.0 (abc), built 2025-10-21T12:00:00Z'");
        assert_eq!(identify(&vault, "version", "Vault v"), Identity::Is(Some("1.21.0".into())));
        let other = script(folder.path(), "other", "echo 'usage: vault [seal|open] 3.2' >&2; exit 1");
        let Identity::IsNot(why) = identify(&other, "version", "Vault v") else { panic!("it is not Vault") };
        assert_eq!(why, "expected `version` to answer with \"Vault v\", got \"usage: vault [seal|open] 3.2\"");
        let silent = script(folder.path(), "silent", "exit 0");
        assert!(
            matches!(identify(&silent, "version", "Vault v"), Identity::IsNot(why) if why.ends_with("got \"nothing\""))
        );
        let missing = identify(&folder.path().join("nowhere"), "version", "Vault v");
        assert!(matches!(missing, Identity::IsNot(why) if why.starts_with("cannot be started: ")));
    }

    #[test]
    fn one_that_hangs_is_given_up_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("went-on");
        let hangs = script(folder.path(), "vault", &format!("(sleep 2; touch {}) & sleep 600", mark.display()));
        let why = answer(&hangs, "version", Duration::from_millis(300)).unwrap_err();
        assert!(why.contains("was not answered within"), "{why}");
        std::thread::sleep(Duration::from_millis(2_500));
        assert!(!mark.exists(), "what it started went on");
    }

    #[test]
    fn an_endless_answer_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let loud = script(folder.path(), "vault", "yes 'Vault v9.9.9'");
        assert_eq!(identify(&loud, "version", "Vault v"), Identity::Is(Some("9.9.9".into())));
    }
}
