use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use leaseproof_domain::{Dropped, Event, Micros, PhaseMark, PhasePoint, Redactor};
use leaseproof_history::Recorder;
use leaseproof_scenario::{
    Choices, LifecyclePlan, PhasePlan, Plan, PlannedArrival, PlannedLoad, RolePromise, Schedule,
};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::context::{Targets, WorkloadContext};
use crate::lifecycle::Lifecycle;
use crate::load_state::LoadState;
use crate::probes::ask_for_refusals;
use crate::record::Tag;

/// From a phase's mark to its first arrival: time enough to be there when it is due.
const LEAD: Duration = Duration::from_millis(20);
/// How often the progress is brought up to date.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// How much longer than a request's own time-out a stopped lifecycle is waited for.
const STOP_MARGIN: Duration = Duration::from_secs(2);

/// How the load ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Whether it was cancelled before its last phase ended.
    pub interrupted: bool,
}

/// Puts the plan's load on the environment, phase by phase, and records every operation.
///
/// It needs a runtime with more than one thread to be on time. Once `cancel` is cancelled no arrival and no new step
/// begins; requests under way are waited for, at most a little longer than the client's own time-out. Lifecycles that are
/// left when a phase's drain is over are left as they are.
///
/// # Panics
/// Where a lifecycle panicked, with its panic.
pub async fn run(
    plan: &Plan,
    targets: Targets,
    recorder: &Recorder,
    redactor: &Arc<Redactor>,
    progress: watch::Sender<LoadState>,
    cancel: CancellationToken,
) -> Finished {
    let context = WorkloadContext::new(plan, targets, recorder, redactor, cancel.clone());
    let mut load = PhaseRunner::new(plan, context, progress);
    if let Some(first) = plan.phases.first() {
        for role in load.roles.values() {
            ask_for_refusals(&load.context, &plan.client, role, &first.name).await;
        }
    }
    for (number, phase) in plan.phases.iter().enumerate() {
        if cancel.is_cancelled() {
            break;
        }
        load.run_phase(phase, number == 0).await;
    }
    Finished { interrupted: cancel.is_cancelled() }
}

struct PhaseRunner<'a> {
    plan: &'a Plan,
    planned: PlannedLoad<'a>,
    context: WorkloadContext,
    roles: BTreeMap<String, Arc<RolePromise>>,
    lifecycles: BTreeMap<String, Arc<LifecyclePlan>>,
    progress: Arc<watch::Sender<LoadState>>,
    /// Arrivals so far, dropped ones included: the number of the last lifecycle.
    arrivals: u64,
}

impl<'a> PhaseRunner<'a> {
    fn new(plan: &'a Plan, context: WorkloadContext, progress: watch::Sender<LoadState>) -> Self {
        let roles = plan.roles.iter().map(|role| (role.name.clone(), Arc::new(role.clone()))).collect();
        let lifecycles =
            plan.lifecycles.iter().map(|lifecycle| (lifecycle.name.clone(), Arc::new(lifecycle.clone()))).collect();
        let planned = PlannedLoad::of(plan);
        Self { plan, planned, context, roles, lifecycles, progress: Arc::new(progress), arrivals: 0 }
    }

    async fn run_phase(&mut self, phase: &PhasePlan, first: bool) {
        let context = self.context.child();
        let _stops_with_this = context.stop.clone().drop_guard();
        let begin = context.now().after(LEAD);
        let drains = begin.after(phase.duration.duration());
        let ends = drains.after(phase.drain.duration());
        self.tick(phase, &context, begin);
        let mut lifecycles = JoinSet::new();
        self.mark(phase, PhasePoint::Begins, begin);
        if first {
            self.begin_probes(&context, phase, begin, &mut lifecycles);
        }
        self.send_arrivals(&context, phase, begin, &mut lifecycles).await;
        let _cancelled = context.wait_until(drains).await;
        self.mark(phase, PhasePoint::Drains, context.now());
        self.progress.send_modify(|progress| {
            progress.draining = true;
            progress.total = ends.since(begin);
        });
        tokio::select! {
            () = every_end(&mut lifecycles) => {}
            _over = context.wait_until(ends) => {}
        }
        context.stop.cancel();
        // A login may take its connection's time-out and its query's.
        let bound = 2 * self.plan.client.timeout.duration() + STOP_MARGIN;
        let _late = tokio::time::timeout(bound, every_end(&mut lifecycles)).await;
        lifecycles.shutdown().await;
        self.mark(phase, PhasePoint::Ends, context.now());
        self.progress.send_modify(|progress| fill(progress, &self.context, begin));
    }

    /// Every arrival at its moment, until the run is cancelled.
    async fn send_arrivals(
        &mut self,
        context: &WorkloadContext,
        phase: &PhasePlan,
        begin: Micros,
        lifecycles: &mut JoinSet<()>,
    ) {
        for due in Schedule::of(phase).moments() {
            let arrival = begin.after(due);
            if context.wait_until(arrival).await.is_err() {
                return;
            }
            self.arrivals += 1;
            context.gauges().count_arrival();
            if let Some(lifecycle) = self.lifecycle(context, self.arrivals) {
                match context.gauges().wait_below(u64::from(self.plan.client.in_flight)) {
                    Some(waiting) => drop(lifecycles.spawn(lifecycle.live(arrival, waiting))),
                    None => self.dropped(lifecycle, arrival),
                }
            }
            while let Some(ended) = lifecycles.try_join_next() {
                unless_panicked(ended);
            }
        }
    }

