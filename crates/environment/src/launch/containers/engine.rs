use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::launch::process::{start_time, this_host, this_user};
use crate::launch::wait::holds_by;

/// The variable that names another client than `docker`, as `ci/docker` has it.
pub(super) const CLIENT: &str = "DOCKER_BIN";

/// How long the engine may take to remove a container that ended.
const REMOVAL: Duration = Duration::from_secs(10);
/// How often that is asked.
const TRY: Duration = Duration::from_millis(50);

/// The engine's client.
pub(super) fn client() -> PathBuf {
    env::var_os(CLIENT).filter(|value| !value.is_empty()).map_or_else(|| "docker".into(), PathBuf::from)
}

/// What the client needs to find its engine, beside what the container gets: its settings are the user's own, also
/// where the container has another HOME.
pub(super) fn environment() -> Vec<(String, OsString)> {
    let mut all: Vec<(String, OsString)> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with("DOCKER_"))
        .collect();
    if !all.iter().any(|(name, _)| name == "DOCKER_CONFIG")
        && let Some(home) = env::home_dir()
    {
        all.push(("DOCKER_CONFIG".to_owned(), home.join(".docker").into()));
    }
    all
}

/// Asks the engine something, blocking. Gives what it answered, or why it did not, in its own words.
pub(super) fn ask(args: &[&str]) -> Result<String, String> {
    let asked = Command::new(client()).args(args).stdin(Stdio::null()).output();
    let output = asked.map_err(|why| format!("{}: {why}", client().display()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// The version of the engine that answers.
pub(super) fn version() -> Result<String, String> {
    ask(&["version", "--format", "{{.Server.Version}}"])
}

/// Removes a container with its own volumes. True where there was one.
pub(super) fn remove(name: &str) -> Result<bool, String> {
    match ask(&["rm", "--force", "--volumes", name]) {
        Ok(removed) => Ok(!removed.is_empty()),
        Err(why) if why.contains("No such container") => Ok(false),
        // `--rm` is at it already.
        Err(why) if why.contains("is already in progress") => {
            let until = Instant::now() + REMOVAL;
            let is_gone = || ask(&["container", "inspect", "--format", "{{.Id}}", name]).is_err();
            if holds_by(until, TRY, is_gone) { Ok(true) } else { Err(why) }
        }
        Err(why) => Err(why),
    }
}

/// This process, for a label.
pub(super) fn this_process() -> String {
    let pid = std::process::id();
    format!("{pid}:{}", start_time(pid).unwrap_or_default())
}

/// This user on this machine, for a label.
pub(super) fn this_maker() -> String {
    format!("{}@{}", this_user().0, this_host())
}

/// Whether the process of such a label still runs.
pub(super) fn lifecycles(label: &str) -> bool {
    let reported = label.split_once(':').and_then(|(pid, start)| Some((pid.parse().ok()?, start.parse::<u64>().ok()?)));
    reported.is_some_and(|(pid, start)| start_time(pid) == Some(start))
}

#[cfg(test)]
mod tests {
    use super::{lifecycles, this_process};

    #[test]
    fn a_label_tells_a_living_process_from_a_stranger() {
        assert!(lifecycles(&this_process()));
        assert!(!lifecycles(&format!("{}:1", std::process::id())));
        assert!(!lifecycles(""));
    }
}
