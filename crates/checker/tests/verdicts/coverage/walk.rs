//! Takes most of one kind of data away from a run that passes, for every check and every kind of data: in all of the run,
//! and of one phase, one role, one endpoint only.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{
    ActionEnd, ActionMark, CATALOGUE, DnsEvent, Dropped, Event, FaultMark, FaultPoint, Micros, Operation,
    OperationRecord, Outcome, RefusedRequest, Subject, Verdict,
};
use leaseproof_scenario::{ActionPlan, Affected, PlannedLoad, ProbePlan, Promised, ReplicationAccount, Setting};

use super::population::{self, ENDPOINTS, OTHER, PHASES};
use crate::story::{MS, ROLE, S, Story, line};

/// Of each check, the kinds of data that it judges: it cannot pass without most of them. A new check needs a row.
const NEEDS: &[(&str, &[&str])] = &[
    ("ACC-1", &["accounts"]),
    ("ACT-1", &["actions"]),
    ("ACT-2", &["actions", "issue operations", "phases", "roles"]),
    ("AUD-1", &["audit entries", "issue operations", "logs", "renew operations", "revoke operations"]),
    (
        "AVL-1",
        &[
            "dead_login operations",
            "issue operations",
            "login operations",
            "relogin operations",
            "renew operations",
            "revoke operations",
        ],
    ),
    ("DNS-1", &["DNS queries", "phases"]),
    ("DNS-2", &["phases", "renderings", "sessions"]),
    ("DNS-3", &["phases", "zone changes"]),
    ("DNS-4", &["policy requests"]),
    ("EXP-1", &["issue operations", "phases", "revoke operations", "roles"]),
    ("FLT-1", &["faults", "issue operations"]),
    ("FLT-2", &["faults"]),
    ("GRA-1", &["issue operations", "objects", "privilege sets", "privileges"]),
    ("INV-1", &["issue operations", "login operations"]),
    ("INV-10", &["issue operations", "leases", "phases", "renew operations", "revoke operations", "roles"]),
    ("INV-11", &["dependencies", "issue operations", "phases"]),
    ("INV-2", &["issue operations", "phases", "renew operations", "revoke operations", "roles"]),
    ("INV-3", &["issue operations", "phases", "roles"]),
    ("INV-4", &["issue operations", "phases", "renew operations", "roles"]),
    ("INV-5", &["issue operations", "login operations", "relogin operations"]),
    ("INV-6a", &["dead_login operations", "issue operations"]),
    ("INV-6b", &["held sessions", "issue operations", "phases", "sessions"]),
    ("INV-7", &["issue operations", "renew operations"]),
    ("INV-8", &["irrevocable leases", "issue operations", "phases"]),
    ("INV-9", &["issue operations", "privilege sets", "privileges", "renew operations"]),
    ("ISS-1", &["issue operations"]),
    ("ISS-2", &["issue operations"]),
    ("ISS-4", &["issue operations", "role reads"]),
    ("LOG-1", &["issue operations", "login operations"]),
    ("POL-1", &["refused operations"]),
    ("PRB-1", &["issue operations", "not promised probes", "objects", "promised probes"]),
    (
        "PRB-2",
        &["issue operations", "not promised probes", "objects", "privilege sets", "privileges", "promised probes"],
    ),
    ("PWD-1", &["logs"]),
    ("PWD-2", &["issue operations", "wrong passwords"]),
    ("REV-1", &["issue operations", "phases", "revoke operations", "roles"]),
    ("RUN-2", &["issue operations", "residue"]),
    ("RUN-7", &["leases before", "roles before"]),
    ("SAT-1", &["issue operations", "phases"]),
    ("THR-1", &["issue operations"]),
    ("TLS-1", &["issue operations", "phases", "sessions"]),
    ("TTL-2", &["issue operations", "renew operations", "role reads"]),
    ("TTL-7", &["issue operations", "renew operations"]),
];

