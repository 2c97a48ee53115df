//! What is in a ledger is found again, whatever became of the run.

use std::fs;

use std::path::Path;

use leaseproof_history::{Entry, Ledger, OpenLedger};
use tempfile::TempDir;

fn entries() -> Vec<Entry> {
    vec![
        Entry::Harness { pid: 4711, start_time: 123_456 },
        Entry::Folder { path: "/tmp/leaseproof-1".into() },
        Entry::File { path: "/tmp/.s.PGSQL.5432".into() },
        Entry::Container { name: "leaseproof-a-vault-1".into() },
        Entry::Process { name: "postgres.target".into(), marker: "LEASEPROOF_RUN=a".into() },
        Entry::TokenAccessor { vault: "http://127.0.0.1:8200".into(), accessor: "a1".into(), ends: None },
        Entry::Supervisor { pid: 4712, start_time: 123_457 },
        Entry::TokenRevoked { accessor: "a1".into() },
    ]
}

fn open_in(index: &Path) -> Vec<OpenLedger> {
    Ledger::open_all_in(index).unwrap()
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
        assert_eq!(open_in(&index)[0].entries, entries()[..=count]);
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
    let open = open_in(&index);
    assert_eq!((open.len(), &open[0].run[..], &open[0].entries), (1, "a", &entries()));
    open[0].closed().unwrap();
    assert_eq!(open_in(&index), []);
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
    assert_eq!(open_in(&index).iter().map(|open| open.run.as_str()).collect::<Vec<_>>(), ["b"]);
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
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for end in 0..=whole.len() {
        fs::write(&file, &whole[..end]).unwrap();
        let open = open_in(&index);
        assert_eq!((open.len(), open[0].run.as_str()), (1, "a"), "cut at {end}");
        assert_eq!(open[0].entries, entries()[..open[0].entries.len()], "cut at {end}");
        // The first line is there before the file has its name.
        assert_eq!(open[0].unreadable.len(), usize::from(end < first), "cut at {end}");
    }
    open_in(&index)[0].closed().unwrap();
    assert_eq!(fs::read_dir(&index).unwrap().count(), 0);
}

#[test]
fn an_index_that_is_not_there_has_nothing_open() {
    let folder = TempDir::new().unwrap();
    assert_eq!(open_in(&folder.path().join("none")), []);
}

#[test]
fn a_ledger_that_cannot_be_written_is_an_error() {
    let folder = TempDir::new().unwrap();
    let error = Ledger::create_in(folder.path(), "/proc/leaseproof/ledger.jsonl".as_ref(), "a").unwrap_err();
    assert!(error.to_string().starts_with("cannot write /proc/leaseproof/ledger.jsonl: "), "{error}");
}

