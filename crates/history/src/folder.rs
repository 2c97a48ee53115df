use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use crate::Error;

const HISTORY: &str = "history.jsonl.zst";

/// The folder of one run and the names of the files in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    name: String,
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run: `<base>/<scenario>/<UTC time>-<4 hex>/`, or `output` where one is named. Where
    /// `output` holds something already, `output-2`, `output-3`, … is made: two runs never share a folder. It really
    /// writes a file there before it answers.
    ///
    /// # Errors
    /// [`Error::NotWritable`].
    pub fn create(base: &Path, scenario: &str, output: Option<&Path>) -> Result<Self, Error> {
        let Some(output) = output else {
            let (name, path) = make_new(&base.join(scenario))?;
            let folder = Self::at(name, &path)?;
            let not_writable = |source| Error::NotWritable { path: folder.path.clone(), source };
            fs::create_dir(folder.logs()).map_err(not_writable)?;
            return Ok(folder);
        };
        loop {
            let folder = Self::at(new_name(), &Self::claim(output)?)?;
            match fs::create_dir(folder.logs()) {
                Ok(()) => return Ok(folder),
                // Another run found the same folder empty.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(Error::NotWritable { path: folder.path, source }),
            }
        }
    }

    fn at(name: String, path: &Path) -> Result<Self, Error> {
        let not_writable = |source| Error::NotWritable { path: path.to_owned(), source };
        let path = std::path::absolute(path).map_err(not_writable)?;
        try_to_write(&path).map_err(not_writable)?;
        Ok(Self { name, path })
    }

    /// Makes the folder `wanted`, or takes it where it is there and empty; else `wanted-2`, `wanted-3`, …
    ///
    /// # Errors
    /// [`Error::NotWritable`].
    pub fn claim(wanted: &Path) -> Result<PathBuf, Error> {
        let mut path = wanted.to_owned();
        for number in 2_u32.. {
            match make(&path) {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if is_empty(&path).map_err(|source| Error::NotWritable { path: path.clone(), source })? {
                        break;
                    }
                }
                Err(source) => return Err(Error::NotWritable { path, source }),
            }
            path = numbered(wanted, number);
        }
        Ok(path)
    }

    /// The folder of a run that was.
    ///
    /// # Errors
    /// [`Error::NotARun`] where it holds no history.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let path = std::path::absolute(path).map_err(failed)?;
        if !path.join(HISTORY).is_file() {
            return Err(Error::NotARun { path, expected: HISTORY });
        }
        let mut folder = Self { name: String::new(), path };
        folder.name = folder.recorded_name();
        Ok(folder)
    }

    /// The run's name, e.g. `20261122T225801Z-3f2a`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The history: every event, as compressed lines of JSON.
    pub fn history(&self) -> PathBuf {
        self.path.join(HISTORY)
    }

    /// The plan, without its secrets.
    pub fn plan(&self) -> PathBuf {
        self.path.join("plan.json")
    }

    /// The verdicts.
    pub fn verdicts(&self) -> PathBuf {
        self.path.join("verdicts.json")
    }

    /// The verdicts as CI servers read them.
    pub fn junit(&self) -> PathBuf {
        self.path.join("junit.xml")
    }

    /// The verdicts as Markdown.
    pub fn summary(&self) -> PathBuf {
        self.path.join("summary.md")
    }

    /// What was made and has to be gone again.
    pub fn ledger(&self) -> PathBuf {
        self.path.join("ledger.jsonl")
    }

    /// The folder of the servers' logs, scrubbed.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// Versions, seed and machine.
    pub fn run_json(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// The histograms, for HdrHistogram's tools.
    pub fn latency(&self) -> PathBuf {
        self.path.join("latency.hlog")
    }

    /// The figures second by second, for charts.
    pub fn seconds(&self) -> PathBuf {
        self.path.join("seconds.csv")
    }

    /// The name that run.json tells, or else the folder's own: with `--output` the two differ.
    fn recorded_name(&self) -> String {
        #[derive(Deserialize)]
        struct Run {
            run: String,
        }
        let recorded = leaseproof_files::read(&self.run_json(), leaseproof_files::RECORD)
            .ok()
            .and_then(|text| serde_json::from_slice::<Run>(&text).ok());
        let folder = || self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        recorded.map_or_else(folder, |run| run.run)
    }
}

/// Makes a folder, and those above it where they are missing. One that is there is an error.
fn make(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::create_dir(path)
        }
        made => made,
    }
}

/// Whether there is nothing in the folder. A file is no folder, and an error.
fn is_empty(path: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(path)?.next().is_none())
}

/// `out-2` of `out`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    path.with_file_name(name)
}

/// Makes a folder that was not there before.
fn make_new(parent: &Path) -> Result<(String, PathBuf), Error> {
    fs::create_dir_all(parent).map_err(|source| Error::NotWritable { path: parent.to_owned(), source })?;
    loop {
        let name = new_name();
        let path = parent.join(&name);
        match fs::create_dir(&path) {
            Ok(()) => return Ok((name, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(Error::NotWritable { path, source }),
        }
    }
}

fn new_name() -> String {
    // Seeded by the system at random: enough to keep apart runs that begin within one second.
    let random = RandomState::new().build_hasher().finish() & 0xffff;
    format!("{}-{random:04x}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"))
}

/// Permissions, read-only mounts and full disks show themselves only when something is written.
fn try_to_write(folder: &Path) -> io::Result<()> {
    let path = folder.join(".writable");
    let mut file = File::create(&path)?;
    file.write_all(b"leaseproof can write here\n")?;
    file.sync_all()?;
    match fs::remove_file(&path) {
        // Another run that tried the same empty folder was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
