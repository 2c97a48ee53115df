//! `junit.xml`: one suite per scenario, one case per check and subject, and one for the run itself.
//!
//! The format is Jenkins' `junit-10.xsd`, which GitLab and GitHub actions also read. No library is used, because the usual
//! one adds attributes that this schema does not have.

use std::time::Duration;

use jiff::Timestamp;
use leaseproof_domain::{EndReason, Judgment, RunOutcome, RunVerdicts, Validity, Verdict, visible_lines};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::{causes, evidence, figures, left_before, noted};

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Passed,
    Failure,
    Error,
    Skipped,
}

#[derive(Clone)]
struct Case {
    name: String,
    class: String,
    time: Duration,
    kind: Kind,
    /// What kind of failure, error or skip: `fail`, `known`, `unknown`, `not run`.
    of: &'static str,
    message: String,
    text: String,
    /// Warnings, of the run itself.
    output: String,
}

/// One scenario's cases.
pub(crate) struct Suite {
    name: String,
    time: Duration,
    started: Option<Timestamp>,
    properties: Vec<(&'static str, String)>,
    cases: Vec<Case>,
}

/// The verdicts as JUnit's XML.
///
/// A Fail is a failure; an undecided check (Unknown, or a timing failure of an invalid measurement) is an error; a
/// known issue is skipped with its reason. If the run ended early, one case has the cause, and the checks are skipped.
pub fn junit(verdicts: &RunVerdicts) -> String {
    written(&[suite(verdicts)])
}

/// The suite of one scenario.
pub(crate) fn suite(verdicts: &RunVerdicts) -> Suite {
    let time = Duration::from_micros(verdicts.lasted.0);
    let mut cases = vec![run_case(verdicts, time)];
    cases.extend(verdicts.checks.iter().map(|judgment| case(verdicts, judgment)));
    if let Validity::Invalid { why } = &verdicts.validity {
        cases.push(error_case(&verdicts.scenario, "validity", "the measurement is invalid", why));
    }
    let roles = left_before::orphans(&verdicts.observed).into_iter().chain(left_before::groups(&verdicts.observed));
    Suite {
        name: verdicts.scenario.clone(),
        time,
        started: Timestamp::from_microsecond(verdicts.started.0).ok().filter(|_| verdicts.started.0 > 0),
        properties: [
            ("run", verdicts.run.clone()),
            ("leaseproof", verdicts.leaseproof.clone()),
            ("outcome", verdicts.outcome.to_string()),
            ("ended", verdicts.ended.clone()),
        ]
        .into_iter()
        .chain(roles.map(|line| ("role", line)))
        .collect(),
        cases,
    }
}

/// The suite of a scenario without verdicts.
pub(crate) fn without_verdicts(scenario: &str, why: &str) -> Suite {
    let cases = vec![error_case(scenario, "run", "there are no verdicts", why)];
    Suite { name: scenario.to_owned(), time: Duration::ZERO, started: None, properties: Vec::new(), cases }
}

/// The run itself: why it ended early, what it left behind.
fn run_case(verdicts: &RunVerdicts, time: Duration) -> Case {
    let passed = Case {
        name: "run".to_owned(),
        class: format!("{}.run", verdicts.scenario),
        time,
        kind: Kind::Passed,
        of: "",
        message: String::new(),
        text: String::new(),
        output: noted::all_warnings(verdicts).iter().map(|warning| format!("warning: {warning}\n")).collect(),
    };
    let failed = |kind, message: &str, text: String| Case {
        kind,
        of: if kind == Kind::Failure { "fail" } else { "error" },
        message: message.to_owned(),
        text,
        ..passed.clone()
    };
    if let Some(cause) = &verdicts.cause {
        let block = causes::ended_early(cause);
        let rejected = verdicts.end == Some(EndReason::SetupFailed);
        let kind = if rejected { Kind::Failure } else { Kind::Error };
        return failed(kind, &block.head, block.lines.join("\n"));
    }
    if let Some(left) = &verdicts.left_behind {
        return failed(Kind::Failure, "something that the run created is left behind", left.clone());
    }
    if verdicts.checks.is_empty() {
        return failed(
            Kind::Error,
            "no check was requested",
            "a run without a requested check is Unknown, not Pass".to_owned(),
        );
    }
    passed
}

fn case(verdicts: &RunVerdicts, judgment: &Judgment) -> Case {
    let comparable = verdicts.outcome != RunOutcome::InvalidMeasurement;
    let (kind, of) = match (judgment.verdict, &judgment.known_issue) {
        (Verdict::Pass, _) => (Kind::Passed, ""),
        (Verdict::Fail, Some(_)) => (Kind::Skipped, "known_issue"),
        (Verdict::Fail, None) if !comparable && judgment.rests_on_timing => (Kind::Error, "invalid"),
        (Verdict::Fail, None) => (Kind::Failure, "fail"),
        (Verdict::Unknown, _) if judgment.not_run => (Kind::Skipped, "not run"),
        (Verdict::Unknown, _) => (Kind::Error, "unknown"),
    };
    let mut lines: Vec<String> =
        causes::of(judgment, verdicts).into_iter().map(|place| format!("cause {place} of this run")).collect();
    if !judgment.not_run {
        lines.extend(evidence::lines(judgment));
    }
    Case {
        name: format!("{} {} ({})", judgment.check, judgment.title, judgment.subject),
        class: format!("{}.{}", verdicts.scenario, judgment.check),
        time: Duration::ZERO,
        kind,
        of,
        message: message(judgment),
        text: lines.join("\n"),
        output: String::new(),
    }
}

fn message(judgment: &Judgment) -> String {
    if let Some(known) = &judgment.known_issue {
        return known.because.clone();
    }
    if judgment.not_run {
        return judgment.reason.clone().unwrap_or_default();
    }
    let first = judgment.findings.first().map(|finding| finding.what.as_str());
    let what = first.or(judgment.reason.as_deref()).unwrap_or(&judgment.title);
    format!("{what} ({})", figures::count(judgment.samples, "sample"))
}

fn error_case(scenario: &str, name: &str, message: &str, text: &str) -> Case {
    Case {
        name: name.to_owned(),
        class: format!("{scenario}.{name}"),
        time: Duration::ZERO,
        kind: Kind::Error,
        of: "error",
        message: message.to_owned(),
        text: text.to_owned(),
        output: String::new(),
    }
}

impl Suite {
    fn count(&self, kind: Kind) -> usize {
        self.cases.iter().filter(|case| case.kind == kind).count()
    }
}

/// The suites as one file.
pub(crate) fn written(suites: &[Suite]) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(&mut writer, suites).expect("writing to memory cannot fail");
    let mut text = String::from_utf8(writer.into_inner()).expect("what was written is text");
    text.push('\n');
    text
}

