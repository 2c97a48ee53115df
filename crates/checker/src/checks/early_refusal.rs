use leaseproof_domain::{Finding, Operation};

use super::due;
use super::endpoints::Endpoints;
use super::fresh_logins::query_rejected;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run, Step};
use crate::words::count;

/// The logins after a credential's first use.
const AGAIN: &str = "later logins";

/// No login is refused before the lease ends.
#[derive(Default)]
pub(super) struct EarlyRefusal {
    /// Credentials whose lease's end is not known because a renewal crossed it.
    across: u64,
    /// Those that log in for the first time.
    first: Endpoints,
    /// Those that log in again.
    again: Endpoints,
}

impl Check for EarlyRefusal {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = lifecycle.acknowledged() else { return };
        self.across += u64::from(lifecycle.was_renewed_across_an_end());
        let usable = run.plan.promise.usable_within.as_ref().map(|usable| issue.end.after(usable.value.duration()));
        // Before a credential has to be usable, a refused first login is LOG-1's and INV-1's.
        let may_be_refused =
            |step: &Step| step.op == Operation::Login && usable.is_none_or(|usable| step.start <= usable);
        due::see_endpoints(Operation::Login, lifecycle, run, &mut self.first);
        due::see_endpoints(Operation::Relogin, lifecycle, run, &mut self.again);
        let mut worked_once = false;
        for step in lifecycle.steps.iter().filter(|step| matches!(step.op, Operation::Login | Operation::Relogin)) {
            if !lifecycle.not_ended(step.end) {
                continue;
            }
            if step.is_indeterminate() {
                if !run.is_excused(step.start, step.end) {
                    collector.expect_of(&at(step), false);
                }
                continue;
            }
            let Some(failure) = step.refusal() else {
                collector.sample();
                collector.expect_of(&at(step), true);
                // A query that never worked is LOG-1's.
                if step.rejected_query().is_some() && worked_once {
                    collector.find(query_rejected(lifecycle, step, run));
                }
                worked_once |= step.is_ok();
                continue;
            };
            if may_be_refused(step) {
                continue;
            }
            collector.sample();
            collector.expect_of(&at(step), true);
            let what =
                format!("a login of {} before its lease ended: expected success, got {failure}", lifecycle.name());
            collector.find(Finding { code: Some(failure.code.clone()), ..lifecycle.finding(step.start, what) });
        }
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        self.first.expect(due::part(Operation::Login), run, collector);
        self.again.expect(due::part(Operation::Relogin), run, collector);
        if self.across > 0 {
            collector.note(format!(
                "{} renewed too close to expiry; later logins are not judged",
                count(self.across, "credential")
            ));
        }
    }

    fn without_samples(&self) -> &'static str {
        "no login was answered before its lease ended"
    }
}

/// The part of the logins that is judged by itself.
fn at(step: &Step) -> String {
    let logins = if step.op == Operation::Relogin { AGAIN } else { "first logins" };
    format!("{logins} at {}", step.endpoint.as_deref().unwrap_or("its endpoint"))
}
