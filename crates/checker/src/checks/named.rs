use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use leaseproof_domain::Micros;

/// How many lifecycles a finding names.
const MOST: usize = 1_000;
/// How long a span of time is at first, in microseconds.
const FIRST_WIDTH: u64 = 1_000_000;
/// If there are more spans of time than this, two become one.
const SPANS: usize = 64;

/// The lifecycles that a finding is about, by number: the first ones in order of arrival.
#[derive(Default)]
pub(super) struct Named(BTreeSet<u64>);

impl Named {
    pub(super) fn add(&mut self, lifecycle: u64) {
        self.0.insert(lifecycle);
        if self.0.len() > MOST {
            self.0.pop_last();
        }
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        self.0.iter().copied().collect()
    }
}

impl FromIterator<u64> for Named {
    fn from_iter<I: IntoIterator<Item = u64>>(lifecycles: I) -> Self {
        let mut named = Self::default();
        lifecycles.into_iter().for_each(|lifecycle| named.add(lifecycle));
        named
    }
}

/// Lifecycles with the times at which something happened to them, for findings about a part of the run that is known only
/// later. Of each span of time it keeps as many as a finding names, so its memory is bounded for a run of any length.
pub(super) struct NamedByTime {
    width: u64,
    spans: Vec<BTreeSet<(u64, Micros)>>,
}

impl Default for NamedByTime {
    fn default() -> Self {
        Self { width: FIRST_WIDTH, spans: Vec::new() }
    }
}

impl NamedByTime {
    pub(super) fn add(&mut self, at: Micros, lifecycle: u64) {
        while at.0 / self.width >= SPANS as u64 {
            self.widen();
        }
        let place = (at.0 / self.width) as usize;
        if self.spans.len() <= place {
            self.spans.resize_with(place + 1, BTreeSet::new);
        }
        self.spans[place].insert((lifecycle, at));
        shorten(&mut self.spans[place]);
    }

    /// Those of that time, the first ones in order of arrival.
    pub(super) fn within(&self, time: &RangeInclusive<Micros>) -> Vec<u64> {
        let within = self.spans.iter().flatten().filter(|(_, at)| time.contains(at));
        within.map(|(lifecycle, _)| *lifecycle).collect::<Named>().numbers()
    }

    fn widen(&mut self) {
        self.width *= 2;
        let pairs = std::mem::take(&mut self.spans);
        self.spans = pairs
            .chunks(2)
            .map(|pair| {
                let mut both = pair.iter().flatten().copied().collect();
                shorten(&mut both);
                both
            })
            .collect();
    }
}

fn shorten(span: &mut BTreeSet<(u64, Micros)>) {
    while span.len() > MOST {
        span.pop_last();
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::Micros;

    use super::{MOST, NamedByTime, SPANS};

    const S: u64 = 1_000_000;

    /// A hundred lifecycles a second.
    fn named(seconds: u64) -> NamedByTime {
        let mut named = NamedByTime::default();
        (0..seconds * 100).for_each(|lifecycle| named.add(Micros(lifecycle * S / 100), lifecycle));
        named
    }

    #[test]
    fn a_finding_names_the_first_lifecycles_of_its_time() {
        let named = named(100);
        let within = |from: u64, to: u64| named.within(&(Micros(from)..=Micros(to)));
        assert_eq!(within(20 * S, 21 * S), (2_000..=2_100).collect::<Vec<u64>>());
        assert_eq!(within(20 * S, 90 * S), (2_000..3_000).collect::<Vec<u64>>());
        assert_eq!(within(200 * S, u64::MAX), Vec::<u64>::new());
    }

    #[test]
    fn what_is_kept_does_not_grow_with_the_run() {
        let hour = named(3_600);
        let kept: usize = hour.spans.iter().map(std::collections::BTreeSet::len).sum();
        assert!(hour.spans.len() <= SPANS && kept <= SPANS * MOST, "{} spans, {kept} lifecycles", hour.spans.len());
        // The times of the last lifecycles are found as well as those of the first ones.
        let last = hour.within(&(Micros(3_590 * S)..=Micros(u64::MAX)));
        assert!(hour.within(&(Micros(0)..=Micros(S))).contains(&0));
        assert!(last.iter().all(|lifecycle| *lifecycle >= 359_000), "{last:?}");
    }
}
