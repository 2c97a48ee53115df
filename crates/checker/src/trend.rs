//! Whether a series grows: the slope of Theil and Sen, with an interval from Kendall's ranks.
//!
//! The slope is the median of the slopes between all pairs of points, so that up to 29 % of the points may be anything. Its
//! interval is Sen's: "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA 63 (1968), with Kendall's
//! variance corrected for ties.

/// The normal deviate of a two-sided interval of 99 %.
const DEVIATE: f64 = 2.576;
/// Fewer points have no interval worth its name: Kendall's S is nearly normal from ten points on.
pub(crate) const FEWEST: usize = 10;

/// A slope, and the bounds between which it lies with 99 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slope {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// The slope of `values` that lie one `step` apart, in units a unit of `step`. None of fewer than [`FEWEST`] values.
pub(crate) fn slope(values: &[f64], step: f64) -> Option<Slope> {
    if values.len() < FEWEST {
        return None;
    }
    let pairs = values.iter().enumerate().flat_map(|(place, first)| {
        let later = values[place + 1..].iter().enumerate();
        later.map(move |(distance, second)| (second - first) / (step * (distance + 1) as f64))
    });
    let mut slopes: Vec<f64> = pairs.collect();
    slopes.sort_by(f64::total_cmp);
    let half_width = DEVIATE * variance(values).sqrt() / 2.0;
    let middle = slopes.len() as f64 / 2.0;
    let at = |rank: f64| slopes[(rank.max(0.0) as usize).min(slopes.len() - 1)];
    Some(Slope {
        median: median(&slopes),
        low: at((middle - half_width).floor() - 1.0),
        high: at((middle + half_width).ceil()),
    })
}

/// The variance of Kendall's S where nothing grows: of n values, of which some are equal.
fn variance(values: &[f64]) -> f64 {
    let weight = |n: usize| (n * n.saturating_sub(1) * (2 * n + 5)) as f64;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 = sorted.chunk_by(|one, other| one.total_cmp(other).is_eq()).map(|equal| weight(equal.len())).sum();
    (weight(values.len()) - ties) / 18.0
}

/// The median of values in any order; zero of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FEWEST, slope};

    fn line(by: f64, noise: &[f64]) -> Vec<f64> {
        noise.iter().enumerate().map(|(place, noise)| by * place as f64 + noise).collect()
    }

    #[test]
    fn what_grows_evenly_has_its_slope_and_no_doubt() {
        let slope = slope(&line(3.0, &[0.0; 20]), 0.5).unwrap();
        assert_eq!((slope.low, slope.median, slope.high), (6.0, 6.0, 6.0));
    }

    #[test]
    fn what_stays_has_none() {
        let slope = slope(&[4.0; 20], 1.0).unwrap();
        assert_eq!((slope.low, slope.median, slope.high), (0.0, 0.0, 0.0));
        assert_eq!(super::slope(&[4.0; FEWEST - 1], 1.0), None);
    }

    #[test]
    fn a_quarter_of_the_points_may_be_anything() {
        let mut values = line(1.0, &[0.0; 24]);
        (0..6).for_each(|place| values[4 * place + 1] = 1e6);
        assert_eq!(slope(&values, 1.0).unwrap().median, 1.0);
        let mut flat = vec![0.0; 24];
        (18..24).for_each(|place| flat[place] = (place * 10) as f64);
        let slope = slope(&flat, 1.0).unwrap();
        assert_eq!((slope.low, slope.median), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn it_lies_in_its_interval_and_turns_with_the_series(
            noise in prop::collection::vec(-50.0_f64..50.0, FEWEST..40), by in -20.0_f64..20.0, more in -20.0_f64..20.0,
        ) {
            let values = line(by, &noise);
            let one = slope(&values, 1.0).unwrap();
            prop_assert!(one.low <= one.median && one.median <= one.high, "{one:?}");
            // A line added to a series is added to its slope.
            let two = slope(&line(more, &values), 1.0).unwrap();
            for (one, two) in [(one.low, two.low), (one.median, two.median), (one.high, two.high)] {
                prop_assert!((one + more - two).abs() < 1e-6, "{one} + {more} is not {two}");
            }
            // What is read backwards falls as it grew.
            let backwards: Vec<f64> = values.iter().rev().copied().collect();
            let back = slope(&backwards, 1.0).unwrap();
            prop_assert!((back.median + one.median).abs() < 1e-9, "{back:?} {one:?}");
        }

        #[test]
        fn noise_without_a_trend_seldom_has_one(seed in any::<u64>()) {
            // Of 200 series of noise, 99 % have zero in their interval. By chance more than 16 miss it once in 10^10 cases.
            let mut state = seed | 1;
            let mut noise = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 11) as f64 / (1_u64 << 53) as f64
            };
            let missed = (0..200).filter(|_| {
                let values: Vec<f64> = (0..24).map(|_| noise()).collect();
                let slope = slope(&values, 1.0).unwrap();
                slope.low > 0.0 || slope.high < 0.0
            });
            prop_assert!(missed.count() <= 16);
        }
    }
}
