//! When findings occur: spells with nothing between them for some time.

use std::time::Duration;

use leaseproof_domain::Micros;

/// Findings that are further apart are of separate times.
const APART: Duration = Duration::from_secs(10);
/// How many spells are kept: the nearest ones are joined.
const KEPT: usize = 64;

/// Spells in order of time, each with its first and its last moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spells(Vec<(Micros, Micros)>);

impl Spells {
    pub(super) fn of(at: Option<Micros>) -> Self {
        Self(at.map(|at| (at, at)).into_iter().collect())
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.0.extend(&other.0);
        self.0.sort();
        let mut joined: Vec<(Micros, Micros)> = Vec::new();
        for (first, last) in self.0.drain(..) {
            match joined.last_mut() {
                Some(before) if first <= before.1.after(APART) => before.1 = before.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        while joined.len() > KEPT {
            let gap = |place: &usize| joined[place + 1].0.since(joined[*place].1);
            let Some(place) = (0..joined.len() - 1).min_by_key(gap) else { break };
            let (_, last) = joined.remove(place + 1);
            joined[place].1 = joined[place].1.max(last);
        }
        self.0 = joined;
    }

    pub(super) fn first(&self) -> Option<Micros> {
        self.0.first().map(|(first, _)| *first)
    }

    /// When each of them began, if there are several.
    pub(super) fn beginnings(&self) -> Vec<Micros> {
        if self.0.len() > 1 { self.0.iter().map(|(first, _)| *first).collect() } else { Vec::new() }
    }

    /// Whether the other's first spell began during one of these, or up to `later` after it, or up to `later` before it.
    pub(super) fn is_begun_near(&self, other: &Self, later: Duration) -> bool {
        let Some(began) = other.first() else { return false };
        self.0.iter().any(|(first, last)| began.after(later) >= *first && began <= last.after(later))
    }

    /// Whether each of the other's spells lies within one of these, extended by `later` on both sides.
    pub(super) fn hold(&self, other: &Self, later: Duration) -> bool {
        let holds = |(begun, ended): &(Micros, Micros)| {
            self.0.iter().any(|(first, last)| begun.after(later) >= *first && *ended <= last.after(later))
        };
        !other.0.is_empty() && other.0.iter().all(holds)
    }

    /// How long the nearest spells of both are apart.
    pub(super) fn apart(&self, other: &Self) -> Option<Duration> {
        let gap = |one: &(Micros, Micros), two: &(Micros, Micros)| two.0.since(one.1).max(one.0.since(two.1));
        self.0.iter().flat_map(|one| other.0.iter().map(move |two| gap(one, two))).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leaseproof_domain::Micros;
    use proptest::prelude::*;

    use super::{KEPT, Spells};

    const S: u64 = 1_000_000;

    fn spells(seconds: &[u64]) -> Spells {
        let mut all = Spells::default();
        seconds.iter().for_each(|at| all.merge(&Spells::of(Some(Micros(at * S)))));
        all
    }

    #[test]
    fn what_is_more_than_ten_seconds_apart_is_of_separate_times() {
        assert_eq!(spells(&[5, 15, 25]).beginnings(), []);
        assert_eq!(spells(&[60, 5, 61]).beginnings(), [Micros(5 * S), Micros(60 * S)]);
        assert_eq!(Spells::of(None), Spells::default());
        let many: Vec<u64> = (0..200).map(|place| place * 11 + u64::from(place > 100) * 100).collect();
        assert_eq!(spells(&many).0.len(), KEPT);
    }

    #[test]
    fn what_comes_between_two_times_belongs_to_none_of_them() {
        let (two, later) = (spells(&[5, 60]), Duration::from_secs(2));
        for (at, near) in [(4, true), (7, true), (8, false), (30, false), (57, false), (58, true), (62, true)] {
            assert_eq!(two.is_begun_near(&spells(&[at]), later), near, "{at}");
            assert_eq!(two.hold(&spells(&[at]), later), near, "{at}");
        }
        assert!(!two.hold(&spells(&[5, 30]), later) && two.hold(&spells(&[5, 61]), later));
        assert_eq!(two.apart(&spells(&[30])), Some(Duration::from_secs(25)));
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter((all, shuffled) in prop::collection::vec(0..300_u64, 0..60)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())))
        {
            prop_assert_eq!(spells(&all), spells(&shuffled));
        }
    }
}
