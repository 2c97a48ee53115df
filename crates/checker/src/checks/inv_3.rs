use leaseproof_domain::{Finding, Observer};

use crate::check::{Check, Whole};
use crate::fold::{Orphan, Run};
use crate::sheet::Sheet;

/// At every look, each generated role belongs to a lease or to a request under way.
pub(super) struct Inv3;

impl Check for Inv3 {
    fn end(&mut self, run: &Run<'_>, whole: &Whole<'_>, sheet: &mut Sheet) {
        sheet.samples(run.roles_appeared());
        let strangers: Vec<&Orphan> = whole.orphans.iter().filter(|orphan| !orphan.explained).collect();
        let promise = run.plan.promise.orphans.as_ref();
        if strangers.len() as u64 <= promise.map_or(0, |promise| promise.value) {
            return;
        }
        for orphan in strangers {
            sheet.find(Finding {
                what: format!(
                    "{} appeared in pg_roles and belongs to no acknowledged issue and to no request under way",
                    orphan.track.name
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
        "no look showed a generated role"
    }
}
