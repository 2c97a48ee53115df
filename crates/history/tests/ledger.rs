//! What is in a ledger is found again, whatever became of the run.

use std::fs;

use leaseproof_history::{Entry, Ledger};
use tempfile::TempDir;

fn entries() -> Vec<Entry> {
    vec![
        Entry::Harness { pid: 4711, start_time: 123_456 },
        Entry::Folder { path: "/tmp/leaseproof-1".into() },
        Entry::File { path: "/tmp/.s.PGSQL.5432".into() },
        Entry::Container { name: "leaseproof-a-vault-1".into() },
        Entry::Process { name: "postgres.target".into(), marker: "LEASEPROOF_RUN=a".into() },
        Entry::TokenAccessor { vault: "http://127.0.0.1:8200".into(), accessor: "a1".into() },
        Entry::Supervisor { pid: 4712, start_time: 123_457 },
    ]
}

#[test]
fn an_entry_is_on_disk_when_add_returns() {
    let folder = TempDir::new().unwrap();
    let (index, path) = (folder.path().join("index"), folder.path().join("run/ledger.jsonl"));
    let ledger = Ledger::create_in(&index, &path, "a").unwrap();
    for (count, entry) in entries().into_iter().enumerate() {
        ledger.add(entry.clone()).unwrap();
        let lines = fs::read_to_string(&path).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(lines.lines().last().unwrap()).unwrap(), entry);
        assert_eq!(Ledger::open_all_in(&index)[0].entries, entries()[..=count]);
    }
}

#[test]
fn a_deleted_run_folder_does_not_lose_its_entries() {
    let folder = TempDir::new().unwrap();
    let (index, run) = (folder.path().join("index"), folder.path().join("run"));
    let ledger = Ledger::create_in(&index, &run.join("ledger.jsonl"), "a").unwrap();
    entries().into_iter().for_each(|entry| ledger.add(entry).unwrap());
    drop(ledger);
    fs::remove_dir_all(&run).unwrap();
    let open = Ledger::open_all_in(&index);
    assert_eq!((open.len(), &open[0].run[..], &open[0].entries), (1, "a", &entries()));
    open[0].closed().unwrap();
    assert_eq!(Ledger::open_all_in(&index), []);
    open[0].closed().unwrap();
}

#[test]
fn a_closed_ledger_is_forgotten_by_the_index_and_kept_by_the_run() {
    let folder = TempDir::new().unwrap();
    let (index, path) = (folder.path().join("index"), folder.path().join("ledger.jsonl"));
    let ledger = Ledger::create_in(&index, &path, "a").unwrap();
    ledger.add(entries().remove(0)).unwrap();
    let other = Ledger::create_in(&index, &folder.path().join("other.jsonl"), "b").unwrap();
    ledger.clone().closed().unwrap();
    assert!(path.is_file());
    assert_eq!(Ledger::open_all_in(&index).iter().map(|open| open.run.as_str()).collect::<Vec<_>>(), ["b"]);
    other.closed().unwrap();
    assert_eq!(fs::read_dir(&index).unwrap().count(), 0);
}

#[test]
fn an_index_cut_off_at_any_byte_is_still_found_and_can_be_closed() {
    let folder = TempDir::new().unwrap();
    let index = folder.path().join("index");
    let ledger = Ledger::create_in(&index, &folder.path().join("ledger.jsonl"), "a").unwrap();
    entries().into_iter().for_each(|entry| ledger.add(entry).unwrap());
    let file = index.join("a.jsonl");
    let whole = fs::read(&file).unwrap();
    for end in 0..=whole.len() {
        fs::write(&file, &whole[..end]).unwrap();
        let open = Ledger::open_all_in(&index);
        assert_eq!((open.len(), open[0].run.as_str()), (1, "a"), "cut at {end}");
        assert_eq!(open[0].entries, entries()[..open[0].entries.len()], "cut at {end}");
    }
    Ledger::open_all_in(&index)[0].closed().unwrap();
    assert_eq!(fs::read_dir(&index).unwrap().count(), 0);
}

#[test]
fn an_index_that_is_not_there_has_nothing_open() {
    let folder = TempDir::new().unwrap();
    assert_eq!(Ledger::open_all_in(&folder.path().join("none")), []);
}

#[test]
fn a_ledger_that_cannot_be_written_is_an_error() {
    let folder = TempDir::new().unwrap();
    let error = Ledger::create_in(folder.path(), "/proc/leaseproof/ledger.jsonl".as_ref(), "a").unwrap_err();
    assert!(error.to_string().starts_with("cannot write /proc/leaseproof/ledger.jsonl: "), "{error}");
}
