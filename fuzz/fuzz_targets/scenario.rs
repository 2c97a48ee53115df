//! A scenario.toml, with a profile and `--set` where the text before the first line of `----` has them: it is accepted or
//! refused; what is shown of it holds no password and nothing that speaks to a terminal; its plan is read back the same.

#![no_main]

use std::cell::LazyCell;

use leaseproof_domain::is_hidden;
use leaseproof_scenario::{LoadOptions, Plan};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const SECRET: &str = "Sq7-zx-secret-Vq";

thread_local! {
    static FOLDER: LazyCell<TempDir> = const { LazyCell::new(|| tempfile::tempdir_in("/dev/shm").expect("a folder in memory")) };
}

fuzz_target!(|text: &str| {
    // An input that has it says nowhere that it is a password.
    if text.contains(SECRET) {
        return;
    }
    let (options, text) = text.split_once("\n----\n").unwrap_or(("", text));
    let (thresholds, options): (Vec<_>, Vec<_>) = options.lines().partition(|line| line.contains(['<', '>']));
    let (profile, set): (Vec<_>, Vec<_>) = options.into_iter().partition(|line| !line.contains('='));
    let owned = |lines: Vec<&str>| lines.into_iter().map(str::to_owned).collect();
    let options = LoadOptions {
        profile: profile.first().map(|name| (*name).to_owned()),
        set: owned(set),
        thresholds: owned(thresholds),
    };
    let planted = format!(
        "{text}\n[[setup]]\nwrite = \"x/y\"\ndata = {{ password = \"{SECRET}\", nonsense = 1 }}\nunknown = 1\n"
    );
    FOLDER.with(|folder| {
        for text in [text, &planted] {
            let file = folder.path().join("scenario.toml");
            std::fs::write(&file, text).expect("memory is not full");
            match leaseproof_scenario::load(&file, &options) {
                Ok(plan) => reads_back(&plan),
                Err(problems) => {
                    let shown = problems.render(false);
                    assert!(!shown.contains(SECRET), "{shown}");
                    assert!(!shown.chars().any(|c| is_hidden(c) && c != '\n'), "{shown:?}");
                }
            }
        }
    });
});

fn reads_back(plan: &Plan) {
    let json = plan.redacted().to_json();
    assert!(!json.contains(SECRET), "{json}");
    assert_eq!(Plan::from_json(&json).expect("a plan that was written").to_json(), json);
}
