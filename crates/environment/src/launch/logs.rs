use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use leaseproof_domain::Redactor;
use tokio::sync::mpsc;

use crate::launch::wait::Tries;

/// How many lines wait for whoever reads a log. Standing a server up writes some dozens.
const WAITING: usize = 4096;
/// How many lines are kept for an error's text.
const KEPT: usize = 50;
/// A longer line is handed on in parts, cut at a blank so that no word, and so no password, is cut in two.
const LONGEST: usize = 1 << 20;
/// As much of a line is kept for an error's text.
const KEPT_OF_LINE: usize = 2000;

/// What one server writes to its standard output and error, line by line and as it is: with its secrets.
#[derive(Debug)]
pub struct LogStream {
    /// `vault` or `postgres.<cluster>`.
    pub name: String,
    /// Lines without their line end. The stream goes on over the server's restarts, and ends with the environment.
    pub lines: mpsc::Receiver<Vec<u8>>,
}

/// What a server writes over all its starts.
#[derive(Debug)]
pub(crate) struct Output {
    lines: Option<mpsc::Receiver<Vec<u8>>>,
    /// Where it goes, once somebody has taken it.
    taker: Option<mpsc::Sender<Vec<u8>>>,
}

impl Output {
    /// Of a server that was started for the first time.
    pub(crate) fn new(lines: mpsc::Receiver<Vec<u8>>) -> Self {
        Self { lines: Some(lines), taker: None }
    }

    /// Of a server that is started later, and the stream of all that it will write.
    pub(crate) fn awaited() -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (taker, stream) = mpsc::channel(WAITING);
        (Self { lines: None, taker: Some(taker) }, stream)
    }

    /// Hands it out, once; `log` is that of the process that runs.
    pub(crate) fn take(&mut self, log: &Log) -> Option<mpsc::Receiver<Vec<u8>>> {
        let lines = self.lines.take()?;
        let (taker, stream) = mpsc::channel(WAITING);
        pass_on(lines, taker.clone(), log);
        self.taker = Some(taker);
        Some(stream)
    }

    /// The server was started again.
    pub(crate) fn renew(&mut self, lines: mpsc::Receiver<Vec<u8>>, log: &Log) {
        match &self.taker {
            Some(taker) => pass_on(lines, taker.clone(), log),
            None => self.lines = Some(lines),
        }
    }
}

fn pass_on(mut lines: mpsc::Receiver<Vec<u8>>, taker: mpsc::Sender<Vec<u8>>, log: &Log) {
    log.taken();
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            if taker.send(line).await.is_err() {
                return;
            }
        }
    });
}

/// The reader of one process's output. It never stops reading, so that the process never waits for a full pipe.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    tail: Mutex<VecDeque<Vec<u8>>>,
    taken: AtomicBool,
    ended: AtomicBool,
}

impl Log {
    /// Begins to read. The receiver gets each line; as long as nobody has said [`Log::taken`], lines that find the
    /// queue full are dropped.
    pub(crate) fn read(from: impl Read + Send + 'static) -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let shared = Arc::new(Shared::default());
        let log = Self { shared: Arc::clone(&shared) };
        let read = move || {
            for_each_line(BufReader::with_capacity(1 << 16, from), |line| shared.take(line, &sender));
            shared.ended.store(true, Ordering::Release);
        };
        let started = thread::Builder::new().name("log".to_owned()).spawn(read);
        started.expect("a thread that only reads a pipe is among the first of a run");
        (log, receiver)
    }

    /// From now on somebody reads the receiver: no line is dropped any more, the process waits instead.
    pub(crate) fn taken(&self) {
        self.shared.taken.store(true, Ordering::Release);
    }

    /// The last lines, scrubbed.
    pub(crate) fn tail(&self, redactor: &Redactor) -> Vec<String> {
        let tail = self.shared.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.iter().map(|line| redactor.scrub(&String::from_utf8_lossy(line)).text).collect()
    }

    /// Waits a moment until what an ended process wrote is read.
    pub(crate) async fn settle(&self) {
        let tries = Tries::new(Duration::from_millis(500), Duration::from_millis(2));
        while !self.shared.ended.load(Ordering::Acquire) {
            if !tries.again().await {
                return;
            }
        }
    }
}

impl Shared {
    fn take(&self, line: Vec<u8>, sender: &mpsc::Sender<Vec<u8>>) {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == KEPT {
            tail.pop_front();
        }
        // A line is scrubbed when it is shown, and a cut password would not be known: cut at a blank.
        tail.push_back(line[..cut(&line, KEPT_OF_LINE)].to_owned());
        drop(tail);
        // Either way an error means that the line has no reader (any more), and is dropped.
        if self.taken.load(Ordering::Acquire) {
            let _ = sender.blocking_send(line);
        } else {
            let _ = sender.try_send(line);
        }
    }
}

/// Calls `take` with each line; a line longer than [`LONGEST`] comes in parts.
fn for_each_line(mut from: impl BufRead, mut take: impl FnMut(Vec<u8>)) {
    let mut line = Vec::new();
    loop {
        let room = LONGEST.saturating_sub(line.len()).max(1);
        let Ok(read) = from.by_ref().take(room as u64).read_until(b'\n', &mut line) else { break };
        if read == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            take(std::mem::take(&mut line));
        } else if line.len() >= LONGEST {
            let rest = line.split_off(cut(&line, LONGEST));
            take(std::mem::replace(&mut line, rest));
        }
    }
    if !line.is_empty() {
        take(line);
    }
}

/// Where to cut a line so that at most `longest` bytes are kept: after a blank, if there is one.
fn cut(line: &[u8], longest: usize) -> usize {
    if line.len() < longest {
        return line.len();
    }
    line[..longest].iter().rposition(u8::is_ascii_whitespace).map_or(longest, |place| place + 1)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use leaseproof_domain::{Redactor, Secret};

    use super::{KEPT, LONGEST, Log, WAITING, for_each_line};

    #[test]
    fn lines_come_whole_and_overlong_ones_are_cut_at_a_blank() {
        let mut long = vec![b'a'; LONGEST - 5];
        long.extend_from_slice(b" secret-word\r\nlast");
        let mut lines = Vec::new();
        for_each_line(Cursor::new(long), |line| lines.push(line));
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].len(), LONGEST - 4);
        assert_eq!(lines[1], b"secret-word");
        assert_eq!(lines[2], b"last");
    }

    #[tokio::test]
    async fn nobody_reading_neither_blocks_nor_fills_memory_and_the_tail_is_scrubbed() {
        let redactor = Redactor::new();
        redactor.add_fixed(Secret::new("hunter2-hunter2"));
        let text = "PASSWORD is hunter2-hunter2\n".repeat(WAITING * 2);
        let (log, receiver) = Log::read(Cursor::new(text));
        log.settle().await;
        assert_eq!(receiver.len(), WAITING);
        let tail = log.tail(&redactor);
        assert_eq!(tail.len(), KEPT);
        assert_eq!(tail[0], "PASSWORD is ***");
    }

    #[tokio::test]
    async fn a_taken_log_is_whole() {
        let (log, mut receiver) = Log::read(Cursor::new("one\n".repeat(10)));
        log.taken();
        let mut lines = 0;
        while receiver.recv().await.is_some() {
            lines += 1;
        }
        assert_eq!(lines, 10);
    }
}
