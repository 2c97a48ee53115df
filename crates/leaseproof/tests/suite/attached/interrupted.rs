//! Fifty runs with a setup of their own, each ended at a random moment by a random signal, in an environment in which others'
//! things stand beside the run's: afterwards everything is as it was before the first of them.

use std::collections::BTreeMap;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::theirs::Theirs;
use crate::support::{on_one_line, text, wait};

const RUNS: u32 = 50;
const SIGNALS: [(Signal, i32); 5] = [
    (Signal::SIGINT, 130),
    (Signal::SIGTERM, 143),
    (Signal::SIGHUP, 129),
    (Signal::SIGQUIT, 131),
    (Signal::SIGKILL, 0),
];
/// Moments after the start, in milliseconds: from the login to the teardown.
const MOMENTS: std::ops::Range<u64> = 100..12_000;
/// How often `clean --attached` is asked: a second later Vault has given up what it was at when the harness was killed.
const CLEANS: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes ten to twenty minutes"]
async fn fifty_interrupted_runs_leave_everything_as_it_was() {
    let theirs = Theirs::stand_for_ours().await;
    let before = theirs.observation().await;
    let seed = std::env::var("LEASEPROOF_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(11);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let arguments = theirs.run(&["--set", "phase.steady.for=4s", "--set", "phase.steady.drain=3s"]);
    let mut figures: BTreeMap<String, u32> = BTreeMap::new();
    for number in 0..RUNS {
        let (signal, code) = SIGNALS[number as usize % SIGNALS.len()];
        let (moment, twice) = (random.random_range(MOMENTS), random.random_bool(0.3));
        let child = theirs.desk.start(&theirs.scenario, &arguments);
        let pid = Pid::from_raw(child.id().try_into().unwrap());
        tokio::time::sleep(Duration::from_millis(moment)).await;
        let point = point(&theirs);
        theirs.untouched(&before).await;
        let was_there = kill(pid, signal).is_ok();
        if twice {
            tokio::time::sleep(Duration::from_millis(random.random_range(50..1_500))).await;
            let _ended_meanwhile = kill(pid, signal);
        }
        let output = tokio::task::spawn_blocking(move || wait(child, Duration::from_secs(120))).await.unwrap();
        let shown = text(&output);
        let at = format!("run {number}, {signal} after {moment} ms ({point}), twice: {twice}: {shown}");
        let words = on_one_line(&shown);
        let ended = match output.status.code() {
            None => "killed",
            Some(ended) if ended == code && words.contains("not everything was cleaned up") => {
                "left something, and said so"
            }
            Some(ended) if ended == code && words.contains("cleaned up") => "cleaned up",
            Some(0 | 1 | 3 | 4) => "ended by itself",
            Some(other) => panic!("{other}, {at}"),
        };
        assert!(was_there || ended == "ended by itself", "{at}");
        let kind = if twice { "twice" } else { "once" };
        *figures.entry(format!("{signal} {kind}: {ended}")).or_default() += 1;
        *figures.entry(format!("at {point}")).or_default() += 1;
        let mut cleaned = theirs.desk.output(["clean", "--attached", theirs.scenario.to_str().unwrap()]);
        for _ in 1..CLEANS {
            if cleaned.status.success() {
                break;
            }
            *figures.entry("cleaned once more".to_owned()).or_default() += 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
            cleaned = theirs.desk.output(["clean", "--attached", theirs.scenario.to_str().unwrap()]);
        }
        assert!(cleaned.status.success(), "{}\n{at}", text(&cleaned));
        theirs.as_before(&before).await;
        theirs.desk.assert_nothing_left();
        let _of_a_run_that_had_not_begun = std::fs::remove_dir_all(theirs.desk.run_folder());
    }
    eprintln!("{RUNS} runs, seed {seed}, {} things of others and of the servers compared:", before.len());
    figures.iter().for_each(|(what, count)| eprintln!("  {count:3} {what}"));
}

/// How far the run has come, by what is in its ledger.
fn point(theirs: &Theirs) -> &'static str {
    let ledger = std::fs::read_to_string(theirs.desk.run_folder().join("ledger.jsonl")).unwrap_or_default();
    let has = |kind: &str| ledger.contains(&format!("\"made\":\"{kind}\""));
    match () {
        () if has("token_revoked") => "the teardown",
        () if has("token_accessor") => "the load and its drain",
        () if has("made_there") => "the setup",
        () => "the start",
    }
}
