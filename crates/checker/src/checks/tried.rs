use std::collections::BTreeSet;
use std::time::Duration;

use leaseproof_domain::{Expected, Grant, Object, ObjectKind, Operation, ProbeOutcome};
use leaseproof_scenario::RolePromise;

use super::due;
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};

/// By then the next probe was made.
const NEXT: Duration = Duration::from_secs(1);

/// Says how many probes of a lifecycle were expected, and how many of them proved something: every privilege that is promised, and
/// some that are not. A lifecycle that tries privileges out begins with a wrong password, which its history shows too.
pub(super) fn expect_probes(lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
    let Some(promise) = run.promise(&lifecycle.role).filter(|promise| promise.probes.is_some()) else { return };
    let tried = !lifecycle.probes.is_empty() || lifecycle.steps_of(Operation::Refused).next().is_some();
    let probed = tried || due::is_probed(lifecycle, run);
    let (Some(issue), true) = (lifecycle.acknowledged(), probed) else { return };
    if promise.grants.is_some() && run.objects.get(&promise.on, &promise.database).is_none() {
        collector.cannot_say(format!("the objects of database {} are not in the history", promise.database));
    }
    let wrong = lifecycle.steps_of(Operation::Refused).map(|step| step.end);
    let begun = lifecycle.probes.first().map_or(issue.end, |probe| probe.from);
    let until = lifecycle.probes.iter().map(|probe| probe.to).chain(wrong).max().unwrap_or(issue.end);
    // One that was cut short, by its own end or its phase's, or while a fault window was open, tried what it could.
    if !lifecycle.not_ended(until) || run.stopped_within(begun, until.after(NEXT)) || run.is_excused(issue.start, until)
    {
        return;
    }
    let of = |expected: Expected| lifecycle.probes.iter().filter(move |probe| probe.expected == expected);
    let proves = |outcome: &ProbeOutcome| {
        matches!(outcome, ProbeOutcome::Allowed | ProbeOutcome::Refused { .. } | ProbeOutcome::Blocked { .. })
    };
    // What cannot be tried without harm is left to the catalog.
    let untried = of(Expected::Promised).filter(|probe| matches!(probe.outcome, ProbeOutcome::Unproved { .. })).count();
    let proved = of(Expected::Promised).filter(|probe| proves(&probe.outcome)).count();
    let due = promised(promise, run).saturating_sub(untried as u64).max(proved as u64);
    collector.expect_many("of the promised privileges", due, proved as u64);
    let due = u64::from(promise.probes.map_or(0, |plan| plan.forbidden)).min(forbidden(promise, run));
    let tried = of(Expected::Forbidden).filter(|probe| !matches!(probe.outcome, ProbeOutcome::Indeterminate { .. }));
    collector.expect_many("of the privileges that are not promised", due, tried.count() as u64);
}

/// How many privileges a lifecycle tries that are promised: one WITH GRANT OPTION is tried without it too.
fn promised(promise: &RolePromise, run: &Run<'_>) -> u64 {
    let promised = promise.promised(objects(promise, run));
    promised.iter().map(|(grant, _)| 1 + u64::from(grant.grantable)).sum()
}

/// How many privileges there are to try that are not promised. A lifecycle tries those that can be tried and names others in
/// their place where it has too few, so that this many are in its history.
fn forbidden(promise: &RolePromise, run: &Run<'_>) -> u64 {
    let objects = objects(promise, run);
    let promised = promise.promised(objects);
    // Where single columns are promised, the others stand for the table, and only the database knows them.
    let of_columns = |table: &Object| {
        let names = |object: &Object| object.schema == table.schema && object.name == table.name;
        promised.iter().any(|(grant, _)| grant.object.kind == ObjectKind::Column && names(&grant.object))
    };
    let is_tried = |grant: &&Grant| {
        let Object { kind, schema, name, .. } = &grant.object;
        let kind = match kind {
            ObjectKind::Table => !of_columns(&grant.object),
            ObjectKind::Database => *name == promise.database,
            ObjectKind::Schema | ObjectKind::Sequence | ObjectKind::Function => true,
            _ => false,
        };
        kind && !is_system(schema.as_ref().unwrap_or(name))
    };
    promise.forbidden(objects, |_| Vec::new()).iter().filter(is_tried).count() as u64
}

fn is_system(schema: &str) -> bool {
    matches!(schema, "pg_catalog" | "information_schema" | "pg_toast")
}

fn objects<'r>(promise: &RolePromise, run: &'r Run<'_>) -> &'r BTreeSet<Object> {
    static NONE: BTreeSet<Object> = BTreeSet::new();
    run.objects.get(&promise.on, &promise.database).unwrap_or(&NONE)
}
