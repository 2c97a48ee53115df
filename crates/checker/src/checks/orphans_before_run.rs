use leaseproof_domain::{Finding, OrphanBefore};

use crate::check::{Check, Whole};
use crate::fold::Run;
use crate::sheet::Sheet;

/// No role is left without a lease from before the run.
pub(super) struct OrphansBeforeRun;

impl Check for OrphansBeforeRun {
    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, sheet: &mut Sheet) {
        if run.before.looked_at() > 0 && !run.before.knows_leases() {
            sheet.cannot_say("Vault's leases were not observed before the first credential was requested");
            return;
        }
        sheet.samples(run.before.looked_at());
        let promise = run.plan.promise.orphans_before.as_ref();
        let orphans = run.before.orphans(run.plan);
        if orphans.len() as u64 <= promise.map_or(0, |promise| promise.value) {
            return;
        }
        for orphan in orphans {
            sheet.find(Finding {
                what: words(&orphan),
                username: Some(orphan.name),
                oid: Some(orphan.oid),
                promised: promise.map(|promise| promise.origin.clone()),
                ..Finding::default()
            });
        }
    }

    fn without_samples(&self) -> &'static str {
        "roles were not observed before the first credential was requested"
    }
}

fn words(orphan: &OrphanBefore) -> String {
    let OrphanBefore { name, cluster, login, role, .. } = orphan;
    let pattern = role.as_ref().map_or_else(|| "of Vault's own template".to_owned(), |role| format!("of {role}"));
    let login = if *login { "it can log in" } else { "it cannot log in" };
    let on = if cluster.is_empty() { String::new() } else { format!(" on {cluster}") };
    format!(
        "{name}{on} existed before the run, matches the username pattern {pattern}, and Vault lists no lease of \
         the scenario's roles for it; {login}"
    )
}
