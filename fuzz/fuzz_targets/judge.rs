//! The lines of a history, judged by a plan of every promise: there is a verdict, it is written down in every form, and
//! none of them holds what speaks to a terminal.

#![no_main]

use std::cell::LazyCell;

use leaseproof_checker::judge;
use leaseproof_domain::{Event, is_hidden};
use leaseproof_history::ReadEnd;
use leaseproof_report::{Detail, LifecycleStory, TerminalView};
use leaseproof_scenario::Plan;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static PLAN: LazyCell<Plan> = const { LazyCell::new(|| Plan::from_json(include_str!("../corpus/plan/groups")).expect("a plan")) };
}

fuzz_target!(|text: &str| {
    let events: Vec<Event> = text.lines().map_while(|line| serde_json::from_str(line).ok()).collect();
    PLAN.with(|plan| {
        let verdicts = judge(plan, events.clone().into_iter(), || ReadEnd::Complete).verdicts;
        let json = leaseproof_report::verdicts_json(&verdicts);
        let view = TerminalView {
            servers: &[],
            folder: None,
            detail: Detail::Verbose,
            width: Some(80),
            exit_code: 1,
            exit_meaning: None,
        };
        let mut story = LifecycleStory::of("x");
        events.iter().for_each(|event| story.identify(event));
        events.iter().for_each(|event| story.tell(event));
        let own = |c: char| c == '\n' || c == '\u{1b}';
        for shown in [
            json,
            leaseproof_report::junit(&verdicts),
            leaseproof_report::summary(&verdicts),
            leaseproof_report::terminal(&verdicts, &view),
            story.render(Some(&verdicts), Some(80)),
        ] {
            assert!(!shown.chars().any(|c| is_hidden(c) && !own(c)), "{shown:?}");
        }
    });
});
