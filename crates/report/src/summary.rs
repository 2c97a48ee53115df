//! `summary.md`: a run on one page, for a merge request or a ticket.

use std::fmt::Write as _;

use leaseproof_domain::{
    ActionFigures, FaultFigures, Judgment, Observed, Operation, OperationStatistics, RunVerdicts, ScenarioWarning,
    Validity, Verdict,
};

use crate::actions as words;
use crate::causes::{self, Block};
use crate::foreign::{code, markdown, one_line};
use crate::{evidence, figures, left_before, not_requested, noted};

/// The verdicts as Markdown.
pub fn summary(verdicts: &RunVerdicts) -> String {
    let mut out = String::new();
    let RunVerdicts { title, outcome, scenario, run, leaseproof, ended, .. } = verdicts;
    let _ = writeln!(out, "# {}: {outcome}\n", markdown(title));
    causes(&mut out, verdicts);
    let ended = if verdicts.cause.is_some() { "early" } else { ended.as_str() };
    let (scenario, run, ended) = (code(scenario), code(run), markdown(ended));
    let _ = writeln!(out, "Scenario {scenario}, run {run}, leaseproof {leaseproof}; ended: {ended}.\n");
    if let Validity::Invalid { why } | Validity::Late { why } = &verdicts.validity {
        let _ = writeln!(out, "**The figures of this run are not comparable:** {}.\n", markdown(why));
    }
    roles(&mut out, &verdicts.observed);
    let (not_run, judged): (Vec<_>, Vec<_>) = verdicts.checks.iter().partition(|judgment| judgment.not_run);
    let judged: Vec<_> = judged.into_iter().filter(|judgment| judgment.undecided_by.is_none()).collect();
    if !judged.is_empty() {
        checks(&mut out, &judged);
    }
    for undecided in causes::undecided(verdicts) {
        let _ = writeln!(out, "{}: {}.\n", markdown(&undecided.words()), undecided.ids());
    }
    if !not_run.is_empty() {
        let ids: Vec<&str> = not_run.iter().map(|judgment| judgment.check.as_str()).collect();
        let _ = writeln!(out, "{} not run: {}.\n", figures::count(ids.len() as u64, "check"), ids.join(", "));
    }
    for line in not_requested::lines(verdicts) {
        let _ = writeln!(out, "{}.\n", markdown(&line));
    }
    let tells = |judgment: &&Judgment| {
        let shown = judgment.verdict != Verdict::Pass && !judgment.not_run && judgment.undecided_by.is_none();
        shown || !judgment.notes.is_empty()
    };
    warnings(&mut out, verdicts);
    for judgment in verdicts.checks.iter().filter(tells) {
        under(&mut out, judgment);
    }
    totals(&mut out, verdicts);
    faults(&mut out, verdicts);
    actions(&mut out, verdicts);
    observed(&mut out, &verdicts.observed);
    latencies(&mut out, &verdicts.operations);
    out
}

/// Warnings about the scenario that no cause has beside it.
fn warnings(out: &mut String, verdicts: &RunVerdicts) {
    let mut warnings = causes::other_warnings(verdicts).peekable();
    if warnings.peek().is_some() {
        out.push_str("## Warnings about the scenario\n\n");
        for ScenarioWarning { what, origin } in warnings {
            let _ = writeln!(out, "- {}: {}", markdown(&origin.to_string()), markdown(what));
        }
        out.push('\n');
    }
}

/// Why the run ended early, what it left behind, and the causes of failures.
fn causes(out: &mut String, verdicts: &RunVerdicts) {
    if let Some(cause) = &verdicts.cause {
        out.push_str("## Why the run ended early\n\n");
        block(out, &causes::ended_early_beside(cause, verdicts));
    }
    if let Some(left) = &verdicts.left_behind {
        out.push_str("## Left behind\n\n");
        block(out, &causes::left_behind(left));
    }
    let (known, failed): (Vec<_>, Vec<_>) = verdicts.causes.iter().partition(|cause| cause.known_issue);
    for (causes, title) in [(failed, "cause"), (known, "known issue")] {
        if causes.is_empty() {
            continue;
        }
        let _ = writeln!(out, "## {}\n", figures::count(causes.len() as u64, title));
        for cause in causes {
            let reported = causes::block(cause, verdicts);
            block(out, &reported);
            let _ = writeln!(
                out,
                "```bash\nleaseproof show RUN {}   # RUN: the folder of this file\n```\n",
                one_line(&reported.show)
            );
        }
    }
}

/// Indented text is shown literally: a server's message may contain Markdown syntax.
fn block(out: &mut String, block: &Block) {
    let _ = writeln!(out, "    {}", one_line(&block.head));
    for line in &block.lines {
        let _ = writeln!(out, "      {}", one_line(line));
    }
    out.push('\n');
}

