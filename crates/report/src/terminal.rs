//! The verdicts for a terminal, with colours; the one who prints takes them out where they are not wanted.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};
use leaseproof_domain::{
    FaultFigures, Judgment, OperationStatistics, Quantity, RunVerdicts, Totals, Validity, Verdict,
};

use crate::{evidence, figures};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBT: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// What a terminal shows besides the verdicts themselves.
#[derive(Clone, Copy, Debug)]
pub struct TerminalView<'a> {
    /// Versions of the servers: `Vault 1.21.0`, `PostgreSQL 15.14 (target)`.
    pub servers: &'a [String],
    /// Where the run's folder is.
    pub folder: Option<&'a str>,
    /// Whether to leave out everything but what did not pass, and the last line.
    pub quiet: bool,
    /// The exit code.
    pub exit_code: u8,
    /// What the exit code means.
    pub exit_meaning: &'a str,
}

/// The verdicts for people: a line a check with the evidence under it, figures, and the last line with the exit code.
pub fn terminal(verdicts: &RunVerdicts, view: &TerminalView<'_>) -> String {
    let mut out = String::new();
    if !view.quiet {
        header(&mut out, verdicts, view);
    }
    checks(&mut out, verdicts, view.quiet);
    if !view.quiet {
        left_out(&mut out, verdicts);
        totals(&mut out, verdicts);
        faults(&mut out, verdicts);
        if let Some(dns) = &verdicts.observed.dns {
            let _ = writeln!(out, "{}\n", crate::dns::line(dns));
        }
        latencies(&mut out, &verdicts.operations);
    }
    validity(&mut out, &verdicts.validity);
    closing(&mut out, verdicts, view);
    out
}

fn header(out: &mut String, verdicts: &RunVerdicts, view: &TerminalView<'_>) {
    let mut parts = vec![
        format!("scenario {}", verdicts.scenario),
        format!("run {}", verdicts.run),
        format!("leaseproof {}", verdicts.leaseproof),
    ];
    parts.extend(view.servers.iter().cloned());
    let _ = writeln!(out, "{STRONG}{}{STRONG:#}\n{FAINT}{}{FAINT:#}\n", verdicts.title, parts.join(" · "));
}

fn checks(out: &mut String, verdicts: &RunVerdicts, quiet: bool) {
    let shown: Vec<_> = verdicts.checks.iter().filter(|judgment| !quiet || keeps_from_passing(judgment)).collect();
    let width = shown.iter().map(|judgment| judgment.subject.to_string().chars().count()).max().unwrap_or(0);
    for judgment in &shown {
        check(out, judgment, width);
    }
    if !shown.is_empty() {
        out.push('\n');
    }
}

/// What `--quiet` shows.
fn keeps_from_passing(judgment: &Judgment) -> bool {
    judgment.verdict != Verdict::Pass && judgment.known.is_none()
}

fn check(out: &mut String, judgment: &Judgment, width: usize) {
    let (mark, style) = match (judgment.verdict, &judgment.known) {
        (Verdict::Pass, _) => ('✔', GOOD),
        (Verdict::Fail, Some(_)) => ('✘', DOUBT),
        (Verdict::Fail, None) => ('✘', BAD),
        (Verdict::Unknown, _) => ('?', DOUBT),
    };
    let Judgment { check, title, .. } = judgment;
    let subject = judgment.subject.to_string();
    let known = if judgment.known.is_some() { " (known)" } else { "" };
    let samples = figures::count(judgment.samples, "sample");
    let _ = writeln!(
        out,
        "{style}{mark} {check:<6}{style:#}  {subject:<width$}  {title}{known}  {FAINT}{samples}{FAINT:#}"
    );
    if judgment.verdict != Verdict::Pass {
        for line in evidence::lines(judgment) {
            let _ = writeln!(out, "      {line}");
        }
    }
    if let Some(measured) = judgment.measured.as_ref().filter(|measured| measured.count > 0) {
        let _ = writeln!(out, "      {FAINT}measured: {}{FAINT:#}", figures::distribution(measured));
    }
    for note in evidence::notes(judgment) {
        let _ = writeln!(out, "      {FAINT}{note}{FAINT:#}");
    }
}

/// What was asked and nobody could say.
fn left_out(out: &mut String, verdicts: &RunVerdicts) {
    for (check, why) in &verdicts.observed.left_out {
        let _ = writeln!(out, "{FAINT}– {check:<6}  left out: {why}{FAINT:#}");
    }
    if !verdicts.observed.left_out.is_empty() {
        out.push('\n');
    }
}

