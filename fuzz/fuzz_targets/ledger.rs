//! The bytes of an open ledger: it is read, and what is unreadable in it is no reason to end.

#![no_main]

use std::cell::LazyCell;

use leaseproof_history::Ledger;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

thread_local! {
    static FOLDER: LazyCell<TempDir> = const { LazyCell::new(|| tempfile::tempdir_in("/dev/shm").expect("a folder in memory")) };
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        std::fs::write(folder.path().join("20261122T225801Z-3f2a.jsonl"), bytes).expect("memory is not full");
        let open = Ledger::open_all_in(folder.path()).expect("the folder can be listed");
        assert_eq!(open.len(), 1, "a run that may have left something is never forgotten");
    });
});