/// Roles from before the run, and groups that it leaves.
fn roles(out: &mut String, observed: &Observed) {
    for (title, lines) in [
        ("Roles without a lease from before the run", left_before::orphans(observed)),
        ("Groups that were created", left_before::groups(observed)),
    ] {
        if !lines.is_empty() {
            let _ = writeln!(out, "## {title}\n");
            // Indented text is shown literally.
            for line in lines {
                let _ = writeln!(out, "    {}", one_line(&line));
            }
            out.push('\n');
        }
    }
}

fn checks(out: &mut String, checks: &[&Judgment]) {
    out.push_str("| | Check | Subject | Promise | Samples |\n|---|---|---|---|---:|\n");
    for judgment in checks {
        let mark = match (judgment.verdict, &judgment.known_issue) {
            (Verdict::Pass, _) => "✔",
            (Verdict::Fail, Some(_)) => "known issue",
            (Verdict::Fail, None) => "✘",
            (Verdict::Unknown, _) => "?",
        };
        let Judgment { check, subject, title, samples, .. } = judgment;
        let _ = writeln!(
            out,
            "| {mark} | {check} | {} | {} | {samples} |",
            markdown(&subject.to_string()),
            markdown(title)
        );
    }
    out.push('\n');
}

fn under(out: &mut String, judgment: &Judgment) {
    let (subject, title) = (markdown(&judgment.subject.to_string()), markdown(&judgment.title));
    let _ = writeln!(out, "## {} {subject}: {}\n\n{title}\n", judgment.check, judgment.verdict);
    // Indented text is shown literally: a server's message may contain Markdown syntax.
    let lines = if judgment.verdict == Verdict::Pass { Vec::new() } else { evidence::lines(judgment) };
    for line in lines.into_iter().chain(evidence::notes(judgment)) {
        let _ = writeln!(out, "    {line}");
    }
    out.push('\n');
}

fn totals(out: &mut String, verdicts: &RunVerdicts) {
    let totals = &verdicts.totals;
    out.push_str(
        "## Lifecycles\n\n| Arrivals | Issued | Revoked | Expired | Live | Retried | Indeterminate | Dropped | Sent late |\n",
    );
    out.push_str("|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    let figures = [
        totals.arrivals,
        totals.issued,
        totals.revoked,
        totals.expired,
        totals.live,
        totals.retried,
        totals.indeterminate,
        totals.dropped,
    ];
    let row = figures.map(|figure| figure.to_string()).join(" | ");
    let _ = writeln!(out, "| {row} | {} of {} |\n", totals.late, totals.timed);
}

fn faults(out: &mut String, verdicts: &RunVerdicts) {
    let RunVerdicts { faults, errors_outside, .. } = verdicts;
    if faults.is_empty() {
        return;
    }
    out.push_str("## Faults\n\nSeconds from each fault's beginning.\n\n");
    out.push_str(
        "| Fault | Steps | Last error | Issued again | Errors in the fault window |\n|---|---|---:|---:|---|\n",
    );
    for fault in faults {
        let FaultFigures { fault: number, what, last_error, recovered, errors, .. } = fault;
        let steps: Vec<String> =
            fault.steps.iter().map(|(at, words)| format!("{} {words}", figures::seconds(*at))).collect();
        let or_none = |at: &Option<u64>| at.map_or_else(|| "–".to_owned(), figures::seconds);
        let words = if fault.begun.is_some() { what.clone() } else { format!("{what} (did not begin)") };
        let _ = writeln!(
            out,
            "| {number}: {} | {} | {} | {} | {} |",
            markdown(&words),
            markdown(&steps.join("; ")),
            or_none(last_error),
            or_none(recovered),
            markdown(&figures::errors(errors))
        );
    }
    outside(out, "fault windows", errors_outside);
}

fn outside(out: &mut String, windows: &str, errors: &[(Operation, String, u64)]) {
    let errors = if errors.is_empty() { "none".to_owned() } else { markdown(&figures::errors(errors)) };
    let _ = writeln!(out, "\nErrors outside {windows}: {errors}.\n");
}

fn actions(out: &mut String, verdicts: &RunVerdicts) {
    if verdicts.actions.is_empty() {
        return;
    }
    out.push_str("## Actions\n\nWhat the scenario's operator did during the load. Seconds of each window from the action's beginning.\n\n");
    out.push_str(
        "| Action | Line | Outcome | Took | Declared effect | Errors in its window |\n|---|---|---|---:|---|---|\n",
    );
    for action in &verdicts.actions {
        let ActionFigures { action: number, what, origin, took, window, .. } = action;
        let took = took.map_or_else(|| "–".to_owned(), |took| format!("{} s", figures::seconds(took)));
        let errors = window.as_ref().map(|window| figures::errors(&window.errors)).unwrap_or_default();
        let _ = writeln!(
            out,
            "| {number}: {} | {} | {} | {took} | {} | {} |",
            markdown(what),
            markdown(&origin.to_string()),
            markdown(&words::outcome(action)),
            markdown(&words::effect(action)),
            markdown(&errors)
        );
    }
    if words::only_actions_have_windows(verdicts) {
        outside(out, "windows of actions", &verdicts.errors_outside);
    }
    out.push_str("\n## Timeline\n\nFaults and actions, in seconds of the run.\n\n| At | |\n|---:|---|\n");
    for entry in words::timeline(verdicts) {
        let _ = writeln!(out, "| {} | {} |", entry.seconds(), markdown(&entry.words));
    }
    out.push('\n');
}

