//! The state that all checks share: lifecycles, collected from the events.

mod actions;
mod before;
mod clocks;
mod dns;
mod ended;
mod faults;
mod flow;
mod groups;
mod harness;
mod lifecycle;
mod moment;
mod objects;
mod observations;
mod orphans;
mod revocation;
mod source;
mod step;
mod take_in;
mod tracks;
mod unrevoked;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use leaseproof_domain::{
    End, Event, Header, LeaseId, Micros, Observer, Operation, OperationRecord, Outcome, PrivilegeSet, Username,
};
use leaseproof_scenario::{PhasePlan, Plan, PlannedLoad, RolePromise};

pub(crate) use actions::{Action, Actions};
pub(crate) use before::{Before, LeftBefore};
pub(crate) use clocks::{Between, Clocks};
pub(crate) use dns::{Change, Dns};
pub(crate) use faults::{Fault, Faults, MET};
pub(crate) use flow::{Flow, Slice, Waits};
pub(crate) use groups::Groups;
use harness::Harness;
pub(crate) use lifecycle::{EndedBy, Lifecycle, Read, Term};
pub(crate) use objects::Objects;
use observations::Observations;
pub(crate) use orphans::{Issues, Orphan};
pub(crate) use revocation::Revocation;
use source::Source;
pub(crate) use step::{Gone, ObservationTime, Step};
pub(crate) use tracks::Track;
use tracks::Tracks;
use unrevoked::Unrevoked;
use unrevoked::because;
pub(crate) use unrevoked::{CONNECTS, COULD_NOT_REVOKE};

/// How long a lifecycle that has ended is kept for records that come late: observers write at their own pace.
const KEPT: Duration = Duration::from_secs(30);

/// Between which moments a phase's arrivals came.
#[derive(Clone, Copy, Default)]
pub(crate) struct Arrivals {
    pub(crate) begun: Option<Micros>,
    pub(crate) over: Option<Micros>,
}

/// A run as far as it was read.
pub(crate) struct Run<'p> {
    pub(crate) plan: &'p Plan,
    /// What the plan's arrivals are to do.
    pub(crate) planned: PlannedLoad<'p>,
    pub(crate) header: Option<Header>,
    pub(crate) end: Option<End>,
    pub(crate) clocks: Clocks,
    pub(crate) faults: Faults<'p>,
    pub(crate) actions: Actions<'p>,
    pub(crate) dns: Dns<'p>,
    /// Roles and leases from before the run.
    pub(crate) before: Before,
    /// Groups that appeared.
    pub(crate) groups: Groups,
    /// What failed on the harness's own side.
    pub(crate) harness: Harness,
    pub(crate) revocation: Revocation,
    pub(crate) flow: Flow<'p>,
    /// When each phase's first arrival was due, and when the last one had come.
    pub(crate) phases: BTreeMap<String, Arrivals>,
    /// Distinct sets of privileges, by their number.
    pub(crate) sets: BTreeMap<u32, PrivilegeSet>,
    /// The objects of each database.
    pub(crate) objects: Objects,
    /// The first gap of each observer.
    pub(crate) gaps: Vec<(Observer, String)>,
    /// The first server that was lost, in words.
    pub(crate) lost: Option<String>,
    /// The latest moment of any event.
    pub(crate) now: Micros,
    /// Whether Vault's leases were observed.
    pub(crate) leases_observed: bool,
    observations: Observations,
    listed: BTreeSet<LeaseId>,
    tracks: Tracks,
    unrevoked: Unrevoked,
    lifecycles: BTreeMap<u64, Lifecycle>,
    owners: BTreeMap<Username, u64>,
    lease_owners: BTreeMap<LeaseId, u64>,
    /// Acknowledged lifecycles whose role no observation has shown yet.
    awaited: BTreeSet<u64>,
    /// Lifecycles that have ended, and until when they are kept.
    ended: VecDeque<(Micros, u64)>,
    issues: Issues,
    /// After the drain everything was observed once; what is seen later is the harness cleaning up.
    settled: bool,
    /// Whether it keeps what was seen of single roles.
    keeps_roles: bool,
    names: BTreeSet<Rc<str>>,
    own_token_ended: bool,
    /// When each phase let no new step begin, at the latest.
    stops: BTreeMap<String, Micros>,
}

