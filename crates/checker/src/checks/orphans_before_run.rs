use std::collections::BTreeSet;

use leaseproof_domain::{Finding, OrphanBefore, UndecidedBefore};

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{LeftBefore, Run};
use crate::windows::Selection;
use crate::words::count;

/// No role is left without a lease from before the run.
pub(super) struct OrphansBeforeRun;

impl Check for OrphansBeforeRun {
    fn end(&mut self, run: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        if run.before.observed() > 0 && !run.before.knows_leases() {
            collector.cannot_say("Vault's leases were not observed before the first credential was requested");
            return;
        }
        collector.samples(run.before.observed());
        let clusters: BTreeSet<&str> = run.plan.roles.iter().map(|role| role.on.as_str()).collect();
        for cluster in &clusters {
            collector.expect_of(&format!("of the roles on {cluster}"), run.before.has_cluster(cluster));
        }
        // Vault's own storage has no credentials.
        let unseen = run.plan.postgres.keys().filter(|name| !clusters.contains(name.as_str()));
        for cluster in unseen.filter(|_| run.plan.vault.postgresql.is_none()) {
            collector.note(format!("the roles of postgres.{cluster} were not observed: no promised role is on it"));
        }
        let promise = run.plan.promise.orphans_before.as_ref();
        let allowed = promise.map_or(0, |promise| promise.value);
        let (at_least, at_most) = whole.left.count();
        let LeftBefore { orphans, undecided } = whole.left;
        if at_least <= allowed {
            if at_most > allowed {
                collector.cannot_say(undecided.iter().map(undecided_words).collect::<Vec<_>>().join("; "));
            }
            return;
        }
        for undecided in undecided.iter().filter(|undecided| undecided.at_least > 0) {
            collector.find(Finding {
                what: undecided_words(undecided),
                username: undecided.names.first().cloned(),
                promised: promise.map(|promise| promise.origin.clone()),
                ..Finding::default()
            });
        }
        for orphan in orphans {
            collector.find(Finding {
                what: words(orphan, allowed, at_least),
                username: Some(orphan.name.clone()),
                oid: Some(orphan.oid),
                promised: promise.map(|promise| promise.origin.clone()),
                ..Finding::default()
            });
        }
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        None
    }

    fn without_samples(&self) -> &'static str {
        "roles were not observed before the first credential was requested"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}

/// The same for every role, so that all of them are one cause; the report lists what each is.
fn words(orphan: &OrphanBefore, allowed: u64, at_least: u64) -> String {
    let OrphanBefore { name, cluster, .. } = orphan;
    let on = if cluster.is_empty() { String::new() } else { format!(" on {cluster}") };
    let expected = if allowed == 0 { "no role".to_owned() } else { format!("at most {}", count(allowed, "role")) };
    format!(
        "expected {expected} without a lease from before the run, got {at_least}: {name}{on} matches a username pattern, and \
         Vault lists no lease that could be its own"
    )
}

fn undecided_words(undecided: &UndecidedBefore) -> String {
    let UndecidedBefore { why, roles, at_least, at_most, names } = undecided;
    let all = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let without = if at_least == at_most { at_most.to_string() } else { format!("{at_least} to {at_most}") };
    let which = if *roles == 1 {
        format!("it is not known whether {all} has a lease")
    } else {
        format!("{without} of {roles} roles from before the run have no lease, and it is not known which: {all}")
    };
    format!("{which}: {why}")
}
