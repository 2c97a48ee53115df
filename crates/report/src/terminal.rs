//! The verdicts for a terminal, with colors; the console module removes them if they are not wanted.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};
use leaseproof_domain::{
    ActionFigures, FaultFigures, Judgment, Observed, OperationStatistics, Quantity, RunOutcome, RunVerdicts, Totals,
    Validity, Verdict,
};

use crate::actions as words;
use crate::layout::Layout;
use crate::{causes, figures, foreign, left_before, noted};

mod checks;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBT: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();
/// How many warnings of servers are shown.
const WARNINGS: usize = 5;

/// What a terminal shows besides the verdicts themselves.
#[derive(Clone, Copy, Debug)]
pub struct TerminalView<'a> {
    /// Versions of the servers: `Vault 1.21.0`, `PostgreSQL 15.14 (target)`.
    pub servers: &'a [String],
    /// Where the run's folder is.
    pub folder: Option<&'a str>,
    /// How much is shown.
    pub detail: Detail,
    /// The maximum number of columns of a line; none if the output is not a terminal.
    pub width: Option<usize>,
    /// The exit code.
    pub exit_code: u8,
    /// The meaning of the exit code, if it differs from the outcome: after a signal.
    pub exit_meaning: Option<&'a str>,
}

/// How much of the verdicts is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Checks that did not pass, the folder and the last line.
    Quiet,
    /// Causes, figures, and one line for all passed checks.
    #[default]
    Usual,
    /// Also every check with its evidence.
    Verbose,
}

/// The verdicts for people: why the run ended early, the causes of failures, undecided checks, one line for all passed
/// checks, figures, and the last line with the outcome and the exit code.
pub fn terminal(verdicts: &RunVerdicts, view: &TerminalView<'_>) -> String {
    // What is left behind has a line for each thing; `causes` escapes them.
    let verdicts = &RunVerdicts { left_behind: verdicts.left_behind.clone(), ..foreign::shown(verdicts) };
    let mut out = String::new();
    let layout = Layout::new(view.width);
    let quiet = view.detail == Detail::Quiet;
    if !quiet {
        header(&mut out, layout, verdicts, view);
    }
    checks::ended_early(&mut out, layout, verdicts);
    if !quiet {
        roles(&mut out, layout, verdicts);
    }
    checks::causes(&mut out, layout, verdicts, view);
    checks::undecided(&mut out, layout, verdicts);
    if !quiet {
        checks::left_out(&mut out, layout, verdicts);
        checks::not_requested(&mut out, layout, verdicts);
        checks::passed(&mut out, layout, verdicts, view.detail);
        warnings(&mut out, layout, verdicts);
        totals(&mut out, layout, verdicts);
        faults(&mut out, layout, verdicts);
        actions(&mut out, layout, verdicts);
        load(&mut out, layout, &verdicts.observed);
        if let Some(dns) = &verdicts.observed.dns {
            layout.paragraph(&mut out, "", &crate::dns::line(dns));
            out.push('\n');
        }
        latencies(&mut out, layout, &verdicts.operations, view.detail);
    }
    validity(&mut out, layout, verdicts);
    closing(&mut out, layout, verdicts, view);
    out
}

fn header(out: &mut String, layout: Layout, verdicts: &RunVerdicts, view: &TerminalView<'_>) {
    let mut parts = vec![
        format!("scenario {}", verdicts.scenario),
        format!("run {}", verdicts.run),
        format!("leaseproof {}", verdicts.leaseproof),
    ];
    parts.extend(view.servers.iter().map(|server| foreign::one_line(server)));
    layout.paragraph(out, "", &styled(STRONG, &verdicts.title));
    layout.paragraph(out, "", &styled(FAINT, &parts.join(" · ")));
    out.push('\n');
}

/// Roles from before the run, and groups that it leaves.
fn roles(out: &mut String, layout: Layout, verdicts: &RunVerdicts) {
    let (orphans, groups) = (left_before::orphans(&verdicts.observed), left_before::groups(&verdicts.observed));
    for (place, line) in orphans.iter().enumerate() {
        let (indent, line) = if place == 0 { ("", styled(DOUBT, line)) } else { ("  ", line.clone()) };
        layout.paragraph(out, indent, &line);
    }
    groups.iter().for_each(|line| layout.paragraph(out, "", line));
    if !orphans.is_empty() || !groups.is_empty() {
        out.push('\n');
    }
}

/// A text in a style.
fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Warnings about the scenario, and of servers.
fn warnings(out: &mut String, layout: Layout, verdicts: &RunVerdicts) {
    let all = noted::warnings(verdicts);
    all.iter().take(WARNINGS).for_each(|warning| layout.paragraph(out, "! warning: ", warning));
    if let Some(more) = all.len().checked_sub(WARNINGS).filter(|more| *more > 0) {
        layout.paragraph(out, "! ", &format!("and {more} more warnings: see summary.md"));
    }
    if !all.is_empty() {
        out.push('\n');
    }
}

