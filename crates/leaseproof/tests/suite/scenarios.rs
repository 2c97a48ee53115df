//! Scenarios of `scenarios/` as they are, end to end: every promise is kept, a second judgment is the same, and nothing is
//! left behind. `ci/scenarios` runs all of them.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{Desk, assert_kept, text, workspace};

/// The scenarios that have no test here, each with the place that runs it.
const ELSEWHERE: &[(&str, &str)] = &[
    ("connection-rewritten", "actions"),
    ("delphi", "cases"),
    ("delphi-group-role", "cases"),
    ("keybuzz-patroni", "`ci/nightly scenarios`: it mostly waits for Patroni's timeouts"),
    ("mount-disabled", "actions"),
    ("powerdns", "containers, also as processes"),
    ("rotate-root", "actions"),
    ("schema-migration", "actions"),
    ("vault-storage-down", "`ci/nightly scenarios`: it mostly waits"),
    ("wizard", "cases"),
    ("wizard-drop-role", "cases"),
];

/// Makes a test of each: they run beside the other tests, and each is tried again by itself.
macro_rules! scenarios {
    ($($test:ident: $scenario:literal),+ $(,)?) => {
        $(#[test]
        fn $test() {
            passes($scenario);
        })+

        #[test]
        fn every_scenario_is_run_by_a_test_or_by_the_night() {
            let run = [$($scenario),+].into_iter().chain(ELSEWHERE.iter().map(|(name, _)| *name));
            let run: BTreeSet<String> = run.map(str::to_owned).collect();
            let folders = fs::read_dir(workspace().join("scenarios")).unwrap().map(|entry| entry.unwrap().path());
            let folders = folders.filter(|path| path.join("scenario.toml").exists());
            let all: BTreeSet<String> =
                folders.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
            assert_eq!(run, all);
        }
    };
}

scenarios! {
    keybuzz: "keybuzz",
    keybuzz_failover: "keybuzz-failover",
    keybuzz_owned: "keybuzz-owned",
    keybuzz_tls: "keybuzz-tls",
    powerdns_live: "powerdns-live",
    powerdns_redeployed: "powerdns-redeployed",
    two_clusters: "two-clusters",
    vault_storage: "vault-storage",
    vault_storage_failover: "vault-storage-failover",
    vault_storage_ha: "vault-storage-ha",
}

fn passes(name: &str) {
    let desk = Desk::new();
    let output = desk.run(&workspace().join("scenarios").join(name), &["--profile", "soak"]);
    assert_kept(&output, &desk.verdicts());
    let verdicts = || fs::read(desk.run_folder().join("verdicts.json")).unwrap();
    let first = verdicts();
    let again = desk.command(["judge", "--quiet"]).arg(desk.run_folder()).output().unwrap();
    assert_eq!(again.status, output.status, "{}", text(&again));
    assert!(first == verdicts(), "judged again, the verdicts differ: {}", text(&again));
    desk.assert_nothing_left();
}
