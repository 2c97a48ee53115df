use std::env;
use std::ffi::OsString;
use std::time::Duration;

use leaseproof_domain::Outcome;
use nix::sys::signal::Signal;

use super::{Done, NotDone, output};
use crate::launch::child::Child;
use crate::launch::context::LaunchSpec;
use crate::launch::folder;
use crate::setup::operator::Operator;

/// Runs the file `$0` in the same shell, and names the line and command that end it: `false` says nothing by itself.
const RUNNER: &str = r#"trap 'echo "line $LINENO: $BASH_COMMAND: exit status $?" >&2' ERR; source "$0""#;

/// How long the rest of a script's output may take to come after its end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A script that is running: nothing of it is left when this is dropped before its end.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.signal_group(Signal::SIGKILL);
    }
}

impl Operator {
    /// Runs a shell script by `bash -euo pipefail`, with VAULT_ADDR, VAULT_TOKEN and PG* set, and this environment's `vault`
    /// and PostgreSQL first in its PATH.
    pub(crate) async fn script(&self, name: &str, text: &str) -> Done {
        let place = self.context.folder.join("scripts");
        let file = place.join(format!("{}.sh", name.replace(' ', "-")));
        folder::write(&file, &self.placeholders.fill_known(text), 0o700, None)
            .map_err(|why| NotDone::because_of(&why))?;
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path = self.programs.iter().cloned().chain(env::split_paths(&inherited));
        let path = env::join_paths(path).map_err(|why| NotDone::Unsendable(why.to_string()))?;
        let mut env: Vec<(String, OsString)> =
            self.env.iter().map(|(name, value)| (name.clone(), value.into())).collect();
        env.extend([("PATH".to_owned(), path), ("HOME".to_owned(), place.clone().into())]);
        let started = self.context.start(LaunchSpec {
            name,
            program: "bash".into(),
            image: None,
            args: vec!["-Eeuo".into(), "pipefail".into(), "-c".into(), RUNNER.into(), file.into()],
            env,
            folder: &place,
            account: None,
            death: Signal::SIGKILL,
            input: None,
        });
        let (child, lines) = started.map_err(|why| NotDone::because_of(&why))?;
        let running = Running(child);
        running.0.log().taken();
        let heard = tokio::spawn(output::notes(lines));
        let status = running.0.end().await;
        // What the script left running may hold its output open.
        let notes = tokio::time::timeout(LAST_WORDS, heard).await.ok().and_then(Result::ok).unwrap_or_default();
        if status == "exit status: 0" {
            return Ok(notes);
        }
        let output = running.0.log().tail(&self.context.redactor).join("\n");
        let said = if output.is_empty() { " nothing".to_owned() } else { format!(":\n{output}") };
        let why = format!("the script ended with {status}, and said{said}");
        // The output has its notes already.
        Err(NotDone::refused(Outcome::Indeterminate { why }))
    }
}
