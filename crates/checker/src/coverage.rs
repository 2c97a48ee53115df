//! How many samples were expected and how many of them judged: in total, and of each phase and role by itself.

use std::collections::BTreeMap;
use std::rc::Rc;

use leaseproof_domain::Coverage;

/// A check that judged fewer than one in so many of the samples that it expected is Unknown where it found nothing.
const ONE_IN: u64 = 2;
/// A phase or a role of which fewer samples are expected is not judged by itself: one that is missing says nothing.
const FEWEST: u64 = 3;

/// Of which phase and role a sample is, if it is of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) phase: Option<Rc<str>>,
    pub(crate) role: Option<Rc<str>>,
}

impl Place {
    pub(crate) fn of(phase: &str, role: &str) -> Self {
        Self { phase: Some(Rc::from(phase)), role: Some(Rc::from(role)) }
    }

    pub(crate) fn phase(phase: &str) -> Self {
        Self { phase: Some(Rc::from(phase)), role: None }
    }
}

/// The samples that were expected, part by part.
#[derive(Default)]
pub(crate) struct Expected(BTreeMap<String, Part>);

/// Samples of one kind. A run has a handful of phases and roles: looking through them is fastest.
#[derive(Default)]
struct Part {
    all: Coverage,
    phases: Vec<(Rc<str>, Coverage)>,
    roles: Vec<(Rc<str>, Coverage)>,
}

impl Expected {
    /// So many samples of a part were expected, all of them of that place, and so many of them judged.
    pub(crate) fn add(&mut self, part: &str, place: Option<&Place>, expected: u64, judged: u64) {
        if expected == 0 {
            return;
        }
        let known = match self.0.get_mut(part) {
            Some(known) => known,
            None => self.0.entry(part.to_owned()).or_default(),
        };
        let judged = judged.min(expected);
        count(&mut known.all, expected, judged);
        if let Some(phase) = place.and_then(|place| place.phase.as_ref()) {
            count(of(&mut known.phases, phase), expected, judged);
        }
        if let Some(role) = place.and_then(|place| place.role.as_ref()) {
            count(of(&mut known.roles, role), expected, judged);
        }
    }

    /// The samples of which the smallest share was judged, and which they are.
    pub(crate) fn worst(&self) -> Option<(String, Coverage)> {
        let parts = self.0.iter().flat_map(|(name, part)| {
            let in_phases = part.phases.iter().map(move |(phase, coverage)| (words(name, "in phase", phase), coverage));
            let of_roles = part.roles.iter().map(move |(role, coverage)| (words(name, "of role", role), coverage));
            let single = in_phases.chain(of_roles).filter(|(_, coverage)| coverage.expected >= FEWEST);
            std::iter::once((name.clone(), &part.all)).chain(single)
        });
        let share = |coverage: &Coverage| coverage.judged as f64 / coverage.expected as f64;
        let worst = parts.min_by(|(_, one), (_, other)| share(one).total_cmp(&share(other)));
        worst.map(|(name, coverage)| (name, *coverage))
    }
}

fn of<'c>(known: &'c mut Vec<(Rc<str>, Coverage)>, name: &Rc<str>) -> &'c mut Coverage {
    let place = known.iter().position(|(other, _)| other == name).unwrap_or_else(|| {
        known.push((Rc::clone(name), Coverage::default()));
        known.len() - 1
    });
    &mut known[place].1
}

fn count(coverage: &mut Coverage, expected: u64, judged: u64) {
    coverage.expected += expected;
    coverage.judged += judged;
}

fn words(part: &str, of: &str, name: &str) -> String {
    let space = if part.is_empty() { "" } else { " " };
    format!("{part}{space}{of} {name}")
}

/// Why too little was judged, where that is so.
pub(crate) fn too_little((part, coverage): &(String, Coverage)) -> Option<String> {
    let Coverage { expected, judged } = coverage;
    (judged * ONE_IN < *expected).then(|| {
        let part = if part.is_empty() { String::new() } else { format!(" {part}") };
        format!("judged {judged} of {expected} expected{part}")
    })
}