/// What kind of data an event is; none of what only describes the run.
fn kind(event: &Event) -> Option<String> {
    let kind = match event {
        Event::Operation(record) => match (record.op, record.refused) {
            (Operation::Refused, Some(RefusedRequest::WrongPassword)) => "wrong passwords".to_owned(),
            (op, _) => format!("{op} operations"),
        },
        Event::Baseline(_) => "roles before".to_owned(),
        Event::LeasesBefore { .. } => "leases before".to_owned(),
        Event::Account(_) => "accounts".to_owned(),
        Event::Objects { .. } => "objects".to_owned(),
        Event::Phase(_) => "phases".to_owned(),
        Event::RoleRead(_) => "role reads".to_owned(),
        Event::Roles(_) => "roles".to_owned(),
        Event::Leases(_) => "leases".to_owned(),
        Event::PrivilegeSet { .. } => "privilege sets".to_owned(),
        Event::Privileges(_) => "privileges".to_owned(),
        Event::Probe(probe) => format!("{} probes", probe.expected),
        Event::Sessions(_) => "sessions".to_owned(),
        Event::Dependencies(_) => "dependencies".to_owned(),
        Event::Irrevocable(_) => "irrevocable leases".to_owned(),
        Event::HeldSession(_) => "held sessions".to_owned(),
        Event::Audit(_) => "audit entries".to_owned(),
        Event::LogRead { .. } => "logs".to_owned(),
        Event::Fault(_) => "faults".to_owned(),
        Event::Action(_) => "actions".to_owned(),
        Event::Dns(DnsEvent::Query(_)) => "DNS queries".to_owned(),
        Event::Dns(DnsEvent::Write(_)) => "zone changes".to_owned(),
        Event::Dns(DnsEvent::Rendered(_)) => "renderings".to_owned(),
        Event::Dns(DnsEvent::Policy(_)) => "policy requests".to_owned(),
        Event::Residue { .. } => "residue".to_owned(),
        _ => return None,
    };
    Some(kind)
}

/// The number of the credential that an event is about.
fn lifecycle(event: &Event) -> Option<u64> {
    let of = |oid: u32| oid.checked_sub(population::oid(0)).map(u64::from);
    match event {
        Event::Operation(record) => Some(record.lifecycle).filter(|lifecycle| *lifecycle > 0),
        Event::RoleRead(read) => Some(read.lifecycle),
        Event::Privileges(reading) => of(reading.oid),
        Event::Probe(probe) => Some(probe.lifecycle),
        Event::HeldSession(kept) => Some(kept.lifecycle),
        _ => None,
    }
}

/// A story with nine of ten events of a kind, those that `of` selects, taken away.
fn lacking(story: &Story, lost: &str, of: impl Fn(&Event) -> bool) -> Story {
    let mut number = 0;
    let mut kept = Story::empty().without(|_| true);
    kept.plan = story.plan.clone();
    for (place, event) in story.events().into_iter().enumerate() {
        let is_lost = kind(&event).as_deref() == Some(lost) && of(&event);
        number += usize::from(is_lost);
        if !is_lost || number % 10 == 0 {
            kept.add(place as u64, event);
        }
    }
    kept
}

/// A run with one fault, which is over before the load begins.
fn faulted() -> Story {
    let mut story = population::story().asking(&["FLT-1", "FLT-2"]);
    story.plan.faults = vec![crate::faults::plan(2_000)];
    story.plan.faults[0].on = "postgres.target".into();
    let (user, password, origin) = ("replicator".to_owned(), Setting::Text("***".to_owned()), line(6));
    let cluster = story.plan.postgres.get_mut("target").unwrap();
    cluster.replicate_as = Some(ReplicationAccount { user, password, origin });
    for (at, point) in [(200 * MS, FaultPoint::Begins), (300 * MS, FaultPoint::Healed)] {
        story.add(at, Event::Fault(FaultMark { fault: 1, point, at: Micros(at), words: String::new() }));
    }
    story
}

