use leaseproof_domain::Finding;

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::Run;
use crate::windows::Selection;

/// After each fault every standby follows the primary again.
pub(super) struct ReplicationAfterFaults;

impl Check for ReplicationAfterFaults {
    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        for fault in run.faults.iter() {
            let Some(account) = fault.source.fault().and_then(|plan| run.plan.replication_of(plan)) else { continue };
            let words = fault.words();
            for (at, lost) in &fault.standbys_lost {
                collector.find(Finding {
                    what: format!("{words}: {lost}"),
                    at: Some(*at),
                    promised: Some(account.origin.clone()),
                    ..Finding::default()
                });
            }
            match (fault.begun, fault.healed) {
                (Some(_), Some(_)) => collector.sample(),
                (Some(_), None) => collector.cannot_say(format!("{words} was not healed")),
                (None, _) => collector.cannot_say(format!("{words} did not begin")),
            }
        }
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        None
    }

    fn without_samples(&self) -> &'static str {
        "no fault took place on a cluster with `replicate_as`"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}
