//! SAT-1 and AVL-1: whether everything that is due is answered, and whether the environment keeps up.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use leaseproof_domain::{
    CheckId, Dropped, EndReason, Event, FailureSource, FaultMark, FaultPoint, Micros, Operation, PhaseMark, PhasePoint,
    RoleObservation, Ttl, Verdict,
};
use leaseproof_scenario::{PhasePlan, Promised};
use proptest::prelude::*;

use crate::story::{MS, ROLE, S, Story, line, no_answer, refused_with};

/// Numbers of a seed, from 0 to 1.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A span between two events that come at random, of that mean.
    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.roll()).ln()
    }
}

/// A phase of issues at one server, which works on one at a time, in order.
#[derive(Clone)]
struct Load {
    rate: f64,
    /// Issues a second that the server can do.
    capacity: f64,
    seconds: f64,
    /// Whether arrivals and service times come at random.
    random: bool,
    /// How many more arrive at once every five seconds.
    burst: u64,
    /// From when on, and for how long, nothing is done.
    stall: (f64, f64),
    /// The share of issues that never come to the server.
    loss: f64,
    /// How many may be under way.
    in_flight: usize,
    /// How long clients wait, in seconds.
    timeout: f64,
    seed: u64,
}

impl Load {
    fn new(rate: f64, capacity: f64, seconds: f64) -> Self {
        let stall = (0.0, 0.0);
        Self {
            rate,
            capacity,
            seconds,
            random: false,
            burst: 0,
            stall,
            loss: 0.0,
            in_flight: 500,
            timeout: 10.0,
            seed: 1,
        }
    }

    fn arrivals(&self, dice: &mut Dice) -> Vec<f64> {
        let mut all = Vec::new();
        let mut due = 0.0;
        while due < self.seconds {
            all.push(due);
            due += if self.random { dice.exponential(1.0 / self.rate) } else { 1.0 / self.rate };
        }
        let bursts = (1..).map(|number| f64::from(number) * 5.0).take_while(|at| *at < self.seconds);
        all.extend(bursts.flat_map(|at| (0..self.burst).map(move |_| at)));
        all.sort_by(f64::total_cmp);
        all
    }

    /// The phase from 1 s on, and nothing else.
    fn story(&self) -> Story {
        let mut story = Story::empty().asking(&["SAT-1", "AVL-1"]);
        let over = (self.seconds * 1e6) as u64 + S;
        story.plan.phases = vec![phase("steady", self.rate, self.seconds)];
        story.plan.client.timeout = Ttl::from_millis((self.timeout * 1e3) as u64);
        story = story.each(move |event| {
            if let Event::End(end) = event {
                (end.at, end.reason) = (Micros(over + 60 * S), EndReason::Completed);
            }
        });
        for (at, point) in [(S, PhasePoint::Begins), (over, PhasePoint::Drains)] {
            story.add(at, Event::Phase(PhaseMark { phase: "steady".into(), point, at: Micros(at) }));
        }
        self.send(&mut story);
        story
    }

    fn send(&self, story: &mut Story) {
        let timeout = self.timeout;
        let mut dice = Dice(self.seed);
        let mut free = 0.0_f64;
        let mut under_way: Vec<f64> = Vec::new();
        for (number, due) in self.arrivals(&mut dice).into_iter().enumerate() {
            under_way.retain(|end| *end > due);
            let moment = |seconds: f64| S + (seconds * 1e6) as u64;
            let lifecycle = number as u64 + 1;
            if under_way.len() >= self.in_flight {
                let (role, phase) = (ROLE.into(), "steady".into());
                let dropped = Dropped { lifecycle, role, phase, intended: Micros(moment(due)), lifecycle_name: None };
                story.add(moment(due), Event::Dropped(dropped));
                continue;
            }
            let service = if self.random { dice.exponential(1.0 / self.capacity) } else { 1.0 / self.capacity };
            let (from, lasts) = self.stall;
            let mut begins = free.max(due);
            if begins + service > from && begins < from + lasts {
                begins = from + lasts;
            }
            let lost = dice.roll() < self.loss;
            // A client that goes away leaves the queue.
            let gives_up = lost || begins >= due + timeout;
            let end = if gives_up { due + timeout } else { begins + service };
            if !gives_up {
                free = end;
            }
            let answered = end <= due + timeout && !gives_up;
            let end = end.min(due + timeout);
            under_way.push(end);
            let busy = refused_with(FailureSource::Vault, "500", "busy");
            let outcome = if answered { busy } else { no_answer() };
            story.operation(lifecycle, Operation::Issue, moment(due), moment(end), outcome);
        }
    }

