use std::time::Duration;

use leaseproof_domain::{Event, Finding, Micros, Observer};

use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};

/// Several times the pace of the observations.
const OBSERVED: Duration = Duration::from_secs(6);

/// No lease becomes irrevocable.
#[derive(Default)]
pub(super) struct IrrevocableLeases {
    /// The beginning of the last observation.
    observed: Option<Micros>,
}

impl Check for IrrevocableLeases {
    fn see(&mut self, event: &Event, _: &Run<'_>, collector: &mut FindingCollector) {
        let Event::Irrevocable(observation) = event else { return };
        self.observed = Some(observation.from);
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

    /// A lease becomes irrevocable as it is revoked: observations before that do not show it.
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        if lifecycle.acknowledged().is_none() {
            return;
        }
        let revoked = lifecycle.revocation().filter(|step| step.is_ok()).map(|step| step.end);
        let Some(ended) = revoked.or_else(|| lifecycle.last_term().map(|term| term.latest)) else { return };
        let observed = self.observed.is_some_and(|observed| observed > ended);
        let due = run.last_observation().is_some_and(|observation| observation.from > ended.after(OBSERVED));
        if observed || due && !run.is_excused(ended, ended.after(OBSERVED)) {
            collector.expect_of("of the credentials that ended before an observation", observed);
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
