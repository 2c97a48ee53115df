use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use leaseproof_domain::Secret;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use tokio::sync::{mpsc, watch};

use crate::launch::account::Account;
use crate::launch::logs::Log;
use crate::launch::spawner;
use crate::launch::wait::{TIMEOUT, holds_by};

/// What a process of ours runs its program in, e.g. a container: signals go there, not to the process.
pub(crate) trait Enclosure: std::fmt::Debug + Send + Sync {
    /// Sends a signal to its first process; SIGSTOP and SIGCONT freeze all of it and let it go on.
    fn signal(&self, signal: Signal);

    /// Removes it with all that is in it.
    fn remove(&self);
}

/// What is to be started.
pub(crate) struct Launch {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) args: Vec<OsString>,
    /// Its whole environment; nothing is inherited.
    pub(crate) env: Vec<(String, OsString)>,
    /// Its working folder.
    pub(crate) folder: PathBuf,
    /// The account to run it as, where it is not the harness's own.
    pub(crate) account: Option<Account>,
    /// What it gets when the harness ends, and as the last polite signal of an end.
    pub(crate) death: Signal,
    /// What it reads from its standard input.
    pub(crate) input: Option<Secret>,
    /// The container that it starts and stays with, where it is an engine's client.
    pub(crate) enclosure: Option<Box<dyn Enclosure>>,
}

/// A running process of ours. It does not outlive this value.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    death: Signal,
    gate: Arc<Mutex<bool>>,
    ended: watch::Receiver<Option<String>>,
    wanted: Arc<AtomicBool>,
    log: Log,
    enclosure: Option<Box<dyn Enclosure>>,
}

impl Child {
    /// Starts it, in a process group of its own: a terminal's Ctrl-C reaches the harness only.
    pub(crate) fn start(launch: Launch) -> io::Result<(Self, mpsc::Receiver<Vec<u8>>)> {
        let Launch { program, args, env, folder, account, death, input, enclosure } = launch;
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(program);
        command.args(args).env_clear().envs(env).current_dir(folder).process_group(0);
        command.stdout(writer.try_clone()?).stderr(writer);
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        if let Some(account) = account {
            command.gid(account.gid).uid(account.uid);
        }
        let mut child = spawner::spawn(command, death)?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            // A process that ended without reading says why in its log and by its status.
            let _ = stdin.write_all(input.expose().as_bytes());
        }
        let pid = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        let (log, lines) = Log::read(reader);
        let gate = Arc::new(Mutex::new(false));
        let ended = wait_for(child, pid, Arc::clone(&gate))?;
        Ok((Self { pid, death, gate, ended, wanted: Arc::default(), log, enclosure }, lines))
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// What it writes.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// How it ended, in words; none while it runs.
    pub(crate) fn ended(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    /// From now on its end is what somebody wants, and no loss.
    pub(crate) fn want_end(&self) {
        self.wanted.store(true, Ordering::Release);
    }

    /// From now on its end is a loss again.
    pub(crate) fn want_lifecycle(&self) {
        self.wanted.store(false, Ordering::Release);
    }

    /// Tells whether its end is wanted.
    pub(crate) fn end_is_wanted(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.wanted)
    }

    /// Tells when it has ended.
    pub(crate) fn watch_end(&self) -> watch::Receiver<Option<String>> {
        self.ended.clone()
    }

    /// Waits for its end, and for its last words to be read.
    pub(crate) async fn end(&self) -> String {
        let mut ended = self.ended.clone();
        let how = match ended.wait_for(Option::is_some).await {
            Ok(how) => how.clone(),
            Err(_) => None,
        };
        self.log.settle().await;
        how.unwrap_or_else(|| "an unknown status".to_owned())
    }

    /// Whether what it is runs in a container, and its process here is only the engine's client.
    pub(crate) fn is_contained(&self) -> bool {
        self.enclosure.is_some()
    }

