use std::collections::BTreeSet;
use std::time::Duration;

use leaseproof_domain::{Event, Finding, Micros, Observer};

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};
use crate::words::count;

/// Several times the pace of the observations.
const OBSERVED: Duration = Duration::from_secs(3);

/// A role that is gone leaves nothing in `pg_shdepend`; where credentials end and no role goes, nothing is left clean.
#[derive(Default)]
pub(super) struct LeftoverDependencies {
    /// Credentials that ended, the first of them whose role stayed, and why.
    ended: u64,
    stays: Option<(Finding, String)>,
    /// Credentials whose role was gone when somebody observed.
    clean: u64,
    /// The beginning of the last observation.
    observed: Option<Micros>,
    /// Roles whose rows were found, by OID.
    found: BTreeSet<u32>,
}

impl Check for LeftoverDependencies {
    fn see(&mut self, event: &Event, _: &Run<'_>, collector: &mut FindingCollector) {
        let Event::Dependencies(observation) = event else { return };
        self.observed = Some(observation.from);
        for row in &observation.dangling {
            if !self.found.insert(row.oid) {
                continue;
            }
            collector.find(Finding {
                what: format!(
                    "the role with OID {} was dropped, but pg_shdepend still has {} of it, in {} ({}, type `{}`)",
                    row.oid,
                    count(row.rows, "row"),
                    row.database
                        .as_deref()
                        .map_or_else(|| "the whole cluster".to_owned(), |name| format!("database {name}")),
                    row.catalog,
                    row.kind
                ),
                oid: Some(row.oid),
                at: Some(observation.from),
                ..Finding::default()
            });
        }
    }

    /// A credential counts where an observation came after its role's end.
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        if lifecycle.gone().is_some_and(|gone| self.observed.is_some_and(|observed| observed > gone.observation.to)) {
            collector.sample();
            self.clean += 1;
            collector.expect(true);
        } else if let Some(gone) = lifecycle.gone()
            && run.last_observation().is_some_and(|observation| observation.from > gone.observation.to.after(OBSERVED))
            && !run.is_excused(gone.observation.from, gone.observation.to.after(OBSERVED))
        {
            collector.expect(false);
        }
        let over = lifecycle.last_term().is_some_and(|term| term.latest < run.now) || lifecycle.revocation().is_some();
        if lifecycle.acknowledged().is_some() && over {
            self.ended += 1;
            if lifecycle.gone().is_none() {
                let why = lifecycle.why_not_revoked();
                self.stays.get_or_insert_with(|| (lifecycle.finding(run.now, lifecycle.name().to_owned()), why));
            }
        }
    }

    fn end(&mut self, _: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        let Some((first, why)) = self.stays.take().filter(|_| self.clean == 0 && whole.complete) else { return };
        collector.sample();
        let ended = count(self.ended, "credential");
        let what = format!(
            "{ended} ended, and no role was dropped (expected: the role of each): {} still exists, with all its entries in \
             pg_shdepend{why}",
            first.what
        );
        collector.find(Finding { what, ..first });
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Dependencies]
    }

    fn without_samples(&self) -> &'static str {
        "pg_shdepend was not observed after a credential's role was gone"
    }
}
