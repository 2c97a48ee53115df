//! Detects saturation: whether a run's backlog grows while a phase's arrivals last.
//!
//! The load of a phase is cut into blocks, and of each block the *smallest* backlog counts. A system that keeps up empties
//! its queue again and again, whatever bursts and stalls there are: that minimum stays where it is. One that does not keep
//! up never does, and the minimum grows from block to block. It is taken for saturated only if all of these hold:
//!
//! - the slope of the minima over time (Theil and Sen) is certainly above zero, at 99 % confidence;
//! - it is at least [`LEAST_SHARE`] of the rate at which credentials were asked for, and at least [`LEAST_GROWTH`]
//!   requests were added over the stretch, and more than chance adds where arrivals and service come at random;
//! - it grew from the first third to the second and from there to the last: a stall near the end is none;
//! - it is still there in the last sixth: a stall whose backlog is being worked off is none;
//! - waits grew with it, or arrivals were dropped: what is only lost on its way is no backlog.
//!
//! Where service comes in bursts, the backlog does not grow from third to third, and its slope is uncertain. Instead of the
//! third and the fourth condition it is enough that [`MOST_WAIT`] of all arrivals still wait at the end of the stretch, and
//! instead of the first one that those of its last sixth are not answered because they wait.
//!
//! What may be such a growth, and is not certain, is no saturation and no absence of it: see [`Certainty::Possible`].

use std::time::Duration;

use leaseproof_domain::{LoadFigures, Micros, Operation, Ttl};
use leaseproof_scenario::{EnvironmentKind, LifecyclePlan, PhasePlan, Plan};

use crate::fold::{Fault, Run, Slice, Waits};
use crate::spans::{Span, without};
use crate::trend::{Slope, median, slope};

/// A stretch of load that is shorter is not judged, in seconds.
pub(crate) const SHORTEST: f64 = 15.0;
/// Nor is one with fewer arrivals.
pub(crate) const FEWEST_ARRIVALS: f64 = 20.0;
/// How much of a phase its ramp-up may be.
pub(crate) const RAMP_UP: f64 = 0.25;
/// A backlog that grows by less than this share of the arrivals is not distinguished from noise.
pub(crate) const LEAST_SHARE: f64 = 0.05;
/// Nor is one that grows by fewer requests, or roles, over the stretch.
pub(crate) const LEAST_GROWTH: f64 = 10.0;
/// How much of the growth has to fall into each of the two steps between the thirds.
const LEAST_STEP: f64 = 0.15;
/// How much of the highest minimum is left in the last sixth at least.
const STILL_THERE: f64 = 0.7;
/// The share of a stretch's arrivals that wait at its end where service comes in bursts: no single stall of a fifth of it
/// leaves as many.
const MOST_WAIT: f64 = 0.3;
/// By how much the share of roles that never went has to be higher in the last third than in the first.
const MORE_OUTLAST: f64 = 0.3;
/// How much longer waits have to be in the last third than in the first, in seconds, and as a factor or as a share of the
/// stretch's length: waits that were long from the beginning do not grow by half any more.
const LONGER: (f64, f64, f64) = (0.1, 1.5, 0.1);
/// A block is at least so many seconds long, and there are at most so many.
const BLOCK: (f64, f64) = (1.0, 40.0);

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backlog {
    /// Requests that were due and not completed.
    Requests,
    /// Roles whose lease has ended.
    Roles,
}

/// How certain it is that a backlog grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    Certain,
    /// The interval of the slope does not exclude it, and the backlog of the end speaks for it.
    Possible,
}

/// A stretch of a phase's arrivals outside fault windows, and how its load went.
pub(crate) struct Stretch<'p> {
    pub(crate) phase: &'p PhasePlan,
    pub(crate) figures: LoadFigures,
    /// What grew, or may have grown.
    pub(crate) grown: Vec<(Backlog, Certainty, Growth)>,
    /// Requests of the last sixth that were given up or dropped, and how many were due in it.
    pub(crate) unanswered_at_end: (u64, u64),
    /// The operation whose waits grew most, and their means in the first and the last third, in seconds.
    pub(crate) longer: Option<(Operation, f64, f64)>,
}

/// How a backlog went over a stretch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    /// A second.
    pub(crate) slope: Slope,
    /// The median of the smallest values in the first third, and in the last.
    pub(crate) first: f64,
    pub(crate) last: f64,
    /// Whether it grew from the first third to the second, and from there to the last.
    throughout: bool,
    /// Whether most of it is still there in the last sixth.
    to_the_end: bool,
    /// The median of the smallest values in the last sixth.
    at_end: f64,
}