    /// The TTL probes, spread over the gap between the phase's first two arrivals so that they do not disturb them.
    /// Their numbers follow the last arrival's: the lifecycles of the schedule keep theirs.
    fn begin_probes(&self, context: &WorkloadContext, phase: &PhasePlan, begin: Micros, lifecycles: &mut JoinSet<()>) {
        let probed: Vec<_> = self.roles.values().filter(|role| role.max_ttl.is_some()).collect();
        let scheduled = self.planned.arrivals();
        let gap = if phase.rate > 0.0 { (1.0 / phase.rate).min(1.0) } else { 1.0 };
        for (place, role) in probed.iter().enumerate() {
            let Some(max) = &role.max_ttl else { continue };
            let part = (place + 1) as f64 / (probed.len() + 1) as f64;
            let arrival = begin.after(Duration::from_secs_f64(gap * part));
            let number = scheduled + 1 + place as u64;
            let lifecycle = Lifecycle {
                context: context.clone(),
                tag: Tag { lifecycle: number, role: role.name.clone(), phase: phase.name.clone() },
                plan: self.lifecycle_of_role(role),
                role: Arc::clone(role),
                choices: Choices::of(self.plan.seed, number),
                probed: false,
            };
            let max_seconds = max.value.secs();
            lifecycles.spawn(async move {
                if lifecycle.context.wait_until(arrival).await.is_ok() {
                    lifecycle.context.gauges().count_extra();
                    let waiting = lifecycle.context.gauges().wait();
                    lifecycle.probe_ttl(arrival, waiting, max_seconds).await;
                }
            });
        }
    }

    /// The lifecycle of that number; none where the phase mixes no lifecycle, or one of a role that is not promised: a checked
    /// plan has neither.
    fn lifecycle(&self, context: &WorkloadContext, number: u64) -> Option<Lifecycle> {
        let PlannedArrival { phase, lifecycle, choices, probed } = self.planned.arrival(number)?;
        let plan = Arc::clone(self.lifecycles.get(&lifecycle.name)?);
        let role = Arc::clone(self.roles.get(&plan.role)?);
        let tag = Tag { lifecycle: number, role: role.name.clone(), phase: phase.name.clone() };
        Some(Lifecycle { context: context.clone(), tag, plan, role, choices, probed })
    }

    /// What a probe of the role does with its credential: what the role's lifecycles do.
    fn lifecycle_of_role(&self, role: &RolePromise) -> Arc<LifecyclePlan> {
        self.lifecycles.values().find(|lifecycle| lifecycle.role == role.name).cloned().unwrap_or_else(|| {
            Arc::new(LifecyclePlan {
                name: "probe".to_owned(),
                role: role.name.clone(),
                lease: None,
                query: "SELECT 1".to_owned(),
                query_origin: None,
                renew: None,
                hold_session: None,
                timeout: None,
                revoke: 1.0,
                origin: role.origin.clone(),
            })
        })
    }

    fn dropped(&self, lifecycle: Lifecycle, intended: Micros) {
        let lifecycle_name = Some(lifecycle.plan.name.clone());
        let Tag { lifecycle, role, phase } = lifecycle.tag;
        self.context.recorder().record(Event::Dropped(Dropped { lifecycle, role, phase, intended, lifecycle_name }));
    }

    fn mark(&self, phase: &PhasePlan, point: PhasePoint, at: Micros) {
        self.context.recorder().record(Event::Phase(PhaseMark { phase: phase.name.clone(), point, at }));
    }

    /// Keeps the progress up to date until the phase is stopped.
    fn tick(&self, phase: &PhasePlan, context: &WorkloadContext, begin: Micros) {
        self.progress.send_modify(|progress| {
            progress.phase.clone_from(&phase.name);
            progress.target_rate = phase.rate;
            progress.total = phase.duration.duration();
            progress.draining = false;
        });
        let (sender, context) = (Arc::clone(&self.progress), context.clone());
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(PROGRESS_EVERY);
            while !context.stop.is_cancelled() {
                sender.send_modify(|progress| fill(progress, &context, begin));
                ticks.tick().await;
            }
        });
    }
}

fn fill(progress: &mut LoadState, context: &WorkloadContext, begin: Micros) {
    progress.elapsed = context.now().since(begin);
    progress.arrived = context.gauges().arrived();
    progress.extra = context.gauges().extra();
    progress.live = context.gauges().live();
    progress.finished = context.gauges().finished();
    progress.failures = context.gauges().failures();
}

/// Waits until no lifecycle is left. Safe to give up: what has ended is no longer in the set.
async fn every_end(lifecycles: &mut JoinSet<()>) {
    while let Some(ended) = lifecycles.join_next().await {
        unless_panicked(ended);
    }
}

/// A lifecycle that panicked is a fault of the harness: it ends the run as one.
fn unless_panicked(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}
