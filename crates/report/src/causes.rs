//! The causes of a failed run as blocks of lines: the same words in the terminal, in JUnit and in the summary.

use leaseproof_domain::{Cause, FailureCause, Finding, Judgment, LeaseId, RunVerdicts, Username, Verdict};

use crate::{evidence, figures};

/// How many privileges a block names.
const PRIVILEGES: usize = 8;

/// One cause in lines, the most important first.
pub(crate) struct Block {
    /// What went wrong.
    pub(crate) head: String,
    /// Where, how often, and what else fails for it.
    pub(crate) lines: Vec<String>,
    /// Arguments of `leaseproof show RUN` that lead to the example.
    pub(crate) show: String,
}

/// What ended the run early.
pub(crate) fn ended_early(cause: &Cause) -> Block {
    let Cause { what, origin, details } = cause;
    let mut lines: Vec<String> = details.iter().map(|line| evidence::plain(line)).collect();
    lines.extend(origin.iter().map(|origin| format!("at {origin}")));
    Block { head: evidence::plain(what), lines, show: String::new() }
}

/// What the run left behind: a line each.
pub(crate) fn left_behind(left: &str) -> Block {
    let mut lines = left.lines().map(|line| evidence::plain(line.trim()));
    Block { head: lines.next().unwrap_or_default(), lines: lines.collect(), show: String::new() }
}

/// Findings that say the same.
pub(crate) fn block(cause: &FailureCause, verdicts: &RunVerdicts) -> Block {
    let FailureCause { what, privileges, example, .. } = cause;
    let mut lines = vec![counted(cause)];
    if cause.count > 1 && !privileges.is_empty() {
        let named: Vec<&str> = privileges.iter().take(PRIVILEGES).map(String::as_str).collect();
        let more = privileges.len() - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("{}{more}", named.join(", ")));
    }
    let judgment = judgment(cause, verdicts);
    let promised = example.promised.as_ref().or(judgment.and_then(|judgment| judgment.promised.as_ref()));
    lines.extend(promised.map(|origin| format!("promised at {origin}")));
    if let Some(known) = judgment.and_then(|judgment| judgment.known.as_ref()).filter(|_| cause.known) {
        lines.push(format!("declared at {}: {}", known.origin, known.because));
    }
    let measured = judgment.and_then(|judgment| judgment.measured.as_ref()).filter(|measured| measured.count > 0);
    lines.extend(measured.map(|measured| format!("measured: {}", figures::distribution(measured))));
    let place = Finding { promised: None, at: None, what: String::new(), ..example.clone() };
    lines.extend(evidence::place(&place).map(|place| format!("example: {place}")));
    let lines = lines.iter().map(|line| evidence::plain(line)).collect();
    Block { head: evidence::plain(what), lines, show: show(cause) }
}

/// The judgment that the example is of: a check that is asked of several roles or metrics has one for each.
fn judgment<'v>(cause: &FailureCause, verdicts: &'v RunVerdicts) -> Option<&'v Judgment> {
    let failed = |judgment: &&Judgment| {
        judgment.check == cause.check && judgment.verdict == Verdict::Fail && judgment.known.is_some() == cause.known
    };
    let mut all = verdicts.checks.iter().filter(failed);
    let own = all.clone().find(|judgment| judgment.promised == cause.example.promised);
    own.or_else(|| all.next())
}

/// `REV-1 ×38, first at 3.204 s; also breaks EXP-1, RUN-2`.
pub(crate) fn counted(cause: &FailureCause) -> String {
    let mut text = cause.check.to_string();
    if cause.count > 1 {
        text = format!("{text} ×{}", cause.count);
    }
    if let Some(at) = cause.first_at {
        let first = if cause.count > 1 { "first at" } else { "at" };
        text = format!("{text}, {first} {at}");
    }
    if !cause.also_breaks.is_empty() {
        let also: Vec<String> = cause.also_breaks.iter().map(|also| also.check.to_string()).collect();
        text = format!("{text}; also breaks {}", also.join(", "));
    }
    text
}

/// What to ask `leaseproof show` for to see the example.
fn show(cause: &FailureCause) -> String {
    let Finding { lease, username, .. } = &cause.example;
    match (lease, username) {
        (Some(lease), _) => format!("--lease {}", quoted(LeaseId::as_str(lease))),
        (None, Some(name)) => format!("--user {}", quoted(Username::as_str(name))),
        (None, None) => format!("--check {}", cause.check),
    }
}

/// A word as a shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    // Only a NUL cannot be quoted, and no argument can hold one.
    shlex::try_quote(&word.replace('\0', "")).map_or_else(|_| String::new(), std::borrow::Cow::into_owned)
}

/// `1 cause`, `2 causes`: those that the scenario does not declare as known.
pub(crate) fn number(verdicts: &RunVerdicts) -> u64 {
    verdicts.causes.iter().filter(|cause| !cause.known).count() as u64
}

/// The place of the cause among the numbered ones that a failed judgment belongs to, from 1.
pub(crate) fn of(judgment: &Judgment, verdicts: &RunVerdicts) -> Vec<usize> {
    let belongs = |cause: &FailureCause| {
        cause.known == judgment.known.is_some()
            && (cause.check == judgment.check || cause.also_breaks.iter().any(|also| also.check == judgment.check))
    };
    verdicts.causes.iter().enumerate().filter(|(_, cause)| belongs(cause)).map(|(place, _)| place + 1).collect()
}
