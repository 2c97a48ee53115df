//! The figures second by second.

use leaseproof_domain::{Dropped, Event, Micros, Operation, SecondFigures};
use proptest::prelude::*;

use crate::story::{MS, ROLE, S, Story, no_answer, refused_with};
use leaseproof_domain::{FailureSource, Outcome};

fn rows(story: &Story, op: Operation) -> Vec<SecondFigures> {
    story.judged().seconds.into_iter().filter(|row| row.op == op).collect()
}

fn failed() -> Outcome {
    refused_with(FailureSource::Vault, "500", "busy")
}

#[test]
fn a_request_is_due_in_the_second_of_its_intended_start_and_completed_in_that_of_its_answer() {
    let mut story = Story::empty();
    story.operation(1, Operation::Issue, 1_100 * MS, 1_200 * MS, Outcome::Ok);
    story.operation(2, Operation::Issue, 1_900 * MS, 3_100 * MS, failed());
    let dropped = Dropped {
        lifecycle: 3,
        role: ROLE.into(),
        phase: "steady".into(),
        intended: Micros(3_500 * MS),
        lifecycle_name: None,
    };
    story.add(3_500 * MS, Event::Dropped(dropped));
    story.operation(4, Operation::Issue, 3_700 * MS, 13_700 * MS, no_answer());
    let row = |second, due, completed, failed, unanswered, times: Option<(u64, u64)>, backlog| SecondFigures {
        second,
        op: Operation::Issue,
        due,
        completed,
        failed,
        unanswered,
        p50: times.map(|(p50, _)| Micros(p50)),
        p99: times.map(|(_, p99)| Micros(p99)),
        backlog,
    };
    let expected = [
        row(1, 2, 1, 0, 0, Some((100 * MS, 1_200 * MS)), 1),
        row(3, 2, 1, 1, 1, Some((10 * S, 10 * S)), 1),
        row(13, 0, 0, 0, 1, None, 0),
    ];
    assert_eq!(rows(&story, Operation::Issue), expected);
}

/// A request that ended when the times of its second were no longer kept is counted, and is the slowest of that second.
#[test]
fn a_request_that_ends_long_after_its_second_is_counted() {
    let mut story = Story::empty().ending(600 * S);
    story.operation(1, Operation::Issue, S, S + 10 * MS, Outcome::Ok);
    story.operation(2, Operation::Issue, 300 * S, 300 * S + MS, Outcome::Ok);
    story.operation(3, Operation::Issue, S + MS, 400 * S, Outcome::Ok);
    let first = rows(&story, Operation::Issue)[0];
    assert_eq!((first.due, first.p50, first.p99), (2, Some(Micros(10 * MS)), Some(Micros(399 * S - MS))));
    assert_eq!(rows(&story, Operation::Issue).last().unwrap().backlog, 0);
}

proptest! {
    #[test]
    fn the_seconds_add_up_to_the_figures_of_the_run(
        requests in prop::collection::vec((0_u64..20_000, 0_u64..15_000, 0_u8..4, 0_usize..3), 0..80),
    ) {
        let mut story = Story::empty().ending(60 * S);
        for (lifecycle, (at, lasts, outcome, op)) in requests.iter().enumerate() {
            let op = [Operation::Issue, Operation::Login, Operation::Revoke][*op];
            let outcome = match outcome { 0 => failed(), 1 => no_answer(), _ => Outcome::Ok };
            story.operation(lifecycle as u64 + 1, op, at * MS, (at + lasts) * MS, outcome);
        }
        let judged = story.judged();
        for figures in &judged.verdicts.operations {
            let of = |part: fn(&SecondFigures) -> u32| -> u64 {
                judged.seconds.iter().filter(|row| row.op == figures.op).map(|row| u64::from(part(row))).sum()
            };
            prop_assert_eq!(of(|row| row.due), figures.due);
            prop_assert_eq!(of(|row| row.completed), figures.ok + figures.failed);
            prop_assert_eq!(of(|row| row.failed), figures.failed);
            prop_assert_eq!(of(|row| row.unanswered), figures.indeterminate + figures.dropped);
            let last = judged.seconds.iter().rfind(|row| row.op == figures.op).unwrap();
            prop_assert_eq!(last.backlog, 0);
            let most = judged.seconds.iter().filter(|row| row.op == figures.op).filter_map(|row| row.p99).max();
            prop_assert_eq!(most, Some(Micros(figures.response.max)));
        }
        prop_assert!(judged.seconds.is_sorted_by_key(|row| (row.second, row.op)));
    }
}
