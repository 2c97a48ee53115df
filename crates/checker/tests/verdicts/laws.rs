//! Laws that hold for every history.

use std::fs;
use std::path::Path;

use leaseproof_checker::{catalogue_markdown, judge, overall};
use leaseproof_domain::{Event, Verdict};
use leaseproof_history::ReadEnd;
use proptest::prelude::*;

use crate::story::{S, Story, seen, wall};

#[test]
fn the_page_of_checks_is_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, catalogue_markdown()).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(page == catalogue_markdown(), "docs/checks.md is not up to date; write it anew with UPDATE_DOCS=1");
}

fn events() -> Vec<Event> {
    Story::good().events()
}

/// An observation shows a role before the answer of its issue is written down.
#[test]
fn a_role_whose_issue_was_under_way_when_the_history_broke_off_accuses_nobody() {
    let story = Story::empty().with(|story| {
        story.observation(S, vec![], vec![]);
        story.observation(2 * S, vec![seen(1, wall(3605))], vec![]);
    });
    let verdict_at = |id: &str, seconds: u64| {
        let late = story.clone().asking(&[id]).with(|story| story.observation(seconds * S, vec![], vec![]));
        let events = late.events().into_iter().filter(|event| !matches!(event, Event::End(_)));
        let cut = ReadEnd::CutOff { why: "after some events".into() };
        judge(&late.plan, events, || cut).verdicts.checks[0].verdict
    };
    assert_eq!(verdict_at("INV-3", 29), Verdict::Unknown);
    // Ten seconds of the client's timeout and thirty of the observers' after the observation that showed it.
    assert_eq!(verdict_at("INV-3", 42), Verdict::Unknown);
    assert_eq!(verdict_at("INV-3", 43), Verdict::Fail);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_beginning_of_a_good_run_accuses_nobody_and_passes_nothing(length in 0..events().len()) {
        let story = Story::good();
        let beginning = events().into_iter().take(length);
        let cut = ReadEnd::CutOff { why: "after some events".into() };
        for judgment in judge(&story.plan, beginning, || cut).verdicts.checks {
            prop_assert_eq!(judgment.verdict, Verdict::Unknown, "{:#?}", judgment);
        }
    }

    #[test]
    fn without_any_one_event_a_good_run_is_judged_alike_every_time(unwanted in 0..events().len()) {
        let story = Story::good();
        let mut rest = events();
        rest.remove(unwanted);
        let bytes = || {
            let judged = judge(&story.plan, rest.clone().into_iter(), || ReadEnd::Complete);
            serde_json::to_vec(&judged.verdicts).unwrap()
        };
        prop_assert_eq!(bytes(), bytes());
    }

    #[test]
    fn the_whole_is_as_bad_as_its_worst(verdicts in proptest::collection::vec(0..3_usize, 1..8)) {
        let of = [Verdict::Pass, Verdict::Unknown, Verdict::Fail];
        let mut judgment = Story::good().judgment("ISS-1");
        judgment.known_issue = None;
        let judgments: Vec<_> = verdicts
            .iter()
            .map(|verdict| {
                judgment.verdict = of[*verdict];
                judgment.clone()
            })
            .collect();
        let expected = of[*verdicts.iter().max().unwrap()];
        prop_assert_eq!(overall(&judgments), expected);
    }
}
