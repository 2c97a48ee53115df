use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use leaseproof_domain::{Event, LoggedNote, Observer, Redactor, SecretSeen, ServerNote, WatchGap};
use leaseproof_history::Recorder;

use crate::Error;
use crate::audit::AuditFilter;
use crate::auth_failure::AuthFailures;
use crate::failed_revocation::FailedRevocations;
use crate::log_line::{DelayLine, Record};
use crate::logged_note::LoggedNotes;

/// How often lines that have waited long enough are scrubbed and written.
const BEAT: Duration = Duration::from_millis(200);

/// What the logs of clusters, of Vault and of its nodes are called.
const POSTGRES: &str = "postgres.";
const VAULT: &str = "vault";
const VAULT_NODE: &str = "vault.";

/// A line of a log and when it came.
pub(crate) type Line = (Instant, Vec<u8>);

/// A collector at work; it answers how many lines there were.
pub(crate) type Collecting = JoinHandle<Result<u64, Error>>;

/// What a log's collection needs.
pub(crate) struct Collection {
    /// `postgres.target`, `vault` or `audit`.
    pub(crate) source: String,
    pub(crate) folder: PathBuf,
    pub(crate) recorder: Recorder,
    pub(crate) redactor: Arc<Redactor>,
    /// Set for the audit log: its entries are events.
    pub(crate) audit: Option<AuditFilter>,
    /// Set when no password can come to be known any more: lines wait no longer.
    pub(crate) over: Arc<AtomicBool>,
}

/// One log's collector. It works on a thread of its own: searching lines for thousands of passwords would make others
/// late on the runtime's threads, and a server's pipe is emptied whatever the disk does.
pub(crate) struct Collector {
    log: Log,
    collection: Collection,
    waiting: DelayLine,
    unreadable: bool,
    refusals: AuthFailures,
    notes: LoggedNotes,
    revocations: FailedRevocations,
}

struct Log {
    path: PathBuf,
    file: BufWriter<File>,
    failed: Option<io::Error>,
}

impl Collector {
    /// Makes the log's file and begins. What is sent to the answered channel is collected until its last sender is
    /// dropped; the thread then answers how many lines there were.
    pub(crate) fn start(collection: Collection) -> Result<(Sender<Line>, Collecting), Error> {
        let path = collection.folder.join(format!("{}.log", collection.source));
        let failed = |source| Error::Log { path: path.clone(), source };
        let file = File::create(&path).map_err(failed)?;
        let (sender, lines) = channel();
        let name = format!("log {}", collection.source);
        let log = Log { path: path.clone(), file: BufWriter::new(file), failed: None };
        let collector = Self {
            log,
            collection,
            waiting: DelayLine::default(),
            unreadable: false,
            refusals: AuthFailures::default(),
            notes: LoggedNotes::default(),
            revocations: FailedRevocations::default(),
        };
        let thread = std::thread::Builder::new().name(name).spawn(move || collector.collect(&lines)).map_err(failed)?;
        Ok((sender, thread))
    }

    fn collect(mut self, lines: &Receiver<Line>) -> Result<u64, Error> {
        let mut beat = Instant::now();
        loop {
            match lines.recv_timeout(BEAT.saturating_sub(beat.elapsed())) {
                Ok((came, line)) => self.waiting.push(came, line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if beat.elapsed() >= BEAT {
                self.keep_due();
                beat = Instant::now();
            }
        }
        while !self.waiting.is_empty() && !self.collection.over.load(Ordering::Acquire) {
            self.keep_due();
            std::thread::sleep(BEAT);
        }
        while let Some(record) = self.waiting.take() {
            self.keep(record);
        }
        if let Some(failure) = self.refusals.take() {
            self.collection.recorder.record(Event::AuthFailure(failure));
        }
        let last = self.notes.take();
        self.hand_on(last);
        if let Some(failed) = self.revocations.take() {
            self.collection.recorder.record(Event::FailedRevocation(failed));
        }
        let lines = self.waiting.lines();
        self.log.end().map(|()| lines)
    }

    fn keep_due(&mut self) {
        let now = Instant::now();
        while let Some(record) = self.waiting.due(now) {
            self.keep(record);
        }
        self.log.flush();
    }

    fn keep(&mut self, record: Record) {
        if self.collection.audit.is_some() {
            self.keep_entry(&record);
        } else {
            let Collection { source, recorder, .. } = &self.collection;
            if let Some(failure) = self.refusals.read(source, &record, recorder.now()) {
                recorder.record(Event::AuthFailure(failure));
            }
        }
        let clean = record.scrub(&self.collection.redactor);
        if let Some(secret) = clean.secret {
            let Collection { source, recorder, .. } = &self.collection;
            recorder.record(Event::SecretSeen(SecretSeen {
                at: recorder.now(),
                source: source.clone(),
                line: secret.line,
                username: secret.username,
            }));
        }
        let Collection { source, recorder, .. } = &self.collection;
        if source.starts_with(POSTGRES) {
            let note = self.notes.read(&clean.text);
            self.hand_on(note);
        } else if source == VAULT || source.starts_with(VAULT_NODE) {
            let failed = self.revocations.read(source, &clean.text, recorder.now());
            failed.into_iter().for_each(|failed| recorder.record(Event::FailedRevocation(failed)));
        }
        self.log.write(&clean.text);
    }

    fn hand_on(&self, note: Option<ServerNote>) {
        let Collection { source, recorder, .. } = &self.collection;
        if let Some(note) = note {
            recorder.record(Event::LoggedNote(LoggedNote { at: recorder.now(), server: source.clone(), note }));
        }
    }

    fn keep_entry(&mut self, record: &Record) {
        let Collection { recorder, audit: Some(filter), .. } = &self.collection else { return };
        match filter.read(&record.text) {
            Ok(Some(entry)) => recorder.record(Event::Audit(entry)),
            Ok(None) => {}
            Err(why) if !self.unreadable => {
                self.unreadable = true;
                let (from, why) = (recorder.now(), format!("line {} of the audit log: {why}", record.first_line));
                recorder.record(Event::WatchGap(WatchGap {
                    cluster: String::new(),
                    observer: Observer::Audit,
                    from,
                    to: from,
                    why,
                }));
            }
            Err(_) => {}
        }
    }
}

/// Writing goes on as far as it can; the first failure is reported at the end.
impl Log {
    fn write(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = writeln!(self.file, "{text}").err();
        }
    }

    fn flush(&mut self) {
        if self.failed.is_none() {
            self.failed = self.file.flush().err();
        }
    }

    fn end(mut self) -> Result<(), Error> {
        self.flush();
        self.failed.map_or(Ok(()), |source| Err(Error::Log { path: self.path, source }))
    }
}

/// Makes the folder that logs are kept in, and none above it: somebody may have removed the run's meanwhile.
pub(crate) fn make_folder(folder: &Path) -> Result<(), Error> {
    match std::fs::create_dir(folder) {
        Err(source) if source.kind() != ErrorKind::AlreadyExists => Err(Error::Log { path: folder.to_owned(), source }),
        _ => Ok(()),
    }
}
