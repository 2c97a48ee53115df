use std::collections::BTreeSet;
use std::time::Duration;

use leaseproof_domain::{Finding, GrantedTo, Micros, Object, Observer, Operation, PrivilegeSet};

use super::due;
use super::privileges::expect_read;
use super::shown::expect_shown;
use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, ObservationTime, Run, Step, Track};

/// How long after an observation showed a role its privileges are read at the latest.
const READ: Duration = Duration::from_secs(2);

/// A renewal leaves a credential's privileges as they were at its issue.
pub(super) struct StablePrivileges;

impl Check for StablePrivileges {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        expect_shown(lifecycle, run, collector);
        due::expect(Operation::Renew, lifecycle, run, collector);
        let Some(track) = lifecycle.acknowledged().and(lifecycle.track.as_ref()) else { return };
        expect_read(lifecycle, track, run, collector);
        let renewals: Vec<_> = lifecycle.steps_of(Operation::Renew).filter(|step| step.is_ok()).collect();
        expect_readings(lifecycle, track, &renewals, run, collector);
        for (observation, after) in
            track.privileges.iter().filter(|(observation, _)| lifecycle.not_ended(observation.to))
        {
            let renewed = |before: &ObservationTime| {
                renewals.iter().any(|step| before.to < step.start && step.end < observation.from)
            };
            let database = |set: &u32| run.sets.get(set).map(|set| &set.database);
            let mut earlier = track.privileges.iter();
            // In each database by itself: what it holds in one says nothing of another.
            let Some((_, before)) = earlier.find(|(seen, set)| renewed(seen) && database(set) == database(after))
            else {
                continue;
            };
            collector.sample();
            if before == after && run.sets.contains_key(before) {
                continue;
            }
            let (Some(before), Some(after)) = (run.sets.get(before), run.sets.get(after)) else {
                collector.cannot_say("the privileges behind a reading are not in the history");
                continue;
            };
            let (before, after) =
                (of_old_objects(before, &lifecycle.role, run), of_old_objects(after, &lifecycle.role, run));
            if before == after {
                continue;
            }
            let (before, after) = (&before, &after);
            let what = format!("{} changed with its renewal: {}", lifecycle.name(), change(before, after));
            collector.find(Finding { ..lifecycle.finding(observation.from, what) });
            return;
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Privileges]
    }

    fn without_samples(&self) -> &'static str {
        "no credential's privileges were read both before and after a renewal"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["renew.share", "rate", "for"]
    }
}

/// What an observation showed is read at once, and once more where a later observation shows another VALID UNTIL.
fn expect_readings(
    lifecycle: &Lifecycle,
    track: &Track,
    renewals: &[&Step],
    run: &Run<'_>,
    collector: &mut FindingCollector,
) {
    let read_by = |observation: ObservationTime| observation.to.after(READ);
    for renewal in renewals {
        let due = |at: Micros| lifecycle.not_ended(at) && at < run.now && !run.is_excused(renewal.start, at);
        let before = track.privileges.iter().any(|(observation, _)| observation.to < renewal.start);
        let shown =
            track.appeared.is_some_and(|observation| read_by(observation) < renewal.start && due(read_by(observation)));
        let after = |(observation, _): &(ObservationTime, u32)| {
            observation.from > renewal.end && lifecycle.not_ended(observation.to)
        };
        let after = track.privileges.iter().any(after);
        if before && after || (before || shown) && due(renewal.end.after(READ)) {
            collector.expect_of("of the renewals between two readings", before && after);
        }
    }
}

/// The set without what it says of objects that were made after setup: default privileges give those to credentials
/// whenever they are made, and no renewal does.
fn of_old_objects(set: &PrivilegeSet, role: &str, run: &Run<'_>) -> PrivilegeSet {
    let mut set = set.clone();
    let objects = run.promise(role).and_then(|promise| run.objects.get(&promise.on, &set.database));
    if let Some(objects) = objects {
        let is_system = |object: &Object| {
            matches!(object.schema.as_deref(), Some("pg_catalog" | "information_schema" | "pg_toast"))
        };
        // Of what the list has none of, and of the system's schemas, nothing was made meanwhile.
        let is_listed = |object: &Object| objects.iter().any(|old| old.kind == object.kind);
        let is_old = |object: &Object| objects.contains(object) || is_system(object) || !is_listed(object);
        set.held.retain(|held| is_old(&held.grant.object));
        set.owned.retain(|(object, _)| is_old(object));
    }
    set
}

/// What the later set has more and less, in words.
fn change(before: &PrivilegeSet, after: &PrivilegeSet) -> String {
    let words = |one: &BTreeSet<GrantedTo>, other: &BTreeSet<GrantedTo>| {
        one.difference(other).map(|held| held.grant.to_string()).collect::<Vec<_>>().join(", ")
    };
    let (lost, got) = (words(&before.held, &after.held), words(&after.held, &before.held));
    match (lost.is_empty(), got.is_empty()) {
        (true, true) => "its attributes, memberships or settings differ".to_owned(),
        (false, true) => format!("it lost {lost}"),
        (true, false) => format!("it gained {got}"),
        (false, false) => format!("it lost {lost} and gained {got}"),
    }
}
