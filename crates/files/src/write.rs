use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Writes a file whole: whoever opens `path` finds what was there before, or all of `content`, also after a crash or on
/// a disk that fills up. What was there before is replaced, with the permissions that a new file has.
///
/// # Errors
/// What the system says. The file is then as it was.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The process's umask applies to these permissions.
    let open = Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(".leaseproof-").permissions(open).tempfile_in(folder)?;
    file.write_all(content.as_ref())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name lies in the folder, which is as durable as its own sync.
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::write;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("verdicts.json");
        fs::write(folder.path().join("plain"), "").unwrap();
        write(&file, "one").unwrap();
        write(&file, "two").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("verdicts.json"), mode("plain"), "as any other file that this process makes");
    }

    #[test]
    fn what_cannot_be_written_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("verdicts.json");
        write(&file, "whole").unwrap();
        assert!(write(&folder.path().join("none/verdicts.json"), "x").is_err());
        assert!(write(folder.path(), "x").is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