/// The run with an action from a moment to another.
fn with_action(mut story: Story, plan: ActionPlan, times: (u64, u64)) -> Story {
    story.plan.actions = vec![plan];
    mark(&mut story, 1, times);
    story
}

fn mark(story: &mut Story, action: u32, (begun, ended): (u64, u64)) {
    let end = ActionEnd { outcome: Outcome::Ok, complaint: None, notes: vec![] };
    for (at, end) in [(begun, None), (ended, Some(end))] {
        story.add(at, Event::Action(ActionMark { action, at: Micros(at), words: String::new(), end }));
    }
}

/// A run with an action that ends the credentials of a role, which go with the ends of their leases.
fn acted() -> Story {
    let story = population::story().asking(&["ACT-1", "ACT-2"]);
    with_action(story, crate::actions::ending("one"), (10 * S, 10_100 * MS))
}

fn not_passed(story: &Story) -> BTreeMap<(String, String), String> {
    let checks = story.judged().verdicts.checks.into_iter().filter(|check| check.verdict != Verdict::Pass);
    let named = checks.map(|check| {
        let reason = check.reason.unwrap_or_else(|| check.findings[0].what.clone());
        ((check.check.to_string(), check.subject.to_string()), reason)
    });
    named.collect()
}

fn kinds(story: &Story) -> BTreeSet<String> {
    story.events().iter().filter_map(kind).collect()
}

#[test]
fn a_planned_load_has_every_arrival_once_and_probes_the_first_ones_of_each_role() {
    let mut plan = population::plan();
    plan.roles[1].probes = Some(ProbePlan { first: 3, share: 0.0, forbidden: 1 });
    let planned = PlannedLoad::of(&plan);
    let places = planned.by_phase_and_role();
    assert_eq!((places.len(), places.values().sum::<u64>(), planned.arrivals()), (4, 82, 82));
    let of_role = |number: &u64, role: &str| planned.arrival(*number).unwrap().lifecycle.role == role;
    let is_probed = |number: u64| planned.arrival(number).is_some_and(|arrival| arrival.probed);
    let probed: Vec<u64> = (1..=82).filter(|number| is_probed(*number)).collect();
    let of_other: Vec<u64> = probed.iter().copied().filter(|number| of_role(number, OTHER)).collect();
    let first: Vec<u64> = (1..=82).filter(|number| of_role(number, OTHER)).take(3).collect();
    assert_eq!((of_other, probed.len() - 3), (first, (1..=82).filter(|number| of_role(number, ROLE)).count()));
    assert!(planned.arrival(0).is_none() && planned.arrival(83).is_none() && !is_probed(83));
}

#[test]
fn a_run_without_a_gap_passes_every_check() {
    assert_eq!(not_passed(&population::story()), BTreeMap::new());
    assert_eq!(not_passed(&faulted()), BTreeMap::new());
    assert_eq!(not_passed(&acted()), BTreeMap::new());
}

#[test]
fn no_check_passes_without_most_of_the_data_that_it_judges() {
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for story in [population::story(), faulted(), acted()] {
        for lost in kinds(&story) {
            for (check, _) in not_passed(&lacking(&story, &lost, |_| true)).into_keys() {
                needs.entry(check).or_default().insert(lost.clone());
            }
        }
    }
    let documented =
        NEEDS.iter().map(|(check, kinds)| ((*check).to_owned(), kinds.iter().map(|kind| (*kind).to_owned()).collect()));
    let documented: BTreeMap<String, BTreeSet<String>> = documented.collect();
    // KNO-1 judges the verdicts of other checks.
    let catalogue: BTreeSet<&str> = CATALOGUE.iter().map(|info| info.id).filter(|id| *id != "KNO-1").collect();
    let rows: BTreeSet<&str> = documented.keys().map(String::as_str).collect();
    let as_rows: Vec<String> = needs.iter().map(|(check, kinds)| format!("({check:?}, &{kinds:?}),")).collect();
    assert_eq!(needs, documented, "\n{}", as_rows.join("\n"));
    assert_eq!(rows, catalogue, "every check has a row");
}

