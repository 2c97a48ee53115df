//! The bytes of a history: it is read up to where it breaks off, within its limits.

#![no_main]

use std::cell::LazyCell;

use leaseproof_history::{History, ReadEnd};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

thread_local! {
    static FOLDER: LazyCell<TempDir> = const { LazyCell::new(|| tempfile::tempdir_in("/dev/shm").expect("a folder in memory")) };
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        let file = folder.path().join("history.jsonl.zst");
        std::fs::write(&file, bytes).expect("memory is not full");
        let Ok(mut history) = History::open(&file) else { return };
        let ended_before = matches!(history.ended(), ReadEnd::CutOff { .. } | ReadEnd::TooLarge { .. });
        let events = history.by_ref().count();
        assert!(ended_before || events > 0);
        assert!(!matches!(history.ended(), ReadEnd::CutOff { why } if why.contains("not read to its end")));
    });
});
