//! Ctrl-C and SIGTERM: the first one drains and cleans up, a second one cleans up at once.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::failure::Failure;

/// Tells every stage of a run that it was asked to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    asked: CancellationToken,
    urged: CancellationToken,
    code: Arc<AtomicU8>,
}

/// The stage was left because a signal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut;

impl Interrupt {
    /// Listens to SIGINT and SIGTERM from now on, in the runtime that it is called in: the first thing that a command
    /// with servers does.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let failed = |error| Failure::estate(format!("the system lets nobody listen to signals: {error}"));
        let interrupt = Self::default();
        let mut int = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut term = signal(SignalKind::terminate()).map_err(failed)?;
        let heard = interrupt.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = int.recv() => heard.ask(Exit::Interrupted),
                    _ = term.recv() => heard.ask(Exit::Terminated),
                }
            }
        });
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

    /// What a signal makes the process end with, if one came.
    pub(crate) fn exit(&self) -> Option<Exit> {
        let terminated = self.code.load(Ordering::SeqCst) == Exit::Terminated.code();
        self.asked.is_cancelled().then_some(if terminated { Exit::Terminated } else { Exit::Interrupted })
    }

    /// Does `stage` unless a signal comes first.
    pub(crate) async fn unless_asked<T>(&self, stage: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            biased;
            () = self.asked.cancelled() => Err(Cut),
            done = stage => Ok(done),
        }
    }

    /// Does `stage`, which cleans up, unless a second signal comes first.
    pub(crate) async fn unless_urged<T>(&self, stage: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            biased;
            () = self.urged.cancelled() => Err(Cut),
            done = stage => Ok(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::{Cut, Interrupt};
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
}
