//! What was recorded is read back; what was cut off is read up to the cut.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use leaseproof_domain::{
    Cause, Dropped, End, EndReason, Event, FORMAT_VERSION, Micros, Operation, OperationRecord, Outcome, Span, Username,
};
use leaseproof_history::{Error, History, NewRun, ReadEnd, Recorder, RunClock};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use tempfile::TempDir;

fn new_run() -> NewRun {
    NewRun { run: "20261122T225801Z-3f2a".into(), scenario: "powerdns".into(), seed: 7, leaseproof: "0.1.0".into() }
}

fn dropped(lifecycle: u64) -> Event {
    Event::Dropped(Dropped {
        lifecycle,
        role: "r".into(),
        phase: "steady".into(),
        intended: Micros(lifecycle),
        lifecycle_name: None,
    })
}

fn end() -> Event {
    let cause = Some(Cause::of("setup step 2 (write database/config/app) was rejected\nhint: name another database"));
    let left_behind = Some("the database app".to_owned());
    Event::End(End { cause, left_behind, ..End::new(Micros(9), EndReason::SetupFailed) })
}

fn write(folder: &TempDir, events: impl IntoIterator<Item = Event>) -> PathBuf {
    let path = folder.path().join("history.jsonl.zst");
    let (recorder, recording) = Recorder::create(&path, new_run()).unwrap();
    events.into_iter().for_each(|event| recorder.record(event));
    recording.close().unwrap();
    path
}

fn read(path: &Path) -> (Vec<Event>, ReadEnd) {
    let mut history = History::open(path).unwrap();
    let ending = history.ending();
    let events = history.by_ref().collect();
    assert_eq!(ending(), history.ended());
    (events, history.ended())
}

fn write_lines(folder: &TempDir, lines: &str) -> PathBuf {
    let path = folder.path().join("made.jsonl.zst");
    fs::write(&path, zstd::encode_all(lines.as_bytes(), 3).unwrap()).unwrap();
    path
}

fn header() -> String {
    let rest = r#""leaseproof":"0.1.0","run":"r","scenario":"s","seed":1,"epoch":1700000000000000"#;
    format!("{{\"event\":\"header\",\"format\":{FORMAT_VERSION},{rest}}}")
}
const LAST: &str = r#"{"event":"end","at":9,"reason":"completed"}"#;

#[test]
fn what_was_recorded_is_read_back_in_order() {
    let folder = TempDir::new().unwrap();
    let mut record = OperationRecord::new(
        3,
        "powerdns-role",
        "steady",
        Operation::Issue,
        Span { intended: Micros(1), start: Micros(2), end: Micros(3) },
        Outcome::Indeterminate { why: "timed out".into() },
    );
    record.username = Some(Username::new("v-1"));
    let events = vec![Event::Operation(record), dropped(4), end()];
    let path = write(&folder, events.clone());
    let (read, ended) = read(&path);
    assert_eq!(ended, ReadEnd::Complete);
    let Event::Header(header) = &read[0] else { panic!("the first line is {:?}", read[0]) };
    assert_eq!((header.format, header.seed, header.run.as_str()), (FORMAT_VERSION, 7, "20261122T225801Z-3f2a"));
    assert_eq!(read[1..], events);
}

#[test]
fn a_history_without_its_last_line_is_cut_off() {
    let folder = TempDir::new().unwrap();
    let (events, ended) = read(&write(&folder, [dropped(1)]));
    assert_eq!(events.len(), 2);
    assert_eq!(ended, ReadEnd::CutOff { why: "after 2 events: it has no last line".into() });
}

#[test]
fn a_line_that_cannot_be_read_ends_the_history_there() {
    let folder = TempDir::new().unwrap();
    let path = write_lines(&folder, &format!("{}\n{{\"event\":\"sh\n{LAST}\n", header()));
    let (events, ended) = read(&path);
    assert_eq!(events.len(), 1);
    assert!(matches!(&ended, ReadEnd::CutOff { why } if why.starts_with("after 1 events: the next line")), "{ended:?}");
}

