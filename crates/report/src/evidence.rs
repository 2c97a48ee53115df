//! Findings as lines for people: the same words in the terminal, in JUnit and in the summary.

use leaseproof_domain::{Finding, Judgment, Subject, Verdict};

use crate::foreign;

/// How many findings are shown under a check; `verdicts.json` has more.
const SHOWN: usize = 5;

/// The place of a finding, as far as it is known: lease, role, privilege, time, code, scenario line.
pub(crate) fn place(finding: &Finding) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(lease) = &finding.lease {
        parts.push(format!("lease {lease}"));
    }
    match (&finding.username, finding.oid) {
        (Some(username), Some(oid)) => parts.push(format!("role {username} (oid {oid})")),
        (Some(username), None) => parts.push(format!("role {username}")),
        (None, Some(oid)) => parts.push(format!("role with oid {oid}")),
        (None, None) => {}
    }
    if let Some(cluster) = &finding.cluster {
        parts.push(format!("on postgres.{cluster}"));
    }
    if let Some(privilege) = &finding.privilege {
        parts.push(privilege.clone());
    }
    if let Some(at) = finding.at {
        parts.push(format!("at {at}"));
    }
    if let Some(code) = &finding.code {
        parts.push(code_in_words(code));
    }
    if let Some(statements) = &finding.statements {
        parts.push(format!("see {statements}"));
    }
    if let Some(origin) = &finding.promised {
        parts.push(format!("promised at {origin}"));
    }
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// An SQLSTATE has five characters (PostgreSQL, appendix A), an HTTP status three digits.
fn code_in_words(code: &str) -> String {
    match code.len() {
        3 if code.bytes().all(|b| b.is_ascii_digit()) => format!("HTTP {code}"),
        5 => format!("SQLSTATE {code}"),
        _ => format!("code {code}"),
    }
}

/// All details of a judgment that did not pass, one per line: reason, scenario line, findings and their places.
/// A place is indented under its finding. Messages of servers stay on one line and cannot control the terminal.
pub(crate) fn lines(judgment: &Judgment) -> Vec<String> {
    raw_lines(judgment).iter().map(|line| plain(line)).collect()
}

/// The notes of a judgment that is one of `all`, one per line. Where its check is judged of several roles, each says which.
pub(crate) fn notes_among(judgment: &Judgment, all: &[Judgment]) -> Vec<String> {
    let others = all.iter().filter(|other| other.check == judgment.check).count() > 1;
    match &judgment.subject {
        Subject::Role(_) if others => notes(judgment)
            .into_iter()
            .map(|note| format!("{}: {note}", plain(&judgment.subject.to_string())))
            .collect(),
        _ => notes(judgment),
    }
}

/// The notes of a judgment, one per line.
pub(crate) fn notes(judgment: &Judgment) -> Vec<String> {
    judgment.notes.iter().map(|note| plain(note)).collect()
}

/// A text on one line that cannot control the terminal.
pub(crate) fn plain(line: &str) -> String {
    foreign::one_line(line)
}

fn raw_lines(judgment: &Judgment) -> Vec<String> {
    let mut lines = Vec::new();
    if judgment.verdict == Verdict::Unknown {
        let reason = judgment.reason.as_deref().unwrap_or("no reason was recorded");
        lines.push(format!("Unknown: {reason}"));
    } else if let Some(reason) = &judgment.reason {
        lines.push(reason.clone());
    }
    if let Some(known) = &judgment.known_issue {
        lines.push(format!("known issue: {} (declared at {})", known.because, known.origin));
    }
    if let Some(origin) = &judgment.promised {
        lines.push(format!("promised at {origin}"));
    }
    let groups: Vec<&[Finding]> = judgment.findings.chunk_by(|one, other| one.what == other.what).collect();
    for same in groups.iter().take(SHOWN) {
        let times = if same.len() > 1 { format!(" (×{})", same.len()) } else { String::new() };
        lines.push(format!("· {}{times}", same[0].what));
        lines.extend(place(&same[0]).map(|place| format!("  {place}")));
    }
    let kept: usize = groups.iter().skip(SHOWN).map(|same| same.len()).sum();
    let more = judgment.more_findings + kept as u64;
    if more > 0 {
        let where_else = if kept > 0 { " (verdicts.json has the first ones)" } else { "" };
        lines.push(format!("… and {more} more like {}{where_else}", if more == 1 { "it" } else { "these" }));
    }
    lines
}