fn observed(out: &mut String, observed: &Observed) {
    let Observed { held_sessions, refused_logins, leases_without_role, gauges, left_out, dns, notes, .. } = observed;
    let Observed { load, revocation, .. } = observed;
    dns.iter().for_each(|dns| crate::dns::markdown(out, dns));
    if !load.is_empty() {
        out.push_str("## Load\n\nSteady state of each phase that is long enough: after the ramp-up and outside fault windows. The backlog is the number of requests that were due and not completed; its growth is shown with the 99 % confidence interval.\n\n");
        for phase in load {
            let _ = writeln!(out, "- {}", markdown(&figures::load(phase)));
        }
        out.push('\n');
    }
    if let Some(revocation) = revocation {
        let _ = writeln!(
            out,
            "## Revocation\n\nRoles and leases left after the drain, when the run's token was revoked: {}.\n",
            markdown(&figures::revocation(revocation))
        );
    }
    if !left_out.is_empty() {
        out.push_str(
            "## Left out\n\nRequested by the scenario, and not judged in this environment.\n\n| | |\n|---|---|\n",
        );
        for (check, why) in left_out {
            let _ = writeln!(out, "| {check} | {} |", markdown(why));
        }
        out.push('\n');
    }
    if !notes.is_empty() {
        out.push_str("## Warnings and notices of servers\n\n");
        for line in noted::lines(notes.iter()) {
            let _ = writeln!(out, "- {}", markdown(&line));
        }
        out.push('\n');
    }
    let mut rows: Vec<(String, u64)> = Vec::new();
    rows.extend(
        held_sessions
            .iter()
            .map(|(fate, count)| (format!("Sessions held past their credential's end: {fate}"), *count)),
    );
    rows.extend(
        refused_logins.iter().map(|(why, count)| (format!("Rejected logins in PostgreSQL's log: {why}"), *count)),
    );
    if observed.most_leases > 0 {
        rows.push(("Most leases that Vault listed at once".to_owned(), observed.most_leases));
    }
    if *leases_without_role > 0 {
        rows.push(("Leases without a role after the drain".to_owned(), *leases_without_role));
    }
    rows.extend(gauges.iter().map(|(gauge, most)| (format!("Largest {gauge}"), *most)));
    if rows.is_empty() && observed.gauges_missing.is_none() {
        return;
    }
    out.push_str("## Other observations\n\n");
    if !rows.is_empty() {
        out.push_str("| | |\n|---|---:|\n");
        for (what, figure) in rows {
            let _ = writeln!(out, "| {} | {figure} |", markdown(&what));
        }
        out.push('\n');
    }
    if let Some(why) = &observed.gauges_missing {
        let _ = writeln!(out, "Not available: {}.\n", markdown(&figures::gauges_missing(why)));
    }
}

fn latencies(out: &mut String, operations: &[OperationStatistics]) {
    if operations.is_empty() {
        return;
    }
    out.push_str(
        "## Latency\n\nIn milliseconds. Response time: from the intended start, for all requests that were due. Service time: from the \
         actual start, for all requests that were sent. A request without an answer counts with the time that it waited, \
         and at least with the client's timeout: `> 10 s` is a lower bound.\n\n",
    );
    out.push_str(
        "| Operation | Time | due | ok | failed | no answer | dropped | p50 | p90 | p99 | p99.9 | max | Failures |\n",
    );
    out.push_str("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n");
    for operation in operations {
        let OperationStatistics { op, due, ok, failed, indeterminate, dropped, .. } = operation;
        let codes: Vec<_> = operation.codes.iter().map(|(code, times)| format!("{code} × {times}")).collect();
        for (clocking, times) in [("response", &operation.response), ("service", &operation.service)] {
            let times = figures::columns(times).map(|(_, figure)| figure).join(" | ");
            let counts = [due, ok, failed, indeterminate, dropped].map(u64::to_string).join(" | ");
            let codes = markdown(&codes.join(", "));
            let _ = writeln!(out, "| {op} | {clocking} | {counts} | {times} | {codes} |");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn a_run_on_one_page() {
        insta::assert_snapshot!(summary(&crate::sample::verdicts()));
        insta::assert_snapshot!("a_run_that_ended_early", summary(&crate::sample::setup_rejected()));
    }
}
