//! A small file system under a server's data, which a fault fills.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use leaseproof_postgres::Session;
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

use crate::EnvironmentError;
use crate::account::Account;
use crate::server::Server;

/// Its size: a new cluster takes about 40 MB. It is in memory, as far as it is used.
const SIZE: &str = "256m";
/// The file that fills it. PostgreSQL passes over files that it does not know.
const FILLER: &str = "leaseproof-filler";
/// How many segments of WAL are brought to their end: those that PostgreSQL has made in advance need no room.
const SEGMENTS: u32 = 64;
/// What it lets ordinary accounts see of itself in the mount table.
const SOURCE: &str = "leaseproof";

/// Mounts one on a server's data directory, which is empty. It goes with the private folder.
///
/// # Errors
/// [`EnvironmentError::NoMount`] where this account may not mount.
pub(crate) fn make(server: &str, data: &Path, owner: Option<Account>) -> Result<(), EnvironmentError> {
    let owner = owner.map_or_else(String::new, |account| format!(",uid={},gid={}", account.uid, account.gid));
    let options = format!("size={SIZE},mode=0700{owner}");
    mount(Some(SOURCE), data, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some(options.as_str()))
        .map_err(|source| EnvironmentError::NoMount { server: server.to_owned(), source: source.into() })
}

/// Fills it, and has the server write until it needs room that is not there.
pub(crate) async fn fill(server: &Server) -> Result<PathBuf, EnvironmentError> {
    let path = server.data.join(FILLER);
    let filled = fill_up(&path);
    filled.map_err(|source| EnvironmentError::Folder { doing: "fill the disk with", path: path.clone(), source })?;
    // Every answer is right here: the server may end by what it is asked to do.
    if let Ok(session) = Session::open(&server.observer_login("postgres")).await {
        for _ in 0..SEGMENTS {
            let next = "SELECT pg_logical_emit_message(true, 'leaseproof', ''), pg_switch_wal()";
            if session.query(next).await.is_err() {
                break;
            }
        }
        session.close().await;
    }
    Ok(path)
}

fn fill_up(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    for piece in [1 << 20, 1 << 12, 1] {
        let zeros = vec![0; piece];
        loop {
            match file.write_all(&zeros) {
                Ok(()) => {}
                Err(full) if full.kind() == io::ErrorKind::StorageFull => break,
                Err(other) => return Err(other),
            }
        }
    }
    Ok(())
}

/// Gives the room back.
pub(crate) fn clear(filler: &Path) -> Result<(), EnvironmentError> {
    fs::remove_file(filler).map_err(|source| EnvironmentError::Folder {
        doing: "remove",
        path: filler.to_owned(),
        source,
    })
}

/// Unmounts what is mounted below a folder, the innermost first.
pub(crate) fn unmount_below(folder: &Path) {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut points: Vec<PathBuf> =
        table.lines().filter_map(mount_point).filter(|point| point != folder && point.starts_with(folder)).collect();
    points.sort();
    for point in points.iter().rev() {
        // A process that is just ending may still have a file open there: the mount goes with it.
        let gone: Result<(), Errno> = umount2(point, MntFlags::MNT_DETACH);
        // Where it stays, the folder cannot be removed, and that is reported.
        let _ = gone;
    }
}

/// The fifth field of a line of the mount table (proc_pid_mountinfo(5)): spaces and the like are octal there.
fn mount_point(line: &str) -> Option<PathBuf> {
    let field = line.split(' ').nth(4)?;
    let plain = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    Some(plain.iter().fold(field.to_owned(), |text, (code, sign)| text.replace(code, sign)).into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::mount_point;

    #[test]
    fn a_mount_point_is_read_from_its_line() {
        let line = "36 35 0:47 / /tmp/a\\040b rw,nosuid shared:1 - tmpfs leaseproof rw,size=262144k";
        assert_eq!(mount_point(line).as_deref(), Some(Path::new("/tmp/a b")));
        assert_eq!(mount_point("36 35"), None);
    }
}
