//! `junit.xml`: one suite a scenario, one case a check and subject.

use leaseproof_domain::{Judgment, RunVerdicts, Validity, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{evidence, figures};

/// The verdicts as JUnit's XML. A Fail is a failure; what could not be said (Unknown, or a timing failure of an invalid
/// measurement) is an error; a known failure is skipped with its reason; a run without any check is an error too.
pub fn junit(verdicts: &RunVerdicts) -> String {
    let mut report = Report::new("leaseproof");
    report.add_test_suite(suite(verdicts));
    written(&report)
}

/// The suite of one scenario.
pub(crate) fn suite(verdicts: &RunVerdicts) -> TestSuite {
    let mut suite = TestSuite::new(clean(&verdicts.scenario));
    suite.add_property(("run", verdicts.run.as_str()));
    suite.add_property(("leaseproof", verdicts.leaseproof.as_str()));
    suite.add_property(("ended", verdicts.ended.as_str()));
    for judgment in &verdicts.checks {
        suite.add_test_case(case(verdicts, judgment));
    }
    if verdicts.checks.is_empty() {
        suite.add_test_case(error_case("run", "no check was asked", "a run that asks nothing is Unknown, not Pass"));
    }
    if let Validity::Invalid { why } = &verdicts.validity {
        suite.add_test_case(error_case("validity", "the measurement is invalid", why));
    }
    suite
}

/// The suite of a scenario that came to no verdicts.
pub(crate) fn without_verdicts(scenario: &str, why: &str) -> TestSuite {
    let mut suite = TestSuite::new(clean(scenario));
    suite.add_test_case(error_case("run", "there are no verdicts", why));
    suite
}

pub(crate) fn written(report: &Report) -> String {
    report.to_string().expect("a report without timestamps is always writable")
}

fn case(verdicts: &RunVerdicts, judgment: &Judgment) -> TestCase {
    let name = format!("{} {} ({})", judgment.check, judgment.title, judgment.subject);
    let mut case = TestCase::new(clean(&name), status(verdicts, judgment));
    case.set_classname(clean(&format!("{}.{}", verdicts.scenario, judgment.check)));
    case
}

fn status(verdicts: &RunVerdicts, judgment: &Judgment) -> TestCaseStatus {
    let invalid = matches!(verdicts.validity, Validity::Invalid { .. });
    let (mut status, kind) = match (judgment.verdict, &judgment.known) {
        (Verdict::Pass, _) => return TestCaseStatus::success(),
        (Verdict::Fail, Some(_)) => (TestCaseStatus::skipped(), "known"),
        (Verdict::Fail, None) if invalid && judgment.rests_on_timing => {
            (TestCaseStatus::non_success(NonSuccessKind::Error), "invalid")
        }
        (Verdict::Fail, None) => (TestCaseStatus::non_success(NonSuccessKind::Failure), "fail"),
        (Verdict::Unknown, _) => (TestCaseStatus::non_success(NonSuccessKind::Error), "unknown"),
    };
    status.set_type(kind);
    status.set_message(clean(&message(judgment)));
    status.set_description(clean(&evidence::lines(judgment).join("\n")));
    status
}

fn message(judgment: &Judgment) -> String {
    if let Some(known) = &judgment.known {
        return known.because.clone();
    }
    let first = judgment.findings.first().map(|finding| finding.what.as_str());
    let what = first.or(judgment.reason.as_deref()).unwrap_or(&judgment.title);
    format!("{what} ({})", figures::count(judgment.samples, "sample"))
}

fn error_case(name: &str, message: &str, description: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type(name).set_message(clean(message)).set_description(clean(description));
    TestCase::new(name, status)
}

/// Leaves out what XML 1.0 has no way to write (Char, production 2). The writer takes out control characters itself,
/// and with them whatever it holds for a terminal's escape; the two noncharacters it lets through.
fn clean(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)).collect()
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{CheckId, Finding, Validity};

    use super::junit;
    use crate::sample;

    #[test]
    fn every_kind_of_verdict_has_its_element() {
        insta::assert_snapshot!(junit(&sample::verdicts()));
    }

    #[test]
    fn a_run_without_checks_is_an_error() {
        let mut verdicts = sample::verdicts();
        verdicts.checks.clear();
        let xml = junit(&verdicts);
        assert!(xml.contains(r#"tests="1""#) && xml.contains(r#"errors="1""#), "{xml}");
    }

    #[test]
    fn a_timing_failure_of_an_invalid_measurement_is_an_error() {
        let mut verdicts = sample::verdicts();
        verdicts.validity = Validity::Invalid { why: "4 % of 1300 sends were late".into() };
        verdicts.checks.retain(|judgment| judgment.check == CheckId::of("INV-1"));
        let xml = junit(&verdicts);
        assert!(xml.contains(r#"failures="0""#) && xml.contains(r#"errors="2""#), "{xml}");
    }

    #[test]
    fn bytes_that_xml_forbids_are_left_out() {
        let mut verdicts = sample::verdicts();
        let what = "a\u{0}b\u{8}c\u{1b}[31md\u{fffe}e\u{ffff}f & <g>".to_owned();
        verdicts.checks[1].findings = vec![Finding { what, ..Finding::default() }];
        let xml = junit(&verdicts);
        assert!(!xml.contains(['\u{0}', '\u{8}', '\u{1b}', '\u{fffe}', '\u{ffff}']));
        assert!(xml.contains("&amp; &lt;g&gt;"), "{xml}");
    }
}