#[test]
fn another_format_and_another_file_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = write_lines(&folder, r#"{"event":"header","format":99,"another":"shape"}"#);
    // Even the header of a newer format has to be a whole line.
    assert_eq!(read(&path).0, []);
    for other in [99, u64::from(FORMAT_VERSION) - 1] {
        let line = format!("{{\"event\":\"header\",\"format\":{other},\"another\":\"shape\"}}\n");
        let path = write_lines(&folder, &line);
        assert!(matches!(History::open(&path), Err(Error::OtherFormat { found, .. }) if found == other));
    }
    let path = write_lines(&folder, "{}\n");
    assert!(matches!(History::open(&path), Err(Error::NotAHistory { .. })));
    fs::write(&path, "plain text").unwrap();
    assert!(matches!(History::open(&path), Err(Error::NotAHistory { .. })));
    assert!(matches!(History::open(&folder.path().join("none")), Err(Error::Read { .. })));
}

#[test]
fn before_it_is_read_a_history_is_not_called_complete() {
    let folder = TempDir::new().unwrap();
    let history = History::open(&write(&folder, [end()])).unwrap();
    assert!(matches!(history.ended(), ReadEnd::CutOff { .. }));
}

#[test]
fn a_killed_runs_file_is_readable_up_to_its_last_flush() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    let (recorder, recording) = Recorder::create(&path, new_run()).unwrap();
    (0..100).for_each(|lifecycle| recorder.record(dropped(lifecycle)));
    let timeout = Instant::now() + Duration::from_secs(20);
    // The file is read as a killed harness would leave it: nobody has closed it.
    while read(&path).0.len() < 101 {
        assert!(Instant::now() < timeout, "no flush came");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(matches!(read(&path).1, ReadEnd::CutOff { .. }));
    recording.close().unwrap();
}

#[test]
fn every_thread_records_until_the_file_is_closed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    let (recorder, recording) = Recorder::create(&path, new_run()).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let recorder = recorder.clone();
            std::thread::spawn(move || (0..5_000).for_each(|lifecycle| recorder.record(dropped(lifecycle))))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(recording.close().unwrap().events, 20_001);
    recorder.record(dropped(1));
    assert_eq!(read(&path).0.len(), 20_001);
}

#[test]
fn a_disk_that_refuses_is_reported_at_the_close_and_blocks_nobody() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let (recorder, recording) = Recorder::create(Path::new("/dev/full"), new_run()).unwrap();
    (0..200_000).for_each(|lifecycle| recorder.record(dropped(lifecycle)));
    let error = recording.close().unwrap_err().to_string();
    assert!(error.starts_with("cannot write /dev/full: "), "{error}");
}

#[test]
fn moments_and_instants_are_each_others_inverse() {
    let clock = RunClock::start();
    for micros in [0, 1, 1_000_000, 3_600_000_000] {
        assert_eq!(clock.micros(clock.instant(Micros(micros))), Micros(micros));
    }
    assert!(clock.now() <= clock.now());
    assert!(clock.epoch().0 > 1_700_000_000_000_000);
    let later = clock.now().after(Duration::from_secs(60));
    assert!(clock.until(later) > Duration::from_secs(50) && clock.until(Micros(0)).is_zero());
}

#[test]
fn a_recording_that_is_dropped_is_complete() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    let (recorder, recording) = Recorder::create(&path, new_run()).unwrap();
    recorder.record(dropped(1));
    recorder.record(end());
    drop(recording);
    assert_eq!((read(&path).0.len(), read(&path).1), (3, ReadEnd::Complete));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("proptest-regressions"))),
        ..ProptestConfig::with_cases(200)
    })]

    #[test]
    fn a_history_cut_at_any_byte_is_a_beginning_of_it(lifecycles in proptest::collection::vec(any::<u64>(), 0..60), cut in 0.0..1.0) {
        let folder = TempDir::new().unwrap();
        let path = write(&folder, lifecycles.into_iter().map(dropped).chain([end()]));
        let whole = fs::read(&path).unwrap();
        let (events, ended) = read(&path);
        prop_assert_eq!(ended, ReadEnd::Complete);
        let length = (whole.len() as f64 * cut) as usize;
        let part = folder.path().join("part");
        fs::File::create(&part).unwrap().write_all(&whole[..length]).unwrap();
        let (beginning, ended) = read(&part);
        let cut_off = matches!(ended, ReadEnd::CutOff { .. });
        prop_assert!(cut_off);
        prop_assert_eq!(&beginning[..], &events[..beginning.len()]);
    }
}
