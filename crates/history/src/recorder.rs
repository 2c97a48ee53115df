use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use leaseproof_domain::{Event, FORMAT_VERSION, Header, Micros, UnixMicros};
use zstd::stream::write::Encoder;

use crate::Error;
use crate::limits::MAX_LINE;

/// How long an event may stay in memory before a killed run's file would show it.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
/// Events that may wait for the disk: seconds of a busy run. Only a disk that stands still longer makes `record` wait.
const QUEUE: usize = 1 << 16;
/// zstd's own default: some 400 MB/s a core, and a tenth of the text's size.
const LEVEL: i32 = 3;

/// What a history's header says of its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// The run's name.
    pub run: String,
    /// The scenario's name.
    pub scenario: String,
    /// Seed of every choice.
    pub seed: u64,
    /// Version of leaseproof.
    pub leaseproof: String,
}

/// How much a closed history holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Events, the header included.
    pub events: u64,
}

/// Writes a run's history, from any thread, and holds the clock that its moments are told on.
///
/// A thread of its own compresses and writes. It flushes at least every 500 ms, so that a killed run's file can be read
/// up to its last half second. Clones write to the same history.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
}

/// Sees each event as it is recorded.
type Tap = Box<dyn Fn(&Event) + Send + Sync>;

struct Shared {
    path: PathBuf,
    start: Instant,
    epoch: UnixMicros,
    queue: RwLock<Option<SyncSender<Event>>>,
    failure: Arc<OnceLock<String>>,
    writer: Mutex<Writer>,
    taps: RwLock<Vec<Tap>>,
}

enum Writer {
    Running(JoinHandle<io::Result<Written>>),
    Ended(Result<Written, (io::ErrorKind, String)>),
}

impl Recorder {
    /// Creates the history and writes its header. The run's epoch, `Micros(0)`, is now.
    ///
    /// # Errors
    /// [`Error::Write`] where the file cannot be made.
    pub fn create(path: &Path, run: NewRun) -> Result<Self, Error> {
        let failed = |source| Error::Write { path: path.to_owned(), source };
        let file = File::create(path).map_err(failed)?;
        let mut encoder = Encoder::new(BufWriter::new(file), LEVEL).map_err(failed)?;
        encoder.include_checksum(true).map_err(failed)?;
        let epoch = wall_clock();
        let start = Instant::now();
        let (queue, events) = sync_channel(QUEUE);
        let failure = Arc::new(OnceLock::new());
        let failed_first = Arc::clone(&failure);
        let writer = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || write_events(encoder, &events, &failed_first))
            .map_err(failed)?;
        let shared = Shared {
            taps: RwLock::default(),
            path: path.to_owned(),
            start,
            epoch,
            queue: RwLock::new(Some(queue)),
            failure,
            writer: Mutex::new(Writer::Running(writer)),
        };
        let recorder = Self { shared: Arc::new(shared) };
        recorder.record(Event::Header(Header {
            format: FORMAT_VERSION,
            leaseproof: run.leaseproof,
            run: run.run,
            scenario: run.scenario,
            seed: run.seed,
            epoch,
        }));
        Ok(recorder)
    }

    /// The present moment of the run.
    pub fn now(&self) -> Micros {
        self.micros(Instant::now())
    }

    /// The run's moment at `instant`; zero for what lies before the epoch.
    pub fn micros(&self, instant: Instant) -> Micros {
        Micros(0).after(instant.saturating_duration_since(self.shared.start))
    }

    /// The instant of a moment of the run.
    pub fn instant(&self, at: Micros) -> Instant {
        self.shared.start + at.since(Micros(0))
    }

    /// The harness's wall clock at the run's epoch.
    pub fn epoch(&self) -> UnixMicros {
        self.shared.epoch
    }

    /// Hands an event to the writer. It waits only where the disk has fallen some 65,000 events behind.
    ///
    /// An event that comes after [`Recorder::close`] is dropped. One that the disk refuses is told by `close`.
    pub fn record(&self, event: Event) {
        for tap in self.shared.taps.read().unwrap_or_else(PoisonError::into_inner).iter() {
            tap(&event);
        }
        let queue = self.shared.queue.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queue.as_ref() {
            // The writer takes events until the queue is closed, even when it can no longer write them.
            let _ = queue.send(event);
        }
    }

    /// Shows every event from now on to `tap`, before it is written, on the thread that records it: it has to be quick, and
    /// must not record anything itself.
    pub fn tap(&self, tap: impl Fn(&Event) + Send + Sync + 'static) {
        self.shared.taps.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(tap));
    }

    /// Why the history cannot be written any more, from at most a second after it could not: then the run has no record,
    /// and whoever makes it ends it.
    pub fn failure(&self) -> Option<Error> {
        let path = self.shared.path.clone();
        let failed = |source| Error::Write { path: path.clone(), source };
        match self.shared.failure.get() {
            Some(why) => Some(failed(io::Error::other(why.clone()))),
            // Whoever removed the file or its folder took the record away, however well it is still written.
            None => path.symlink_metadata().err().map(failed),
        }
    }

    /// Writes what is waiting, finishes the file and puts it on disk. Any clone may close; a second close says the same.
    ///
    /// # Errors
    /// [`Error::Write`] where any event could not be written.
    pub fn close(self) -> Result<Written, Error> {
        self.shared.end().map_err(|(kind, words)| Error::Write {
            path: self.shared.path.clone(),
            source: io::Error::new(kind, words),
        })
    }
}