fn write(writer: &mut Writer<Vec<u8>>, suites: &[Suite]) -> std::io::Result<()> {
    let sum = |number: &dyn Fn(&Suite) -> usize| suites.iter().map(number).sum::<usize>().to_string();
    let time: Duration = suites.iter().map(|suite| suite.time).sum();
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let attributes = [
        ("name", "leaseproof".to_owned()),
        ("time", seconds(time)),
        ("tests", sum(&|suite| suite.cases.len())),
        ("failures", sum(&|suite| suite.count(Kind::Failure))),
        ("errors", sum(&|suite| suite.count(Kind::Error))),
    ];
    writer
        .create_element("testsuites")
        .with_attributes(pairs(&attributes))
        .write_inner_content(|writer| suites.iter().try_for_each(|suite| write_suite(writer, suite)))?;
    Ok(())
}

fn write_suite(writer: &mut Writer<Vec<u8>>, suite: &Suite) -> std::io::Result<()> {
    let mut attributes = vec![
        ("name", clean(&suite.name)),
        ("tests", suite.cases.len().to_string()),
        ("failures", suite.count(Kind::Failure).to_string()),
        ("errors", suite.count(Kind::Error).to_string()),
        ("skipped", suite.count(Kind::Skipped).to_string()),
        ("time", seconds(suite.time)),
    ];
    // In UTC, without a zone: that is all that the older schemas of JUnit's XML allow.
    attributes.extend(suite.started.map(|started| ("timestamp", started.strftime("%Y-%m-%dT%H:%M:%S").to_string())));
    writer.create_element("testsuite").with_attributes(pairs(&attributes)).write_inner_content(|writer| {
        if !suite.properties.is_empty() {
            writer.create_element("properties").write_inner_content(|writer| {
                suite.properties.iter().try_for_each(|(name, value)| {
                    let attributes = [("name", (*name).to_owned()), ("value", clean(value))];
                    writer.create_element("property").with_attributes(pairs(&attributes)).write_empty().map(drop)
                })
            })?;
        }
        suite.cases.iter().try_for_each(|case| write_case(writer, case))
    })?;
    Ok(())
}

fn write_case(writer: &mut Writer<Vec<u8>>, case: &Case) -> std::io::Result<()> {
    let attributes = [("name", clean(&case.name)), ("classname", clean(&case.class)), ("time", seconds(case.time))];
    let element = writer.create_element("testcase").with_attributes(pairs(&attributes));
    let tag = match case.kind {
        Kind::Passed if case.output.is_empty() => return element.write_empty().map(drop),
        Kind::Passed => None,
        Kind::Failure => Some("failure"),
        Kind::Error => Some("error"),
        Kind::Skipped => Some("skipped"),
    };
    element.write_inner_content(|writer| {
        if let Some(tag) = tag {
            let attributes = [("message", clean(&case.message)), ("type", case.of.to_owned())];
            let element = writer.create_element(tag).with_attributes(pairs(&attributes));
            element.write_text_content(BytesText::new(&clean(&case.text)))?;
        }
        if !case.output.is_empty() {
            writer.create_element("system-out").write_text_content(BytesText::new(&clean(&case.output)))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn pairs<'a>(attributes: &'a [(&'static str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes.iter().map(|(name, value)| (*name, value.as_str()))
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Writes hidden characters as escapes, and removes the two noncharacters that XML 1.0 cannot represent (Char,
/// production 2).
fn clean(text: &str) -> String {
    visible_lines(text).chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}

#[cfg(test)]
mod tests;