    fn verdict(&self) -> Verdict {
        self.story().judgment("SAT-1").verdict
    }
}

fn phase(name: &str, rate: f64, seconds: f64) -> PhasePlan {
    PhasePlan {
        name: name.into(),
        rate,
        duration: Ttl::from_millis((seconds * 1e3) as u64),
        drain: Ttl::from_secs(30),
        mix: BTreeMap::new(),
        overload: false,
        origin: line(80),
    }
}

#[test]
fn sat_1_fails_where_less_is_done_than_is_asked_for() {
    for (rate, capacity, seconds) in [(8.0, 5.0, 20.0), (14.0, 11.0, 30.0), (18.0, 11.0, 30.0), (50.0, 12.0, 30.0)] {
        let load = Load::new(rate, capacity, seconds);
        assert_eq!(load.verdict(), Verdict::Fail, "{rate} {capacity} {seconds}");
    }
    let story = Load::new(14.0, 11.0, 30.0).story();
    let judged = story.judged().verdicts;
    assert_eq!(judged.checks[0].check, CheckId::of("SAT-1"), "it is the first one");
    let finding = &judged.checks[0].findings[0];
    assert_eq!((finding.at, finding.promised.clone()), (Some(Micros(8_500_000)), Some(line(80))));
    assert_snapshot!(finding.what);
    let load = &judged.observed.load[0];
    assert_eq!((load.phase.as_str(), load.dropped_per_second), ("steady", 0.0));
    assert!((load.offered_per_second - 14.0).abs() < 0.1 && (load.completed_per_second - 11.0).abs() < 0.1, "{load:?}");
    assert!((load.backlog_growth_per_second - 3.0).abs() < 0.2 && load.backlog_growth_low > 2.0, "{load:?}");
}

#[test]
fn sat_1_passes_where_what_is_asked_for_is_done() {
    for (rate, capacity, seconds) in [(2.0, 5.0, 20.0), (8.0, 12.0, 40.0), (4.0, 4.2, 60.0), (100.0, 150.0, 20.0)] {
        let load = Load::new(rate, capacity, seconds);
        assert_eq!(load.verdict(), Verdict::Pass, "{rate} {capacity} {seconds}");
    }
    // 8 a second are asked for and 7.9 done: not more than 5 % of the arrivals.
    assert_eq!(Load::new(8.0, 7.9, 60.0).verdict(), Verdict::Pass);
}

#[test]
fn sat_1_fails_where_clients_give_up_or_arrivals_are_dropped_all_the_time() {
    // After ten seconds of 300 every client waits for its time-out: no wait grows any longer.
    let given_up = Load::new(20.0, 5.0, 300.0);
    assert_eq!(given_up.verdict(), Verdict::Fail);
    // Ten may be under way: each waits for two seconds, and the others are dropped.
    let dropped = Load { in_flight: 10, ..Load::new(8.0, 5.0, 60.0) };
    assert_eq!(dropped.verdict(), Verdict::Fail);
    let load = &dropped.story().judged().verdicts.observed.load[0];
    assert!((load.dropped_per_second - 3.0).abs() < 0.3, "{load:?}");
    // Whoever comes after the first moments waits for longer than the phase lasts, and gives up after it.
    let patient = Load { timeout: 60.0, ..Load::new(8.0, 1.2, 20.0) };
    assert_eq!(patient.verdict(), Verdict::Fail);
    let hopeless = Load { timeout: 60.0, stall: (0.5, 1e6), ..Load::new(8.0, 50.0, 20.0) };
    assert_eq!(hopeless.verdict(), Verdict::Fail);
    // Nothing is done at all.
    let frozen = Load { stall: (0.0, 1e6), ..Load::new(4.0, 100.0, 40.0) };
    assert_eq!(frozen.verdict(), Verdict::Fail);
}

#[test]
fn sat_1_fails_where_service_comes_in_bursts_and_most_of_the_load_waits_at_the_end() {
    // Nothing waits for half of the phase, and then nothing is done any more.
    for seconds in [20.0, 40.0, 80.0] {
        let bursts = Load { timeout: 120.0, stall: (seconds / 2.0, 1e6), ..Load::new(2.0, 5.0, seconds) };
        assert_eq!(bursts.verdict(), Verdict::Fail, "{seconds}");
        // A fifth of what is judged, at its end, may be a stall.
        let stalled = Load { stall: (seconds * 0.85, seconds * 0.15), ..bursts };
        assert_eq!(stalled.verdict(), Verdict::Pass, "{seconds}");
    }
}