/// A ledger of all entries, its index's file changed, without the run's own.
fn damaged(change: impl Fn(Vec<u8>) -> Vec<u8>) -> (TempDir, OpenLedger) {
    let folder = TempDir::new().unwrap();
    let index = folder.path().join("index");
    let ledger = Ledger::create_in(&index, &folder.path().join("ledger.jsonl"), "a").unwrap();
    entries().into_iter().for_each(|entry| ledger.add(entry).unwrap());
    fs::remove_file(folder.path().join("ledger.jsonl")).unwrap();
    let file = index.join("a.jsonl");
    fs::write(&file, change(fs::read(&file).unwrap())).unwrap();
    let open = open_in(&index).remove(0);
    (folder, open)
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_read() {
    let third_line = |bytes: &[u8]| bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0 + 1;
    for (byte, what) in [(0xff, "no UTF-8"), (0, "a NUL byte"), (b'?', "no JSON")] {
        let (_folder, open) = damaged(|mut bytes| {
            let at = third_line(&bytes);
            bytes[at] = byte;
            bytes
        });
        assert_eq!(open.entries.len(), entries().len() - 1, "{what}");
        assert_eq!(open.unreadable.len(), 1, "{what}");
        assert!(open.unreadable[0].contains("a.jsonl line 3 is not an entry of a ledger"), "{:?}", open.unreadable);
    }
    let (_folder, open) = damaged(|bytes| [bytes, b"{\"made\":\"moon\",\"size\":1}\n".to_vec()].concat());
    assert_eq!(open.entries, entries());
    assert!(open.unreadable[0].contains("a newer leaseproof may have written it"), "{:?}", open.unreadable);
    let (_folder, open) = damaged(|bytes| {
        let text = String::from_utf8(bytes).unwrap();
        let (path, rest) = text.split_once('\n').unwrap();
        format!("{path}\n{rest}{rest}").into_bytes()
    });
    assert_eq!((open.entries, open.unreadable.len()), (entries(), 0), "what stands there twice is one thing");
    for bytes in [Vec::new(), vec![0; 4096], b"\n".to_vec(), vec![b' '; 7]] {
        let (_folder, open) = damaged(|_| bytes.clone());
        assert!(open.entries.is_empty() && open.unreadable.len() == 1, "{:?}", open.unreadable);
    }
    let (_folder, open) = damaged(|bytes| [bytes, vec![0; 512]].concat());
    assert_eq!((open.entries, open.unreadable.len()), (entries(), 1), "zeros in place of the last entries");
    let (_folder, open) = damaged(|bytes| [bytes, vec![b'x'; 17 << 20]].concat());
    assert_eq!(open.entries, entries());
    assert!(open.unreadable[0].contains("longer than 16 MiB"), "{:?}", open.unreadable[0].len());
}

#[test]
fn a_damaged_index_is_made_up_for_by_the_runs_own_ledger() {
    let folder = TempDir::new().unwrap();
    let index = folder.path().join("index");
    let ledger = Ledger::create_in(&index, &folder.path().join("ledger.jsonl"), "a").unwrap();
    entries().into_iter().for_each(|entry| ledger.add(entry).unwrap());
    let file = index.join("a.jsonl");
    let path = fs::read_to_string(&file).unwrap().lines().next().unwrap().to_owned();
    fs::write(&file, format!("{path}\n\u{1}\n")).unwrap();
    let open = open_in(&index).remove(0);
    assert_eq!((open.entries, open.unreadable.len()), (entries(), 1));
}

#[test]
fn what_is_no_file_is_named() {
    let folder = TempDir::new().unwrap();
    let index = folder.path().join("index");
    fs::create_dir_all(index.join("folder.jsonl")).unwrap();
    std::os::unix::fs::symlink("nowhere", index.join("link.jsonl")).unwrap();
    let open = open_in(&index);
    let runs: Vec<&str> = open.iter().map(|open| open.run.as_str()).collect();
    assert_eq!(runs, ["folder", "link"]);
    for ledger in &open {
        assert!(ledger.unreadable[0].contains(" cannot be read: "), "{:?}", ledger.unreadable);
    }
    fs::remove_dir_all(&index).unwrap();
    fs::write(&index, "no folder").unwrap();
    assert!(Ledger::open_all_in(&index).unwrap_err().to_string().starts_with("cannot read "));
    fs::remove_file(&index).unwrap();
    std::os::unix::fs::symlink("nowhere", &index).unwrap();
    assert!(Ledger::open_all_in(&index).is_err(), "an index that leads nowhere");
}

#[test]
fn what_is_added_later_stands_on_a_line_of_its_own() {
    let (folder, open) = damaged(|mut bytes| {
        bytes.truncate(bytes.len() - 5);
        bytes
    });
    let gone = Entry::TokenRevoked { accessor: "later".into() };
    open.add_all(std::slice::from_ref(&gone)).unwrap();
    let open = open_in(&folder.path().join("index")).remove(0);
    let mut expected = entries();
    expected.pop();
    expected.push(gone);
    assert_eq!((open.entries, open.unreadable.len()), (expected, 0));
}

#[test]
fn several_entries_are_written_at_once_and_each_is_read_once() {
    let folder = TempDir::new().unwrap();
    let (index, path) = (folder.path().join("index"), folder.path().join("ledger.jsonl"));
    let ledger = Ledger::create_in(&index, &path, "a").unwrap();
    ledger.add_all(&entries()).unwrap();
    ledger.add_all(&[]).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), entries().len());
    let gone = |role: &str| Entry::CredentialGone { role: role.to_owned() };
    open_in(&index)[0].add_all(&[gone("a"), gone("b"), gone("a")]).unwrap();
    assert_eq!(open_in(&index)[0].entries, [entries(), vec![gone("a"), gone("b")]].concat());
}
