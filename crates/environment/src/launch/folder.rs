use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use leaseproof_history::{Entry, Ledger};

use crate::EnvironmentError;
use crate::launch::account::Account;
use crate::launch::mount;
use crate::launch::process;

/// How the private folder of every run begins. `clean` removes no folder of another name.
pub(crate) const PREFIX: &str = "leaseproof-";

/// The private folder of an environment: everything that its servers write. It is removed when this is dropped, after what
/// still runs in it was ended.
#[derive(Debug)]
pub(crate) struct PrivateFolder {
    run: String,
    path: PathBuf,
}

impl PrivateFolder {
    /// Makes `<parent>/leaseproof-<run>`, in the ledger first. Others may pass through it (PostgreSQL runs as another
    /// user under root) and not list it.
    pub(crate) fn create(parent: &Path, run: &str, ledger: &Ledger) -> Result<Self, EnvironmentError> {
        let path = parent.join(format!("{PREFIX}{run}"));
        let path = std::path::absolute(&path).map_err(|source| failed("make", &path, source))?;
        nameable(&path)?;
        ledger.add(Entry::Folder { path: path.clone() })?;
        make(&path, 0o711, None)?;
        Ok(Self { run: run.to_owned(), path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Ends what still runs in it, as the script of a setup may have left, and removes it with all that is in it.
    /// Gives what is left.
    pub(crate) fn remove(&self) -> Vec<String> {
        let (_, mut left) = process::end_run(&self.run, std::slice::from_ref(&self.path));
        if let Err(why) = remove(&self.path) {
            left.push(format!("{} ({why})", self.path.display()));
        }
        left
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // The last resort has nobody to tell; the ledger still names the folder.
        self.remove();
    }
}

/// That the path can stand in every server's configuration. Their files quote in different ways, and none has an escape
/// for all of these.
fn nameable(path: &Path) -> Result<(), EnvironmentError> {
    let unfit = |why: String| Err(EnvironmentError::UnfitFolder { path: path.to_owned(), why });
    let Some(text) = path.to_str() else { return unfit("it is not UTF-8".to_owned()) };
    let apart = |c: char| c.is_whitespace() || c.is_control() || "\"'\\$`,;:#{}%*?[]<>|&()!".contains(c);
    match text.chars().find(|c| apart(*c)) {
        Some(sign) => unfit(format!("it contains {sign:?}")),
        None => Ok(()),
    }
}

/// That `account` can enter the folder, through everything above it. The kernel decides: a process of that account is
/// started in it.
pub(crate) fn enterable(path: &Path, account: Option<Account>) -> Result<(), EnvironmentError> {
    let Some(Account { uid, gid }) = account else { return Ok(()) };
    let tried = Command::new("true").current_dir(path).uid(uid).gid(gid).status();
    match tried {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let why = format!("user {uid}, as whom PostgreSQL runs under root, cannot enter it or a folder above it");
            Err(EnvironmentError::UnfitFolder { path: path.to_owned(), why })
        }
        _ => Ok(()),
    }
}

/// Removes a private folder with all that is in it, and the shared memory of servers that were killed in it. A folder
/// that is not there is removed already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let servers = fs::read_dir(path).into_iter().flatten().flatten();
    servers.for_each(|server| process::free_shared_memory(&server.path()));
    mount::unmount_below(path);
    // A server that is just ending may make a file while its folder is being emptied: then once more.
    let again = |_| fs::remove_dir_all(path);
    match fs::remove_dir_all(path).or_else(again) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Removes what is in a folder, and not the folder: a file system may be mounted on it.
pub(crate) fn empty(path: &Path) -> Result<(), EnvironmentError> {
    let empty = || {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    empty().map_err(|source| failed("empty", path, source))
}

/// Makes one folder with exactly that mode, whatever the umask is, for that account.
pub(crate) fn make(path: &Path, mode: u32, owner: Option<Account>) -> Result<(), EnvironmentError> {
    DirBuilder::new()
        .mode(mode & 0o700)
        .create(path)
        .and_then(|()| hand_over(path, owner))
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
        .map_err(|source| failed("make", path, source))
}

/// Writes a file with exactly that mode, for that account.
pub(crate) fn write(path: &Path, text: &str, mode: u32, owner: Option<Account>) -> Result<(), EnvironmentError> {
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode & 0o700).open(path)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        hand_over(path, owner)?;
        fs::set_permissions(path, Permissions::from_mode(mode))
    };
    write().map_err(|source| failed("write", path, source))
}

pub(crate) fn hand_over(path: &Path, owner: Option<Account>) -> io::Result<()> {
    owner.map_or(Ok(()), |account| chown(path, Some(account.uid), Some(account.gid)))
}

pub(crate) fn failed(doing: &'static str, path: &Path, source: io::Error) -> EnvironmentError {
    EnvironmentError::Folder { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use leaseproof_history::Ledger;

    use super::{PrivateFolder, nameable, write};

    #[test]
    fn a_path_that_configurations_cannot_name_is_refused() {
        for fit in ["/tmp/leaseproof-20261122T225801Z-3f2a", "/home/ada/é/x_y+z@1", "/var/tmp/a.b-c=d~"] {
            assert!(nameable(Path::new(fit)).is_ok(), "{fit}");
        }
        for (unfit, sign) in [("/tmp/a b", "' '"), ("/tmp/\"x", "'\"'"), ("/tmp/x\ny", r"'\n'"), ("/tmp/$HOME", "'$'")]
        {
            let why = nameable(Path::new(unfit)).unwrap_err().to_string();
            assert!(why.contains(&format!("it contains {sign}; set TMPDIR")), "{why}");
        }
        let bytes = Path::new(std::ffi::OsStr::from_bytes(b"/tmp/caf\xe9"));
        assert!(nameable(bytes).unwrap_err().to_string().contains("it is not UTF-8"));
    }

    #[test]
    fn the_folder_can_be_passed_and_not_listed_and_is_gone_after_its_drop() {
        let place = tempfile::tempdir().unwrap();
        let ledger = Ledger::create_in(&place.path().join("index"), &place.path().join("ledger.jsonl"), "r1").unwrap();
        let folder = PrivateFolder::create(place.path(), "r1", &ledger).unwrap();
        let path = folder.path().to_owned();
        assert_eq!(path, place.path().join("leaseproof-r1"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o711);
        write(&path.join("secret"), "x", 0o600, None).unwrap();
        assert!(std::fs::read_to_string(place.path().join("ledger.jsonl")).unwrap().contains("leaseproof-r1"));
        drop(folder);
        assert!(!path.exists());
    }
}
