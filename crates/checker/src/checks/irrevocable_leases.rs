use std::time::Duration;

use leaseproof_domain::{Event, Finding, Micros, Observer};

use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Life, Run};

/// Several times the pace of the looks.
const LOOKED: Duration = Duration::from_secs(6);

/// No lease becomes irrevocable.
#[derive(Default)]
pub(super) struct IrrevocableLeases {
    /// The beginning of the last look.
    looked: Option<Micros>,
}

impl Check for IrrevocableLeases {
    fn see(&mut self, event: &Event, _: &Run<'_>, collector: &mut FindingCollector) {
        let Event::Irrevocable(observation) = event else { return };
        self.looked = Some(observation.from);
        collector.sample();
        for (lease, why) in &observation.appeared {
            let words = if why.is_empty() { String::new() } else { format!(": {why}") };
            collector.find(Finding {
                what: format!("{lease} became irrevocable: Vault will not retry its revocation{words}"),
                lease: Some(lease.clone()),
                at: Some(observation.from),
                ..Finding::default()
            });
        }
    }

    /// A lease becomes irrevocable as it is revoked: looks before that do not show it.
    fn life(&mut self, life: &Life, run: &Run<'_>, collector: &mut FindingCollector) {
        if life.acknowledged().is_none() {
            return;
        }
        let revoked = life.revocation().filter(|step| step.is_ok()).map(|step| step.end);
        let Some(ended) = revoked.or_else(|| life.last_term().map(|term| term.latest)) else { return };
        let looked = self.looked.is_some_and(|looked| looked > ended);
        let due = run.last_look().is_some_and(|look| look.from > ended.after(LOOKED));
        if looked || due && !run.is_excused(ended, ended.after(LOOKED)) {
            collector.expect_of("of the credentials that ended before an observation", looked);
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Irrevocable]
    }

    fn without_samples(&self) -> &'static str {
        "irrevocable leases were not observed"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}
