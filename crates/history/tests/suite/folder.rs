//! A run's folder is tried before the run begins, and found again by its path.

use std::fs;
use std::path::Path;

use leaseproof_history::{Error, RunFolder};
use tempfile::TempDir;

#[test]
fn a_new_run_gets_a_new_folder_under_its_scenario() {
    let base = TempDir::new().unwrap();
    let one = RunFolder::create(base.path(), "powerdns", None).unwrap();
    let two = RunFolder::create(base.path(), "powerdns", None).unwrap();
    assert_ne!(one.name(), two.name());
    assert_eq!(one.path(), base.path().join("powerdns").join(one.name()));
    assert!(one.logs().is_dir());
    let (time, random) = one.name().split_once('-').unwrap();
    assert!(time.len() == 16 && time.ends_with('Z') && &time[8..9] == "T", "{time}");
    assert!(random.len() == 4 && random.chars().all(|c| c.is_ascii_hexdigit()), "{random}");
    let left: Vec<_> = fs::read_dir(one.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["logs"]);
}

#[test]
fn a_named_output_is_the_folder_itself_where_it_is_empty() {
    let base = TempDir::new().unwrap();
    let output = base.path().join("a/out");
    let create = || RunFolder::create(base.path(), "powerdns", Some(&output)).unwrap();
    assert_eq!(create().path(), output);
    assert_eq!(create().path(), base.path().join("a/out-2"), "an aborted run keeps its folder too");
    fs::create_dir(base.path().join("a/out-3")).unwrap();
    assert_eq!(create().path(), base.path().join("a/out-3"));
    fs::create_dir(base.path().join("theirs")).unwrap();
    fs::write(base.path().join("theirs/notes.txt"), "").unwrap();
    assert_eq!(RunFolder::claim(&base.path().join("theirs")).unwrap(), base.path().join("theirs-2"));
    let file = base.path().join("theirs/notes.txt");
    assert!(matches!(RunFolder::claim(&file), Err(Error::NotWritable { .. })));
}

#[test]
fn runs_that_begin_at_one_moment_never_share_a_folder() {
    let base = TempDir::new().unwrap();
    let output = base.path().join("out");
    let create = || RunFolder::create(base.path(), "powerdns", Some(&output)).unwrap().path().to_owned();
    let paths: std::collections::BTreeSet<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(paths.len(), 8, "{paths:?}");
}

#[test]
fn a_folder_that_cannot_be_written_is_reported_before_anything_starts() {
    // proc refuses everybody, root too; a permission would not.
    let output = Path::new("/proc/leaseproof");
    let error = RunFolder::create(Path::new("unused"), "powerdns", Some(output)).unwrap_err().to_string();
    assert!(error.starts_with("cannot write to the output folder /proc/leaseproof: "), "{error}");
    assert!(error.ends_with("name a writable folder with --output"), "{error}");
    let error = RunFolder::create(Path::new("/proc"), "powerdns", None).unwrap_err();
    assert!(matches!(error, Error::NotWritable { .. }), "{error}");
    // Here the folder is there and only the file is refused.
    let error = RunFolder::create(Path::new("unused"), "powerdns", Some(Path::new("/proc/self"))).unwrap_err();
    assert!(matches!(error, Error::NotWritable { .. }), "{error}");
}

#[test]
fn a_run_is_opened_with_the_name_it_was_given() {
    let base = TempDir::new().unwrap();
    let folder = RunFolder::create(base.path(), "powerdns", None).unwrap();
    assert!(matches!(RunFolder::open(folder.path()), Err(Error::NotARun { .. })));
    fs::write(folder.history(), "").unwrap();
    assert_eq!(RunFolder::open(folder.path()).unwrap(), folder);

    fs::write(folder.run_json(), r#"{"run":"20261122T225801Z-3f2a"}"#).unwrap();
    assert_eq!(RunFolder::open(folder.path()).unwrap().name(), "20261122T225801Z-3f2a");
}
