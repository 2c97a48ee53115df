//! The results of the checks: causes first, then undecided checks, then passed ones.

use std::fmt::Write as _;

use leaseproof_domain::{Judgment, RunVerdicts, Verdict};

use super::{BAD, DOUBT, Detail, FAINT, GOOD, TerminalView, styled};
use crate::causes::{self, Block};
use crate::layout::Layout;
use crate::{evidence, figures, not_requested};

/// How many notes of one passed check are shown without `--verbose`.
const NOTES: usize = 2;

/// Checks whose notes are about nearly every run: summary.md has them.
const ONLY_VERBOSE: [&str; 1] = ["PRB-1"];

/// Why the run ended early, and what it left behind.
pub(super) fn ended_early(out: &mut String, layout: Layout, verdicts: &RunVerdicts) {
    let ended = verdicts.cause.as_ref().map(|cause| causes::ended_early_beside(cause, verdicts));
    let left = verdicts.left_behind.as_deref().map(causes::left_behind);
    for block in ended.into_iter().chain(left) {
        head(out, layout, &format!("{BAD}✘{BAD:#} "), &block);
        out.push('\n');
    }
}

/// One block for each cause, known issues last.
pub(super) fn causes(out: &mut String, layout: Layout, verdicts: &RunVerdicts, view: &TerminalView<'_>) {
    for (place, cause) in verdicts.causes.iter().enumerate() {
        if cause.known_issue && view.detail == Detail::Quiet {
            continue;
        }
        let mut block = causes::block(cause, verdicts);
        let style = if cause.known_issue { DOUBT } else { BAD };
        if cause.known_issue {
            block.head.insert_str(0, "known issue: ");
        }
        head(out, layout, &format!("{style}✘ {}{style:#}  ", place + 1), &block);
        let folder = view.folder.map_or_else(|| "RUN".to_owned(), causes::quoted);
        // Not wrapped, so that it can be copied.
        let _ = writeln!(out, "     {FAINT}leaseproof show {folder} {}{FAINT:#}\n", block.show);
    }
}

fn head(out: &mut String, layout: Layout, first: &str, block: &Block) {
    layout.paragraph(out, first, &block.head);
    for line in &block.lines {
        layout.paragraph(out, "     ", line);
    }
}

/// One line for each undecided check, one for all that one cause leaves undecided, and one for all that were not run.
pub(super) fn undecided(out: &mut String, layout: Layout, verdicts: &RunVerdicts) {
    let folded = causes::undecided(verdicts);
    for undecided in &folded {
        layout.paragraph(out, &format!("{DOUBT}?{DOUBT:#} "), &undecided.words());
    }
    let unknown = verdicts.checks.iter().filter(|judgment| judgment.verdict == Verdict::Unknown);
    let (not_run, undecided): (Vec<_>, Vec<_>) = unknown.partition(|judgment| judgment.not_run);
    for judgment in undecided.iter().filter(|judgment| judgment.undecided_by.is_none()) {
        let reason = judgment.reason.as_deref().unwrap_or("no reason was recorded");
        let text = format!("{}: {}", judgment.subject, evidence::plain(reason));
        layout.paragraph(out, &format!("{DOUBT}? {:<6}{DOUBT:#}  ", judgment.check), &text);
    }
    if !undecided.is_empty() {
        out.push('\n');
    }
    if !not_run.is_empty() {
        let checks = figures::count(not_run.len() as u64, "check");
        layout.paragraph(out, &format!("{DOUBT}?{DOUBT:#} "), &format!("{checks} not run: the run ended too early"));
        out.push('\n');
    }
}

/// Checks of the scenario that `--only` or `--skip` left out, in one line for each option.
pub(super) fn not_requested(out: &mut String, layout: Layout, verdicts: &RunVerdicts) {
    let lines = not_requested::lines(verdicts);
    lines.iter().for_each(|line| layout.paragraph(out, "– ", &styled(FAINT, line)));
    if !lines.is_empty() {
        out.push('\n');
    }
}

/// Requested checks that cannot be made in this environment.
pub(super) fn left_out(out: &mut String, layout: Layout, verdicts: &RunVerdicts) {
    for (check, why) in &verdicts.observed.left_out {
        layout.paragraph(
            out,
            &format!("– {check:<6}  "),
            &styled(FAINT, &format!("left out: {}", evidence::plain(why))),
        );
    }
    if let Some(why) = &verdicts.observed.gauges_missing {
        let words = format!("not available: {}", evidence::plain(&figures::gauges_missing(why)));
        layout.paragraph(out, "– ", &styled(FAINT, &words));
    }
    if !verdicts.observed.left_out.is_empty() || verdicts.observed.gauges_missing.is_some() {
        out.push('\n');
    }
}

/// One line for all passed checks, and the notes; with `--verbose`, every check.
pub(super) fn passed(out: &mut String, layout: Layout, verdicts: &RunVerdicts, detail: Detail) {
    let verbose = detail == Detail::Verbose;
    let passed: Vec<&Judgment> = verdicts.checks.iter().filter(|judgment| judgment.verdict == Verdict::Pass).collect();
    for judgment in &verdicts.checks {
        if verbose {
            check(out, layout, judgment);
        }
        let shown = if verbose { usize::MAX } else { NOTES };
        let hidden = !verbose && judgment.verdict != Verdict::Fail && ONLY_VERBOSE.contains(&judgment.check.as_str());
        let notes = if hidden { Vec::new() } else { evidence::notes_among(judgment, &verdicts.checks) };
        let more = notes.len().saturating_sub(shown);
        let more = (more > 0).then(|| format!("{} more; --verbose shows all", figures::count(more as u64, "note")));
        let first = format!("{FAINT}· {:<6}{FAINT:#}  ", judgment.check);
        for note in notes.into_iter().take(shown).chain(more) {
            layout.paragraph(out, &first, &styled(FAINT, &note));
        }
    }
    if !passed.is_empty() {
        let samples: u64 = passed.iter().map(|judgment| judgment.samples).sum();
        let checks = figures::count(passed.len() as u64, "check");
        let how = if verbose { "" } else { " (--verbose lists them)" };
        let text = format!("{checks} passed on {}{how}", figures::count(samples, "sample"));
        layout.paragraph(out, &format!("{GOOD}✔{GOOD:#} "), &text);
        out.push('\n');
    }
}

fn check(out: &mut String, layout: Layout, judgment: &Judgment) {
    let (mark, style) = match (judgment.verdict, &judgment.known_issue) {
        (Verdict::Pass, _) => ('✔', GOOD),
        (Verdict::Fail, Some(_)) => ('✘', DOUBT),
        (Verdict::Fail, None) => ('✘', BAD),
        (Verdict::Unknown, _) => ('?', DOUBT),
    };
    let Judgment { check, title, subject, .. } = judgment;
    let known = if judgment.known_issue.is_some() { " (known issue)" } else { "" };
    let samples = figures::count(judgment.samples, "sample");
    let text = format!("{subject}: {title}{known} · {samples}");
    layout.paragraph(out, &format!("{style}{mark} {check:<6}{style:#}  "), &text);
    if judgment.verdict != Verdict::Pass && !judgment.not_run {
        for line in evidence::lines(judgment) {
            layout.paragraph(out, "          ", &line);
        }
    }
    if let Some(words) = figures::measured(judgment) {
        layout.paragraph(out, "          ", &styled(FAINT, &words));
    }
}