/// The stretches of a run that are long enough to tell, and the phases that have none, each with its seconds.
pub(crate) fn stretches<'p>(run: &Run<'p>) -> (Vec<Stretch<'p>>, Vec<(&'p PhasePlan, f64)>) {
    let (mut judged, mut short) = (Vec::new(), Vec::new());
    for phase in run.plan.phases.iter().filter(|phase| !phase.overload) {
        let before = judged.len();
        let mut longest = 0.0_f64;
        for (from, to) in free(run, phase) {
            longest = longest.max(to.since(from).as_secs_f64());
            judged.extend(stretch(run, phase, from, to));
        }
        if judged.len() == before {
            short.push((phase, longest));
        }
    }
    (judged, short)
}

/// How the load of each stretch went that is long enough to tell.
pub(crate) fn figures(run: &Run<'_>) -> Vec<LoadFigures> {
    stretches(run).0.into_iter().map(|stretch| stretch.figures).collect()
}

/// The spans of a phase's arrivals after the ramp-up in which no fault window is open, and no window of an action is open.
fn free(run: &Run<'_>, phase: &PhasePlan) -> Vec<Span> {
    let arrivals = run.phases.get(&phase.name).copied().unwrap_or_default();
    let (Some(begun), Some(over)) = (arrivals.begun, arrivals.over) else { return Vec::new() };
    let length = over.min(begun.after(phase.duration.duration())).since(begun);
    let ramp_up = length.mul_f64(RAMP_UP).min(lifetime(run.plan, phase));
    without((begun.after(ramp_up), begun.after(length)), run.faults.iter().filter_map(Fault::span))
}

/// How long the credentials of a phase live at most: until then the load rises.
fn lifetime(plan: &Plan, phase: &PhasePlan) -> Duration {
    let lease = |lifecycle: &LifecyclePlan| {
        let role = plan.roles.iter().find(|role| role.name == lifecycle.role);
        let promised = role.and_then(|role| role.default_ttl.as_ref()).map(|ttl| ttl.value);
        let lease = lifecycle.lease.or(promised).map_or(Duration::MAX, Ttl::duration);
        lease.checked_mul(2).unwrap_or(Duration::MAX)
    };
    let mixed = plan.lifecycles.iter().filter(|lifecycle| phase.mix.contains_key(&lifecycle.name));
    mixed.map(lease).max().unwrap_or(Duration::MAX)
}

/// None where it is too short to tell.
fn stretch<'p>(run: &Run<'p>, phase: &'p PhasePlan, from: Micros, to: Micros) -> Option<Stretch<'p>> {
    let flow = &run.flow;
    let places = flow.places(from, to);
    let slices = flow.slices(places.clone());
    let seconds = slices.len() as f64 * flow.width();
    let a_second = |of: fn(&Slice) -> u64| slices.iter().map(of).sum::<u64>() as f64 / seconds;
    let offered = a_second(|slice| slice.arrivals);
    if to.since(from).as_secs_f64() < SHORTEST || offered * seconds < FEWEST_ARRIVALS {
        return None;
    }
    let block = (BLOCK.0.max(seconds / BLOCK.1) / flow.width()).ceil() as usize;
    let trend = |values: &[f64]| growth(values, block, flow.width());
    let requests = trend(&flow.waiting(places.clone()))?;
    let timeout = run.plan.client.timeout.duration().as_secs_f64();
    let longer =
        Operation::ALL.iter().filter_map(|op| grown_waits(slices, *op, seconds)).max_by(|a, b| a.2.total_cmp(&b.2));
    let (last, end) = (Last::of(slices, 3), Last::of(slices, 6));
    let fails_at_end = end.fails(timeout);
    let waits = longer.is_some() || last.fails(timeout) || fails_at_end;
    let grows = |backlog, growth: Growth, fails_at_end| {
        growth.certainty(offered, seconds, fails_at_end).map(|certainty| (backlog, certainty, growth))
    };
    let mut grown = Vec::new();
    grown.extend(grows(Backlog::Requests, requests, fails_at_end).filter(|_| waits));
    let roles = trend(&flow.unrevoked(places)).filter(|_| sees_all_roles(run.plan) && outlasts_longer(slices, seconds));
    grown.extend(roles.and_then(|growth| grows(Backlog::Roles, growth, false)));
    let figures = LoadFigures {
        phase: phase.name.clone(),
        from,
        to,
        offered_per_second: offered,
        completed_per_second: a_second(|slice| slice.answered),
        dropped_per_second: a_second(|slice| slice.dropped),
        backlog_growth_per_second: requests.slope.median,
        backlog_growth_low: requests.slope.low,
        backlog_growth_high: requests.slope.high,
        backlog_first: requests.first,
        backlog_last: requests.last,
    };
    let unanswered_at_end = ((end.dropped + end.given_up) as u64, end.arrivals as u64);
    Some(Stretch { phase, figures, grown, unanswered_at_end, longer })
}

/// Whether the observations of roles show those of the run and no others.
fn sees_all_roles(plan: &Plan) -> bool {
    plan.environment != EnvironmentKind::Attached || plan.attached.as_ref().is_some_and(|attached| attached.quiet)
}

