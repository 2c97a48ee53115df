use leaseproof_domain::{Failure, FailureSource, Finding, Micros, Operation};

use crate::check::Check;
use crate::fold::{Life, Run};
use crate::sheet::Sheet;
use crate::words::span;

/// No new login after a revocation was acknowledged, nor after expiry plus `dead_within`.
pub(super) struct Inv6a;

impl Check for Inv6a {
    fn life(&mut self, life: &Life, run: &Run<'_>, sheet: &mut Sheet) {
        let Some((dead_from, since, certainly)) = end_of(life, run) else { return };
        for login in life.steps_of(Operation::DeadLogin).filter(|login| login.start > since) {
            if login.failure().is_some_and(is_refusal) {
                sheet.sample();
            } else if login.is_ok() && certainly.is_some_and(|certainly| login.start > certainly) {
                sheet.sample();
                let after = span(login.start.since(since));
                let what = format!("{} was let in {after} after {dead_from}; it has to be refused", life.name());
                let dead_within = run.plan.promise.dead_within.as_ref();
                let promised = dead_within.map(|promise| promise.origin.clone());
                sheet.find(Finding { promised, ..life.finding(login.start, what) });
            }
        }
    }

    fn without_samples(&self) -> &'static str {
        "no login was tried with a credential after its end"
    }
}

/// What ended the credential, from when a refusal counts, and from when a login that is let in breaks the promise.
fn end_of(life: &Life, run: &Run<'_>) -> Option<(&'static str, Micros, Option<Micros>)> {
    if let Some(revoked) = life.revocation().filter(|step| step.is_ok()) {
        return Some(("its revocation was acknowledged", revoked.end, Some(revoked.end)));
    }
    let term = life.last_term()?;
    let dead_within = run.plan.promise.dead_within.as_ref();
    Some(("its lease ended", term.latest, dead_within.map(|promise| term.latest.after(promise.value.duration()))))
}

/// Whether PostgreSQL refused the login itself: class 28, invalid authorization.
fn is_refusal(failure: &Failure) -> bool {
    failure.source == FailureSource::Postgres && failure.code.starts_with("28")
}
