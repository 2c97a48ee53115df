use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use leaseproof_domain::{Event, FORMAT_VERSION};
use serde::Deserialize;
use zstd::stream::read::Decoder;

use crate::Error;

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
}

/// Reads a history, event by event, up to its end or to where it was cut off.
pub struct History {
    lines: BufReader<Decoder<'static, BufReader<File>>>,
    line: Vec<u8>,
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
    /// [`Error::NewerFormat`] where this build does not know its format. A history that was cut off, at whatever byte,
    /// is no error.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let mut start = Vec::new();
        file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut start).map_err(failed)?;
        if !MAGIC.starts_with(&start) {
            let came = "it does not begin as a zstd file does".to_owned();
            return Err(Error::NotAHistory { path: path.to_owned(), came });
        }
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let decoder = Decoder::new(file).map_err(failed)?;
        let mut history = Self {
            lines: BufReader::new(decoder),
            line: Vec::new(),
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
        if format.format > u64::from(FORMAT_VERSION) {
            return Err(Error::NewerFormat { path: path.to_owned(), found: format.format, known: FORMAT_VERSION });
        }
        self.first = self.parse_line();
        Ok(())
    }

    /// Reads the next whole line into `self.line`; false at the end.
    fn read_line(&mut self) -> bool {
        self.line.clear();
        match self.lines.read_until(b'\n', &mut self.line) {
            Ok(0) if self.last_line_seen => self.finish(ReadEnd::Complete),
            Ok(0) => self.cut("it has no last line"),
            Ok(_) if self.line.last() != Some(&b'\n') => self.cut("its last line is not whole"),
            Ok(_) => return true,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.cut("the file ends early"),
            Err(error) => self.cut(&format!("the file is damaged: {error}")),
        }
        false
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
