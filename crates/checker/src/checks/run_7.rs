use leaseproof_domain::{Finding, OrphanBefore};

use crate::check::{Check, Whole};
use crate::fold::Run;
use crate::sheet::Sheet;

/// No role is left without a lease from before the run.
pub(super) struct Run7;

impl Check for Run7 {
    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, sheet: &mut Sheet) {
        if run.before.looked_at() > 0 && !run.before.knows_leases() {
            sheet.cannot_say("nobody looked at Vault's leases before the first credential was asked for");
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
        "nobody looked at the roles before the first credential was asked for"
    }
}

fn words(orphan: &OrphanBefore) -> String {
    let OrphanBefore { name, cluster, login, role, .. } = orphan;
    let pattern = role.as_ref().map_or_else(|| "of Vault's own template".to_owned(), |role| format!("of {role}"));
    let login = if *login { "it may log in" } else { "it may not log in" };
    let on = if cluster.is_empty() { String::new() } else { format!(" on {cluster}") };
    format!(
        "{name}{on} was there before the run, matches the username pattern {pattern}, and Vault lists no lease of \
         the scenario's roles for it; {login}"
    )
}
