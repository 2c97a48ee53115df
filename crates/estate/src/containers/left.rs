use std::collections::BTreeMap;

use leaseproof_history::Entry;

use super::{HARNESS, PREFIX, RUN, engine};

/// Removes the containers of a run: those of its ledger, and those that carry its label. Blocking. Gives the names of
/// those that are gone now, and of those that are not, with why.
///
/// The ledger is a file that anybody may have changed: only a container with our name is removed.
pub(crate) fn remove_run(run: &str, entries: &[Entry]) -> (Vec<String>, Vec<String>) {
    let names = entries.iter().filter_map(|entry| match entry {
        Entry::Container { name } if name.starts_with(PREFIX) => Some(name.clone()),
        _ => None,
    });
    let mut names: Vec<String> = names.collect();
    if names.is_empty() {
        return (Vec::new(), Vec::new());
    }
    names.extend(labelled(&format!("{RUN}={run}")).into_iter().map(|(name, _, _)| name));
    names.sort();
    names.dedup();
    remove_all(names)
}

/// Removes containers whose harness is gone and that no ledger knows any more, run by run: the names of those that are
/// gone now, and of those that are not. Blocking; without an engine there are none.
pub(crate) fn remove_strays() -> BTreeMap<String, (Vec<String>, Vec<String>)> {
    let mut runs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, run, harness) in labelled(RUN) {
        if name.starts_with(PREFIX) && !engine::lives(&harness) {
            runs.entry(run).or_default().push(name);
        }
    }
    runs.into_iter().map(|(run, names)| (run, remove_all(names))).collect()
}

/// Name, run and harness of every container with that label.
fn labelled(label: &str) -> Vec<(String, String, String)> {
    let format = format!("{{{{.Names}}}}\t{{{{.Label \"{RUN}\"}}}}\t{{{{.Label \"{HARNESS}\"}}}}");
    let filter = format!("label={label}");
    let all = engine::ask(&["ps", "--all", "--filter", &filter, "--format", &format]).unwrap_or_default();
    let told = all.lines().filter_map(|line| {
        let mut parts = line.split('\t').map(str::to_owned);
        Some((parts.next()?, parts.next()?, parts.next()?))
    });
    told.collect()
}

fn remove_all(names: Vec<String>) -> (Vec<String>, Vec<String>) {
    let (mut gone, mut left) = (Vec::new(), Vec::new());
    for name in names {
        match engine::remove(&name) {
            Ok(true) => gone.push(name),
            Ok(false) => {}
            Err(why) => left.push(format!("container {name} ({why})")),
        }
    }
    (gone, left)
}
