//! A run whose record cannot be kept ends early, says so first, and takes down what it made. Filling a disk takes root.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::{Desk, text, variant, wait};

/// A file system of its own on the desk's run folder.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn at(folder: &'a Path) -> Self {
        fs::create_dir(folder).unwrap();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "leaseproof-test"]).arg(folder).output();
        let mount = mount.unwrap();
        assert!(mount.status.success(), "a disk that can be filled takes root: {}", text(&mount));
        Self(folder)
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _last_resort = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

/// Runs for minutes, unless `break_it` ends it once it has begun to record.
fn broken(desk: &Desk, break_it: impl FnOnce()) -> Output {
    let child = desk.start(&variant("short"), &["--set", "phase.steady.for=10m"]);
    let history = desk.run_folder().join("history.jsonl.zst");
    let begun = Instant::now();
    while fs::metadata(&history).map_or(0, |file| file.len()) < 4_000 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the run does not begin to record");
        std::thread::sleep(Duration::from_millis(100));
    }
    break_it();
    let output = wait(child, Duration::from_secs(60));
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(5), "{shown}");
    let first = shown.find("the run's record could not be written").unwrap_or_else(|| panic!("{shown}"));
    let last = shown.lines().rfind(|line| line.contains("checks:"));
    assert!(last.is_none_or(|line| line.starts_with("results not saved · ")), "{shown}");
    assert!(shown.find("checks:").is_none_or(|last| first < last), "the cause comes first: {shown}");
    desk.assert_nothing_left();
    output
}

#[test]
fn a_full_disk_ends_the_run_early() {
    let desk = Desk::new();
    let folder = desk.run_folder();
    let _disk = SmallDisk::at(&folder);
    let output = broken(&desk, || {
        // As much as there is room for.
        let _full = fs::write(folder.join("filler"), vec![0; 8 << 20]);
    });
    assert!(text(&output).contains("No space left on device"), "{}", text(&output));
    for file in ["verdicts.json", "junit.xml", "summary.md"] {
        let size = fs::metadata(folder.join(file)).map(|file| file.len());
        assert!(size.as_ref().map_or(true, |size| *size > 0), "{file} is whole or not there");
    }
}

#[test]
fn a_folder_that_is_removed_ends_the_run_early() {
    let desk = Desk::new();
    let output = broken(&desk, || fs::remove_dir_all(desk.run_folder()).unwrap());
    let shown = text(&output);
    assert!(shown.contains("somebody removed the run's folder") && !shown.contains("free space"), "{shown}");
    assert!(fs::symlink_metadata(desk.run_folder()).is_err(), "it is made once more: {shown}");
}
