use std::collections::BTreeSet;
use std::time::Duration;

use leaseproof_domain::{Expected, Grant, Object, ObjectKind, Operation, Privilege, ProbeOutcome};
use leaseproof_scenario::RolePromise;

use crate::fold::{Life, Run};
use crate::sheet::Sheet;

/// By then the next probe was made.
const NEXT: Duration = Duration::from_secs(1);

/// Says how many probes of a life were expected, and how many of them proved something: every privilege that is promised, and
/// some that are not. A life that tries privileges out begins with a wrong password, which its history shows too.
pub(super) fn expect_probes(life: &Life, run: &Run<'_>, sheet: &mut Sheet) {
    let Some(promise) = run.promise(&life.role).filter(|promise| promise.probes.is_some()) else { return };
    let probed = !life.probes.is_empty() || life.steps_of(Operation::Refused).next().is_some();
    let (Some(issue), true) = (life.acknowledged(), probed) else { return };
    let wrong = life.steps_of(Operation::Refused).map(|step| step.end);
    let begun = life.probes.first().map_or(issue.end, |probe| probe.from);
    let until = life.probes.iter().map(|probe| probe.to).chain(wrong).max().unwrap_or(issue.end);
    // One that was cut short, by its own end or its phase's, or while a fault was felt, tried what it could.
    if !life.not_ended(until) || run.stopped_within(begun, until.after(NEXT)) || run.is_excused(issue.start, until) {
        return;
    }
    let of = |expected: Expected| life.probes.iter().filter(move |probe| probe.expected == expected);
    let proves = |outcome: &ProbeOutcome| {
        matches!(outcome, ProbeOutcome::Allowed | ProbeOutcome::Refused { .. } | ProbeOutcome::Blocked { .. })
    };
    // What cannot be tried without harm is left to the catalog.
    let untried = of(Expected::Promised).filter(|probe| matches!(probe.outcome, ProbeOutcome::Unproved { .. })).count();
    let proved = of(Expected::Promised).filter(|probe| proves(&probe.outcome)).count();
    let due = promised(promise, run).saturating_sub(untried as u64).max(proved as u64);
    sheet.expect_many("of the promised privileges", due, proved as u64);
    if forbids(promise, run) {
        let tried = of(Expected::Forbidden).any(|probe| !matches!(probe.outcome, ProbeOutcome::Indeterminate { .. }));
        sheet.expect_of("of the lives that try what is not promised", tried);
    }
}

/// How many privileges a life tries that are promised: one WITH GRANT OPTION is tried without it too.
fn promised(promise: &RolePromise, run: &Run<'_>) -> u64 {
    let promised = promise.promised(objects(promise, run));
    promised.iter().map(|(grant, _)| 1 + u64::from(grant.grantable)).sum()
}

/// Whether there is a table of which nothing may be read: that can be tried on any server.
fn forbids(promise: &RolePromise, run: &Run<'_>) -> bool {
    let objects = objects(promise, run);
    let promised = promise.promised(objects);
    let of_columns = |table: &Object| {
        let names = |object: &Object| (object.schema == table.schema) && object.name == table.name;
        promised.iter().any(|(grant, _)| grant.object.kind == ObjectKind::Column && names(&grant.object))
    };
    let easy = |grant: &Grant| {
        grant.privilege == Privilege::Select && grant.object.kind == ObjectKind::Table && !of_columns(&grant.object)
    };
    promise.probes.is_some_and(|plan| plan.forbidden > 0) && promise.forbidden(objects, |_| Vec::new()).iter().any(easy)
}

fn objects<'r>(promise: &RolePromise, run: &'r Run<'_>) -> &'r BTreeSet<Object> {
    static NONE: BTreeSet<Object> = BTreeSet::new();
    run.objects.get(&(promise.on.clone(), promise.database.clone())).unwrap_or(&NONE)
}
