use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use leaseproof_domain::{Event, HarnessFault, Observer};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::Error;
use crate::audit::AuditFilter;
use crate::collector::{Collecting, Collection, Collector, Line, make_folder};
use crate::pace::Book;
use crate::tail::Tail;

/// How often the audit log is read on.
const AUDIT_PACE: Duration = Duration::from_millis(200);
/// How long a log is waited for whose server should have ended.
const END_BOUND: Duration = Duration::from_secs(5);

/// A server's log, line by line, as it comes.
pub struct LogSource {
    /// `postgres.target` or `vault`.
    pub name: String,
    /// Its lines; the channel closes when the server has ended.
    pub lines: mpsc::Receiver<Vec<u8>>,
}

/// Every log that is collected.
pub(crate) struct Logs {
    collected: Vec<Collected>,
    /// Set when the servers have ended.
    over: Arc<AtomicBool>,
}

struct Collected {
    source: String,
    feed: Feed,
    collector: Collecting,
}

/// What hands a log's lines to its collector.
enum Feed {
    /// From a server's pipe; it ends with the server.
    Pipe(JoinHandle<()>),
    /// From the audit log's file; answers whether it could be read to its end.
    File(thread::JoinHandle<bool>),
}

impl Logs {
    pub(crate) fn start<'a>(
        sources: Vec<LogSource>,
        audit: Option<PathBuf>,
        mounts: impl Iterator<Item = &'a str>,
        folder: PathBuf,
        book: &Book,
    ) -> Result<Self, Error> {
        make_folder(&folder)?;
        let mut logs = Self { collected: Vec::new(), over: Arc::default() };
        let collection = |source: &str, filter| Collection {
            source: source.to_owned(),
            folder: folder.clone(),
            recorder: book.recorder.clone(),
            redactor: Arc::clone(&book.redactor),
            audit: filter,
            over: Arc::clone(&logs.over),
        };
        let mut collected = Vec::new();
        for LogSource { name, mut lines } in sources {
            let (sender, collector) = Collector::start(collection(&name, None))?;
            let feed = tokio::spawn(async move {
                while let Some(line) = lines.recv().await {
                    if sender.send((Instant::now(), line)).is_err() {
                        return;
                    }
                }
            });
            collected.push(Collected { source: name, feed: Feed::Pipe(feed), collector });
        }
        if let Some(path) = audit {
            let source = "audit".to_owned();
            let (sender, collector) = Collector::start(collection(&source, Some(AuditFilter::new(mounts))))?;
            let (tail, over, book) = (Tail::new(&path), Arc::clone(&logs.over), book.clone());
            let feed = thread::Builder::new()
                .name("audit".to_owned())
                .spawn(move || follow(tail, &sender, &over, &book))
                .map_err(|source| Error::Log { path, source })?;
            collected.push(Collected { source, feed: Feed::File(feed), collector });
        }
        logs.collected = collected;
        Ok(logs)
    }

    /// Reads every log to its end and records how far it came.
    pub(crate) async fn finish(mut self, book: &Book) -> Result<(), Error> {
        self.over.store(true, Ordering::Release);
        let give_up = tokio::time::Instant::now() + END_BOUND;
        let mut result = Ok(());
        for Collected { source, feed, collector } in std::mem::take(&mut self.collected) {
            let complete = feed.end(give_up).await;
            match joined(collector).await {
                Ok(lines) => book.record(Event::LogRead { source, lines, complete }),
                Err(error) => {
                    book.record(Event::LogRead { source, lines: 0, complete: false });
                    result = Err(error);
                }
            }
        }
        result
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        // The threads end by themselves, also where nobody waits for them.
        self.over.store(true, Ordering::Release);
    }
}

impl Feed {
    /// Whether everything was handed on.
    async fn end(self, give_up: tokio::time::Instant) -> bool {
        match self {
            Self::Pipe(mut feed) => match tokio::time::timeout_at(give_up, &mut feed).await {
                Ok(ended) => ended.is_ok(),
                Err(_) => {
                    feed.abort();
                    // Its end of the channel goes with it, and with that the collector's last line comes.
                    let _aborted = feed.await;
                    false
                }
            },
            Self::File(feed) => joined(feed).await,
        }
    }
}

/// Waits for a thread without holding up the runtime; its panic is handed on.
async fn joined<T: Send + 'static>(thread: thread::JoinHandle<T>) -> T {
    let join = tokio::task::spawn_blocking(move || thread.join());
    match join.await {
        Ok(Ok(value)) => value,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Follows the audit log until the servers have ended. Answers whether it was read to its end.
fn follow(mut tail: Tail, sender: &Sender<Line>, over: &AtomicBool, book: &Book) -> bool {
    let mut hand_on = |line| {
        // The collector listens as long as this thread may send.
        let _ = sender.send((Instant::now(), line));
    };
    loop {
        // Asked before reading: what the servers wrote last is read after they ended.
        let last = over.load(Ordering::Acquire);
        let from = book.now();
        if let Err(error) = tail.read_on(&mut hand_on) {
            let why = format!("cannot read the audit log: {error}");
            book.gap(Observer::Audit, from, &why, HarnessFault::of(&error));
            return false;
        }
        if last {
            break;
        }
        thread::sleep(AUDIT_PACE);
    }
    let found = tail.found();
    if let Some(rest) = tail.into_rest() {
        hand_on(rest);
    }
    found
}