/// A server that does nothing for a while, and then all that waits at once, at these seconds of a phase of 26 s.
fn in_batches(rate: f64, timeout: f64, batches: &[f64]) -> Story {
    let load = Load { timeout, ..Load::new(rate, 1.0, 26.0) };
    let mut story = load.story().without(|event| matches!(event, Event::Operation(_)));
    for (place, due) in load.arrivals(&mut Dice(1)).into_iter().enumerate() {
        let served = batches.iter().find(|batch| **batch >= due).copied().unwrap_or(f64::INFINITY);
        let answered = served < due + timeout;
        let end = if answered { served } else { due + timeout };
        let moment = |seconds: f64| S + (seconds * 1e6) as u64;
        let outcome = if answered { refused_with(FailureSource::Vault, "500", "busy") } else { no_answer() };
        story.operation(place as u64 + 1, Operation::Issue, moment(due), moment(end), outcome);
    }
    story
}

#[test]
fn sat_1_passes_no_load_that_is_served_in_bursts_and_given_up_at_the_end() {
    // 45 and 51 of 78 are served: the backlog falls once, so that the interval of its slope has zero in it.
    for batches in [&[2.0, 4.0, 13.5, 14.5][..], &[2.0, 4.0, 6.0, 15.0, 16.5]] {
        let story = in_batches(3.0, 10.0, batches);
        let load = &story.judged().verdicts.observed.load[0];
        assert!(load.backlog_growth_low <= 0.0 && load.backlog_growth_high > 0.5, "{load:?}");
        let findings = story.fails("SAT-1");
        assert!(findings[0].what.starts_with("phase steady is saturated"), "{}", findings[0].what);
        assert!(findings[0].lifecycles.len() > 20, "{findings:?}");
    }
    // Fewer wait at the end.
    let why = in_batches(3.0, 5.0, &[2.0, 4.0, 8.0, 12.5, 16.0, 19.0]).unknown("SAT-1");
    assert_snapshot!(why);
    // The last batch comes in time: nobody gives up.
    in_batches(3.0, 10.0, &[2.0, 4.0, 9.0, 14.0, 19.0, 24.0, 29.0]).passes("SAT-1");
}

#[test]
fn sat_1_what_is_lost_on_its_way_is_no_backlog() {
    for loss in [0.02, 0.1, 0.3] {
        let lossy = Load { loss, ..Load::new(8.0, 50.0, 60.0) };
        assert_eq!(lossy.verdict(), Verdict::Pass, "{loss}");
        assert_eq!(lossy.story().judgment("AVL-1").verdict, Verdict::Fail);
    }
}

#[test]
fn sat_1_a_phase_too_short_to_tell_is_left_out_and_keeps_no_run_from_passing() {
    let short = Load::new(8.0, 50.0, 12.0).story().judged().verdicts;
    assert_eq!((short.verdict, short.checks.len()), (Verdict::Pass, 1));
    assert_snapshot!(short.observed.left_out["SAT-1"], @"no phase is long enough: SAT-1 needs 15 s of arrivals after the ramp-up and outside fault windows, and 20 arrivals: with `for = \"20s\"` a phase is long enough (steady has 9.0 s)");
    // Saturated all the same: nobody can say so.
    assert!(!Load::new(8.0, 1.0, 12.0).story().judged().verdicts.observed.left_out.is_empty());
    let seldom = Load::new(0.5, 50.0, 30.0).story().judged().verdicts;
    assert!(seldom.observed.left_out.contains_key("SAT-1"));
    // A run that did not come to its end is Unknown, as it is for every check.
    let cut = Load::new(8.0, 50.0, 12.0).story().each(|event| {
        if let Event::End(end) = event {
            end.reason = EndReason::Interrupted;
        }
    });
    assert!(cut.unknown("SAT-1").contains("the run ended early"));
}

#[test]
fn sat_1_a_phase_that_is_meant_to_overload_is_not_judged() {
    let mut story = Load::new(8.0, 5.0, 30.0).story();
    story.plan.phases[0].overload = true;
    assert!(story.judged().verdicts.observed.left_out.contains_key("SAT-1"));
    story.plan.phases.push(phase("later", 1.0, 5.0));
    assert!(story.judged().verdicts.observed.left_out["SAT-1"].contains("later has 0.0 s"));
}

