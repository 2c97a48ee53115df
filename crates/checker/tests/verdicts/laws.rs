//! Laws that hold for every history.

use std::fs;
use std::path::Path;

use leaseproof_checker::{catalogue_markdown, judge, overall};
use leaseproof_domain::{Event, Verdict};
use leaseproof_history::ReadEnd;
use proptest::prelude::*;

use crate::story::Story;

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
        judgment.known = None;
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