fn totals(out: &mut String, verdicts: &RunVerdicts) {
    let totals = &verdicts.totals;
    let Totals { arrivals, issued, revoked, expired, live, retried, indeterminate, .. } = totals;
    let mut parts = vec![
        format!("{arrivals} arrivals"),
        format!("{issued} credentials issued"),
        format!("{revoked} revoked"),
        format!("{expired} expired"),
    ];
    let rare = [
        (*live, "still live"),
        (*retried, "being retried"),
        (*indeterminate, "indeterminate"),
        (totals.issues_unanswered, "issues unanswered"),
        (totals.shed, "shed"),
        (verdicts.observed.leases_without_role, "listed without a role"),
    ];
    parts.extend(rare.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")));
    parts.push(format!("{} of {} sends late", totals.late, totals.timed));
    let _ = writeln!(out, "{}\n", parts.join(" · "));
}

/// One line a fault: what it was, how long it was felt, and what went wrong meanwhile.
fn faults(out: &mut String, verdicts: &RunVerdicts) {
    for fault in &verdicts.faults {
        let FaultFigures { fault: number, what, last_error, recovered, .. } = fault;
        let felt = match (fault.begun, last_error, recovered) {
            (None, ..) => "did not begin".to_owned(),
            (_, None, _) => "nobody noticed".to_owned(),
            (_, Some(_), Some(at)) => format!("credentials were issued again after {} s", figures::seconds(*at)),
            (_, Some(_), None) => "no credential was issued any more".to_owned(),
        };
        let errors: u64 = fault.errors.iter().map(|(_, _, count)| count).sum();
        let _ = writeln!(out, "fault {number}: {what} · {felt} · {}", figures::count(errors, "error"));
    }
    if !verdicts.faults.is_empty() {
        let outside: u64 = verdicts.errors_outside.iter().map(|(_, _, count)| count).sum();
        let _ = writeln!(out, "while none was felt: {}\n", figures::count(outside, "error"));
    }
}

fn latencies(out: &mut String, operations: &[OperationStatistics]) {
    if operations.is_empty() {
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let dropped = operations.iter().any(|operation| operation.dropped > 0);
    let counts = ["due", "ok", "failed", "no answer"].into_iter().chain(dropped.then_some("dropped"));
    table.set_header(["operation"].into_iter().chain(counts).chain(Quantity::ALL.map(Quantity::name)));
    for operation in operations {
        let mut row = vec![operation.op.to_string()];
        let OperationStatistics { due, ok, failed, indeterminate, .. } = operation;
        let counts = [*due, *ok, *failed, *indeterminate].into_iter().chain(dropped.then_some(operation.dropped));
        row.extend(counts.map(|number| number.to_string()));
        let service = figures::columns(&operation.service);
        for ((_, response), (_, service)) in figures::columns(&operation.response).into_iter().zip(service) {
            row.push(format!("{response} ({service})"));
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for (number, line) in table.lines().enumerate() {
        let style = if number == 0 { FAINT } else { Style::new() };
        let _ = writeln!(out, "{style}{}{style:#}", line.trim_end());
    }
    let _ = writeln!(
        out,
        "{FAINT} response time, from the intended start (service time, from the real start), in ms; what had no answer \
         counts at the client's time-out at least{FAINT:#}\n"
    );
}

fn validity(out: &mut String, validity: &Validity) {
    if let Validity::Invalid { why } = validity {
        let _ = writeln!(
            out,
            "{DOUBT}The measurement is invalid: {why}.{DOUBT:#} Figures and failures that rest on timing say nothing \
             of the estate.\n"
        );
    }
}

fn closing(out: &mut String, verdicts: &RunVerdicts, view: &TerminalView<'_>) {
    let count = |wanted: &dyn Fn(&&Judgment) -> bool| verdicts.checks.iter().filter(wanted).count();
    let known = count(&|judgment| judgment.known.is_some());
    let mut parts = vec![
        format!("{} passed", count(&|judgment| judgment.verdict == Verdict::Pass)),
        format!("{} failed", count(&|judgment| judgment.verdict == Verdict::Fail && judgment.known.is_none())),
        format!("{} unknown", count(&|judgment| judgment.verdict == Verdict::Unknown)),
    ];
    if known > 0 {
        parts.push(format!("{known} known"));
    }
    if !verdicts.observed.left_out.is_empty() {
        parts.push(format!("{} left out", verdicts.observed.left_out.len()));
    }
    if verdicts.ended != "completed" {
        parts.push(format!("the run ended early: {}", verdicts.ended));
    }
    if let Some(folder) = view.folder.filter(|_| !view.quiet) {
        let _ = writeln!(out, "{FAINT}{folder}{FAINT:#}");
    }
    let style = match verdicts.verdict {
        Verdict::Pass if view.exit_code == 0 => GOOD,
        Verdict::Fail => BAD,
        _ => DOUBT,
    };
    let TerminalView { exit_code, exit_meaning, .. } = view;
    let _ =
        writeln!(out, "{style}{}{style:#} · {} · exit {exit_code}: {exit_meaning}", verdicts.verdict, parts.join(", "));
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::Validity;

    use super::{TerminalView, terminal};
    use crate::sample;

    fn plain(quiet: bool, verdicts: &leaseproof_domain::RunVerdicts) -> String {
        let servers = ["Vault 1.21.0".to_owned(), "PostgreSQL 15.14 (target)".to_owned()];
        let view = TerminalView {
            servers: &servers,
            folder: Some("reports/runs/powerdns/20261122T225801Z-3f2a"),
            quiet,
            exit_code: 1,
            exit_meaning: "a check failed",
        };
        anstream::adapter::strip_str(&terminal(verdicts, &view)).to_string()
    }

    #[test]
    fn a_run_for_people() {
        insta::assert_snapshot!(plain(false, &sample::verdicts()));
    }

    #[test]
    fn quiet_says_what_did_not_pass() {
        insta::assert_snapshot!(plain(true, &sample::verdicts()));
    }

    #[test]
    fn an_invalid_measurement_is_told_before_the_verdict() {
        let mut verdicts = sample::verdicts();
        verdicts.validity = Validity::Invalid { why: "61 of 1290 sends (4.7 %) were late, more than 1 %".into() };
        insta::assert_snapshot!(plain(true, &verdicts));
    }
}
