use leaseproof_domain::{Event, Finding, Observer};

use crate::check::Check;
use crate::fold::Run;
use crate::sheet::Sheet;

/// No lease becomes irrevocable.
pub(super) struct Inv8;

impl Check for Inv8 {
    fn see(&mut self, event: &Event, _: &Run<'_>, sheet: &mut Sheet) {
        let Event::Irrevocable(sighting) = event else { return };
        sheet.sample();
        for (lease, why) in &sighting.appeared {
            let words = if why.is_empty() { String::new() } else { format!(": {why}") };
            sheet.find(Finding {
                what: format!("{lease} became irrevocable, and Vault will not try to revoke it again{words}"),
                lease: Some(lease.clone()),
                at: Some(sighting.from),
                ..Finding::default()
            });
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Irrevocable]
    }

    fn without_samples(&self) -> &'static str {
        "nobody looked for irrevocable leases"
    }
}
