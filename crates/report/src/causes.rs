//! The causes of a failed run as blocks of lines: the same words in the terminal, in JUnit and in the summary.

use std::collections::BTreeMap;

use leaseproof_domain::{
    Cause, CauseFault, CauseSeen, CauseSubject, CheckId, EndReason, FailureCause, Finding, Judgment, LeaseId,
    ObservedNote, Origin, RunVerdicts, ScenarioWarning, SetupLine, Subject, Username, Verdict,
};

use crate::{actions, evidence, figures};

/// How many privileges a block names.
const PRIVILEGES: usize = 8;

/// How many reports of a server that cannot be reached a block has.
const SEEN: usize = 8;

/// How many times at which a server was away a block names.
const TIMES: usize = 8;

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

/// The same beside the causes: if one of them has the server's words, its number stands in their place.
pub(crate) fn ended_early_beside(cause: &Cause, verdicts: &RunVerdicts) -> Block {
    let mut block = ended_early(cause);
    let repeated = verdicts.end == Some(EndReason::Repeated);
    if let Some((before, words)) = cause.what.split_once(": ").filter(|_| repeated)
        && let Some(place) = verdicts.causes.iter().position(|cause| cause.example.what.contains(words))
    {
        block.head = format!("{}: see cause {}", evidence::plain(before), place + 1);
    }
    block
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
    lines.extend(times(cause));
    lines.extend(cause.faults.iter().map(|fault| in_fault(fault, cause)));
    if cause.count > 1 && !privileges.is_empty() {
        let named: Vec<&str> = privileges.iter().take(PRIVILEGES).map(String::as_str).collect();
        let more = privileges.len() - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("{}{more}", named.join(", ")));
    }
    lines.extend(seen(cause));
    lines.extend(thresholds(cause, verdicts));
    let judgment = judgment(cause, verdicts);
    if cause.about.is_empty() {
        let promised = example.promised.as_ref().or(judgment.and_then(|judgment| judgment.promised.as_ref()));
        lines.extend(promised.map(|origin| format!("promised at {origin}")));
    }
    lines.extend(cause.about.iter().flat_map(|about| subject(about, cause.about.len() > 1)));
    lines.extend(setup_lines(&cause.about));
    let warnings = cause.warnings.iter();
    lines.extend(warnings.map(|ScenarioWarning { what, origin }| format!("warning at {origin}: {what}")));
    lines.extend(cause.notes.iter().map(note));
    lines.extend(cause.hint.clone());
    if let Some(known) = judgment.and_then(|judgment| judgment.known_issue.as_ref()).filter(|_| cause.known_issue) {
        lines.push(format!("declared at {}: {}", known.origin, known.because));
    }
    lines.extend(judgment.and_then(figures::measured));
    lines.extend(self::example(cause));
    lines.extend(actions::before(cause));
    let lines = lines.iter().map(|line| evidence::plain(line)).collect();
    Block { head: evidence::plain(what), lines, show: show(cause) }
}

/// What one of the findings is about. A code alone names none: then its own words do, where they say more than the cause.
fn example(cause: &FailureCause) -> Option<String> {
    let example = &cause.example;
    let Finding { lease, username, oid, privilege, code, .. } = example;
    // Their line is named for all findings.
    let named = cause.about.iter().any(|about| about.setup.is_some());
    let statements = example.statements.clone().filter(|_| !named);
    let place =
        evidence::place(&Finding { promised: None, at: None, statements, what: String::new(), ..example.clone() });
    if lease.is_some() || username.is_some() || oid.is_some() || privilege.is_some() {
        return place.map(|place| format!("example: {place}"));
    }
    if !example.what.is_empty() && example.what != cause.what {
        return Some(format!("example: {}", example.what));
    }
    place.filter(|_| code.as_ref().is_some_and(|code| !cause.what.contains(code.as_str())))
}