/// The story with three of four arrivals dropped, which leave nothing else behind.
fn dropping(story: &Story) -> Story {
    let is_dropped = |lifecycle: u64| (1..=82).contains(&lifecycle) && !lifecycle.is_multiple_of(4);
    let mut kept = Story::empty().without(|_| true);
    kept.plan = story.plan.clone();
    for (place, event) in story.events().into_iter().enumerate() {
        match &event {
            Event::Operation(record) if record.op == Operation::Issue && is_dropped(record.lifecycle) => {
                let OperationRecord { lifecycle, role, phase, intended, lifecycle_name, .. } = record.clone();
                kept.add(place as u64, Event::Dropped(Dropped { lifecycle, role, phase, intended, lifecycle_name }));
            }
            _ if lifecycle(&event).is_some_and(is_dropped) => {}
            _ => drop(kept.add(place as u64, event)),
        }
    }
    kept
}

#[test]
fn no_check_passes_where_most_arrivals_were_dropped() {
    let mut story = population::story();
    story.plan.thresholds[0].metric = "issue.service.p50".parse().unwrap();
    let threshold = story.plan.asks.iter_mut().find(|ask| ask.check.as_str() == "THR-1").unwrap();
    threshold.subject = Subject::Metric("issue.service.p50".into());
    story.plan.promise.unanswered = Some(Promised { value: 0.9, origin: line(18) });
    let found = not_passed(&dropping(&story));
    let checks: BTreeSet<&str> = found.keys().map(|(check, _)| check.as_str()).collect();
    // AVL-1 judges dropped arrivals themselves, and so does SAT-1; the promise allows them.
    let judge_dropped = ["AVL-1", "SAT-1"];
    let asked: BTreeSet<&str> = story.plan.asks.iter().map(|ask| ask.check.as_str()).collect();
    let need_issues =
        NEEDS.iter().filter(|(check, needs)| needs.contains(&"issue operations") && asked.contains(check));
    let needed: BTreeSet<&str> =
        need_issues.map(|(check, _)| *check).filter(|check| !judge_dropped.contains(check)).collect();
    assert!(needed.is_subset(&checks), "{:?} pass", needed.difference(&checks));
    for check in ["ISS-1", "LOG-1", "TTL-2", "REV-1", "EXP-1", "THR-1"] {
        let reasons = found.iter().filter(|((id, _), _)| id == check).map(|(_, reason)| reason);
        assert!(reasons.clone().all(|reason| reason.contains("expected of the arrivals (")), "{check}: {found:#?}");
    }
    // They are dropped on purpose: what was sent is judged.
    story.plan.phases.iter_mut().for_each(|phase| phase.overload = true);
    let found = not_passed(&dropping(&story));
    assert!(found.values().all(|reason| !reason.contains(" dropped: ")), "{found:#?}");
    let checks: BTreeSet<&str> = found.keys().map(|(check, _)| check.as_str()).collect();
    assert!(["ISS-1", "LOG-1", "TTL-2", "REV-1", "THR-1"].iter().all(|check| !checks.contains(check)), "{found:#?}");
}

#[test]
fn nothing_is_expected_in_the_window_of_an_action_as_in_that_of_a_fault() {
    let (begun, ended) = (900 * MS, 34 * S);
    for (lost, affected, checks) in [
        (Operation::Renew, Affected::Renew, ["AVL-1", "INV-9", "TTL-2"]),
        (Operation::Revoke, Affected::Revoke, ["AVL-1", "AUD-1", "REV-1"]),
        (Operation::Relogin, Affected::Login, ["AVL-1", "INV-5", "INV-5"]),
    ] {
        let is_lost = |event: &Event| match event {
            Event::Operation(record) => record.op == lost && (begun..ended).contains(&record.start.0),
            _ => false,
        };
        let lacking = || population::story().without(is_lost);
        let mut struck = lacking();
        struck.plan.faults = vec![crate::faults::plan(1_000)];
        for (at, point) in [(begun, FaultPoint::Begins), (ended, FaultPoint::Healed)] {
            struck.add(at, Event::Fault(FaultMark { fault: 1, point, at: Micros(at), words: String::new() }));
        }
        let acted = with_action(lacking(), crate::actions::affecting("one", affected), (begun, ended));
        let found = [lacking(), struck, acted].map(|story| not_passed(&story));
        for id in checks {
            let passes = found.each_ref().map(|found| !found.keys().any(|(check, _)| check == id));
            assert_eq!(passes, [false, true, true], "{id} without {lost}: {found:#?}");
        }
    }
}

