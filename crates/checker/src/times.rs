//! Distributions of times, some of which are known only as lower bounds.

use hdrhistogram::Histogram;
use leaseproof_domain::{LatencySummary, Quantity};

/// The longest time that a histogram tells apart: an hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// A distribution of times in microseconds, with three significant digits and the exact largest.
///
/// A time that was cut short (no answer came, the role was still there) is recorded as a lower bound: the true one is
/// larger, nobody can say by how much.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    /// Every time, a lower bound counted as if it were the time itself.
    all: Histogram<u64>,
    /// The lower bounds among them; none in most runs.
    censored: Option<Box<Histogram<u64>>>,
    /// The smallest lower bound, exactly.
    least_bound: u64,
    max: u64,
}

/// A figure of a distribution: the true value lies between the bounds, and is the lower one where both are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    /// In microseconds. Where it is only a bound, the true value is larger.
    pub(crate) least: u64,
    /// In microseconds; none where nothing bounds it.
    pub(crate) most: Option<u64>,
}

impl Figure {
    /// Whether the value is known.
    pub(crate) fn is_exact(self) -> bool {
        self.most == Some(self.least)
    }
}

impl Default for Times {
    fn default() -> Self {
        Self { all: empty(), censored: None, least_bound: u64::MAX, max: 0 }
    }
}

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in the range of the crate")
}

impl Times {
    pub(crate) fn record(&mut self, micros: u64) {
        self.all.saturating_record(micros);
        self.max = self.max.max(micros);
    }

    /// A time of which only is known that it is larger.
    pub(crate) fn record_at_least(&mut self, micros: u64) {
        self.record(micros);
        self.censored.get_or_insert_with(|| Box::new(empty())).saturating_record(micros);
        self.least_bound = self.least_bound.min(micros);
    }

    /// Adds all times of another distribution; nothing is lost, since both have the same buckets.
    pub(crate) fn add(&mut self, other: &Self) {
        let same = "every distribution has the same bounds";
        self.all.add(&other.all).expect(same);
        if let Some(censored) = &other.censored {
            self.censored.get_or_insert_with(|| Box::new(empty())).add(&**censored).expect(same);
        }
        self.least_bound = self.least_bound.min(other.least_bound);
        self.max = self.max.max(other.max);
    }

    pub(crate) fn count(&self) -> u64 {
        self.all.len()
    }

    /// How many of the times are lower bounds.
    pub(crate) fn censored(&self) -> u64 {
        self.censored.as_ref().map_or(0, |censored| censored.len())
    }

    /// The smallest time that as many others are at most as the quantity says.
    pub(crate) fn figure(&self, quantity: Quantity) -> Figure {
        let least = match quantity {
            Quantity::Max => self.max,
            _ => self.all.value_at_quantile(quantity.quantile()).min(self.max),
        };
        if self.censored.is_none() {
            return Figure { least, most: Some(least) };
        }
        let most = match quantity {
            Quantity::Max => None,
            _ => self.at_rank(rank(quantity, self.count())).map(|most| most.min(self.max)),
        };
        if most == Some(least) || quantity == Quantity::Max {
            return Figure { least, most };
        }
        // What the histogram gives for a value is the largest one that it does not tell apart from it.
        let lowest = self.all.lowest_equivalent(least);
        let known = if self.all.equivalent(self.least_bound, least) { self.least_bound } else { lowest };
        Figure { least: known.max(lowest), most }
    }

    /// The median of the times that are known, whatever the others are; zero where none is.
    pub(crate) fn known_median(&self) -> u64 {
        self.at_rank(rank(Quantity::P50, self.count() - self.censored())).unwrap_or(0).min(self.max)
    }

    /// The known time of that rank, if every lower bound stood for a time without end.
    fn at_rank(&self, rank: u64) -> Option<u64> {
        let bounds = |value| self.censored.as_ref().map_or(0, |censored| censored.count_at(value));
        let mut known = 0;
        self.all.iter_recorded().find_map(|step| {
            let value = step.value_iterated_to();
            known += step.count_at_value().saturating_sub(bounds(value));
            (known >= rank).then_some(value)
        })
    }

