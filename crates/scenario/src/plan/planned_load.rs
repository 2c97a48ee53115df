use std::collections::BTreeMap;

use super::{Choices, LifecyclePlan, PhasePlan, Plan, Schedule};

/// What the load of a plan consists of, arrival by arrival: it follows from the plan alone. Arrivals are numbered from 1,
/// through all phases, whether they are sent or dropped.
#[derive(Clone, Debug)]
pub struct PlannedLoad<'p> {
    plan: &'p Plan,
    /// The number of each phase's last arrival.
    phases: Vec<(u64, &'p PhasePlan)>,
    /// By role, the number of the last arrival whose credential is probed because it is one of the first.
    probed: BTreeMap<&'p str, u64>,
}

/// One arrival: where it comes, and what it chooses.
#[derive(Clone, Copy, Debug)]
pub struct PlannedArrival<'p> {
    /// The phase in which it comes.
    pub phase: &'p PhasePlan,
    /// The lifecycle that it begins.
    pub lifecycle: &'p LifecyclePlan,
    /// What it chooses.
    pub choices: Choices,
    /// Whether its credential tries its role's privileges: those of the first arrivals of a role do, and a share of the
    /// later ones.
    pub probed: bool,
}

impl<'p> PlannedLoad<'p> {
    /// The load of the plan.
    pub fn of(plan: &'p Plan) -> Self {
        let mut last = 0;
        let phases = plan.phases.iter().map(|phase| {
            last += Schedule::of(phase).arrivals();
            (last, phase)
        });
        let mut load = Self { plan, phases: phases.collect(), probed: BTreeMap::new() };
        load.probed = load.first_probed();
        load
    }

    /// How many arrivals there are.
    pub fn arrivals(&self) -> u64 {
        self.phases.last().map_or(0, |(last, _)| *last)
    }

    /// The arrival of that number; none if the plan has fewer, or its phase mixes no lifecycle.
    pub fn arrival(&self, number: u64) -> Option<PlannedArrival<'p>> {
        let place = self.phases.partition_point(|(last, _)| *last < number);
        let (_, phase) = *self.phases.get(place).filter(|_| number > 0)?;
        let choices = Choices::of(self.plan.seed, number);
        let name = choices.lifecycle(&phase.mix)?;
        let lifecycle = self.plan.lifecycles.iter().find(|lifecycle| lifecycle.name == name)?;
        let role = self.plan.roles.iter().find(|role| role.name == lifecycle.role);
        let is_first = self.probed.get(lifecycle.role.as_str()).is_some_and(|last| number <= *last);
        let probed = role.and_then(|role| role.probes).is_some_and(|probes| is_first || choices.probes(probes.share));
        Some(PlannedArrival { phase, lifecycle, choices, probed })
    }

    /// How many arrivals each phase has of each role.
    pub fn by_phase_and_role(&self) -> BTreeMap<(&'p str, &'p str), u64> {
        let mut all = BTreeMap::new();
        for PlannedArrival { phase, lifecycle, .. } in (1..=self.arrivals()).filter_map(|number| self.arrival(number)) {
            *all.entry((phase.name.as_str(), lifecycle.role.as_str())).or_default() += 1;
        }
        all
    }

    fn first_probed(&self) -> BTreeMap<&'p str, u64> {
        let with_probes = self.plan.roles.iter().filter_map(|role| Some((role.name.as_str(), role.probes?.first)));
        let mut left: BTreeMap<&str, u64> = with_probes.filter(|(_, first)| *first > 0).collect();
        let mut last = BTreeMap::new();
        for number in 1..=self.arrivals() {
            if left.is_empty() {
                break;
            }
            let Some(PlannedArrival { lifecycle, .. }) = self.arrival(number) else { continue };
            let role = lifecycle.role.as_str();
            let Some(more) = left.get_mut(role) else { continue };
            last.insert(role, number);
            *more -= 1;
            if *more == 0 {
                left.remove(role);
            }
        }
        last
    }
}