/// Every three seconds of the first phase an action ends the credentials of a role, which do nothing from then on.
#[test]
fn nothing_is_expected_of_credentials_that_an_action_ended() {
    let times: Vec<u64> = (1..=8).map(|number| (1 + 3 * number) * S).collect();
    let mut story = population::story();
    let ends: BTreeMap<u64, u64> = story
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Operation(record) if record.op == Operation::Issue && record.role == ROLE => {
                Some((record.lifecycle, *times.iter().find(|at| **at > record.end.0)?))
            }
            _ => None,
        })
        .collect();
    story = story.without(|event| match event {
        Event::Operation(record) => ends.get(&record.lifecycle).is_some_and(|end| record.start.0 >= *end),
        _ => false,
    });
    let ids = |story: &Story| -> BTreeSet<String> { not_passed(story).into_keys().map(|(check, _)| check).collect() };
    let without_actions = ids(&story);
    story.plan.actions = times.iter().map(|_| crate::actions::ending("one")).collect();
    for (action, begun) in (1..).zip(&times) {
        mark(&mut story, action, (*begun, begun + 100 * MS));
    }
    let with_actions = ids(&story);
    for id in ["AUD-1", "AVL-1", "INV-5", "INV-6a", "TTL-2", "REV-1"] {
        assert!(!with_actions.contains(id), "{id}: {:#?}", not_passed(&story));
    }
    // Nothing but the actions excuses what is missing.
    for id in ["INV-5", "INV-6a", "REV-1"] {
        assert!(without_actions.contains(id), "{id} misses nothing without the actions: {without_actions:?}");
    }
}

/// What is lost of one part only: how it is called, and which events and checks it concerns.
struct Part {
    name: String,
    role: Option<&'static str>,
    of: Box<dyn Fn(&Event) -> bool>,
}

fn parts() -> Vec<Part> {
    let plan = population::plan();
    let planned = PlannedLoad::of(&plan);
    let arrival =
        |lifecycle: u64| planned.arrival(lifecycle).map(|it| (it.phase.name.clone(), it.lifecycle.role.clone()));
    // Those that ask for more than the maximum TTL come after the arrivals.
    let beyond = [ROLE, OTHER].map(|role| Some((PHASES[0].to_owned(), role.to_owned())));
    let places: Vec<_> = (0..=planned.arrivals()).map(arrival).chain(beyond).collect();
    let place = move |event: &Event| places.get(usize::try_from(lifecycle(event)?).ok()?).cloned().flatten();
    let mut parts = Vec::new();
    for role in [ROLE, OTHER] {
        let place = place.clone();
        let of = move |event: &Event| place(event).is_some_and(|(_, of)| of == role);
        parts.push(Part { name: format!("role {role}"), role: Some(role), of: Box::new(of) });
    }
    for phase in PHASES {
        let place = place.clone();
        let of = move |event: &Event| place(event).is_some_and(|(of, _)| of == phase);
        parts.push(Part { name: format!("phase {phase}"), role: None, of: Box::new(of) });
    }
    for endpoint in ENDPOINTS {
        let at = |event: &Event| match event {
            Event::Operation(record) => record.endpoint.clone(),
            _ => None,
        };
        let of = move |event: &Event| at(event).is_some_and(|at| at.starts_with(endpoint));
        parts.push(Part { name: format!("endpoint {endpoint}"), role: None, of: Box::new(of) });
    }
    parts
}