/// The server does nothing from 20 s to 30 s of the phase, and a fault of the plan says so.
fn faulty(load: &Load) -> Story {
    let mut story = load.story();
    story.plan.faults = vec![crate::faults::plan(10_000)];
    for (at, point) in [(21 * S, FaultPoint::Begins), (31 * S, FaultPoint::Healed)] {
        let words = "frozen".to_owned();
        story.add(at, Event::Fault(FaultMark { fault: 1, point, at: Micros(at), words }));
    }
    story
}

#[test]
fn sat_1_and_avl_1_leave_the_time_of_a_fault_out() {
    // The fault window lasts from 21 s to 41 s; 16 s before it and 20 s after it are judged.
    let frozen = Load { stall: (20.0, 9.9), ..Load::new(4.0, 40.0, 60.0) };
    let story = faulty(&frozen);
    story.passes("SAT-1");
    assert_eq!(story.judgment("SAT-1").samples, 1);
    story.passes("AVL-1");
    let saturated = Load { stall: (20.0, 10.0), ..Load::new(4.0, 2.0, 80.0) };
    faulty(&saturated).fails("SAT-1");
    // Nobody says why: those that came in the first half second waited too long.
    frozen.story().passes("AVL-1");
    Load { stall: (20.0, 10.5), ..frozen }.story().fails("AVL-1");
}

#[test]
fn avl_1_every_request_that_is_due_has_its_answer() {
    Story::good().passes("AVL-1");
    let unanswered = |sent: u64, dropped: u64| {
        Story::good().asking(&["AVL-1"]).with(|story| {
            for number in 0..sent {
                let start = 12 * S + number * 100 * MS;
                story.operation(100 + number, Operation::Issue, start, start + 10 * S, no_answer());
            }
            for lifecycle in 200..200 + dropped {
                let (role, phase) = (ROLE.into(), "steady".into());
                let dropped = Dropped { lifecycle, role, phase, intended: Micros(13 * S), lifecycle_name: None };
                story.add(13 * S, Event::Dropped(dropped));
            }
        })
    };
    let findings = unanswered(4, 3).fails("AVL-1");
    assert_eq!((findings.len(), findings[0].at), (1, Some(Micros(12 * S))));
    // A dropped arrival has no lifecycle.
    assert_eq!(findings[0].lifecycles, [100, 101, 102, 103]);
    assert!(unanswered(0, 1).fails("AVL-1")[0].lifecycles.is_empty());
    assert_snapshot!(findings[0].what, @"issue: expected every one of 10 due requests answered within 10000 ms, got 7 without an answer (70.0 %): 4 sent, 3 dropped; the first: timed out");
    assert_snapshot!(unanswered(0, 1).fails("AVL-1")[0].what, @"issue: expected every one of 4 due requests answered within 10000 ms, got 1 without an answer (25.0 %): 0 sent, 1 dropped; the first: dropped: in_flight of [client] was reached");
    // A share may be allowed; of few requests it is rounded up.
    let allowing = |sent, share: f64| {
        let mut story = unanswered(sent, 0);
        story.plan.promise.unanswered = Some(Promised { value: share, origin: line(18) });
        story
    };
    allowing(1, 0.01).passes("AVL-1");
    assert_eq!(allowing(2, 0.01).fails("AVL-1")[0].promised, Some(line(18)));
    allowing(4, 0.5).passes("AVL-1");
    allowing(6, 0.5).fails("AVL-1");
    // Any other request counts as well as an issue.
    let login = Story::good().op(1, Operation::Relogin, |record| record.outcome = no_answer());
    assert!(login.fails("AVL-1")[0].what.starts_with("relogin: expected every one of 2"));
}

