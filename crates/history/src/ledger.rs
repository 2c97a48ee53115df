use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::Error;

/// Something that a run makes and that has to be gone after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "made")]
pub enum Entry {
    /// The process that owns the run.
    Harness {
        /// Its id.
        pid: u32,
        /// When it was started, in clock ticks since boot (`/proc/<pid>/stat`, field 22): a process with the same id
        /// and another start time is a stranger.
        start_time: u64,
    },
    /// A folder.
    Folder {
        /// Where.
        path: PathBuf,
    },
    /// A file that lies outside such a folder, e.g. a socket.
    File {
        /// Where.
        path: PathBuf,
    },
    /// A server.
    Process {
        /// What it is: `vault`, `postgres.target`.
        name: String,
        /// What stands in its environment and so in its children's: `LEASEPROOF_RUN=<run>`.
        marker: String,
    },
    /// A container of this machine's engine.
    Container {
        /// Its name.
        name: String,
    },
    /// The run works in an estate that it did not make: what it leaves there does not end with a process.
    Attached {
        /// Vault's address.
        vault: String,
    },
    /// Something else that the run makes there.
    MadeThere {
        /// What.
        what: MadeThere,
    },
    /// A Vault token whose end is the end of every lease under it.
    TokenAccessor {
        /// Vault's address.
        vault: String,
        /// The token's accessor, with which it can be revoked and not used.
        accessor: String,
    },
    /// The process that keeps a detached estate.
    Supervisor {
        /// Its id.
        pid: u32,
        /// When it was started, as for the harness.
        start_time: u64,
    },
}

/// What a set-up makes in an estate that the run did not make.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MadeThere {
    /// A mount of Vault's, with all that is below it.
    Mount {
        /// Its path, without a slash at its end.
        path: String,
    },
    /// A policy of Vault's.
    Policy {
        /// Its name.
        name: String,
    },
    /// A PostgreSQL role.
    Role {
        /// Its cluster.
        cluster: String,
        /// Its name.
        name: String,
    },
    /// A database, with all that is in it.
    Database {
        /// Its cluster.
        cluster: String,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for MadeThere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mount { path } => write!(f, "mount {path}"),
            Self::Policy { name } => write!(f, "policy {name}"),
            Self::Role { cluster, name } => write!(f, "role {name} of postgres.{cluster}"),
            Self::Database { cluster, name } => write!(f, "database {name} of postgres.{cluster}"),
        }
    }
}

/// A run whose things may still be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLedger {
    /// The run's name.
    pub run: String,
    /// The ledger's file; it may have been deleted with its folder. Empty where the run was killed before it could
    /// write that down, and so before it made anything.
    pub path: PathBuf,
    /// What the run made, in order.
    pub entries: Vec<Entry>,
    /// The index's file that knows of it.
    index: PathBuf,
}

impl OpenLedger {
    /// Reads an index's file: the ledger's path, then an entry a line. A last line that was cut off by a kill stands
    /// for something that was not made: `add` had not returned.
    fn read(index: PathBuf) -> Option<Self> {
        let text = fs::read_to_string(&index).ok()?;
        let run = index.file_stem()?.to_str()?.to_owned();
        let mut lines = text.lines();
        let path = lines.next().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
        let entries = lines.map_while(|line| serde_json::from_str(line).ok()).collect();
        Some(Self { run, path, entries, index })
    }

    /// Everything is gone: the index forgets the run. The ledger itself stays where it is.
    ///
    /// # Errors
    /// [`Error::Write`] where the index's file cannot be removed.
    pub fn closed(&self) -> Result<(), Error> {
        forget(&self.index)
    }
}

fn forget(index: &Path) -> Result<(), Error> {
    match fs::remove_file(index) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Write { path: index.to_owned(), source }),
        _ => Ok(()),
    }
}

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
        let mut known = open(index.join(format!("{run}.jsonl")))?;
        append(&mut known, &path)?;
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
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.iter_mut().try_for_each(|file| append(file, &entry))
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
    pub fn open_all() -> Vec<OpenLedger> {
        Self::open_all_in(&Self::index_dir())
    }

    /// Every run of the index `index` whose things may still be there, oldest first.
    pub fn open_all_in(index: &Path) -> Vec<OpenLedger> {
        let files = fs::read_dir(index).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut open: Vec<OpenLedger> = files
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .filter_map(OpenLedger::read)
            .collect();
        open.sort_by(|a, b| a.run.cmp(&b.run));
        open
    }
}

fn open(path: PathBuf) -> Result<(PathBuf, File), Error> {
    let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
    match parent.and_then(|()| OpenOptions::new().create(true).append(true).open(&path)) {
        Ok(file) => Ok((path, file)),
        Err(source) => Err(Error::Write { path, source }),
    }
}

fn append((path, file): &mut (PathBuf, File), line: &impl Serialize) -> Result<(), Error> {
    let mut write = || {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        file.write_all(&bytes)?;
        file.sync_data()
    };
    write().map_err(|source: io::Error| Error::Write { path: path.clone(), source })
}