/// The thresholds that the first cause to break any of them breaks, with limit and value: they were asked for one by one.
fn thresholds(cause: &FailureCause, verdicts: &RunVerdicts) -> Vec<String> {
    let breaks = |cause: &FailureCause| cause.also_breaks.iter().any(|also| also.check.as_str() == "THR-1");
    if !verdicts.causes.iter().find(|one| breaks(one)).is_some_and(|first| first == cause) {
        return Vec::new();
    }
    // Those with a cause of their own are shown there.
    let own = |judgment: &&Judgment| {
        verdicts.causes.iter().any(|cause| {
            cause.check.as_str() == "THR-1" && cause.about.iter().any(|about| about.subject == judgment.subject)
        })
    };
    let failed = verdicts.checks.iter().filter(|judgment| {
        judgment.check.as_str() == "THR-1" && judgment.verdict == Verdict::Fail && judgment.known_issue.is_none()
    });
    let failed = failed.filter(|judgment| !own(judgment)).filter_map(|judgment| judgment.findings.first());
    failed.map(|finding| format!("· THR-1: {}", finding.what)).collect()
}

/// The judgment that the example is of: a check that is asked of several roles or metrics has one for each.
fn judgment<'v>(cause: &FailureCause, verdicts: &'v RunVerdicts) -> Option<&'v Judgment> {
    let failed = |judgment: &&Judgment| {
        judgment.check == cause.check
            && judgment.verdict == Verdict::Fail
            && judgment.known_issue.is_some() == cause.known_issue
    };
    let mut all = verdicts.checks.iter().filter(failed);
    let own = all.clone().find(|judgment| judgment.promised == cause.example.promised);
    own.or_else(|| all.next())
}

/// When a server was away, if it was so several times.
fn times(cause: &FailureCause) -> Option<String> {
    let begun: Vec<String> = cause.times.iter().take(TIMES).map(ToString::to_string).collect();
    let more = if cause.times.len() > TIMES { ", …" } else { "" };
    (!begun.is_empty()).then(|| format!("{} separate times, from {}{more}", cause.times.len(), begun.join(", ")))
}

/// A server's warning, with its place.
fn note(noted: &ObservedNote) -> String {
    let ObservedNote { of, origin, note } = noted;
    let at = origin.as_ref().map(|origin| format!(" at {origin}")).unwrap_or_default();
    format!("warning{at}: {of}: {note}")
}

/// Whether a cause has the note.
pub(crate) fn has_note(noted: &ObservedNote, verdicts: &RunVerdicts) -> bool {
    verdicts.causes.iter().any(|cause| cause.notes.contains(noted))
}

/// What each check reports of a server that cannot be reached.
fn seen(cause: &FailureCause) -> Vec<String> {
    let line = |CauseSeen { check, what, count, first_at }: &CauseSeen| {
        let at = first_at.map(|at| format!(" at {at}")).unwrap_or_default();
        let times = if *count > 1 { format!(" ×{count}, first") } else { String::new() };
        format!("· {check}{times}{at}: {what}")
    };
    let mut lines: Vec<String> = cause.seen.iter().take(SEEN).map(line).collect();
    let more = cause.seen.len() - lines.len();
    lines.extend((more > 0).then(|| format!("· and {more} more in verdicts.json")));
    lines
}

/// The fault in whose window a cause begins, and which errors it does not expect.
fn in_fault(fault: &CauseFault, cause: &FailureCause) -> String {
    let CauseFault { fault: number, what, at, origin, not_expected } = fault;
    let first = cause.first_at.unwrap_or_default();
    let (seconds, side) = if *at <= first { (first.0 - at.0, "before") } else { (at.0 - first.0, "after") };
    let expected = if not_expected.is_empty() {
        String::new()
    } else {
        format!("; its expect_errors does not name {}", not_expected.join(", "))
    };
    let seconds = figures::seconds(seconds);
    format!("in the window of fault {number}, which began {seconds} s {side} that: {what} (at {origin}){expected}")
}

/// Where the setup determines what failed, once for all subjects of one line.
fn setup_lines(about: &[CauseSubject]) -> Vec<String> {
    let mut lines: Vec<(&SetupLine, Vec<String>)> = Vec::new();
    for CauseSubject { subject, setup, .. } in about {
        let Some(setup) = setup else { continue };
        match lines.iter_mut().find(|(known, _)| *known == setup) {
            Some((_, subjects)) => subjects.push(subject.to_string()),
            None => lines.push((setup, vec![subject.to_string()])),
        }
    }
    let line = |(setup, subjects): (&SetupLine, Vec<String>)| {
        format!("{}: {} at {}", subjects.join(", "), setup.key, setup.origin)
    };
    lines.into_iter().map(line).collect()
}