    /// Sends it a signal, unless it has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(enclosure) = &self.enclosure {
            if self.ended().is_none() {
                enclosure.signal(signal);
            }
            return;
        }
        let reaped = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        if !*reaped {
            // It can only fail because the process is ending right now.
            let _ = kill(self.pid, signal);
        }
    }

    /// Sends a signal to it and all that it started and that stayed in its process group.
    pub(crate) fn signal_group(&self, signal: Signal) {
        if let Some(enclosure) = &self.enclosure {
            if signal == Signal::SIGKILL {
                enclosure.remove()
            } else {
                enclosure.signal(signal)
            }
            return;
        }
        let reaped = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        if !*reaped {
            let _ = killpg(self.pid, signal);
        }
    }

    /// Waits, blocking, until it has ended or the moment has come. True when it has ended.
    pub(crate) fn wait_until(&self, moment: Instant) -> bool {
        holds_by(moment, Duration::from_millis(5), || self.ended().is_some())
    }

    /// Ends it, blocking: `first`, then its parting signal, then SIGKILL with all its group, with [`TIMEOUT`] in between. False where
    /// it is still there.
    pub(crate) fn stop(&self, first: Signal) -> bool {
        for signal in [first, self.death, Signal::SIGKILL] {
            if signal == Signal::SIGKILL {
                self.signal_group(signal)
            } else {
                self.signal(signal)
            }
            if self.wait_until(Instant::now() + TIMEOUT) {
                return true;
            }
        }
        false
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop(self.death);
    }
}

/// Waits for the process in a thread of its own. The process id stays reserved until `gate` says that it was reaped,
/// so that no signal meets a stranger.
fn wait_for(
    mut child: std::process::Child,
    pid: Pid,
    gate: Arc<Mutex<bool>>,
) -> io::Result<watch::Receiver<Option<String>>> {
    let (sender, receiver) = watch::channel(None);
    let wait = move || {
        let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        let mut reaped = gate.lock().unwrap_or_else(PoisonError::into_inner);
        let status = child.wait();
        *reaped = true;
        drop(reaped);
        sender.send_replace(Some(status.map_or_else(|why| why.to_string(), |status| status.to_string())));
    };
    thread::Builder::new().name("waiter".to_owned()).spawn(wait)?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use leaseproof_domain::{Redactor, Secret};
    use nix::sys::signal::Signal;

    use super::{Child, Launch};

    fn shell(text: &str, input: Option<&str>) -> Launch {
        Launch {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), text.into()],
            env: vec![("PATH".to_owned(), "/usr/bin:/bin".into())],
            folder: "/".into(),
            account: None,
            death: Signal::SIGKILL,
            input: input.map(Secret::new),
            enclosure: None,
        }
    }

    #[tokio::test]
    async fn output_input_and_status_are_known() {
        let (child, _lines) = Child::start(shell("cat; echo err >&2; env; exit 3", Some("typed\n"))).unwrap();
        assert_eq!(child.end().await, "exit status: 3");
        let tail = child.log().tail(&Redactor::new());
        assert_eq!(tail[..2], ["typed", "err"]);
        assert!(!tail.iter().any(|line| line.starts_with("HOME=") || line.starts_with("CARGO")), "{tail:?}");
    }

    #[tokio::test]
    async fn a_dropped_child_is_gone() {
        let (child, _lines) = Child::start(shell("exec sleep 600", None)).unwrap();
        let pid = child.pid();
        assert!(child.ended().is_none());
        let begin = Instant::now();
        drop(child);
        assert!(!crate::launch::process::is_alive(pid));
        assert!(begin.elapsed().as_secs() < 2);
    }

    #[tokio::test]
    async fn a_child_that_ignores_the_first_signals_is_killed() {
        let (child, _lines) = Child::start(shell("trap '' TERM; echo set; sleep 600 & wait; sleep 600", None)).unwrap();
        while child.log().tail(&Redactor::new()).is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert!(child.stop(Signal::SIGTERM));
        assert_eq!(child.ended().unwrap(), "signal: 9 (SIGKILL)");
    }
}
