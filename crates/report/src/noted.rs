//! Warnings and notices of servers, those that differ only in an object's name as one.

use std::collections::BTreeMap;

use leaseproof_domain::{ObservedNote, RunVerdicts, ScenarioWarning, Severity};

use crate::{causes, evidence};

/// PostgreSQL's words where a REVOKE meets privileges that another role granted (`restrict_and_check_grant` in aclchk.c).
const NOT_REVOKED: [&str; 2] = ["not all privileges could be revoked for ", "no privileges could be revoked for "];

/// Warnings about the scenario and of servers that are beside no cause, in one line each.
pub(crate) fn warnings(verdicts: &RunVerdicts) -> Vec<String> {
    let others = of_servers(verdicts).filter(|noted| !causes::has_note(noted, verdicts));
    in_lines(causes::other_warnings(verdicts), others)
}

/// All of them, whether a cause has them or not.
pub(crate) fn all_warnings(verdicts: &RunVerdicts) -> Vec<String> {
    in_lines(verdicts.warnings.iter(), of_servers(verdicts))
}

fn of_servers(verdicts: &RunVerdicts) -> impl Iterator<Item = &ObservedNote> {
    verdicts.observed.notes.iter().filter(|noted| noted.note.severity == Severity::Warning)
}

fn in_lines<'v>(
    of_scenario: impl Iterator<Item = &'v ScenarioWarning>,
    of_servers: impl Iterator<Item = &'v ObservedNote>,
) -> Vec<String> {
    let of_scenario = of_scenario.map(|warning| format!("{}: {}", warning.origin, warning.what));
    of_scenario.chain(lines(of_servers)).map(|line| evidence::plain(&line)).collect()
}

/// Each in one line, in the order of the first of its kind.
pub(crate) fn lines<'n>(notes: impl Iterator<Item = &'n ObservedNote>) -> Vec<String> {
    let mut lines: Vec<(&ObservedNote, usize)> = Vec::new();
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for noted in notes {
        let Some(words) = NOT_REVOKED.iter().find(|words| noted.note.message.starts_with(**words)) else {
            lines.push((noted, 1));
            continue;
        };
        let place = *known.entry((noted.of.as_str(), *words)).or_insert(lines.len());
        match lines.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => lines.push((noted, 1)),
        }
    }
    lines.into_iter().map(|(noted, times)| line(noted, times)).collect()
}

fn line(noted: &ObservedNote, times: usize) -> String {
    if !NOT_REVOKED.iter().any(|words| noted.note.message.starts_with(words)) {
        return noted.to_string();
    }
    let more = if times > 1 { format!(", and for {} more", times - 1) } else { String::new() };
    format!(
        "{noted}{more}. Vault's default revocation revokes privileges on all objects, also those that its account did not \
         grant: harmless while REV-1 and EXP-1 pass"
    )
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{ObservedNote, ServerNote, Severity};

    use super::lines;

    #[test]
    fn what_a_default_revocation_cannot_revoke_is_one_line() {
        let noted = |message: &str| {
            let note = ServerNote::postgres(Severity::Warning, message);
            ObservedNote { of: "log of postgres.target".into(), origin: None, note }
        };
        let of = |column: &str| {
            noted(&format!("not all privileges could be revoked for column \"{column}\" of relation \"t\""))
        };
        let notes = [of("tableoid"), noted("something else"), of("cmax"), of("xmax")];
        let reported = lines(notes.iter());
        assert_eq!(reported.len(), 2, "{reported:#?}");
        assert!(
            reported[0].contains("column \"tableoid\" of relation \"t\", and for 2 more. Vault's default"),
            "{reported:#?}"
        );
        assert!(reported[1].ends_with("something else"), "{reported:#?}");
    }
}
