use std::fs::{self, File, FileType};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// Reads a whole regular file of at most `limit` bytes. A symbolic link to one is followed.
///
/// # Errors
/// What the system says; [`ErrorKind::InvalidInput`] for anything that is not a regular file, named by its kind;
/// [`ErrorKind::FileTooLarge`] for one that is larger, or grows beyond the limit while it is read.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let why = format!("it is larger than {}, the limit for such a file", size(limit));
        return Err(io::Error::new(ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// As [`read`], for UTF-8 text.
///
/// # Errors
/// As [`read`]; [`ErrorKind::InvalidData`] where the file is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let not_text = |_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text");
    String::from_utf8(read(path, limit)?).map_err(not_text)
}

/// Opens a regular file for reading. It never waits for somebody to write, as the opening of a FIFO does.
///
/// # Errors
/// As [`read`], the size aside.
pub fn open(path: &Path) -> io::Result<File> {
    // A device or a socket can do something when it is opened, so it is checked first.
    regular(fs::metadata(path)?.file_type())?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    regular(file.metadata()?.file_type())?;
    Ok(file)
}

/// The last `count` lines of a regular file, of its last `limit` bytes at most. Bytes that are not UTF-8 are replaced.
///
/// # Errors
/// As [`open`].
pub fn last_lines(path: &Path, count: usize, limit: u64) -> io::Result<Vec<String>> {
    let mut file = open(path)?;
    let start = file.metadata()?.len().saturating_sub(limit);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(count)..].iter().map(|line| (*line).to_owned()).collect())
}

fn regular(kind: FileType) -> io::Result<()> {
    let what = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a FIFO (a pipe)",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_char_device() || kind.is_block_device() => "a device",
        _ => "something else",
    };
    let kind = if what == "a directory" { ErrorKind::IsADirectory } else { ErrorKind::InvalidInput };
    Err(io::Error::new(kind, format!("it is {what}; expected a regular file")))
}

fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes if bytes >= 1 << 10 => format!("{} KiB", bytes >> 10),
        bytes => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use rustix::fs::{CWD, FileType, Mode};

    use super::{last_lines, read, read_text};

    fn refused(path: &Path) -> String {
        read(path, 10).unwrap_err().to_string()
    }

    #[test]
    fn only_regular_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "0123456789").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("loop"), at("loop")).unwrap();
        rustix::fs::mknodat(CWD, at("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        assert_eq!(read(&at("link"), 10).unwrap(), b"0123456789");
        assert_eq!(refused(folder.path()), "it is a directory; expected a regular file");
        assert_eq!(refused(&at("fifo")), "it is a FIFO (a pipe); expected a regular file");
        assert_eq!(refused(&at("socket")), "it is a socket; expected a regular file");
        assert_eq!(refused(Path::new("/dev/zero")), "it is a device; expected a regular file");
        assert!(refused(&at("loop")).starts_with("Too many levels of symbolic links"), "{}", refused(&at("loop")));
        assert!(refused(&at("none")).starts_with("No such file"), "{}", refused(&at("none")));
    }

    #[test]
    fn a_file_has_a_limit_whatever_its_size_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "01234567890").unwrap();
        assert_eq!(refused(&file), "it is larger than 10 bytes, the limit for such a file");
        // The kernel says that it has no bytes.
        assert_eq!(refused(Path::new("/proc/self/mountinfo")), "it is larger than 10 bytes, the limit for such a file");
        // 1 TiB that no disk holds.
        fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
        let words = read(&file, 64 << 10).unwrap_err().to_string();
        assert_eq!(words, "it is larger than 64 KiB, the limit for such a file");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"caf\xe9").unwrap();
        assert_eq!(read_text(&file, 10).unwrap_err().to_string(), "it is not UTF-8 text");
    }

    #[test]
    fn the_last_lines_of_a_long_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log");
        fs::write(&file, "one\ntwo\nthree\n").unwrap();
        assert_eq!(last_lines(&file, 2, 100).unwrap(), ["two", "three"]);
        assert_eq!(last_lines(&file, 5, 8).unwrap(), ["o", "three"]);
    }
}
