//! What records a run: its clock, its event stream, and the history file that subscribes to it.

use std::path::Path;
use std::sync::{Arc, Weak};

use leaseproof_domain::{Event, FORMAT_VERSION, Header};

use crate::Error;
use crate::clock::RunClock;
use crate::file::{HistoryFile, Written};
use crate::stream::EventStream;

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

/// The clock and the event stream of a run, for those who take part in it.
#[derive(Clone)]
pub struct Recorder {
    clock: RunClock,
    stream: EventStream,
}

/// The history file of a run that is being recorded. Dropped, it is finished as by [`Recording::close`].
pub struct Recording {
    file: Arc<HistoryFile>,
}

impl Recorder {
    /// A recorder whose events go to subscribers only.
    pub fn unwritten() -> Self {
        Self { clock: RunClock::start(), stream: EventStream::new() }
    }

    /// Starts the run's clock, creates the history file, and writes its header.
    ///
    /// # Errors
    /// [`Error::Write`] if the file cannot be created.
    pub fn create(path: &Path, run: NewRun) -> Result<(Self, Recording), Error> {
        let file = Arc::new(HistoryFile::create(path)?);
        let recorder = Self::unwritten();
        let written: Weak<HistoryFile> = Arc::downgrade(&file);
        recorder.stream.subscribe(move |event| {
            if let Some(file) = written.upgrade() {
                file.write(event);
            }
        });
        recorder.record(Event::Header(Header {
            format: FORMAT_VERSION,
            leaseproof: run.leaseproof,
            run: run.run,
            scenario: run.scenario,
            seed: run.seed,
            epoch: recorder.clock.epoch(),
        }));
        Ok((recorder, Recording { file }))
    }

    /// The run's clock.
    pub fn clock(&self) -> RunClock {
        self.clock
    }

    /// The run's event stream.
    pub fn stream(&self) -> &EventStream {
        &self.stream
    }

    /// The present moment of the run.
    pub fn now(&self) -> leaseproof_domain::Micros {
        self.clock.now()
    }

    /// Publishes an event. An event after the end of the history file reaches the other subscribers only.
    pub fn record(&self, event: Event) {
        self.stream.publish(event);
    }
}

impl Recording {
    /// The reason why the history can no longer be written, at most a second after the first failure. The run then has no
    /// record, and should be ended.
    pub fn failure(&self) -> Option<Error> {
        self.file.failure()
    }

    /// Writes what is waiting, finishes the file and puts it on disk.
    ///
    /// # Errors
    /// [`Error::Write`] if any event could not be written.
    pub fn close(self) -> Result<Written, Error> {
        self.file.end()
    }
}
