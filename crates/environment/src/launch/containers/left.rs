use std::collections::BTreeMap;

use leaseproof_history::Entry;

use super::{HARNESS, MAKER, PREFIX, RUN, engine};

/// The containers of a run: those of its ledger, and those that carry its label. Blocking.
///
/// The ledger is a file that anybody may have changed: only a container with our name is one.
pub(crate) fn of_run(run: &str, entries: &[Entry]) -> Vec<String> {
    let names = entries.iter().filter_map(|entry| match entry {
        Entry::Container { name } if name.starts_with(PREFIX) => Some(name.clone()),
        _ => None,
    });
    let mut names: Vec<String> = names.collect();
    if names.is_empty() {
        return names;
    }
    names.extend(labelled(&format!("{RUN}={run}")).into_iter().map(|container| container.name));
    names.sort();
    names.dedup();
    names
}

/// Removes those containers. Blocking. Gives the names of those that are gone now, and of those that are not, with why.
pub(crate) fn remove_run(run: &str, entries: &[Entry]) -> (Vec<String>, Vec<String>) {
    remove_all(of_run(run, entries))
}

/// Containers whose harness is gone and that no ledger knows any more, by their run. Blocking; without an engine there
/// are none. What another user, or this one on another machine, made on the same engine is not among them: whether
/// its harness lifecycles is not to be seen from here.
pub(crate) fn strays() -> BTreeMap<String, Vec<String>> {
    let mut runs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for container in labelled(RUN) {
        let is_ours = container.maker.is_empty() || container.maker == engine::this_maker();
        if container.name.starts_with(PREFIX) && is_ours && !engine::lifecycles(&container.harness) {
            runs.entry(container.run).or_default().push(container.name);
        }
    }
    runs
}

/// A container of leaseproof's, by its labels.
struct Labelled {
    name: String,
    run: String,
    harness: String,
    /// Empty where an older leaseproof made it.
    maker: String,
}

/// Every container with that label.
fn labelled(label: &str) -> Vec<Labelled> {
    let shown = |label: &str| format!("{{{{.Label \"{label}\"}}}}");
    let format = format!("{{{{.Names}}}}\t{}\t{}\t{}", shown(RUN), shown(HARNESS), shown(MAKER));
    let filter = format!("label={label}");
    let all = engine::ask(&["ps", "--all", "--filter", &filter, "--format", &format]).unwrap_or_default();
    let reported = all.lines().filter_map(|line| {
        let mut parts = line.split('\t').map(str::to_owned);
        let (name, run, harness) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Labelled { name, run, harness, maker: parts.next().unwrap_or_default() })
    });
    reported.collect()
}

/// Removes containers by their names: those that are gone now, and those that are not, with why.
pub(crate) fn remove_all(names: Vec<String>) -> (Vec<String>, Vec<String>) {
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
