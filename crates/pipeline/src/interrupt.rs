//! SIGINT (Ctrl-C), SIGTERM, SIGHUP and SIGQUIT: the first one drains and cleans up. A second one skips what takes
//! time: started servers are killed, and in an attached environment nothing more is removed, only listed.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// A signal that ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGQUIT, Ctrl-\\.
    Quit,
    /// SIGHUP: the terminal was closed.
    HangUp,
}

/// Signals to every stage of a run that it has to end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    asked: CancellationToken,
    urged: CancellationToken,
    first: Arc<OnceLock<Signal>>,
}

/// The stage was interrupted by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut;

impl Interrupt {
    /// Installs the signal handlers in the current runtime. Commands with servers call it first. If SIGHUP was ignored at
    /// the start, as with nohup(1), it stays ignored.
    ///
    /// # Errors
    /// [`Error::Machine`] if the system does not allow it.
    pub fn listen() -> Result<Self, Error> {
        let failed = |error| Error::machine(format!("cannot install signal handlers: {error}"));
        let interrupt = Self::default();
        let mut handled = vec![
            (SignalKind::interrupt(), Signal::Interrupt),
            (SignalKind::terminate(), Signal::Terminate),
            (SignalKind::quit(), Signal::Quit),
        ];
        if !is_ignored(SignalKind::hangup()) {
            handled.push((SignalKind::hangup(), Signal::HangUp));
        }
        for (kind, named) in handled {
            let mut received = signal(kind).map_err(failed)?;
            let asked = interrupt.clone();
            tokio::spawn(async move {
                while received.recv().await.is_some() {
                    asked.ask(named)
                }
            });
        }
        Ok(interrupt)
    }

    fn ask(&self, named: Signal) {
        match self.first.set(named) {
            Ok(()) => self.asked.cancel(),
            Err(_) => self.urged.cancel(),
        }
    }

    /// Cancelled by the first signal.
    pub fn token(&self) -> CancellationToken {
        self.asked.clone()
    }

    /// The first signal, if one came.
    pub fn signal(&self) -> Option<Signal> {
        self.first.get().copied()
    }

    /// Runs `stage` unless a signal comes first.
    ///
    /// # Errors
    /// [`Cut`] if it came.
    pub async fn unless_asked<T>(&self, stage: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            biased;
            () = self.asked.cancelled() => Err(Cut),
            done = stage => Ok(done),
        }
    }

    /// Runs `stage`. After a signal it may continue for that time, unless a second signal comes first: a server may
    /// execute a request even if nobody waits for the response.
    ///
    /// # Errors
    /// [`Cut`] if the time passed.
    pub async fn unless_asked_for<T>(&self, time: Duration, stage: impl Future<Output = T>) -> Result<T, Cut> {
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
    ///
    /// # Errors
    /// [`Cut`] if it came.
    pub async fn unless_urged<T>(&self, stage: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            biased;
            () = self.urged.cancelled() => Err(Cut),
            done = stage => Ok(done),
        }
    }
}

/// Whether this process was started with the signal ignored: its bit in `SigIgn` of /proc/self/status (proc(5)).
fn is_ignored(kind: SignalKind) -> bool {
    let status = procfs::process::Process::myself().and_then(|process| process.status());
    status.is_ok_and(|status| ignored(status.sigign, kind.as_raw_value()))
}

fn ignored(mask: u64, signal: i32) -> bool {
    mask & (1 << (signal - 1)) != 0
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use super::{Cut, Interrupt, Signal, ignored};

    #[tokio::test]
    async fn the_first_signal_asks_and_the_second_urges() {
        let interrupt = Interrupt::default();
        assert_eq!((interrupt.unless_asked(ready(1)).await, interrupt.signal()), (Ok(1), None));
        interrupt.ask(Signal::Terminate);
        assert_eq!(interrupt.unless_asked(pending::<()>()).await, Err(Cut));
        assert_eq!(interrupt.unless_urged(ready(2)).await, Ok(2));
        interrupt.ask(Signal::Interrupt);
        assert_eq!(interrupt.unless_urged(pending::<()>()).await, Err(Cut));
        assert_eq!(interrupt.signal(), Some(Signal::Terminate), "the first signal decides");
    }

    #[test]
    fn a_signal_that_is_ignored_is_distinguished_from_the_mask() {
        let all: Vec<i32> = (1..=15).filter(|signal| ignored(0x1003, *signal)).collect();
        assert_eq!(all, [1, 2, 13]);
        assert!(!ignored(0, 1));
    }

    #[tokio::test]
    async fn a_stage_has_time_to_end_after_a_signal_and_no_more_than_that() {
        let interrupt = Interrupt::default();
        interrupt.ask(Signal::HangUp);
        assert_eq!(interrupt.unless_asked_for(Duration::from_secs(60), ready(3)).await, Ok(3));
        assert_eq!(interrupt.unless_asked_for(Duration::from_millis(1), pending::<()>()).await, Err(Cut));
        interrupt.ask(Signal::HangUp);
        assert_eq!(interrupt.unless_asked_for(Duration::from_secs(60), pending::<()>()).await, Err(Cut));
        assert_eq!(interrupt.signal(), Some(Signal::HangUp));
    }
}
