use leaseproof_domain::{Finding, Observer};

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Change, Run};
use crate::windows::Selection;

/// Each new credential is taken into use, and the old one is let go.
pub(super) struct DnsCredentialChange;

impl Check for DnsCredentialChange {
    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        let Some(pdns) = &run.plan.pdns else { return };
        let within = pdns.cycle_within.value;
        // They are numbered from 1.
        let renderings = run.dns.changes.iter().map(|change| change.rendering.number).max().unwrap_or(0);
        collector.expect_many("of the renderings", renderings.into(), run.dns.changes.len() as u64);
        for change in run.dns.settled() {
            if run.is_excused(change.rendering.from, change.until) {
                continue;
            }
            collector.expect(change.lingering.is_some());
            let Some(lingering) = &change.lingering else { continue };
            // The first one follows none: that it is used shows that the server came up, and no change.
            if change.rendering.number > 1 {
                collector.sample();
            }
            let Change { rendering, .. } = change;
            let finding = |what: String| Finding {
                what,
                lease: rendering.lease.clone(),
                username: Some(rendering.username.clone()),
                at: Some(rendering.to),
                ..Finding::default()
            };
            if !change.taken {
                collector.find(finding(format!(
                    "the configuration was rendered with {}, but PostgreSQL had no session of it within {within}",
                    rendering.username
                )));
            }
            for user in lingering {
                collector.find(finding(format!(
                    "{within} after the configuration was rendered with {} a session of {user}, rendered before, is still open",
                    rendering.username
                )));
            }
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Sessions]
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        None
    }

    fn without_samples(&self) -> &'static str {
        "no rendering after the first one was followed by an observation of the sessions before the next rendering"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["for"]
    }
}