    pub(crate) fn summary(&self) -> LatencySummary {
        let figure = |quantity| self.figure(quantity).least;
        LatencySummary {
            count: self.count(),
            censored: self.censored(),
            p50: figure(Quantity::P50),
            p90: figure(Quantity::P90),
            p99: figure(Quantity::P99),
            p999: figure(Quantity::P999),
            max: self.max,
            at_least: Quantity::ALL.into_iter().filter(|quantity| !self.figure(*quantity).is_exact()).collect(),
        }
    }

    /// The distribution, and that of the lower bounds in it where there are any.
    pub(crate) fn into_histograms(self) -> (Histogram<u64>, Option<Histogram<u64>>) {
        (self.all, self.censored.map(|censored| *censored))
    }
}

/// Which of `count` times in order a figure is, from 1 (as HdrHistogram has it).
fn rank(quantity: Quantity, count: u64) -> u64 {
    ((quantity.quantile() * count as f64).ceil() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::Quantity;
    use proptest::prelude::*;

    use super::{Figure, Times};

    const S: u64 = 1_000_000;

    fn times(known: &[u64], bounds: &[u64]) -> Times {
        let mut times = Times::default();
        known.iter().for_each(|micros| times.record(*micros));
        bounds.iter().for_each(|micros| times.record_at_least(*micros));
        times
    }

    #[test]
    fn a_quantile_among_the_unanswered_is_a_lower_bound() {
        // 350 of 1501 answered: the median of the answered is no median.
        let times = times(&[1_622_000; 350], &[10 * S; 1_151]);
        assert_eq!(times.figure(Quantity::P50), Figure { least: 10 * S, most: None });
        let summary = times.summary();
        assert_eq!((summary.count, summary.censored, summary.p50), (1_501, 1_151, 10 * S));
        assert_eq!(summary.at_least, Quantity::ALL);
    }

    #[test]
    fn a_quantile_below_the_unanswered_is_known() {
        let times = times(&[40_000; 90], &[10 * S; 10]);
        let p50 = times.figure(Quantity::P50);
        assert!(p50.is_exact() && p50.least.abs_diff(40_000) < 100, "{p50:?}");
        assert!(times.figure(Quantity::P90).is_exact());
        assert_eq!(times.summary().at_least, [Quantity::P99, Quantity::P999, Quantity::Max]);
    }

    #[test]
    fn a_client_that_waits_less_than_the_answered_took_leaves_a_quantile_between_two_bounds() {
        // Three known answers of 2 s, two clients that went away after 0.3 s.
        let p50 = times(&[2 * S; 3], &[300_000; 2]).figure(Quantity::P50);
        assert!(p50.least.abs_diff(2 * S) < 4_000 && p50.is_exact(), "{p50:?}");
        let p50 = times(&[S, 2 * S, 3 * S], &[300_000; 2]).figure(Quantity::P50);
        assert!(p50.least.abs_diff(S) < 2_000, "{p50:?}");
        assert!(p50.most.unwrap().abs_diff(3 * S) < 6_000, "{p50:?}");
    }

    proptest! {
        #[test]
        fn the_true_quantile_lies_between_the_bounds(
            known in prop::collection::vec(1_u64..20 * S, 0..40),
            cut in prop::collection::vec((1_u64..20 * S, 0_u64..20 * S), 0..40),
        ) {
            prop_assume!(!known.is_empty() || !cut.is_empty());
            let bounds: Vec<u64> = cut.iter().map(|(bound, _)| *bound).collect();
            let times = times(&known, &bounds);
            let mut truth: Vec<u64> = known.iter().copied().chain(cut.iter().map(|(bound, more)| bound + more)).collect();
            truth.sort_unstable();
            for quantity in Quantity::ALL {
                let place = super::rank(quantity, truth.len() as u64) as usize - 1;
                let (value, figure) = (truth[place], times.figure(quantity));
                // Three significant digits: a thousandth.
                prop_assert!(figure.least <= value + value / 500 + 1, "{quantity:?} {figure:?} {value}");
                prop_assert!(figure.most.is_none_or(|most| most + most / 500 + 1 >= value), "{quantity:?} {figure:?} {value}");
            }
        }
    }
}
