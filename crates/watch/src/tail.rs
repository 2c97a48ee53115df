use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The largest bite of a file at once.
const BITE: usize = 1 << 18;

/// Follows a file that grows by whole lines, from its beginning. The file need not be there yet.
pub(crate) struct Tail {
    path: PathBuf,
    file: Option<File>,
    /// The beginning of a line whose end is not written yet.
    rest: Vec<u8>,
}

impl Tail {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, rest: Vec::new() }
    }

    /// Whether the file was ever there.
    pub(crate) fn found(&self) -> bool {
        self.file.is_some()
    }

    /// Hands on every whole line that was written since.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub(crate) fn read_on(&mut self, mut line: impl FnMut(Vec<u8>)) -> io::Result<()> {
        if self.file.is_none() {
            match leaseproof_files::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut bite = vec![0; BITE];
        loop {
            let read = file.read(&mut bite)?;
            if read == 0 {
                return Ok(());
            }
            self.rest.extend_from_slice(&bite[..read]);
            let Some(whole) = self.rest.iter().rposition(|byte| *byte == b'\n') else { continue };
            let next = self.rest.split_off(whole + 1);
            let lines = std::mem::replace(&mut self.rest, next);
            lines[..whole].split(|byte| *byte == b'\n').for_each(|text| line(text.to_vec()));
        }
    }

    /// What stands after the last line's end: a line that was never finished.
    pub(crate) fn into_rest(self) -> Option<Vec<u8>> {
        Some(self.rest).filter(|rest| !rest.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::Tail;

    #[test]
    fn a_file_that_comes_late_and_grows_in_pieces_is_read_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let mut tail = Tail::new(&path);
        let mut lines = Vec::new();
        tail.read_on(|line| lines.push(line)).unwrap();
        assert!(!tail.found());

        let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        for piece in ["one\ntw", "o", "\n\nthree\n", "unfin", "ished"] {
            file.write_all(piece.as_bytes()).unwrap();
            tail.read_on(|line| lines.push(line)).unwrap();
        }
        assert!(tail.found());
        assert_eq!(lines, [b"one".to_vec(), b"two".to_vec(), Vec::new(), b"three".to_vec()]);
        assert_eq!(tail.into_rest(), Some(b"unfinished".to_vec()));
    }
}