impl Shared {
    fn end(&self) -> Result<Written, (io::ErrorKind, String)> {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let unfinished = Writer::Ended(Err((io::ErrorKind::Other, "the writing thread panicked".to_owned())));
        let ended = match std::mem::replace(&mut *writer, unfinished) {
            Writer::Ended(ended) => ended,
            Writer::Running(thread) => match thread.join() {
                Ok(result) => result.map_err(|error| (error.kind(), error.to_string())),
                Err(_) => Err((io::ErrorKind::Other, "the writing thread panicked".to_owned())),
            },
        };
        *writer = Writer::Ended(ended.clone());
        ended
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The last clone went without a close: the file is whole all the same, and nobody asks how it went.
        let _ = self.end();
    }
}

fn wall_clock() -> UnixMicros {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMicros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

fn write_events(
    mut encoder: Encoder<'static, BufWriter<File>>,
    events: &Receiver<Event>,
    failure: &OnceLock<String>,
) -> io::Result<Written> {
    let mut written = 0;
    let result = write_until_closed(&mut encoder, events, &mut written);
    if let Err(error) = &result {
        let _ = failure.set(error.to_string());
        // Nobody may wait for a queue that no one empties.
        for _ in events {}
    }
    result?;
    let file = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(Written { events: written })
}

fn write_until_closed(
    encoder: &mut Encoder<'static, BufWriter<File>>,
    events: &Receiver<Event>,
    written: &mut u64,
) -> io::Result<()> {
    let mut flushed = Instant::now();
    let mut unflushed = false;
    let mut line = Vec::new();
    loop {
        match events.recv_timeout(FLUSH_EVERY.saturating_sub(flushed.elapsed())) {
            Ok(event) => {
                line.clear();
                serde_json::to_writer(&mut line, &event)?;
                line.push(b'\n');
                if line.len() as u64 > MAX_LINE {
                    let why = format!("an event of {} bytes is longer than the {MAX_LINE} of a line", line.len());
                    return Err(io::Error::other(why));
                }
                encoder.write_all(&line)?;
                *written += 1;
                unflushed = true;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        if flushed.elapsed() >= FLUSH_EVERY {
            if unflushed {
                encoder.flush()?;
            }
            unflushed = false;
            flushed = Instant::now();
        }
    }
}
