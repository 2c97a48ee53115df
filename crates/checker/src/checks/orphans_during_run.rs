use std::collections::BTreeSet;

use leaseproof_domain::{Event, Finding, Observer};

use super::shown::expect_shown;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Orphan, Run};

/// At every observation, each generated role belongs to a lease or to a request under way.
#[derive(Default)]
pub(super) struct OrphansDuringRun {
    /// OIDs of the roles that were left once the run's token was revoked and Vault held no lease any more that could be
    /// theirs: no lease ever was, or it is lost.
    left: BTreeSet<u32>,
}

impl Check for OrphansDuringRun {
    fn see(&mut self, event: &Event, run: &Run<'_>, _: &mut FindingCollector) {
        if let Event::Residue { released: true, roles, leases, .. } = event
            && leases.iter().all(|lease| run.is_owned(lease) || run.dns.owns_lease(lease))
        {
            self.left.extend(roles.iter().map(|role| role.oid));
        }
    }

    /// A role that stands for some seconds is shown by an observation of all roles.
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        expect_shown(lifecycle, run, collector);
    }

    fn end(&mut self, run: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        collector.samples(run.roles_appeared());
        // A request without an answer explains a role while Vault may still work on it, and not one that stays.
        let stays = |orphan: &Orphan| self.left.contains(&orphan.track.oid);
        let strangers: Vec<&Orphan> =
            whole.orphans.iter().filter(|orphan| !orphan.explained || stays(orphan)).collect();
        let promise = run.plan.promise.orphans.as_ref();
        if strangers.len() as u64 <= promise.map_or(0, |promise| promise.value) {
            return;
        }
        for orphan in strangers {
            collector.find(Finding {
                what: format!(
                    "{} {}{}{}",
                    orphan.track.name,
                    why(orphan),
                    run.groups.why_not_allowed(&orphan.track.name),
                    run.why_not_revoked(&orphan.track.name)
                ),
                username: Some(orphan.track.name.clone()),
                oid: Some(orphan.track.oid),
                at: Some(orphan.appeared.from),
                promised: promise.map(|promise| promise.origin.clone()),
                ..Finding::default()
            });
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Roles]
    }

    fn without_samples(&self) -> &'static str {
        "no observation showed a generated role"
    }
}

fn why(orphan: &Orphan) -> &'static str {
    if orphan.explained {
        "has no lease: it was left by an issue whose client disconnected without an answer, and revoking the run's token \
         did not remove it"
    } else {
        "appeared in pg_roles and belongs to no acknowledged issue and to no request in flight"
    }
}
