use leaseproof_domain::{Failure, FailureSource, Finding, Micros, Operation};
use leaseproof_scenario::{Layout, Replication};

use super::due;
use super::endpoints::Endpoints;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run, Step};
use crate::words::span;

/// No new login after a revocation was acknowledged, nor after expiry plus `dead_within`.
#[derive(Default)]
pub(super) struct LoginsAfterEnd {
    /// Credentials that are tried after their end.
    tried: Endpoints,
}

impl Check for LoginsAfterEnd {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(end) = end_of(lifecycle, run) else { return };
        due::see_endpoints(Operation::DeadLogin, lifecycle, run, &mut self.tried);
        for login in lifecycle.steps_of(Operation::DeadLogin).filter(|login| login.start > end.since) {
            let part = format!("at {}", login.endpoint.as_deref().unwrap_or("its endpoint"));
            if login.failure().is_some_and(is_refusal) {
                collector.sample();
                collector.expect_of(&part, true);
            } else if !login.is_ok() {
                if !run.is_excused(login.start, login.end) {
                    collector.expect_of(&part, false);
                }
            } else if login.is_ok() && end.certainly(login).is_some_and(|certainly| login.start > certainly) {
                collector.sample();
                let after = span(login.start.since(end.since));
                let (name, end, why) = (lifecycle.name(), end.what, lifecycle.why_not_revoked());
                let what = format!("a login of {name} succeeded {after} after {end}; it must be rejected{why}");
                let dead_within = run.plan.promise.dead_within.as_ref();
                let promised = dead_within.map(|promise| promise.origin.clone());
                collector.find(Finding { promised, ..lifecycle.finding(login.start, what) });
            }
        }
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        self.tried.expect(due::part(Operation::DeadLogin), run, collector);
    }

    fn without_samples(&self) -> &'static str {
        "no login was tried with a credential after its end"
    }
}

/// What ended a credential.
struct End {
    what: &'static str,
    /// From when a refusal counts.
    since: Micros,
    /// From when a login that is let in breaks the promise.
    primary: Option<Micros>,
    /// The same at a standby.
    standby: Option<Micros>,
}

impl End {
    fn certainly(&self, login: &Step) -> Option<Micros> {
        if login.standby { self.standby } else { self.primary }
    }
}

fn end_of(lifecycle: &Lifecycle, run: &Run<'_>) -> Option<End> {
    let dead_by = |at: Micros| run.plan.promise.dead_within.as_ref().and_then(|_| run.gone_by(at));
    if let Some(revoked) = lifecycle.revocation().filter(|step| step.is_ok()) {
        let (since, at_once) = (revoked.end, Some(revoked.end));
        let standby = if standbys_lag(lifecycle, run) { dead_by(since) } else { at_once };
        return Some(End { what: "its revocation was acknowledged", since, primary: at_once, standby });
    }
    let since = lifecycle.last_term()?.latest;
    Some(End { what: "its lease ended", since, primary: dead_by(since), standby: dead_by(since) })
}

/// Whether a standby may not know yet what its primary has acknowledged: with any replication but `remote_apply`
/// (PostgreSQL, synchronous_commit). A Patroni lets a standby be read that came back before it makes it synchronous again.
fn standbys_lag(lifecycle: &Lifecycle, run: &Run<'_>) -> bool {
    let cluster = run.promise(&lifecycle.role).and_then(|promise| run.plan.postgres.get(&promise.on));
    let layout = cluster.map(|cluster| cluster.layout);
    !matches!(layout, None | Some(Layout::HaproxyHa { replication: Replication::RemoteApply, .. }))
}

/// Whether PostgreSQL refused the login itself: class 28, invalid authorization.
fn is_refusal(failure: &Failure) -> bool {
    failure.source == FailureSource::Postgres && failure.code.starts_with("28")
}
