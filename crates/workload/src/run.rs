use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use leaseproof_domain::{Event, Micros, PhaseMark, PhasePoint, Redactor, Shed};
use leaseproof_history::Recorder;
use leaseproof_scenario::{Choices, LifePlan, PhasePlan, Plan, PlannedArrival, PlannedLoad, RolePromise, Schedule};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::life::Life;
use crate::load_state::LoadState;
use crate::probes::ask_for_refusals;
use crate::record::Tag;
use crate::world::{Targets, World};

/// From a phase's mark to its first arrival: time enough to be there when it is due.
const LEAD: Duration = Duration::from_millis(20);
/// How often the progress is brought up to date.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// How much longer than a request's own time-out a stopped life is waited for.
const STOP_MARGIN: Duration = Duration::from_secs(2);

/// How the load ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Whether it was cancelled before its last phase ended.
    pub interrupted: bool,
}

/// Puts the plan's load on the estate, phase by phase, and records every operation.
///
/// It needs a runtime with more than one thread to be on time. Once `cancel` is cancelled no arrival and no new step
/// begins; requests under way are waited for, at most a little longer than the client's own time-out. Lives that are
/// left when a phase's drain is over are left as they are.
///
/// # Panics
/// Where a life panicked, with its panic.
pub async fn run(
    plan: &Plan,
    targets: Targets,
    recorder: &Recorder,
    redactor: &Arc<Redactor>,
    progress: watch::Sender<LoadState>,
    cancel: CancellationToken,
) -> Finished {
    let world = World::new(plan, targets, recorder, redactor, cancel.clone());
    let mut load = Load::new(plan, world, progress);
    if let Some(first) = plan.phases.first() {
        for role in load.roles.values() {
            ask_for_refusals(&load.world, &plan.client, role, &first.name).await;
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

struct Load<'a> {
    plan: &'a Plan,
    planned: PlannedLoad<'a>,
    world: World,
    roles: BTreeMap<String, Arc<RolePromise>>,
    lives: BTreeMap<String, Arc<LifePlan>>,
    progress: Arc<watch::Sender<LoadState>>,
    /// Arrivals so far, shed ones included: the number of the last life.
    arrivals: u64,
}

impl<'a> Load<'a> {
    fn new(plan: &'a Plan, world: World, progress: watch::Sender<LoadState>) -> Self {
        let roles = plan.roles.iter().map(|role| (role.name.clone(), Arc::new(role.clone()))).collect();
        let lives = plan.lives.iter().map(|life| (life.name.clone(), Arc::new(life.clone()))).collect();
        let planned = PlannedLoad::of(plan);
        Self { plan, planned, world, roles, lives, progress: Arc::new(progress), arrivals: 0 }
    }

    async fn run_phase(&mut self, phase: &PhasePlan, first: bool) {
        let world = self.world.child();
        let _stops_with_this = world.stop.clone().drop_guard();
        let begin = world.now().after(LEAD);
        let drains = begin.after(phase.duration.duration());
        let ends = drains.after(phase.drain.duration());
        self.tick(phase, &world, begin);
        let mut lives = JoinSet::new();
        self.mark(phase, PhasePoint::Begins, begin);
        if first {
            self.begin_probes(&world, phase, begin, &mut lives);
        }
        self.send_arrivals(&world, phase, begin, &mut lives).await;
        let _cancelled = world.wait_until(drains).await;
        self.mark(phase, PhasePoint::Drains, world.now());
        self.progress.send_modify(|progress| {
            progress.draining = true;
            progress.total = ends.since(begin);
        });
        tokio::select! {
            () = every_end(&mut lives) => {}
            _over = world.wait_until(ends) => {}
        }
        world.stop.cancel();
        // A login may take its connection's time-out and its query's.
        let bound = 2 * self.plan.client.timeout.duration() + STOP_MARGIN;
        let _late = tokio::time::timeout(bound, every_end(&mut lives)).await;
        lives.shutdown().await;
        self.mark(phase, PhasePoint::Ends, world.now());
        self.progress.send_modify(|progress| fill(progress, &self.world, begin));
    }

    /// Every arrival at its moment, until the run is cancelled.
    async fn send_arrivals(&mut self, world: &World, phase: &PhasePlan, begin: Micros, lives: &mut JoinSet<()>) {
        for due in Schedule::of(phase).moments() {
            let arrival = begin.after(due);
            if world.wait_until(arrival).await.is_err() {
                return;
            }
            self.arrivals += 1;
            world.gauges().count_arrival();
            if let Some(life) = self.life(world, self.arrivals) {
                match world.gauges().wait_below(u64::from(self.plan.client.in_flight)) {
                    Some(waiting) => drop(lives.spawn(life.live(arrival, waiting))),
                    None => self.shed(life, arrival),
                }
            }
            while let Some(ended) = lives.try_join_next() {
                unless_panicked(ended);
            }
        }
    }

    /// The TTL probes, spread over the gap between the phase's first two arrivals so that they do not disturb them.
    /// Their numbers follow the last arrival's: the lives of the schedule keep theirs.
    fn begin_probes(&self, world: &World, phase: &PhasePlan, begin: Micros, lives: &mut JoinSet<()>) {
        let probed: Vec<_> = self.roles.values().filter(|role| role.max_ttl.is_some()).collect();
        let scheduled = self.planned.arrivals();
        let gap = if phase.rate > 0.0 { (1.0 / phase.rate).min(1.0) } else { 1.0 };
        for (place, role) in probed.iter().enumerate() {
            let Some(max) = &role.max_ttl else { continue };
            let part = (place + 1) as f64 / (probed.len() + 1) as f64;
            let arrival = begin.after(Duration::from_secs_f64(gap * part));
            let number = scheduled + 1 + place as u64;
            let life = Life {
                world: world.clone(),
                tag: Tag { life: number, role: role.name.clone(), phase: phase.name.clone() },
                plan: self.life_of_role(role),
                role: Arc::clone(role),
                choices: Choices::of(self.plan.seed, number),
                probed: false,
            };
            let max_seconds = max.value.secs();
            lives.spawn(async move {
                if life.world.wait_until(arrival).await.is_ok() {
                    life.world.gauges().count_extra();
                    let waiting = life.world.gauges().wait();
                    life.probe_ttl(arrival, waiting, max_seconds).await;
                }
            });
        }
    }

    /// The life of that number; none where the phase mixes no life, or one of a role that is not promised: a checked
    /// plan has neither.
    fn life(&self, world: &World, number: u64) -> Option<Life> {
        let PlannedArrival { phase, life, choices, probed } = self.planned.arrival(number)?;
        let plan = Arc::clone(self.lives.get(&life.name)?);
        let role = Arc::clone(self.roles.get(&plan.role)?);
        let tag = Tag { life: number, role: role.name.clone(), phase: phase.name.clone() };
        Some(Life { world: world.clone(), tag, plan, role, choices, probed })
    }

    /// What a probe of the role does with its credential: what the role's lives do.
    fn life_of_role(&self, role: &RolePromise) -> Arc<LifePlan> {
        self.lives.values().find(|life| life.role == role.name).cloned().unwrap_or_else(|| {
            Arc::new(LifePlan {
                name: "probe".to_owned(),
                role: role.name.clone(),
                lease: None,
                query: "SELECT 1".to_owned(),
                query_origin: None,
                renew: None,
                keep_session: None,
                patience: None,
                revoke: 1.0,
                origin: role.origin.clone(),
            })
        })
    }

    fn shed(&self, life: Life, intended: Micros) {
        let lifecycle = Some(life.plan.name.clone());
        let Tag { life, role, phase } = life.tag;
        self.world.recorder().record(Event::Shed(Shed { life, role, phase, intended, lifecycle }));
    }

    fn mark(&self, phase: &PhasePlan, point: PhasePoint, at: Micros) {
        self.world.recorder().record(Event::Phase(PhaseMark { phase: phase.name.clone(), point, at }));
    }

    /// Keeps the progress up to date until the phase is stopped.
    fn tick(&self, phase: &PhasePlan, world: &World, begin: Micros) {
        self.progress.send_modify(|progress| {
            progress.phase.clone_from(&phase.name);
            progress.target_rate = phase.rate;
            progress.total = phase.duration.duration();
            progress.draining = false;
        });
        let (sender, world) = (Arc::clone(&self.progress), world.clone());
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(PROGRESS_EVERY);
            while !world.stop.is_cancelled() {
                sender.send_modify(|progress| fill(progress, &world, begin));
                ticks.tick().await;
            }
        });
    }
}

fn fill(progress: &mut LoadState, world: &World, begin: Micros) {
    progress.elapsed = world.now().since(begin);
    progress.arrived = world.gauges().arrived();
    progress.extra = world.gauges().extra();
    progress.live = world.gauges().live();
    progress.finished = world.gauges().finished();
    progress.failures = world.gauges().failures();
}

/// Waits until no life is left. Safe to give up: what has ended is no longer in the set.
async fn every_end(lives: &mut JoinSet<()>) {
    while let Some(ended) = lives.join_next().await {
        unless_panicked(ended);
    }
}

/// A life that panicked is a fault of the harness: it ends the run as one.
fn unless_panicked(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}