fn totals(out: &mut String, layout: Layout, verdicts: &RunVerdicts) {
    if verdicts.operations.is_empty() {
        return;
    }
    let totals = &verdicts.totals;
    let Totals { arrivals, issued, revoked, expired, live, retried, indeterminate, .. } = totals;
    let mut parts = vec![
        figures::count(*arrivals, "arrival"),
        format!("{} issued", figures::count(*issued, "credential")),
        format!("{revoked} revoked"),
        format!("{expired} expired"),
    ];
    let rare = [
        (*live, "still live"),
        (*retried, "being retried"),
        (*indeterminate, "indeterminate"),
        (
            totals.issues_unanswered,
            if totals.issues_unanswered == 1 { "issue unanswered" } else { "issues unanswered" },
        ),
        (totals.dropped, "dropped"),
        (verdicts.observed.leases_without_role, "listed without a role"),
    ];
    parts.extend(rare.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")));
    parts.push(format!("{} of {} requests sent late", totals.late, totals.timed));
    layout.paragraph(out, "", &parts.join(" · "));
    out.push('\n');
}

/// One line for each phase that was long enough, and one for the revocation of what was left.
fn load(out: &mut String, layout: Layout, observed: &Observed) {
    let phases = observed.load.iter().map(figures::load);
    let lines: Vec<String> = phases.chain(observed.revocation.as_ref().map(figures::revocation)).collect();
    lines.iter().for_each(|line| layout.paragraph(out, "", line));
    if !lines.is_empty() {
        out.push('\n');
    }
}

/// One line for each fault: what it was, how long issuing was interrupted, and the errors inside its window.
fn faults(out: &mut String, layout: Layout, verdicts: &RunVerdicts) {
    for fault in &verdicts.faults {
        let FaultFigures { fault: number, what, last_error, recovered, .. } = fault;
        let impact = match (fault.begun, last_error, recovered) {
            (None, ..) => "did not begin".to_owned(),
            (_, None, _) => "no effect on issuing".to_owned(),
            (_, Some(_), Some(at)) => format!("credentials were issued again after {} s", figures::seconds(*at)),
            (_, Some(_), None) => "no credential was issued after it".to_owned(),
        };
        let errors: u64 = fault.errors.iter().map(|(_, _, count)| count).sum();
        let words = format!("{what} · {impact} · {}", figures::count(errors, "error"));
        layout.paragraph(out, &format!("fault {number}: "), &words);
    }
    if !verdicts.faults.is_empty() {
        outside(out, "outside fault windows", verdicts);
    }
}

/// The errors outside all windows.
fn outside(out: &mut String, of: &str, verdicts: &RunVerdicts) {
    let outside: u64 = verdicts.errors_outside.iter().map(|(_, _, count)| count).sum();
    let _ = writeln!(out, "{of}: {}\n", figures::count(outside, "error"));
}

/// One line for each action: what it was, when and how it ended, and its declared effect.
fn actions(out: &mut String, layout: Layout, verdicts: &RunVerdicts) {
    for action in &verdicts.actions {
        let at = action.begun.map(|at| format!("at {at} ")).unwrap_or_default();
        let ActionFigures { action: number, what, .. } = action;
        let errors = words::errors(action).map(|errors| format!(" · {errors} in its window")).unwrap_or_default();
        let words = format!("{what} · {at}{} · {}{errors}", words::outcome(action), words::effect(action));
        layout.paragraph(out, &format!("action {number}: "), &words);
    }
    if words::only_actions_have_windows(verdicts) {
        outside(out, "outside windows of actions", verdicts);
    } else if !verdicts.actions.is_empty() {
        out.push('\n');
    }
}

/// Figures that a table leaves out where it would be wider than the terminal, the first of them first.
const LEFT_OUT_FIRST: [Quantity; 3] = [Quantity::P999, Quantity::P90, Quantity::P99];

fn latencies(out: &mut String, layout: Layout, operations: &[OperationStatistics], detail: Detail) {
    if operations.is_empty() {
        return;
    }
    let with_service = detail == Detail::Verbose;
    let fits = |table: &Table| {
        with_service || table.lines().all(|line| line.trim_end().chars().count() <= layout.table().into())
    };
    let left_out =
        (0..LEFT_OUT_FIRST.len()).find(|few| fits(&latency_table(operations, &LEFT_OUT_FIRST[..*few], with_service)));
    let left_out = &LEFT_OUT_FIRST[..left_out.unwrap_or(LEFT_OUT_FIRST.len())];
    let table = latency_table(operations, left_out, with_service);
    for (number, line) in table.lines().enumerate() {
        let style = if number == 0 { FAINT } else { Style::new() };
        let _ = writeln!(out, "{style}{}{style:#}", line.trim_end());
    }
    let service = if with_service { "; in parentheses the service time, from the actual start" } else { "" };
    let unanswered = operations.iter().any(|operation| operation.indeterminate + operation.dropped > 0);
    let unanswered =
        if unanswered { "; requests without an answer count with at least the client's timeout" } else { "" };
    let names: Vec<&str> = left_out.iter().map(|quantity| quantity.name()).collect();
    let left_out = if names.is_empty() { String::new() } else { format!("; summary.md has {} too", names.join(", ")) };
    let words = format!("response time in ms, from the intended start{service}{unanswered}{left_out}");
    layout.paragraph(out, " ", &styled(FAINT, &words));
    out.push('\n');
}

/// A row an operation: counts, and the figures of its response time but those that are left out.
fn latency_table(operations: &[OperationStatistics], left_out: &[Quantity], with_service: bool) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let dropped = operations.iter().any(|operation| operation.dropped > 0);
    let no_answer = if left_out.is_empty() { "no answer" } else { "no\nanswer" };
    let counts = ["due", "ok", "failed", no_answer].into_iter().chain(dropped.then_some("dropped"));
    let shown = |name: &str| left_out.iter().all(|quantity| quantity.name() != name);
    let figures = Quantity::ALL.map(Quantity::name).into_iter().filter(|name| shown(name));
    table.set_header(["operation"].into_iter().chain(counts).chain(figures));
    for operation in operations {
        let mut row = vec![operation.op.to_string()];
        let OperationStatistics { due, ok, failed, indeterminate, .. } = operation;
        let counts = [*due, *ok, *failed, *indeterminate].into_iter().chain(dropped.then_some(operation.dropped));
        row.extend(counts.map(|number| number.to_string()));
        let service = figures::columns(&operation.service);
        let both = figures::columns(&operation.response).into_iter().zip(service);
        for ((_, response), (_, service)) in both.filter(|((name, _), _)| shown(name)) {
            let service = if with_service { format!(" ({service})") } else { String::new() };
            row.push(format!("{response}{service}"));
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn validity(out: &mut String, layout: Layout, verdicts: &RunVerdicts) {
    let why = match &verdicts.validity {
        Validity::Valid => return,
        Validity::Late { why } | Validity::Invalid { why } => why,
    };
    layout.paragraph(out, "", &format!("{}: {why}.", styled(DOUBT, "The figures of this run are not comparable")));
    if verdicts.outcome == RunOutcome::InvalidMeasurement {
        let next = "Ignore latencies, thresholds and timing failures of this run. See docs/exit-codes.md.";
        layout.paragraph(out, "", next);
    }
    out.push('\n');
}

/// The folder, and the last line: the outcome, how many of what, the exit code.
fn closing(out: &mut String, layout: Layout, verdicts: &RunVerdicts, view: &TerminalView<'_>) {
    let count = |wanted: &dyn Fn(&&Judgment) -> bool| verdicts.checks.iter().filter(wanted).count();
    let causes = causes::number(verdicts);
    let not_run = count(&|judgment| judgment.not_run);
    let counts = [
        (count(&|judgment| judgment.verdict == Verdict::Pass), "passed"),
        (count(&|judgment| judgment.verdict == Verdict::Fail && judgment.known_issue.is_none()), "failed"),
        (count(&|judgment| judgment.verdict == Verdict::Unknown) - not_run, "undecided"),
        (not_run, "not run"),
        (count(&|judgment| judgment.known_issue.is_some()), "known issue"),
        (verdicts.observed.left_out.len(), "left out"),
        (verdicts.not_requested.len(), "not requested"),
    ];
    let counts: Vec<String> =
        counts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
    let mut parts = vec![styled(style(verdicts.outcome), &verdicts.outcome.to_string())];
    parts.extend((causes > 0).then(|| figures::count(causes, "cause")));
    parts.push(format!("checks: {}", if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }));
    let TerminalView { exit_code, exit_meaning, folder, .. } = view;
    let meaning = exit_meaning.map_or_else(String::new, |meaning| format!(": {meaning}"));
    parts.push(format!("exit {exit_code}{meaning}"));
    if let Some(folder) = folder {
        let _ = writeln!(out, "{FAINT}{}{FAINT:#}", foreign::one_line(folder));
    }
    layout.paragraph(out, "", &parts.join(" · "));
}

const fn style(outcome: RunOutcome) -> Style {
    match outcome {
        RunOutcome::Passed => GOOD,
        RunOutcome::KnownIssuesOnly | RunOutcome::Undecided | RunOutcome::InvalidMeasurement => DOUBT,
        _ => BAD,
    }
}

#[cfg(test)]
mod tests;
