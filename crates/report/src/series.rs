//! Several scenarios, run one after another: one table for people, one page, one JUnit file.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{Table, presets};
use leaseproof_domain::{Judgment, RunVerdicts, Validity, Verdict};
use quick_junit::Report;

use crate::{figures, junit};

/// One scenario of a series, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct SeriesEntry<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// Its verdicts; none where it was not run, or came to none.
    pub verdicts: Option<&'a RunVerdicts>,
    /// Why it came to no verdicts, or what cut it short.
    pub note: Option<&'a str>,
    /// How long it took.
    pub took: Duration,
    /// The folder of its run, where there is one.
    pub folder: Option<&'a str>,
    /// The exit code that it comes to by itself; none where it was not run.
    pub exit_code: Option<u8>,
}

/// What a whole series comes to.
#[derive(Clone, Copy, Debug)]
pub struct SeriesEnd<'a> {
    /// The exit code over all of it.
    pub exit_code: u8,
    /// What the exit code means.
    pub exit_meaning: &'a str,
}

const HEADER: [&str; 9] =
    ["scenario", "verdict", "measurement", "known findings", "failed", "unknown", "exit", "time", "folder"];

/// The table of a series, for a terminal, with the exit code in the last line.
pub fn series_terminal(entries: &[SeriesEntry<'_>], end: &SeriesEnd<'_>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(HEADER);
    for entry in entries {
        table.add_row(row(entry));
    }
    let mut out = String::new();
    for line in table.to_string().lines() {
        let _ = writeln!(out, "{}", line.trim());
    }
    out.push('\n');
    for (scenario, note) in notes(entries) {
        let _ = writeln!(out, "{scenario}: {note}");
    }
    let _ = writeln!(out, "{}", closing(entries, end));
    out
}

/// The table of a series as Markdown.
pub fn series_summary(entries: &[SeriesEntry<'_>], end: &SeriesEnd<'_>) -> String {
    let mut out = format!("# {}\n\n| {} |\n", closing(entries, end), HEADER.join(" | "));
    let _ = writeln!(out, "|{}", "---|".repeat(HEADER.len()));
    for entry in entries {
        let _ = writeln!(out, "| {} |", row(entry).map(|text| text.replace('|', "\\|")).join(" | "));
    }
    for (scenario, note) in notes(entries) {
        let _ = writeln!(out, "\n## {scenario}\n");
        for line in note.lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    out
}

/// The series as one JUnit file: a suite a scenario. A scenario without verdicts is an error.
pub fn series_junit(entries: &[SeriesEntry<'_>]) -> String {
    let mut report = Report::new("leaseproof");
    for entry in entries {
        report.add_test_suite(match entry.verdicts {
            Some(verdicts) => junit::suite(verdicts),
            None => junit::without_verdicts(entry.scenario, entry.note.unwrap_or(NOT_RUN)),
        });
    }
    junit::written(&report)
}

const NOT_RUN: &str = "not run";

fn row(entry: &SeriesEntry<'_>) -> [String; 9] {
    let dash = || "-".to_owned();
    let checks = entry.verdicts.map(|verdicts| verdicts.checks.as_slice()).unwrap_or_default();
    let verdict = match entry.verdicts {
        Some(verdicts) => verdicts.verdict.to_string(),
        None if entry.exit_code.is_none() => NOT_RUN.to_owned(),
        None => "none".to_owned(),
    };
    let measurement = entry.verdicts.map_or_else(dash, |verdicts| match verdicts.validity {
        Validity::Valid => "valid".to_owned(),
        Validity::Invalid { .. } => "invalid".to_owned(),
    });
    [
        entry.scenario.to_owned(),
        verdict,
        measurement,
        ids(checks, |judgment| judgment.known.is_some()),
        ids(checks, |judgment| judgment.verdict == Verdict::Fail && judgment.known.is_none()),
        ids(checks, |judgment| judgment.verdict == Verdict::Unknown),
        entry.exit_code.map_or_else(dash, |code| code.to_string()),
        format!("{} s", entry.took.as_secs()),
        entry.folder.map_or_else(dash, str::to_owned),
    ]
}

/// The ids of the checks that are so, each once.
fn ids(checks: &[Judgment], so: impl Fn(&Judgment) -> bool) -> String {
    let mut ids: Vec<&str> =
        checks.iter().filter(|judgment| so(judgment)).map(|judgment| judgment.check.as_str()).collect();
    ids.dedup();
    if ids.is_empty() { "-".to_owned() } else { ids.join(" ") }
}

fn notes<'a>(entries: &'a [SeriesEntry<'_>]) -> impl Iterator<Item = (&'a str, &'a str)> {
    entries.iter().filter_map(|entry| Some((entry.scenario, entry.note?)))
}

fn closing(entries: &[SeriesEntry<'_>], end: &SeriesEnd<'_>) -> String {
    let passed = entries.iter().filter(|entry| entry.exit_code == Some(0)).count();
    let all = figures::count(entries.len() as u64, "scenario");
    format!("{all}, {passed} wholly as promised or declared · exit {}: {}", end.exit_code, end.exit_meaning)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leaseproof_domain::{Validity, Verdict};

    use super::{SeriesEnd, SeriesEntry, series_junit, series_summary, series_terminal};
    use crate::sample;

    fn told(told: impl Fn(&[SeriesEntry<'_>], &SeriesEnd<'_>) -> String) -> String {
        let failed = sample::verdicts();
        let mut kept = sample::verdicts();
        kept.scenario = "delphi".into();
        kept.verdict = Verdict::Pass;
        kept.validity = Validity::Invalid { why: "4 % of 1300 sends were late".into() };
        kept.checks.retain(|judgment| judgment.verdict == Verdict::Pass || judgment.known.is_some());
        let entry = |scenario, verdicts, exit_code, took| SeriesEntry {
            scenario,
            verdicts,
            note: None,
            took: Duration::from_millis(took),
            folder: Some("out/it"),
            exit_code,
        };
        let entries = [
            entry("delphi", Some(&kept), Some(4), 41_900),
            entry("powerdns", Some(&failed), Some(1), 65_000),
            SeriesEntry { note: Some("no vault | no run"), folder: None, ..entry("wizard", None, Some(5), 900) },
            SeriesEntry { folder: None, ..entry("wizard-drop-role", None, None, 0) },
        ];
        told(&entries, &SeriesEnd { exit_code: 5, exit_meaning: "the estate could not be had, or was lost" })
    }

    #[test]
    fn a_series_for_people() {
        insta::assert_snapshot!(told(series_terminal));
    }

    #[test]
    fn a_series_on_one_page() {
        insta::assert_snapshot!(told(series_summary));
    }

    #[test]
    fn a_scenario_without_verdicts_is_an_error() {
        let xml = told(|entries, _| series_junit(entries));
        assert_eq!(xml.matches("<testsuite ").count(), 4, "{xml}");
        assert!(xml.contains("no vault | no run") && xml.contains("not run"), "{xml}");
    }
}