impl<'p> Run<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            planned: PlannedLoad::of(plan),
            header: None,
            end: None,
            clocks: Clocks::default(),
            faults: Faults::new(&plan.faults, &plan.actions),
            actions: Actions::new(&plan.actions),
            dns: Dns::new(plan.pdns.as_ref()),
            before: Before::default(),
            groups: Groups::new(plan),
            harness: Harness::default(),
            revocation: Revocation::default(),
            flow: Flow::new(plan),
            phases: BTreeMap::new(),
            sets: BTreeMap::new(),
            objects: Objects::default(),
            gaps: Vec::new(),
            lost: None,
            now: Micros(0),
            leases_observed: false,
            observations: Observations::new(plan),
            listed: BTreeSet::new(),
            tracks: Tracks::default(),
            unrevoked: Unrevoked::default(),
            lifecycles: BTreeMap::new(),
            owners: BTreeMap::new(),
            lease_owners: BTreeMap::new(),
            awaited: BTreeSet::new(),
            ended: VecDeque::new(),
            issues: Issues::default(),
            settled: false,
            keeps_roles: true,
            names: BTreeSet::new(),
            own_token_ended: false,
            stops: BTreeMap::new(),
        }
    }

    /// One that does not keep what was seen of single roles: in several clusters, OIDs do not tell them apart.
    pub(crate) fn without_roles(plan: &'p Plan) -> Self {
        Self { keeps_roles: false, ..Self::new(plan) }
    }

    /// Whether it keeps what was seen of single roles.
    pub(crate) fn keeps_roles(&self) -> bool {
        self.keeps_roles
    }

    /// The latest observation of all roles.
    pub(crate) fn last_observation(&self) -> Option<ObservationTime> {
        self.tracks.last_observation
    }

    /// How many roles appeared.
    pub(crate) fn roles_appeared(&self) -> u64 {
        self.tracks.appeared
    }

    /// What is promised of a Vault role.
    pub(crate) fn promise(&self, role: &str) -> Option<&'p RolePromise> {
        self.plan.roles.iter().find(|promise| promise.name == role)
    }

    /// Whether Vault listed the lease when it was last asked.
    pub(crate) fn is_listed(&self, lease: &LeaseId) -> bool {
        self.listed.contains(lease)
    }

    /// A lifecycle that is not judged yet, by its credential's name.
    pub(crate) fn lifecycle_of(&self, username: &Username) -> Option<&Lifecycle> {
        self.lifecycles.get(self.owners.get(&*username.of_role())?)
    }

    /// A lifecycle that is not judged yet, by its lease.
    pub(crate) fn lifecycle_with(&self, lease: &LeaseId) -> Option<&Lifecycle> {
        self.lifecycles.get(self.lease_owners.get(lease)?)
    }

    /// Whether a credential may be ending while roles and leases are observed: they are not asked for at one moment, so
    /// that it may show as a role only, or as a lease only.
    pub(crate) fn may_be_ending(&self, lifecycle: &Lifecycle, observation: ObservationTime) -> bool {
        match lifecycle.revocation() {
            Some(revoke) if revoke.is_indeterminate() || revoke.end >= observation.from => return true,
            Some(revoke) if revoke.is_ok() => return false,
            _ => {}
        }
        let gone_by = |at: Micros| self.gone_by(at).is_none_or(|deadline| deadline >= observation.from);
        lifecycle.last_term().is_none_or(|term| term.earliest <= observation.to && gone_by(term.latest))
    }

    /// The moment by which a credential whose lease ended at `at` has to be gone: `dead_within` later, and where a fault
    /// window is open meanwhile, that long after its end. None where such a fault was never healed.
    pub(crate) fn gone_by(&self, at: Micros) -> Option<Micros> {
        let grace = self.plan.promise.dead_within.as_ref().map(|promise| promise.value.duration()).unwrap_or_default();
        self.faults.deadline(at, grace, Operation::Revoke, Source::dead_within)
    }

    /// Whether the lease is that of a lifecycle that is not judged yet.
    pub(crate) fn is_owned(&self, lease: &LeaseId) -> bool {
        self.lease_owners.contains_key(lease)
    }

    /// Whether what was due in that span is not expected to be seen: a fault window was open meanwhile, or a phase overloaded the
    /// environment on purpose.
    pub(crate) fn is_excused(&self, from: Micros, to: Micros) -> bool {
        let overloads = self.plan.phases.iter().filter(|phase| phase.overload);
        let overloaded = overloads.into_iter().any(|phase| {
            let begun = self.phases.get(&phase.name).and_then(|arrivals| arrivals.begun);
            begun.is_some_and(|begun| begun <= to) && self.stops.get(&phase.name).is_none_or(|stop| from <= *stop)
        });
        overloaded || self.faults.in_any_window(from, to)
    }

    /// From when to when each phase with a load lasted; none of one whose beginning or end is not in the history.
    pub(crate) fn loads(&self) -> impl Iterator<Item = (&'p PhasePlan, Option<(Micros, Micros)>)> {
        let loaded = self.plan.phases.iter().filter(|phase| phase.mix.values().any(|weight| *weight > 0));
        loaded.map(|phase| {
            let begun = self.phases.get(&phase.name).and_then(|arrivals| arrivals.begun);
            (phase, begun.zip(self.stops.get(&phase.name).copied()))
        })
    }

    /// Of each phase with a load, in how many spans of a few paces an observer had to observe something, and did.
    pub(crate) fn observed(&self, observer: Observer) -> impl Iterator<Item = (&'p PhasePlan, u64, u64)> {
        self.loads().map(move |(phase, span)| {
            let Some((from, to)) = span else {
                let length = self.observations.length(observer).map_or(f64::INFINITY, |length| length.as_secs_f64());
                return (phase, (phase.duration.duration().as_secs_f64() / length) as u64, 0);
            };
            let (mut expected, mut judged) = (0, 0);
            for (begins, ends, observed) in self.observations.spans(observer, from, to) {
                expected += u64::from(observed || !self.is_excused(begins, ends));
                judged += u64::from(observed);
            }
            (phase, expected, judged)
        })
    }

    /// Whether a phase ended in that span, after which lifecycles begin no new step.
    pub(crate) fn stopped_within(&self, from: Micros, to: Micros) -> bool {
        self.stops.values().any(|stop| from <= *stop && *stop <= to)
    }

    /// The event as the harness knows it: a refusal of its own token is its own failure.
    pub(crate) fn own<'e>(&self, event: &'e Event) -> Cow<'e, Event> {
        let Event::Operation(record) = event else { return Cow::Borrowed(event) };
        match self.harness.own_failure(record, self.plan) {
            Some(outcome) => Cow::Owned(Event::Operation(OperationRecord { outcome, ..record.clone() })),
            None => Cow::Borrowed(event),
        }
    }

    /// The event as it is judged: an operation that failed as a fault may make it fail says nothing of what became of
    /// it, as if no answer had come.
    pub(crate) fn excuse<'e>(&self, event: &'e Event) -> Cow<'e, Event> {
        let Event::Operation(record) = event else { return Cow::Borrowed(event) };
        match self.faults.excuse(record).or_else(|| self.after_its_early_end(record)) {
            Some(why) => Cow::Owned(Event::Operation(OperationRecord {
                outcome: Outcome::Indeterminate { why },
                ..record.clone()
            })),
            None => Cow::Borrowed(event),
        }
    }

    /// Why the failure of an operation of a credential is not judged that had ended early: Vault has ended its lease.
    fn after_its_early_end(&self, record: &OperationRecord) -> Option<String> {
        let failure = record.outcome.failure().filter(|_| record.op.expects_success())?;
        let lifecycle = self.ended_early(record)?;
        let (code, name) = (&failure.code, lifecycle.name());
        Some(match lifecycle.early_end?.of {
            EndedBy::Token => format!("{code} after the end of the token that {name} was issued under"),
            EndedBy::Action(number) => {
                let action = self.actions.get(number)?.words();
                format!("{code} after {action} ended {name}")
            }
        })
    }

    /// The lifecycle of an operation that ended after its credential's early end.
    pub(crate) fn ended_early(&self, record: &OperationRecord) -> Option<&Lifecycle> {
        self.lifecycles.get(&record.lifecycle).filter(|lifecycle| lifecycle.outlived_its_early_end(record.end))
    }
}
