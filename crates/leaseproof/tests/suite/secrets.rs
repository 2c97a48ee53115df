//! No file that a run leaves, and nothing that it prints, holds a password.

use std::io::Read;
use std::path::Path;

use crate::support::{Desk, text, variant};

/// Whether `bytes` hold twenty characters in a row out of the recognisable passwords' alphabet.
fn holds_a_password(bytes: &[u8]) -> bool {
    let mut run = 0;
    for byte in bytes {
        run = if b"ZQX7".contains(byte) { run + 1 } else { 0 };
        if run >= 20 {
            return true;
        }
    }
    false
}

fn search(folder: &Path, files: &mut usize) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, files);
            continue;
        }
        *files += 1;
        let mut bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|extension| extension == "zst") {
            let mut plain = Vec::new();
            zstd::Decoder::new(bytes.as_slice()).unwrap().read_to_end(&mut plain).unwrap();
            assert!(plain.len() > 10_000, "the history is read whole");
            bytes = plain;
        }
        assert!(!holds_a_password(&bytes), "a password is in {}", path.display());
        for fixed in ["vaultpass", "temporary-bootstrap-password"] {
            let found = bytes.windows(fixed.len()).any(|window| window == fixed.as_bytes());
            assert!(!found, "`{fixed}` is in {}", path.display());
        }
    }
}

#[test]
fn the_search_itself_finds_one() {
    assert!(holds_a_password(b"password 'ZQX7ZQX7ZQX7ZQX7ZQX7ZQX7ZQX7ZQX7ZQX7ZQX7'"));
    assert!(!holds_a_password(b"SCRAM-SHA-256$4096:ZQX7"));
}

#[test]
fn recognisable_passwords_are_nowhere() {
    for name in ["recognisable-passwords", "recognisable-and-logged"] {
        let desk = Desk::new();
        let output = desk.run(&variant(name), &["--format", "json"]);
        let shown = text(&output);
        assert!(matches!(output.status.code(), Some(0 | 1 | 4)), "{name}: {shown}");
        let logged = desk.verdicts()["checks"]
            .as_array()
            .unwrap()
            .iter()
            .any(|check| check["check"] == "PWD-1" && check["verdict"] == "fail");
        assert_eq!(logged, name == "recognisable-and-logged", "{name}: {shown}");
        assert!(!holds_a_password(shown.as_bytes()), "{name}: a password is in the output");
        let mut files = 0;
        search(&desk.run_folder(), &mut files);
        assert!(files >= 8, "{name}: {files} files");
        desk.assert_nothing_left();
    }
}