/// What some checks can do without: a role that goes before its lease's end leaves too few that expire, and only the first
/// phase has credentials that ask for more than the maximum TTL.
const SPARED: &[(&str, &str, &str)] =
    &[("EXP-1", "revoke operations", "phase"), ("TTL-7", "renew operations", "phase second")];

#[test]
fn no_check_passes_without_most_of_the_data_of_one_part() {
    let story = population::story();
    let mut passed = BTreeSet::new();
    for Part { name, role, of } in parts() {
        let events = story.events();
        let concerned: BTreeSet<String> = events.iter().filter(|event| of(event)).filter_map(kind).collect();
        for lost in concerned {
            let failed = not_passed(&lacking(&story, &lost, &of));
            let needing: Vec<&str> =
                NEEDS.iter().filter(|(_, kinds)| kinds.contains(&&*lost)).map(|(check, _)| *check).collect();
            let asks = story.plan.asks.iter().filter(|ask| needing.contains(&ask.check.as_str()));
            let asks =
                asks.filter(|ask| !matches!((&ask.subject, role), (Subject::Role(of), Some(role)) if of != role));
            for ask in asks {
                let (check, subject) = (ask.check.as_str(), ask.subject.to_string());
                let spared =
                    SPARED.iter().any(|(of, kind, part)| *of == check && *kind == lost && name.starts_with(part));
                if !spared && !failed.contains_key(&(check.to_owned(), subject.clone())) {
                    passed.insert(format!("{check} {subject} passes without most {lost} of {name}"));
                }
            }
        }
    }
    assert_eq!(passed, BTreeSet::new());
}

/// A threshold on any operation, and on the lag of expired credentials.
#[test]
fn no_threshold_passes_without_most_of_what_it_limits() {
    let limited = |metric: &str| {
        let mut story = population::story().asking(&["THR-1"]);
        let threshold = &mut story.plan.thresholds[0];
        (threshold.metric, threshold.limit) = (metric.parse().unwrap(), 60e6);
        story.plan.asks[0].subject = Subject::Metric(metric.to_owned());
        story
    };
    for op in ["issue", "login", "relogin", "renew", "revoke", "dead_login"] {
        let story = limited(&format!("{op}.response.p99"));
        story.passes("THR-1");
        lacking(&story, &format!("{op} operations"), |_| true).unknown("THR-1");
    }
    let lag = limited("expiry.lag.p99");
    lag.passes("THR-1");
    lacking(&lag, "roles", |_| true).unknown("THR-1");
}

/// A whole phase without a single observation.
#[test]
fn no_check_passes_without_the_observations_of_one_phase() {
    let story = population::story();
    let within = |event: &Event, at: Micros| at.0 > 35 * S && !matches!(event, Event::Residue { .. });
    for (lost, checks) in [
        ("roles", &["INV-3", "REV-1", "EXP-1"][..]),
        ("leases", &["INV-10"]),
        ("sessions", &["TLS-1", "INV-6b", "DNS-2"]),
        ("dependencies", &["INV-11"]),
        ("irrevocable leases", &["INV-8"]),
        ("DNS queries", &["DNS-1"]),
        ("zone changes", &["DNS-3"]),
    ] {
        let at = |event: &Event| match event {
            Event::Roles(observation) => observation.from,
            Event::Leases(observation) => observation.from,
            Event::Sessions(observation) => observation.from,
            Event::Dependencies(observation) => observation.from,
            Event::Irrevocable(observation) => observation.from,
            Event::Dns(event) => event.moment(),
            _ => Micros(0),
        };
        let failed = not_passed(&lacking(&story, lost, |event| within(event, at(event))));
        for check in checks {
            assert!(failed.keys().any(|(id, _)| id == check), "{check} without {lost}: {failed:#?}");
        }
    }
}
