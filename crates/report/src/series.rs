//! Several scenarios, run one after another: a table, a Markdown page and a JUnit file.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use leaseproof_domain::{Judgment, RunVerdicts, Verdict};

use crate::layout::Layout;
use crate::{figures, foreign, junit};

/// One scenario of a series, and its result.
#[derive(Clone, Copy, Debug)]
pub struct SeriesEntry<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// Its verdicts; none if it was not run or has none.
    pub verdicts: Option<&'a RunVerdicts>,
    /// Why it has no verdicts, or why it ended early.
    pub note: Option<&'a str>,
    /// How long it took.
    pub took: Duration,
    /// The folder of its run, if there is one.
    pub folder: Option<&'a str>,
    /// Its own exit code; none if it was not run.
    pub exit_code: Option<u8>,
}

/// The result of a series.
#[derive(Clone, Copy, Debug)]
pub struct SeriesEnd<'a> {
    /// The exit code of the series.
    pub exit_code: u8,
    /// The meaning of the exit code.
    pub exit_meaning: &'a str,
}

const HEADER: [&str; 5] = ["scenario", "outcome", "checks", "exit", "time"];

/// The table of a series, for a terminal of `width` columns, with the folders under it and the exit code in the last line.
pub fn series_terminal(entries: &[SeriesEntry<'_>], end: &SeriesEnd<'_>, width: Option<usize>) -> String {
    let layout = Layout::new(width);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(layout.table());
    table.set_header(HEADER);
    for entry in entries {
        table.add_row(row(entry).map(|text| foreign::one_line(&text)));
    }
    let mut out = String::new();
    for line in table.to_string().lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out.push('\n');
    for entry in entries {
        if let Some(folder) = entry.folder {
            let _ = writeln!(out, "{}", foreign::one_line(folder));
        }
    }
    out.push('\n');
    for (scenario, note) in notes(entries) {
        for line in note.lines() {
            layout.paragraph(&mut out, &format!("{}: ", foreign::one_line(scenario)), &foreign::one_line(line));
        }
    }
    layout.paragraph(&mut out, "", &closing(entries, end));
    out
}

/// The table of a series as Markdown.
pub fn series_summary(entries: &[SeriesEntry<'_>], end: &SeriesEnd<'_>) -> String {
    let mut out = format!("# {}\n\n| {} | folder |\n", closing(entries, end), HEADER.join(" | "));
    let _ = writeln!(out, "|{}", "---|".repeat(HEADER.len() + 1));
    for entry in entries {
        let folder = entry.folder.unwrap_or("-").to_owned();
        let cells = row(entry).into_iter().chain([folder]).map(|text| foreign::markdown(&text));
        let _ = writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    for (scenario, note) in notes(entries) {
        let _ = writeln!(out, "\n## {}\n", foreign::markdown(scenario));
        for line in note.lines() {
            let _ = writeln!(out, "    {}", foreign::one_line(line));
        }
    }
    out
}

/// The series as one JUnit file with one suite per scenario. A scenario without verdicts is an error.
pub fn series_junit(entries: &[SeriesEntry<'_>]) -> String {
    let suites = entries.iter().map(|entry| match entry.verdicts {
        Some(verdicts) => junit::suite(verdicts),
        None => junit::without_verdicts(entry.scenario, entry.note.unwrap_or(NOT_RUN)),
    });
    junit::written(&suites.collect::<Vec<_>>())
}

const NOT_RUN: &str = "not run";

fn row(entry: &SeriesEntry<'_>) -> [String; 5] {
    let outcome = match entry.verdicts {
        Some(verdicts) => verdicts.outcome.to_string(),
        None if entry.exit_code.is_none() => NOT_RUN.to_owned(),
        None => "no verdicts".to_owned(),
    };
    [
        entry.scenario.to_owned(),
        outcome,
        checks(entry.verdicts.map(|verdicts| verdicts.checks.as_slice()).unwrap_or_default()),
        entry.exit_code.map_or_else(|| "-".to_owned(), |code| code.to_string()),
        format!("{} s", entry.took.as_secs()),
    ]
}

/// The checks that did not pass, by their result; `-` if there are none.
fn checks(checks: &[Judgment]) -> String {
    let not_run = checks.iter().filter(|judgment| judgment.not_run).count();
    let failed = |judgment: &Judgment| judgment.verdict == Verdict::Fail && judgment.known_issue.is_none();
    let undecided = |judgment: &Judgment| judgment.verdict == Verdict::Unknown && !judgment.not_run;
    let parts = [
        ("failed", ids(checks, failed)),
        ("undecided", ids(checks, undecided)),
        ("known issues", ids(checks, |judgment| judgment.known_issue.is_some())),
    ];
    let mut parts: Vec<String> =
        parts.into_iter().filter_map(|(word, ids)| Some(format!("{word}: {}", ids?))).collect();
    parts.extend((not_run > 0).then(|| format!("{not_run} not run")));
    if parts.is_empty() { "-".to_owned() } else { parts.join("; ") }
}

/// The ids of the selected checks, each once; none if there are none.
fn ids(checks: &[Judgment], so: impl Fn(&Judgment) -> bool) -> Option<String> {
    let mut ids: Vec<&str> =
        checks.iter().filter(|judgment| so(judgment)).map(|judgment| judgment.check.as_str()).collect();
    ids.dedup();
    (!ids.is_empty()).then(|| ids.join(" "))
}

fn notes<'a>(entries: &'a [SeriesEntry<'_>]) -> impl Iterator<Item = (&'a str, &'a str)> {
    entries.iter().filter_map(|entry| Some((entry.scenario, entry.note?)))
}

fn closing(entries: &[SeriesEntry<'_>], end: &SeriesEnd<'_>) -> String {
    let passed = entries.iter().filter(|entry| entry.exit_code == Some(0)).count();
    let all = figures::count(entries.len() as u64, "scenario");
    format!("{passed} of {all} passed · exit {}: {}", end.exit_code, end.exit_meaning)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leaseproof_domain::{RunOutcome, Validity, Verdict};

    use super::{SeriesEnd, SeriesEntry, series_junit, series_summary, series_terminal};
    use crate::sample;

    fn reported(reported: impl Fn(&[SeriesEntry<'_>], &SeriesEnd<'_>) -> String) -> String {
        let failed = sample::verdicts();
        let mut kept = sample::verdicts();
        kept.scenario = "delphi".into();
        kept.verdict = Verdict::Pass;
        kept.outcome = RunOutcome::InvalidMeasurement;
        kept.validity = Validity::Invalid { why: "4 % of 1300 sends were late".into() };
        kept.checks.retain(|judgment| judgment.verdict == Verdict::Pass || judgment.known_issue.is_some());
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
        reported(
            &entries,
            &SeriesEnd { exit_code: 5, exit_meaning: "the environment could not be started, or was lost" },
        )
    }

    #[test]
    fn a_series_for_people() {
        for width in [80, 50] {
            let text = reported(|entries, end| series_terminal(entries, end, Some(width)));
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
            insta::assert_snapshot!(format!("series_at_{width}"), text);
        }
    }

    #[test]
    fn a_series_on_one_page() {
        insta::assert_snapshot!(reported(series_summary));
    }

    #[test]
    fn a_scenario_without_verdicts_is_an_error() {
        let xml = reported(|entries, _| series_junit(entries));
        assert_eq!(xml.matches("<testsuite ").count(), 4, "{xml}");
        assert!(xml.contains("no vault | no run") && xml.contains("not run"), "{xml}");
    }
}