/// Where one subject of a cause is promised otherwise.
fn subject(about: &CauseSubject, of_several: bool) -> Option<String> {
    let CauseSubject { subject, count, promised, .. } = about;
    let times = if of_several && *count > 1 { format!(" ×{count}") } else { String::new() };
    let whose = match subject {
        Subject::Environment => String::new(),
        _ => format!("{subject}{times}: "),
    };
    let listed: Vec<String> = promised.iter().map(ToString::to_string).collect();
    (!listed.is_empty()).then(|| format!("{whose}promised at {}", listed.join(", ")))
}

/// The most precise line that the cause knows.
pub(crate) fn line(cause: &FailureCause) -> Option<&Origin> {
    let setup = cause.about.iter().find_map(|about| about.setup.as_ref()).map(|setup| &setup.origin);
    let promised = || cause.about.iter().find_map(|about| about.promised.first());
    setup.or(cause.example.promised.as_ref()).or_else(promised)
}

/// Checks that could not be judged for one cause, of one subject.
pub(crate) struct Undecided<'v> {
    /// The number of the cause.
    pub(crate) cause: usize,
    subject: &'v Subject,
    checks: Vec<CheckId>,
}

impl Undecided<'_> {
    /// `18 checks of role app undecided because of cause 1`.
    pub(crate) fn words(&self) -> String {
        let checks = figures::count(self.checks.len() as u64, "check");
        let of =
            if *self.subject == Subject::Environment { "the environment".to_owned() } else { self.subject.to_string() };
        format!("{checks} of {of} undecided because of cause {}", self.cause)
    }

    /// Their ids.
    pub(crate) fn ids(&self) -> String {
        self.checks.iter().map(|check| check.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// What could not be judged for the causes, together by cause and subject.
pub(crate) fn undecided(verdicts: &RunVerdicts) -> Vec<Undecided<'_>> {
    let mut found: BTreeMap<(usize, &Subject), Vec<CheckId>> = BTreeMap::new();
    for judgment in &verdicts.checks {
        if let Some(cause) = judgment.undecided_by {
            found.entry((cause, &judgment.subject)).or_default().push(judgment.check);
        }
    }
    found.into_iter().map(|((cause, subject), checks)| Undecided { cause, subject, checks }).collect()
}

/// Warnings about the scenario that are beside no cause.
pub(crate) fn other_warnings(verdicts: &RunVerdicts) -> impl Iterator<Item = &ScenarioWarning> {
    let reported = |warning: &&ScenarioWarning| verdicts.causes.iter().any(|cause| cause.warnings.contains(warning));
    verdicts.warnings.iter().filter(move |warning| !reported(warning))
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
        // The history has no lifecycle of a role from before the run.
        _ if cause.check.as_str() == "RUN-7" => format!("--check {}", cause.check),
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
    verdicts.causes.iter().filter(|cause| !cause.known_issue).count() as u64
}

/// The place of the cause among the numbered ones that a failed judgment belongs to, from 1.
pub(crate) fn of(judgment: &Judgment, verdicts: &RunVerdicts) -> Vec<usize> {
    let belongs = |cause: &FailureCause| {
        cause.known_issue == judgment.known_issue.is_some()
            && (cause.check == judgment.check || cause.also_breaks.iter().any(|also| also.check == judgment.check))
    };
    verdicts.causes.iter().enumerate().filter(|(_, cause)| belongs(cause)).map(|(place, _)| place + 1).collect()
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{AlsoBroken, CheckId, Finding, Subject, Verdict};

    use super::block;

    #[test]
    fn the_first_cause_that_breaks_thresholds_lists_them() {
        let mut verdicts = crate::sample::verdicts();
        let check = CheckId::of("THR-1");
        for cause in &mut verdicts.causes[..2] {
            cause.also_breaks.push(AlsoBroken { check, count: 1 });
        }
        let mut failed = verdicts.checks[0].clone();
        let what = "expected issue.failed <= 1%, got 96.30 %".to_owned();
        (failed.check, failed.verdict, failed.known_issue) = (check, Verdict::Fail, None);
        failed.subject = Subject::Metric("issue.failed".into());
        failed.findings = vec![Finding { what: what.clone(), ..Finding::default() }];
        verdicts.checks.push(failed);
        let of = |place: usize| block(&verdicts.causes[place], &verdicts).lines;
        let listed = |lines: Vec<String>| lines.iter().filter(|line| line.contains(&what)).count();
        assert_eq!((listed(of(0)), listed(of(1))), (1, 0));
    }
}
