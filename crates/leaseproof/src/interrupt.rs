//! SIGINT (Ctrl-C), SIGTERM, SIGHUP and SIGQUIT: the first one drains and cleans up, a second one cleans up at once.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::failure::Failure;

/// Signals to every stage of a run that it has to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    asked: CancellationToken,
    urged: CancellationToken,
    code: Arc<AtomicU8>,
}

/// The stage was interrupted by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut;

impl Interrupt {
    /// Installs the signal handlers in the current runtime. Commands with servers call it first. If SIGHUP was ignored at
    /// the start, as with nohup(1), it stays ignored.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let failed = |error| Failure::estate(format!("cannot install signal handlers: {error}"));
        let interrupt = Self::default();
        let mut handled = vec![
            (SignalKind::interrupt(), Exit::Interrupted),
            (SignalKind::terminate(), Exit::Terminated),
            (SignalKind::quit(), Exit::Quit),
        ];
        if !is_ignored(SignalKind::hangup()) {
            handled.push((SignalKind::hangup(), Exit::HungUp));
        }
        for (kind, exit) in handled {
            let mut received = signal(kind).map_err(failed)?;
            let asked = interrupt.clone();
            tokio::spawn(async move {
                while received.recv().await.is_some() {
                    asked.ask(exit)
                }
            });
        }
        Ok(interrupt)
    }

    fn ask(&self, exit: Exit) {
        if self.asked.is_cancelled() {
            self.urged.cancel();
        } else {
            self.code.store(exit.code(), Ordering::SeqCst);
            self.asked.cancel();
        }
    }

    /// Cancelled by the first signal.
    pub(crate) fn token(&self) -> CancellationToken {
        self.asked.clone()
    }

    /// The exit for the received signal, if any.
    pub(crate) fn exit(&self) -> Option<Exit> {
        if !self.asked.is_cancelled() {
            return None;
        }
        Exit::from_code(self.code.load(Ordering::SeqCst))
    }

    /// Runs `stage` unless a signal comes first.
    pub(crate) async fn unless_asked<T>(&self, stage: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            biased;
            () = self.asked.cancelled() => Err(Cut),
            done = stage => Ok(done),
        }
    }

    /// Runs `stage`. After a signal it may continue for that time, unless a second signal comes first: a server may
    /// execute a request even if nobody waits for the response.
    pub(crate) async fn unless_asked_for<T>(&self, time: Duration, stage: impl Future<Output = T>) -> Result<T, Cut> {
        let over = async {
            self.asked.cancelled().await;
            tokio::select! {
                () = tokio::time::sleep(time) => {}
                () = self.urged.cancelled() => {}
            }
        };
        tokio::select! {
            biased;
            done = stage => Ok(done),
            () = over => Err(Cut),
        }
    }

    /// Runs `stage`, which cleans up, unless a second signal comes first.
    pub(crate) async fn unless_urged<T>(&self, stage: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            biased;
            () = self.urged.cancelled() => Err(Cut),
            done = stage => Ok(done),
        }
    }
}

/// Whether this process was started with the signal ignored: its bit in `SigIgn` of /proc/self/status (proc(5)).
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored(&status, kind.as_raw_value())
}

fn ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use super::{Cut, Interrupt, ignored};
    use crate::exit::Exit;

    #[tokio::test]
    async fn the_first_signal_asks_and_the_second_urges() {
        let interrupt = Interrupt::default();
        assert_eq!((interrupt.unless_asked(ready(1)).await, interrupt.exit()), (Ok(1), None));
        interrupt.ask(Exit::Terminated);
        assert_eq!(interrupt.unless_asked(pending::<()>()).await, Err(Cut));
        assert_eq!(interrupt.unless_urged(ready(2)).await, Ok(2));
        interrupt.ask(Exit::Interrupted);
        assert_eq!(interrupt.unless_urged(pending::<()>()).await, Err(Cut));
        assert_eq!(interrupt.exit(), Some(Exit::Terminated), "the first signal decides");
    }

    #[test]
    fn a_signal_that_is_ignored_is_told_from_the_mask() {
        let status = "Name:\tx\nSigIgn:\t0000000000001003\nSigCgt:\t0000000000000000\n";
        let all: Vec<i32> = (1..=15).filter(|signal| ignored(status, *signal)).collect();
        assert_eq!(all, [1, 2, 13]);
        assert!(!ignored("", 1));
    }

    #[tokio::test]
    async fn a_stage_has_time_to_end_after_a_signal_and_no_more_than_that() {
        let interrupt = Interrupt::default();
        interrupt.ask(Exit::HungUp);
        assert_eq!(interrupt.unless_asked_for(Duration::from_secs(60), ready(3)).await, Ok(3));
        assert_eq!(interrupt.unless_asked_for(Duration::from_millis(1), pending::<()>()).await, Err(Cut));
        interrupt.ask(Exit::HungUp);
        assert_eq!(interrupt.unless_asked_for(Duration::from_secs(60), pending::<()>()).await, Err(Cut));
        assert_eq!(interrupt.exit(), Some(Exit::HungUp));
    }
}
