//! Checks that did not pass, as annotations of a CI system at the scenario's line with the promise.

use std::fmt::Write as _;

use leaseproof_domain::{FailureCause, Judgment, Origin, RunVerdicts, Validity, Verdict};
use serde_json::json;

use crate::{causes, evidence};

/// The severity of an annotation.
#[derive(Clone, Copy)]
enum Level {
    /// A check failed.
    Error,
    /// A check is Unknown, or failed on the timing of an invalid measurement.
    Warning,
    /// A declared known issue.
    Notice,
}

struct Annotation<'a> {
    level: Level,
    check: &'a str,
    title: String,
    /// What it says that differs from others of its title, and not from run to run.
    says: String,
    text: String,
    origin: Option<&'a Origin>,
}

/// Workflow commands of GitHub Actions, one line each: `::error file=…,line=…,col=…,title=…::…`. Its runner reads them
/// from a step's output (docs.github.com, "Workflow commands for GitHub Actions").
pub fn github_annotations(verdicts: &RunVerdicts) -> String {
    let mut out = String::new();
    for Annotation { level, title, text, origin, .. } in annotations(verdicts) {
        let command = match level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        };
        let place = origin.map_or_else(String::new, |Origin { file, line, column }| {
            format!("file={},line={line},col={column},", property(file))
        });
        let _ = writeln!(out, "::{command} {place}title={}::{}", property(&title), data(&text));
    }
    out
}

/// A Code Quality report of GitLab CI for all these runs (docs.gitlab.com, "Code Quality report format"). Entries without
/// a scenario line are left out, because such a report requires a line.
pub fn gitlab_code_quality(runs: &[RunVerdicts]) -> String {
    let issue = |scenario: &str, annotation: &Annotation<'_>| {
        let Annotation { level, check, title, says, text, origin } = annotation;
        let severity = match level {
            Level::Error => "major",
            Level::Warning => "minor",
            Level::Notice => "info",
        };
        origin.map(|Origin { file, line, .. }| {
            json!({
                "description": format!("{title}: {text}"),
                "check_name": check,
                // The same problem has the same fingerprint in the next run, even with other evidence.
                "fingerprint": format!("leaseproof/{scenario}/{title}/{says}"),
                "severity": severity,
                "location": { "path": file.strip_prefix("./").unwrap_or(file), "lines": { "begin": line } },
            })
        })
    };
    let issues: Vec<_> = runs
        .iter()
        .flat_map(|run| annotations(run).filter_map(move |annotation| issue(&run.scenario, &annotation)))
        .collect();
    format!("{:#}\n", json!(issues))
}

/// One for what ended the run early, one for each cause, and one for each check that is undecided for another reason.
fn annotations(verdicts: &RunVerdicts) -> impl Iterator<Item = Annotation<'_>> {
    let ended = verdicts.cause.iter().map(|cause| {
        let block = causes::ended_early(cause);
        Annotation {
            level: Level::Error,
            check: "run",
            title: "the run ended early".to_owned(),
            says: String::new(),
            text: std::iter::once(block.head).chain(block.lines).collect::<Vec<_>>().join("\n"),
            origin: cause.origin.as_ref(),
        }
    });
    let causes = (1..).zip(&verdicts.causes).map(|(number, cause)| of_cause(number, cause, verdicts));
    let others = verdicts.checks.iter().filter(|judgment| !judgment.not_run && judgment.undecided_by.is_none());
    let others = others.filter(|judgment| judgment.verdict == Verdict::Unknown || is_in_no_cause(judgment, verdicts));
    ended.chain(causes).chain(others.map(|judgment| {
        let Judgment { check, title, subject, promised, .. } = judgment;
        Annotation {
            level: level(judgment, verdicts),
            check: check.as_str(),
            title: format!("{check} {title} ({subject})"),
            says: String::new(),
            text: text(judgment),
            origin: promised.as_ref().or_else(|| judgment.findings.iter().find_map(|found| found.promised.as_ref())),
        }
    }))
}

/// Verdicts of an earlier version have no causes.
fn is_in_no_cause(judgment: &Judgment, verdicts: &RunVerdicts) -> bool {
    judgment.verdict == Verdict::Fail && causes::of(judgment, verdicts).is_empty()
}

fn level(judgment: &Judgment, verdicts: &RunVerdicts) -> Level {
    let invalid = matches!(verdicts.validity, Validity::Invalid { .. });
    match (judgment.verdict, &judgment.known_issue) {
        (Verdict::Fail, Some(_)) => Level::Notice,
        (Verdict::Fail, None) if invalid && judgment.rests_on_timing => Level::Warning,
        (Verdict::Fail, None) => Level::Error,
        (Verdict::Unknown | Verdict::Pass, _) => Level::Warning,
    }
}