/// Eight credentials a second, each for two seconds; Vault lets go of so many roles a second.
fn expiring(revoked_a_second: f64, seconds: u64) -> Story {
    let load = Load::new(8.0, 1_000.0, seconds as f64);
    let mut story = load.story();
    story = story.without(|event| matches!(event, Event::Operation(_)));
    let lasts = 2 * S;
    let mut free = 0_u64;
    let mut changes: Vec<(u64, i64)> = Vec::new();
    for lifecycle in 1..=8 * seconds {
        let at = S + lifecycle * S / 8;
        let issue = story.operation(lifecycle, Operation::Issue, at, at + MS, leaseproof_domain::Outcome::Ok);
        issue.lease_seconds = Some(2);
        issue.username = Some(crate::story::username(lifecycle));
        let gone = (at + lasts).max(free) + (1e6 / revoked_a_second) as u64;
        free = gone;
        changes.extend([(at, 1), (gone, -1)]);
        let seen = leaseproof_domain::RoleSeen {
            cluster: String::new(),
            oid: 10_000 + lifecycle as u32,
            name: crate::story::username(lifecycle),
            valid_until: None,
            login: true,
            password: Some(true),
        };
        let observation = |from: u64, appeared, gone| RoleObservation {
            cluster: String::new(),
            from: Micros(from),
            to: Micros(from + 10),
            appeared,
            changed: vec![],
            gone,
            total: 0,
        };
        story.add(at + 2 * MS, Event::Roles(observation(at + 2 * MS, vec![seen], vec![])));
        story.add(gone, Event::Roles(observation(gone, vec![], vec![10_000 + lifecycle as u32])));
    }
    changes.sort_unstable();
    // Each observation tells how many roles there are.
    story.each(move |event| {
        if let Event::Roles(observation) = event {
            let before = changes.iter().take_while(|(at, _)| *at <= observation.to.0);
            observation.total = before.map(|(_, by)| by).sum::<i64>().unsigned_abs();
        }
    })
}

#[test]
fn sat_1_roles_that_outlast_their_leases_longer_and_longer_are_a_backlog() {
    expiring(40.0, 40).passes("SAT-1");
    let findings = expiring(5.0, 40).fails("SAT-1");
    assert_eq!(findings.len(), 1);
    assert!(findings[0].what.contains("more roles whose lease had ended each second"), "{}", findings[0].what);
    // Others may take credentials there meanwhile: their roles are not distinguished.
    let mut attached = expiring(5.0, 40);
    attached.plan.environment = leaseproof_scenario::EnvironmentKind::Attached;
    attached.passes("SAT-1");
}

#[test]
fn sat_1_roles_that_are_still_there_at_the_end_have_waited_too() {
    // Nobody observes any more 45 s after the run's beginning, when no role of the last third has been revoked.
    let unseen = |event: &Event| matches!(event, Event::Roles(observation) if observation.from.0 > 45 * S);
    expiring(5.0, 40).without(unseen).fails("SAT-1");
}

#[test]
fn sat_1_roles_that_are_never_revoked_are_no_backlog() {
    let story = expiring(40.0, 40).each(|event| {
        if let Event::Roles(observation) = event {
            observation.total = observation.from.0 / S * 8;
            observation.gone.clear();
        }
    });
    story.passes("SAT-1");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn sat_1_never_accuses_a_server_that_keeps_up(
        rate in 2.0_f64..30.0, used in 0.05_f64..0.7, seconds in 20.0_f64..70.0, random: bool, burst in 0_u64..20,
        stalled in 0.0_f64..0.22, place in 0.0_f64..1.0, seed: u64,
    ) {
        // One stall of up to a fifth of what is judged, wherever it lies; bursts are part of what is used.
        let lasts = stalled * 0.75 * seconds;
        let burst = burst.min((rate * 5.0 * 0.2) as u64);
        let load = Load {
            random, burst, seed,
            stall: (place * (seconds - lasts), lasts),
            ..Load::new(rate, (rate + burst as f64 / 5.0) / used, seconds)
        };
        let gives_up = lasts >= load.timeout;
        let verdict = load.verdict();
        prop_assert!(verdict == Verdict::Pass || (gives_up && verdict == Verdict::Unknown), "{verdict:?}");
    }

    // Nearer to what it can do, and with few arrivals at random, chance decides whether half a minute shows it.
    #[test]
    fn sat_1_always_finds_a_server_that_does_not(
        rate in 4.0_f64..30.0, used in 1.4_f64..6.0, seconds in 30.0_f64..70.0, random: bool, in_flight in 30_usize..500,
        timeout in 2.0_f64..120.0, seed: u64,
    ) {
        let judged = rate * 0.75 * seconds;
        // Five standard deviations of what arrives and is served at random.
        prop_assume!(!random || judged * (1.0 - 1.0 / used) >= 5.0 * (2.0 * judged).sqrt());
        let load = Load { random, in_flight, timeout, seed, ..Load::new(rate, rate / used, seconds) };
        prop_assert_eq!(load.verdict(), Verdict::Fail);
    }
}
