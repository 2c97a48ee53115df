#![allow(clippy::unwrap_used, reason = "what a test sets up may break the test")]

use std::path::Path;

use leaseproof_domain::Event;
use tempfile::TempDir;

use leaseproof_domain::FORMAT_VERSION;

use super::{History, ReadEnd};
use crate::limits::{Limits, MAX_WINDOW_LOG};

fn header() -> String {
    let rest = r#""leaseproof":"0.1.0","run":"r","scenario":"s","seed":1,"epoch":1700000000000000"#;
    format!("{{\"event\":\"header\",\"format\":{FORMAT_VERSION},{rest}}}")
}

/// Reads a history of so many observations that list a lease of so many characters.
fn read(observations: usize, length: usize, limits: Limits) -> (Vec<Event>, ReadEnd) {
    let observation =
        format!(r#"{{"event":"leases","from":1,"to":2,"appeared":["{}"],"total":1}}"#, "x".repeat(length));
    let lines = format!("{}\n{}", header(), format!("{observation}\n").repeat(observations));
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    std::fs::write(&path, zstd::encode_all(lines.as_bytes(), 3).unwrap()).unwrap();
    let mut history = History::open_within(&path, limits).unwrap();
    (history.by_ref().collect(), history.ended())
}

#[test]
fn each_limit_ends_the_reading_and_is_named() {
    let real = Limits::REAL;
    let cases: [(Limits, usize, &str); 4] = [
        (Limits { line: 200, ..real }, 1, "a line is longer than 200 bytes"),
        (Limits { total: 5_000, ..real }, 5, "its lines are more than 5000 bytes"),
        (Limits { ratio: 2, ratio_counts_from: 5_000, ..real }, 5, "it unpacks to more than 2 times the "),
        (Limits { growth: 0, growth_counts_every: 1 << 20, ..real }, 999, "what it holds takes more than 0 bytes of"),
    ];
    for (limits, most, expected) in cases {
        let (events, end) = read(3_000, 1_000, limits);
        let ReadEnd::TooLarge { why } = end else { panic!("{expected}: {end:?}") };
        assert!(why.contains(expected), "{why}");
        assert!(events.len() <= most.max(2_000), "{}", events.len());
        assert!(why.starts_with(&format!("after {} events: ", events.len())), "{why}");
    }
    let (events, end) = read(3_000, 1_000, real);
    assert_eq!((events.len(), end), (3_001, ReadEnd::CutOff { why: "after 3001 events: it has no last line".into() }));
}

#[test]
fn a_window_that_takes_more_memory_than_any_recorder_asks_for_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    let write = |window: u32, path: &Path| {
        let mut encoder = zstd::Encoder::new(std::fs::File::create(path).unwrap(), 3).unwrap();
        encoder.window_log(window).unwrap();
        std::io::Write::write_all(&mut encoder, format!("{}\n", header()).as_bytes()).unwrap();
        // Flushed before its end is known, a frame says its window and not its size.
        std::io::Write::flush(&mut encoder).unwrap();
        encoder.finish().unwrap();
    };
    write(MAX_WINDOW_LOG, &path);
    assert_eq!(History::open(&path).unwrap().count(), 1);
    write(MAX_WINDOW_LOG + 4, &path);
    let mut history = History::open(&path).unwrap();
    assert_eq!(history.by_ref().count(), 0);
    assert!(matches!(history.ended(), ReadEnd::CutOff { why } if why.contains("damaged")), "{:?}", history.ended());
}