/// One cause at the most precise line that it knows, with what could not be judged for it.
fn of_cause<'v>(number: usize, cause: &'v FailureCause, verdicts: &'v RunVerdicts) -> Annotation<'v> {
    let block = causes::block(cause, verdicts);
    let judgment = verdicts.checks.iter().find(|judgment| {
        judgment.check == cause.check
            && judgment.verdict == Verdict::Fail
            && judgment.known_issue.is_some() == cause.known_issue
    });
    let subjects: Vec<String> = cause.about.iter().map(|about| about.subject.to_string()).collect();
    let subjects = if subjects.is_empty() { String::new() } else { format!(" ({})", subjects.join(", ")) };
    let undecided = causes::undecided(verdicts);
    let undecided = undecided.iter().filter(|undecided| undecided.cause == number).map(causes::Undecided::words);
    Annotation {
        level: judgment.map_or(Level::Error, |judgment| level(judgment, verdicts)),
        check: cause.check.as_str(),
        title: format!("{} {}{subjects}", cause.check, cause.check.info().title),
        says: [&cause.example.privilege, &cause.example.code]
            .into_iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join("/"),
        text: std::iter::once(block.head).chain(block.lines).chain(undecided).collect::<Vec<_>>().join("\n"),
        origin: causes::line(cause),
    }
}

/// The evidence, without the line of the annotation itself.
fn text(judgment: &Judgment) -> String {
    let mut lines = evidence::lines(judgment);
    lines.retain(|line| !line.starts_with("promised at "));
    lines.join("\n")
}

/// The text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before the second `::`, where commas and colons separate.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{CheckId, Subject, Validity, Verdict};

    use super::{github_annotations, gitlab_code_quality};
    use crate::sample;

    #[test]
    fn each_check_that_did_not_pass_is_a_workflow_command() {
        insta::assert_snapshot!(github_annotations(&sample::verdicts()));
    }

    #[test]
    fn each_check_that_did_not_pass_is_a_code_quality_issue() {
        insta::assert_snapshot!(gitlab_code_quality(&[sample::verdicts()]));
    }

    #[test]
    fn a_run_that_passed_has_no_annotation() {
        let mut verdicts = sample::verdicts();
        verdicts.checks.retain(|judgment| judgment.verdict == Verdict::Pass);
        verdicts.causes.clear();
        assert_eq!(github_annotations(&verdicts), "");
        assert_eq!(gitlab_code_quality(&[verdicts]), "[]\n");
    }

    #[test]
    fn what_a_server_says_stays_within_its_command() {
        let mut verdicts = sample::verdicts();
        verdicts.checks.retain(|judgment| judgment.check == CheckId::of("GRA-1"));
        verdicts.causes.truncate(1);
        let cause = &mut verdicts.causes[0];
        cause.what = "100 %\r\n::error::forged".into();
        cause.about[0].subject = Subject::Role("50 %, a: b".into());
        cause.example.promised.as_mut().unwrap().file = "a,b:c/scenario.toml".into();
        let line = github_annotations(&verdicts);
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.starts_with("::error file=a%2Cb%3Ac/scenario.toml,line="), "{line}");
        assert!(line.contains("(role 50 %25%2C a%3A b)::"), "{line}");
        assert!(line.contains("100 %25"), "{line}");
    }

    #[test]
    fn a_cause_is_one_annotation_at_its_most_precise_line() {
        let mut verdicts = sample::verdicts();
        let undecided = verdicts.checks.last_mut().unwrap();
        undecided.undecided_by = Some(3);
        let lines: Vec<String> = github_annotations(&verdicts).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), verdicts.causes.len(), "{lines:#?}");
        assert!(lines[0].contains(",line=83,"), "{lines:#?}");
        assert!(
            lines[2].contains(",line=44,") && lines[2].contains("1 check of role powerdns-role undecided"),
            "{lines:#?}"
        );
        // Verdicts of an earlier version have no causes: then each failed check is reported.
        verdicts.causes.clear();
        assert_eq!(github_annotations(&verdicts).lines().count(), 3);
    }

    #[test]
    fn a_timing_failure_of_an_invalid_measurement_only_warns() {
        let mut verdicts = sample::verdicts();
        verdicts.checks.retain(|judgment| judgment.verdict == Verdict::Fail && judgment.known_issue.is_none());
        for judgment in &mut verdicts.checks {
            judgment.rests_on_timing = true;
        }
        assert!(github_annotations(&verdicts).starts_with("::error "));
        verdicts.validity = Validity::Invalid { why: "4 % of 1300 sends were late".into() };
        assert!(github_annotations(&verdicts).starts_with("::warning "));
    }

    #[test]
    fn a_run_that_ended_early_is_one_annotation_at_the_step_s_line() {
        let text = github_annotations(&sample::setup_rejected());
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with("::error file=scenarios/powerdns/scenario.toml,line=41,col=1,"), "{text}");
        assert!(text.contains("was rejected%3A HTTP 400") || text.contains("was rejected: HTTP 400"), "{text}");
    }
}
