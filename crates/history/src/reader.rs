use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use leaseproof_domain::{Event, FORMAT_VERSION};
use serde::Deserialize;
use zstd::stream::read::Decoder;

use crate::Error;
use crate::limits::{Limits, MAX_WINDOW_LOG};
use crate::memory::resident;

/// The first bytes of a zstd frame (RFC 8878, 3.1.1).
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// How the reading of a history ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadEnd {
    /// The history is whole, up to its last line.
    Complete,
    /// The history ends before its last line: what was read is a beginning of it.
    CutOff {
        /// Where and how it breaks off.
        why: String,
    },
    /// The history is larger than any that is read: it was read no further.
    TooLarge {
        /// Which limit it exceeds, and where.
        why: String,
    },
}

/// How a history ends whose writer was killed.
const NO_LAST_LINE: &str = "it has no last line";
const HALF_A_LINE: &str = "its last line is not whole";
const ENDS_EARLY: &str = "the file ends early";

impl ReadEnd {
    /// Whether the history ends as one does whose writer was killed. Of such a run, only what was not written yet is missing.
    pub fn is_as_killed(&self) -> bool {
        let Self::CutOff { why } = self else { return false };
        [NO_LAST_LINE, HALF_A_LINE, ENDS_EARLY].iter().any(|end| why.ends_with(end))
    }
}

/// Reads a history, event by event, up to its end or to where it was cut off.
pub struct History {
    lines: BufReader<Decoder<'static, BufReader<File>>>,
    line: Vec<u8>,
    limits: Limits,
    /// The size of the file, in bytes.
    packed: u64,
    /// The bytes of all lines so far.
    unpacked: u64,
    /// The memory of this process when the reading began, where the system says it.
    resident: Option<u64>,
    /// The bytes of all lines when the memory was last observed.
    measured: u64,
    first: Option<Event>,
    count: u64,
    last_line_seen: bool,
    end: Arc<OnceLock<ReadEnd>>,
}

impl History {
    /// Opens a history.
    ///
    /// # Errors
    /// [`Error::Read`] where the file cannot be opened, [`Error::NotAHistory`] where it is something else,
    /// [`Error::OtherFormat`] if the history has another format than [`FORMAT_VERSION`]. A history that was cut off, at whatever byte,
    /// is no error.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_within(path, Limits::REAL)
    }

    fn open_within(path: &Path, limits: Limits) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let mut file = leaseproof_files::open(path).map_err(failed)?;
        let packed = file.metadata().map_err(failed)?.len();
        let mut start = Vec::new();
        file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut start).map_err(failed)?;
        if !MAGIC.starts_with(&start) {
            let came = "it does not begin as a zstd file does".to_owned();
            return Err(Error::NotAHistory { path: path.to_owned(), came });
        }
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut decoder = Decoder::new(file).map_err(failed)?;
        decoder.window_log_max(MAX_WINDOW_LOG).map_err(failed)?;
        let mut history = Self {
            lines: BufReader::new(decoder),
            line: Vec::new(),
            limits,
            packed,
            unpacked: 0,
            resident: resident(),
            measured: 0,
            first: None,
            count: 0,
            last_line_seen: false,
            end: Arc::default(),
        };
        history.read_header(path)?;
        Ok(history)
    }

    /// How the reading ended; before the iterator has come to its end, that it was not read to its end.
    pub fn ended(&self) -> ReadEnd {
        read_end(&self.end)
    }

    /// The same as [`History::ended`], to be asked while or after the history itself is consumed as an iterator.
    pub fn ending(&self) -> impl Fn() -> ReadEnd + use<> {
        let end = Arc::clone(&self.end);
        move || read_end(&end)
    }

    fn read_header(&mut self, path: &Path) -> Result<(), Error> {
        if !self.read_line() {
            return Ok(());
        }
        #[derive(Deserialize)]
        struct Format {
            event: String,
            format: u64,
        }
        let format: Format = match serde_json::from_slice(&self.line) {
            Ok(Format { event, format }) if event == "header" => Format { event, format },
            _ => {
                let came = "its first line is no header".to_owned();
                return Err(Error::NotAHistory { path: path.to_owned(), came });
            }
        };
        if format.format != u64::from(FORMAT_VERSION) {
            return Err(Error::OtherFormat { path: path.to_owned(), found: format.format, expected: FORMAT_VERSION });
        }
        self.first = self.parse_line();
        Ok(())
    }

    /// Reads the next whole line into `self.line`; false at the end.
    fn read_line(&mut self) -> bool {
        self.line.clear();
        let longest = self.limits.line.saturating_add(1);
        let read = self.lines.by_ref().take(longest).read_until(b'\n', &mut self.line);
        self.unpacked += self.line.len() as u64;
        if let Some(which) = self.exceeded() {
            self.finish(ReadEnd::TooLarge { why: format!("after {} events: {which}", self.count) });
            return false;
        }
        match read {
            Ok(0) if self.last_line_seen => self.finish(ReadEnd::Complete),
            Ok(0) => self.cut(NO_LAST_LINE),
            Ok(_) if self.line.last() != Some(&b'\n') => self.cut(HALF_A_LINE),
            Ok(_) => return true,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.cut(ENDS_EARLY),
            Err(error) => self.cut(&format!("the file is damaged: {error}")),
        }
        false
    }

    /// Which limit the history exceeds with the line that was read last.
    fn exceeded(&mut self) -> Option<String> {
        let Limits { line, total, ratio, ratio_counts_from, growth, .. } = self.limits;
        if self.line.len() as u64 > line {
            return Some(format!("a line is longer than {line} bytes"));
        }
        if self.unpacked > total {
            return Some(format!("its lines are more than {total} bytes"));
        }
        if self.unpacked > ratio_counts_from.max(self.packed.saturating_mul(ratio)) {
            return Some(format!("it unpacks to more than {ratio} times the {} bytes of its file", self.packed));
        }
        self.has_grown().then(|| format!("what it holds takes more than {growth} bytes of memory"))
    }

    /// Whether what was read so far takes more memory than a history may.
    fn has_grown(&mut self) -> bool {
        if self.unpacked < self.measured + self.limits.growth_counts_every {
            return false;
        }
        self.measured = self.unpacked;
        resident().zip(self.resident).is_some_and(|(now, before)| now > before + self.limits.growth)
    }

    fn parse_line(&mut self) -> Option<Event> {
        match serde_json::from_slice(&self.line) {
            Ok(event) => {
                self.count += 1;
                self.last_line_seen |= matches!(event, Event::End(_));
                Some(event)
            }
            Err(error) => {
                self.cut(&format!("the next line cannot be read: {error}"));
                None
            }
        }
    }

    fn cut(&self, why: &str) {
        self.finish(ReadEnd::CutOff { why: format!("after {} events: {why}", self.count) });
    }

    fn finish(&self, end: ReadEnd) {
        // The first reason stands.
        let _ = self.end.set(end);
    }
}

fn read_end(end: &OnceLock<ReadEnd>) -> ReadEnd {
    let unread = || ReadEnd::CutOff { why: "the history was not read to its end".to_owned() };
    end.get().cloned().unwrap_or_else(unread)
}

impl Iterator for History {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        if self.end.get().is_some() || !self.read_line() {
            return None;
        }
        self.parse_line()
    }
}

#[cfg(test)]
mod tests;