/// How the smallest values of blocks of so many values grow; the values are `width` seconds apart.
fn growth(values: &[f64], block: usize, width: f64) -> Option<Growth> {
    let smallest = |block: &[f64]| block.iter().copied().fold(f64::INFINITY, f64::min);
    let minima: Vec<f64> = values.chunks_exact(block).map(smallest).collect();
    let slope = slope(&minima, block as f64 * width)?;
    let [first, second, last] = thirds(&minima).map(median);
    let step = LEAST_STEP * (last - first);
    let throughout = step > 0.0 && second - first >= step && last - second >= step;
    let highest = minima.iter().copied().fold(0.0, f64::max);
    let at_end = median(&minima[minima.len() - minima.len().div_ceil(6)..]);
    Some(Growth { slope, first, last, throughout, to_the_end: at_end >= STILL_THERE * highest, at_end })
}

impl Growth {
    /// Whether it is material; none where it is not. `fails_at_end` says that the requests at the end of the stretch were
    /// not answered because they waited.
    fn certainty(&self, offered: f64, seconds: f64, fails_at_end: bool) -> Option<Certainty> {
        let Slope { median, low, high } = self.slope;
        // The difference of two Poisson counts, what arrived and what was served, has this standard deviation.
        let by_chance = (2.0 * offered * seconds).sqrt().max(LEAST_GROWTH);
        let is_enough = |slope: f64| slope >= LEAST_SHARE * offered && slope * seconds >= by_chance;
        let most_wait = self.at_end >= MOST_WAIT * offered * seconds;
        let steady = self.throughout && self.to_the_end;
        let is_certain = if low > 0.0 { steady || most_wait } else { most_wait && fails_at_end };
        let given_up = fails_at_end && is_enough(high) && self.at_end >= by_chance;
        let is_possible = given_up || (most_wait && is_enough(median));
        if is_certain && is_enough(median) {
            Some(Certainty::Certain)
        } else {
            (is_possible && self.to_the_end).then_some(Certainty::Possible)
        }
    }
}

/// The first, the second and the last third.
fn thirds<T>(all: &[T]) -> [&[T]; 3] {
    let third = all.len() / 3;
    [&all[..third], &all[third..all.len() - third], &all[all.len() - third..]]
}

/// The operation's mean waits in the first and in the last third, where they grew.
fn grown_waits(slices: &[Slice], op: Operation, seconds: f64) -> Option<(Operation, f64, f64)> {
    let means = thirds(slices).map(|third| Waits::mean(third.iter().map(|slice| slice.waits[op as usize])));
    is_longer(means, seconds).then_some((op, means[0]?, means[2]?))
}

/// Whether roles outlast their leases longer and longer: those that went, or so many more of them that never did.
fn outlasts_longer(slices: &[Slice], seconds: f64) -> bool {
    let lags = thirds(slices).map(|third| Waits::mean(third.iter().map(|slice| slice.lags)));
    let [first, _, last] = thirds(slices).map(|third| {
        let outlasting = third.iter().map(|slice| slice.outlasting).sum::<u64>() as f64;
        let gone = third.iter().map(|slice| slice.lags.count).sum::<u64>() as f64;
        outlasting / (outlasting + gone).max(1.0)
    });
    is_longer(lags, seconds) || last - first >= MORE_OUTLAST
}

/// Whether the last of three means is longer than the first.
fn is_longer(means: [Option<f64>; 3], seconds: f64) -> bool {
    let [Some(first), _, Some(last)] = means else { return false };
    last - first >= LONGER.0 && (last >= LONGER.1 * first || last - first >= LONGER.2 * seconds)
}

/// The issues that were due in the last part of a stretch.
struct Last {
    arrivals: f64,
    dropped: f64,
    given_up: f64,
    wait: f64,
}

impl Last {
    /// Those of the last one of so many parts.
    fn of(slices: &[Slice], parts: usize) -> Self {
        let last = &slices[slices.len() - slices.len() / parts..];
        let sum = |of: fn(&Slice) -> u64| last.iter().map(of).sum::<u64>() as f64;
        let wait = Waits::mean(last.iter().map(|slice| slice.waits[Operation::Issue as usize]));
        let (dropped, given_up) = (sum(|slice| slice.dropped), sum(|slice| slice.given_up));
        Self { arrivals: sum(|slice| slice.arrivals).max(1.0), dropped, given_up, wait: wait.unwrap_or(0.0) }
    }

    /// Whether arrivals are dropped because too many wait, or waits are as long as clients wait, so that they grow no
    /// longer.
    fn fails(&self, timeout: f64) -> bool {
        let drops = self.dropped >= LEAST_SHARE * self.arrivals;
        drops || (self.given_up >= LEAST_SHARE * self.arrivals && self.wait >= 0.5 * timeout)
    }
}
