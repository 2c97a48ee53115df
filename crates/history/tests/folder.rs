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
fn a_named_output_is_the_folder_itself_and_keeps_its_first_run() {
    let base = TempDir::new().unwrap();
    let output = base.path().join("out");
    let folder = RunFolder::create(base.path(), "powerdns", Some(&output)).unwrap();
    assert_eq!(folder.path(), output);
    assert!(RunFolder::create(base.path(), "powerdns", Some(&output)).is_ok(), "an aborted run left no history");
    fs::write(folder.history(), "").unwrap();
    let error = RunFolder::create(base.path(), "powerdns", Some(&output)).unwrap_err();
    assert!(matches!(error, Error::Occupied { .. }), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_anything_starts() {
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
