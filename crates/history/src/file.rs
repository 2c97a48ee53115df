//! Writes the history file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use leaseproof_domain::Event;
use zstd::stream::write::Encoder;

use crate::Error;
use crate::limits::MAX_LINE;

/// How long an event may stay in memory before a killed run's file would show it.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
/// Events that may wait for the disk: seconds of a busy run. Only a disk that stands still longer makes `record` wait.
const QUEUE: usize = 1 << 16;
/// zstd's own default: some 400 MB/s a core, and a tenth of the text's size.
const LEVEL: i32 = 3;

/// How much a closed history holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Events, the header included.
    pub events: u64,
}

/// The history file of a run, a subscriber of its [`EventStream`].
///
/// A thread of its own compresses and writes. It flushes at least every 500 ms, so that a killed run's file can be read
/// up to its last half second.
pub(crate) struct HistoryFile {
    path: PathBuf,
    queue: RwLock<Option<SyncSender<Arc<Event>>>>,
    failure: Arc<OnceLock<String>>,
    writer: Mutex<Writer>,
}

enum Writer {
    Running(JoinHandle<io::Result<Written>>),
    Ended(Result<Written, (io::ErrorKind, String)>),
}

impl HistoryFile {
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Write { path: path.to_owned(), source };
        let file = File::create(path).map_err(failed)?;
        let mut encoder = Encoder::new(BufWriter::new(file), LEVEL).map_err(failed)?;
        encoder.include_checksum(true).map_err(failed)?;
        let (queue, events) = sync_channel(QUEUE);
        let failure = Arc::new(OnceLock::new());
        let failed_first = Arc::clone(&failure);
        let writer = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || write_events(encoder, &events, &failed_first))
            .map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            queue: RwLock::new(Some(queue)),
            failure,
            writer: Mutex::new(Writer::Running(writer)),
        })
    }

    /// Hands an event to the writing thread. It waits only if the disk has fallen some 65,000 events behind. An event after
    /// the end is dropped.
    pub(crate) fn write(&self, event: &Arc<Event>) {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queue.as_ref() {
            // The writer takes events until the queue is closed, even when it can no longer write them.
            let _ = queue.send(Arc::clone(event));
        }
    }

    pub(crate) fn failure(&self) -> Option<Error> {
        let path = self.path.clone();
        let failed = |source| Error::Write { path: path.clone(), source };
        match self.failure.get() {
            Some(why) => Some(failed(io::Error::other(why.clone()))),
            // Whoever removed the file or its folder took the record away, however well it is still written.
            None => path.symlink_metadata().err().map(failed),
        }
    }

    /// Writes what is waiting, finishes the file and puts it on disk. A second call returns the same.
    pub(crate) fn end(&self) -> Result<Written, Error> {
        self.finish()
            .map_err(|(kind, words)| Error::Write { path: self.path.clone(), source: io::Error::new(kind, words) })
    }

    fn finish(&self) -> Result<Written, (io::ErrorKind, String)> {
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

impl Drop for HistoryFile {
    fn drop(&mut self) {
        // Without a close the file is complete all the same, and nobody asks how it went.
        let _ = self.finish();
    }
}

fn write_events(
    mut encoder: Encoder<'static, BufWriter<File>>,
    events: &Receiver<Arc<Event>>,
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
    events: &Receiver<Arc<Event>>,
    written: &mut u64,
) -> io::Result<()> {
    let mut flushed = Instant::now();
    let mut unflushed = false;
    let mut line = Vec::new();
    loop {
        match events.recv_timeout(FLUSH_EVERY.saturating_sub(flushed.elapsed())) {
            Ok(event) => {
                line.clear();
                serde_json::to_writer(&mut line, &*event)?;
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
