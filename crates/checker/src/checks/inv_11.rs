use std::collections::BTreeSet;

use leaseproof_domain::{Event, Finding, Micros, Observer};

use crate::check::Check;
use crate::fold::{Life, Run};
use crate::sheet::Sheet;
use crate::words::count;

/// A role that is gone leaves nothing in `pg_shdepend`.
#[derive(Default)]
pub(super) struct Inv11 {
    /// The beginning of the last look.
    looked: Option<Micros>,
    /// Roles whose rows were found, by OID.
    found: BTreeSet<u32>,
}

impl Check for Inv11 {
    fn see(&mut self, event: &Event, _: &Run<'_>, sheet: &mut Sheet) {
        let Event::Dependencies(sighting) = event else { return };
        self.looked = Some(sighting.from);
        for row in &sighting.dangling {
            if !self.found.insert(row.oid) {
                continue;
            }
            sheet.find(Finding {
                what: format!(
                    "the role with OID {} is gone and pg_shdepend still has {} of it, in {} ({}, type `{}`)",
                    row.oid,
                    count(row.rows, "row"),
                    row.database
                        .as_deref()
                        .map_or_else(|| "the whole cluster".to_owned(), |name| format!("database {name}")),
                    row.catalog,
                    row.kind
                ),
                oid: Some(row.oid),
                at: Some(sighting.from),
                ..Finding::default()
            });
        }
    }

    /// A credential counts where a look came after its role's end.
    fn life(&mut self, life: &Life, _: &Run<'_>, sheet: &mut Sheet) {
        if life.gone().is_some_and(|gone| self.looked.is_some_and(|looked| looked > gone.look.to)) {
            sheet.sample();
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Dependencies]
    }

    fn without_samples(&self) -> &'static str {
        "nobody looked at pg_shdepend after a credential's role was gone"
    }
}
