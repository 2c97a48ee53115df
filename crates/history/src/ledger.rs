mod entry;
mod open;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

pub use self::entry::{Entry, MadeThere, Proof};
pub use self::open::OpenLedger;
use self::open::forget;
use crate::Error;

/// The ledger of a run: whatever is made is written here, and is on disk, *before* it is made.
///
/// An index outside the run's folder repeats the entries, so that they are found from anywhere, also after the folder
/// was deleted. Clones write to the same ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    files: Arc<Mutex<[(PathBuf, File); 2]>>,
}

impl Ledger {
    /// Begins the ledger of a run, in the user's own index.
    ///
    /// # Errors
    /// [`Error::Write`] where the ledger or the index cannot be written.
    pub fn create(path: &Path, run: &str) -> Result<Self, Error> {
        Self::create_in(&Self::index_dir(), path, run)
    }

    /// Begins the ledger of a run, in the index `index`.
    ///
    /// # Errors
    /// [`Error::Write`] where the ledger or the index cannot be written.
    pub fn create_in(index: &Path, path: &Path, run: &str) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(|source| Error::Write { path: path.to_owned(), source })?;
        let own = open(path.clone())?;
        // Under its name it is whole: one that is empty was damaged.
        let mut known = open(index.join(format!("{run}.new")))?;
        append(&mut known, &[&path])?;
        let named = index.join(format!("{run}.jsonl"));
        fs::rename(&known.0, &named).map_err(|source| Error::Write { path: named.clone(), source })?;
        known.0 = named;
        // A file is only as durable as its name in its folder.
        let named = File::open(index).and_then(|folder| folder.sync_all());
        named.map_err(|source| Error::Write { path: index.to_owned(), source })?;
        Ok(Self { files: Arc::new(Mutex::new([own, known])) })
    }

    /// Writes down what is about to be made. It may be made once this has returned, and not before.
    ///
    /// # Errors
    /// [`Error::Write`] where the entry is not on disk: then the thing must not be made.
    pub fn add(&self, entry: Entry) -> Result<(), Error> {
        self.add_all(&[entry])
    }

    /// Writes down several things at once.
    ///
    /// # Errors
    /// [`Error::Write`] where not all entries are on disk.
    pub fn add_all(&self, entries: &[Entry]) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.iter_mut().try_for_each(|file| append(file, entries))
    }

    /// Everything is gone: the index forgets the run. The ledger itself stays with the run's files.
    ///
    /// # Errors
    /// [`Error::Write`] where the index's file cannot be removed.
    pub fn closed(self) -> Result<(), Error> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let [_, (index, _)] = &*files;
        forget(index)
    }

    /// The folder of the user's own index: `${XDG_STATE_HOME:-~/.local/state}/leaseproof/ledgers`.
    pub fn index_dir() -> PathBuf {
        let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || std::env::home_dir().unwrap_or_else(std::env::temp_dir).join(".local/state");
        state.unwrap_or_else(home).join("leaseproof").join("ledgers")
    }

    /// Every run of the user's own index whose things may still be there, oldest first.
    ///
    /// # Errors
    /// As [`Ledger::open_all_in`].
    pub fn open_all() -> Result<Vec<OpenLedger>, Error> {
        Self::open_all_in(&Self::index_dir())
    }

    /// Every run of the index `index` whose things may still be there, oldest first.
    ///
    /// # Errors
    /// [`Error::Read`] where the index is there and cannot be listed: then nobody can say what is open.
    pub fn open_all_in(index: &Path) -> Result<Vec<OpenLedger>, Error> {
        let failed = |source| Error::Read { path: index.to_owned(), source };
        let files = match fs::read_dir(index) {
            Ok(files) => files,
            // A link that leads nowhere is an index that cannot be read.
            Err(why) if why.kind() == io::ErrorKind::NotFound && index.symlink_metadata().is_err() => {
                return Ok(Vec::new());
            }
            Err(why) => return Err(failed(why)),
        };
        let files = files.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().map_err(failed)?;
        let mut open: Vec<OpenLedger> = files
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .map(OpenLedger::read)
            .collect();
        open.sort_by(|a, b| a.run.cmp(&b.run));
        Ok(open)
    }
}

fn open(path: PathBuf) -> Result<(PathBuf, File), Error> {
    let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
    match parent.and_then(|()| OpenOptions::new().create(true).append(true).open(&path)) {
        Ok(file) => Ok((path, file)),
        Err(source) => Err(Error::Write { path, source }),
    }
}

fn append((path, file): &mut (PathBuf, File), lines: &[impl Serialize]) -> Result<(), Error> {
    let mut write = || {
        file.write_all(&text_of(lines)?)?;
        file.sync_data()
    };
    write().map_err(|source: io::Error| Error::Write { path: path.clone(), source })
}

/// One line for each of them.
fn text_of(lines: &[impl Serialize]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    Ok(text)
}
