use std::collections::BTreeMap;

use leaseproof_domain::{CheckId, Finding, ObservedNote, RunOutcome, ServerNote, Validity};
use quick_xml::events::{BytesStart, Event};

use super::junit;
use crate::sample;

/// An element, the elements that may stand in it, the attributes that it has to have, and those that it may have.
type Element = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// Jenkins' `junit-10.xsd`, as far as it is about elements and attributes: each element with the elements that may stand
/// in it, the attributes that it has to have, and those that it may have.
const SCHEMA: &[Element] = &[
    ("testsuites", &["testsuite"], &[], &["name", "time", "tests", "failures", "errors"]),
    (
        "testsuite",
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
        &["name", "tests", "failures", "errors"],
        &["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"],
    ),
    ("properties", &["property"], &[], &[]),
    ("property", &[], &["name", "value"], &[]),
    (
        "testcase",
        &["skipped", "error", "failure", "system-out", "system-err"],
        &["name"],
        &["time", "classname", "group"],
    ),
    ("failure", &[], &[], &["type", "message"]),
    ("error", &[], &[], &["type", "message"]),
    ("skipped", &[], &[], &["type", "message"]),
    ("system-out", &[], &[], &[]),
];

/// Everything in which the text breaks the schema.
fn breaches(xml: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut within: Vec<String> = Vec::new();
    let mut breaches = Vec::new();
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Eof => return breaches,
            Event::Start(tag) | Event::Empty(tag) => {
                let name = String::from_utf8(tag.name().as_ref().to_vec()).unwrap();
                breaches.extend(element(&name, within.last(), tag));
                if matches!(event, Event::Start(_)) {
                    within.push(name);
                }
            }
            Event::End(_) => drop(within.pop()),
            _ => {}
        }
    }
}

fn element(name: &str, parent: Option<&String>, tag: &BytesStart<'_>) -> Vec<String> {
    let Some((_, _, required, optional)) = SCHEMA.iter().find(|(element, ..)| *element == name) else {
        return vec![format!("<{name}> is no element")];
    };
    let inside =
        |parent: &String| SCHEMA.iter().any(|(element, inside, ..)| element == parent && inside.contains(&name));
    let mut breaches = Vec::new();
    if !parent.map_or(name == "testsuites", inside) {
        breaches.push(format!("<{name}> may not stand in {parent:?}"));
    }
    let attributes: BTreeMap<String, String> = tag
        .attributes()
        .map(|attribute| attribute.unwrap())
        .map(|attribute| {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            (text(attribute.key.as_ref()), text(&attribute.value))
        })
        .collect();
    breaches.extend(
        required.iter().filter(|name| !attributes.contains_key(**name)).map(|it| format!("<{name}> lacks {it}")),
    );
    let known = |attribute: &&String| required.contains(&attribute.as_str()) || optional.contains(&attribute.as_str());
    breaches.extend(attributes.keys().filter(|attribute| !known(attribute)).map(|it| format!("<{name}> has {it}")));
    breaches
}

#[test]
fn every_kind_of_verdict_has_its_element() {
    insta::assert_snapshot!(junit(&sample::verdicts()));
}

#[test]
fn a_rejected_setup_is_one_failure_and_no_check_was_run() {
    let xml = junit(&sample::setup_rejected());
    let counts = r#"tests="6" failures="1" errors="0" skipped="5" time="4.100" timestamp="2026-11-22T22:58:01""#;
    assert!(xml.contains(counts), "{xml}");
    insta::assert_snapshot!(xml);
}

#[test]
fn jenkins_schema_is_kept() {
    for verdicts in [sample::verdicts(), sample::setup_rejected(), sample::all_passed(), sample::known_issues_only()] {
        assert_eq!(breaches(&junit(&verdicts)), Vec::<String>::new());
    }
    let broken = r#"<testsuites skipped="1"><testcase/></testsuites>"#;
    assert_eq!(breaches(broken).len(), 3, "{:?}", breaches(broken));
}

#[test]
fn warnings_stand_in_the_output_of_the_run() {
    let mut verdicts = sample::all_passed();
    let note = ServerNote::vault("Endpoint ignored these unrecognized parameters: [ttl]");
    verdicts.observed.notes = vec![ObservedNote { of: "write database/roles/app".into(), origin: None, note }];
    let xml = junit(&verdicts);
    let output = xml.split_once("<system-out>").unwrap().1.split_once("</system-out>").unwrap().0;
    assert!(output.contains("warning: ") && output.contains("ignored these unrecognized parameters"), "{xml}");
    assert_eq!(breaches(&xml), Vec::<String>::new());
    verdicts.observed.notes.clear();
    verdicts.warnings.clear();
    assert!(!junit(&verdicts).contains("system-out"));
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
    verdicts.outcome = RunOutcome::InvalidMeasurement;
    verdicts.checks.retain(|judgment| judgment.check == CheckId::of("INV-1"));
    let xml = junit(&verdicts);
    assert!(xml.contains(r#"failures="0""#) && xml.contains(r#"errors="2""#), "{xml}");
}

#[test]
fn hidden_characters_are_shown_and_xml_stays_valid() {
    let mut verdicts = sample::verdicts();
    let what = "a\u{0}b\u{8}c\u{1b}[31md\u{fffe}e\u{ffff}f & <g>".to_owned();
    verdicts.checks[1].findings = vec![Finding { what, ..Finding::default() }];
    verdicts.scenario = "power\u{1b}dns".to_owned();
    let xml = junit(&verdicts);
    assert!(!xml.contains(['\u{0}', '\u{8}', '\u{1b}', '\u{fffe}', '\u{ffff}']));
    assert!(xml.contains("&amp; &lt;g&gt;"), "{xml}");
    assert_eq!(breaches(&xml), Vec::<String>::new());
}
