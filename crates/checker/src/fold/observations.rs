//! When the observers that observe at a pace of their own did so.

use std::time::Duration;

use leaseproof_domain::{Event, Micros, Observer};
use leaseproof_scenario::{EnvironmentKind, Plan};

use crate::timeouts::micros;

/// Spans of so many paces are expected to have an observation each.
const PACES: u32 = 4;
/// A history has fewer such spans: a month of seconds.
const MOST: u64 = 1 << 22;
/// The observers with a pace of their own that checks rely on.
const PACED: [Observer; 5] =
    [Observer::Roles, Observer::Leases, Observer::Sessions, Observer::Dependencies, Observer::Irrevocable];

/// Which spans of the run each observer observed something in.
pub(crate) struct Observations(Vec<Spans>);

struct Spans {
    observer: Observer,
    /// How long a span is, in microseconds.
    length: u64,
    observed: Vec<bool>,
}

impl Observations {
    pub(super) fn new(plan: &Plan) -> Self {
        let attached = plan.environment == EnvironmentKind::Attached;
        let pace = |observer: Observer| if attached { observer.pace_attached() } else { observer.pace() };
        let spans = |observer| {
            let length = micros(pace(observer).unwrap_or(Duration::from_secs(1)) * PACES);
            Spans { observer, length, observed: Vec::new() }
        };
        Self(PACED.map(spans).into())
    }

    pub(super) fn see(&mut self, event: &Event) {
        let (observer, from, to) = match event {
            Event::Roles(observation) => (Observer::Roles, observation.from, observation.to),
            Event::Leases(observation) => (Observer::Leases, observation.from, observation.to),
            Event::Sessions(observation) => (Observer::Sessions, observation.from, observation.to),
            Event::Dependencies(observation) => (Observer::Dependencies, observation.from, observation.to),
            Event::Irrevocable(observation) => (Observer::Irrevocable, observation.from, observation.to),
            _ => return,
        };
        if let Some(spans) = self.0.iter_mut().find(|spans| spans.observer == observer) {
            spans.see(from, to);
        }
    }

    /// The spans of an observer between two moments, and whether it observed something in each; none of one that has no
    /// pace of its own.
    pub(super) fn spans(
        &self,
        observer: Observer,
        from: Micros,
        to: Micros,
    ) -> impl Iterator<Item = (Micros, Micros, bool)> {
        let spans = self.0.iter().find(|spans| spans.observer == observer);
        spans.into_iter().flat_map(move |spans| {
            let (first, last) = (from.0.div_ceil(spans.length), (to.0 / spans.length).min(MOST));
            (first..last).map(|place| {
                let observed = spans.observed.get(place as usize).copied().unwrap_or(false);
                (Micros(place * spans.length), Micros((place + 1) * spans.length), observed)
            })
        })
    }

    /// How long a span of the observer is.
    pub(super) fn length(&self, observer: Observer) -> Option<Duration> {
        let spans = self.0.iter().find(|spans| spans.observer == observer)?;
        Some(Duration::from_micros(spans.length))
    }
}

impl Spans {
    /// An observation counts in the span in which it began. One that takes longer than a span lets the next ones fall out, so it counts
    /// in those that it fills. In a damaged history it may end before it began.
    fn see(&mut self, from: Micros, to: Micros) {
        let place = |at: Micros| (at.0 / self.length).min(MOST);
        let (first, end) = (place(from), place(to.max(from)));
        if self.observed.len() as u64 <= end {
            self.observed.resize(end as usize + 1, false);
        }
        for place in first..end.max(first + 1) {
            self.observed[place as usize] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{Micros, Observer};

    use super::Spans;

    #[test]
    fn an_observation_counts_where_it_began_even_if_it_ends_before() {
        let mut spans = Spans { observer: Observer::Roles, length: 10, observed: Vec::new() };
        spans.see(Micros(45), Micros(12));
        spans.see(Micros(1), Micros(2));
        assert_eq!(spans.observed, [true, false, false, false, true]);
    }
}
