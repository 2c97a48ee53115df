use std::collections::BTreeSet;
use std::time::Duration;

use leaseproof_domain::{Event, Finding, Micros, Observer};

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Life, Run};
use crate::words::count;

/// Several times the pace of the looks.
const LOOKED: Duration = Duration::from_secs(3);

/// A role that is gone leaves nothing in `pg_shdepend`; where credentials end and no role goes, nothing is left clean.
#[derive(Default)]
pub(super) struct LeftoverDependencies {
    /// Credentials that ended, the first of them whose role stayed, and why.
    ended: u64,
    stays: Option<(Finding, String)>,
    /// Credentials whose role was gone when somebody looked.
    clean: u64,
    /// The beginning of the last look.
    looked: Option<Micros>,
    /// Roles whose rows were found, by OID.
    found: BTreeSet<u32>,
}

impl Check for LeftoverDependencies {
    fn see(&mut self, event: &Event, _: &Run<'_>, collector: &mut FindingCollector) {
        let Event::Dependencies(observation) = event else { return };
        self.looked = Some(observation.from);
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

    /// A credential counts where a look came after its role's end.
    fn life(&mut self, life: &Life, run: &Run<'_>, collector: &mut FindingCollector) {
        if life.gone().is_some_and(|gone| self.looked.is_some_and(|looked| looked > gone.look.to)) {
            collector.sample();
            self.clean += 1;
            collector.expect(true);
        } else if let Some(gone) = life.gone()
            && run.last_look().is_some_and(|look| look.from > gone.look.to.after(LOOKED))
            && !run.is_excused(gone.look.from, gone.look.to.after(LOOKED))
        {
            collector.expect(false);
        }
        let over = life.last_term().is_some_and(|term| term.latest < run.now) || life.revocation().is_some();
        if life.acknowledged().is_some() && over {
            self.ended += 1;
            if life.gone().is_none() {
                let why = life.why_not_revoked();
                self.stays.get_or_insert_with(|| (life.finding(run.now, life.name().to_owned()), why));
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
