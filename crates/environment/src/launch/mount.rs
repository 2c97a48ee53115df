//! Small file systems under the data of servers.

use std::fs;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

use crate::EnvironmentError;
use crate::launch::account::Account;

/// Its size: a new cluster takes about 40 MB. It is in memory, as far as it is used.
const SIZE: &str = "256m";
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
