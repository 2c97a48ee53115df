use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Entry, text_of};
use crate::Error;

/// No run makes so much that its ledger comes near: what is beyond is not read.
const LONGEST: u64 = 16 << 20;

/// A run whose things may still be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLedger {
    /// The run's name.
    pub run: String,
    /// The ledger's file; it may have been deleted with its folder. Empty where the run was killed before it could
    /// write that down, and so before it made anything.
    pub path: PathBuf,
    /// What the run made, in order, each thing once.
    pub entries: Vec<Entry>,
    /// What of the ledger cannot be read, in words. Where there is any, more may be there than `entries` say.
    pub unreadable: Vec<String>,
    /// The index's file that knows of it.
    index: PathBuf,
}

impl OpenLedger {
    /// Reads an index's file: the ledger's path, then an entry a line. A last line that was cut off by a kill stands
    /// for something that was not made: `add` had not returned. Where the index's file is damaged, the run's own ledger
    /// says what it can.
    pub(super) fn read(index: PathBuf) -> Self {
        let run = index.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let mut open = Self { run, path: PathBuf::new(), entries: Vec::new(), unreadable: Vec::new(), index };
        let mut lines = open.lines_of(&open.index.clone()).into_iter();
        if let Some((number, line)) = lines.next() {
            match serde_json::from_slice(&line.text) {
                Ok(path) => open.path = path,
                Err(why) => open.say(&open.index.clone(), number, &line.text, &why),
            }
        } else if open.unreadable.is_empty() {
            open.unreadable
                .push(format!("{} is empty: a ledger has the path of its file in line 1", open.index.display()));
        }
        let mut known = HashSet::new();
        for (number, line) in lines {
            open.take(&open.index.clone(), number, &line, &mut known);
        }
        if !open.unreadable.is_empty() && open.path.is_file() {
            for (number, line) in open.lines_of(&open.path.clone()) {
                open.take(&open.path.clone(), number, &line, &mut known);
            }
        }
        open
    }

    fn take(&mut self, file: &Path, number: usize, line: &Line, known: &mut HashSet<Entry>) {
        match serde_json::from_slice::<Entry>(&line.text) {
            Ok(entry) => {
                if known.insert(entry.clone()) {
                    self.entries.push(entry);
                }
            }
            Err(_) if line.is_cut_off && !line.text.contains(&0) => {}
            Err(why) => self.say(file, number, &line.text, &why),
        }
    }

    fn say(&mut self, file: &Path, number: usize, text: &[u8], why: &serde_json::Error) {
        // What a newer leaseproof writes is sound, and not known here.
        let newer = serde_json::from_slice::<serde_json::Value>(text).is_ok_and(|value| value.is_object());
        let help = if newer { "; a newer leaseproof may have written it" } else { "" };
        self.unreadable.push(format!("{} line {number} is not an entry of a ledger: {why}{help}", file.display()));
    }

    /// The lines of a file with their numbers. What is no regular file is not opened: a FIFO would never end.
    fn lines_of(&mut self, file: &Path) -> Vec<(usize, Line)> {
        match bytes_of(file) {
            Ok((bytes, is_whole)) => {
                if !is_whole {
                    let words =
                        format!("{} is longer than {} MiB: the rest is not read", file.display(), LONGEST >> 20);
                    self.unreadable.push(words);
                }
                lines(&bytes).enumerate().map(|(at, line)| (at + 1, line)).collect()
            }
            Err(why) => {
                self.unreadable.push(format!("{} cannot be read: {why}", file.display()));
                Vec::new()
            }
        }
    }

    /// The index's file that knows of the run.
    pub fn index(&self) -> &Path {
        &self.index
    }

    /// Writes entries behind the others, as the run itself would have.
    ///
    /// # Errors
    /// [`Error::Write`] where not all of them are on disk.
    pub fn add_all(&self, entries: &[Entry]) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let write = || {
            let mut file = OpenOptions::new().read(true).write(true).open(&self.index)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            // A line that was cut off is no entry, and would spoil this one.
            let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            file.set_len(end as u64)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(&text_of(entries)?)?;
            file.sync_data()
        };
        write().map_err(|source: io::Error| Error::Write { path: self.index.clone(), source })
    }

    /// Everything is gone: the index forgets the run. The ledger itself stays where it is.
    ///
    /// # Errors
    /// [`Error::Write`] where the index's file cannot be removed.
    pub fn closed(&self) -> Result<(), Error> {
        forget(&self.index)
    }
}

pub(super) fn forget(index: &Path) -> Result<(), Error> {
    match fs::remove_file(index) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Write { path: index.to_owned(), source }),
        _ => Ok(()),
    }
}

/// A line, and whether nothing ends it.
struct Line {
    text: Vec<u8>,
    is_cut_off: bool,
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Line> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| match line.strip_suffix(b"\n") {
        Some(text) => Line { text: text.to_vec(), is_cut_off: false },
        None => Line { text: line.to_vec(), is_cut_off: true },
    })
}

fn bytes_of(file: &Path) -> io::Result<(Vec<u8>, bool)> {
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(file)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    let is_whole = bytes.len() as u64 <= LONGEST;
    bytes.truncate(usize::try_from(LONGEST).unwrap_or(usize::MAX));
    Ok((bytes, is_whole))
}
