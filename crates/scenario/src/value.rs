//! Texts that stand for figures: rates, percentages, limits.

use std::str::FromStr;

use leaseproof_domain::Ttl;

use crate::plan::Comparison;

/// Arrivals a second: `8/s`, `0.5/s`. Above zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate(pub(crate) f64);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate above zero: expected arrivals per second, as in `8/s` or `0.5/s`")]
pub(crate) struct BadRate(String);

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        text.strip_suffix("/s")
            .and_then(plain_number)
            .filter(|rate| *rate > 0.0 && *rate <= 1e6)
            .map(Self)
            .ok_or_else(|| BadRate(text.to_owned()))
    }
}

/// `75%` as 0.75; more than nothing and less than all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Percent(pub(crate) f64);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a part of a lease: expected a percentage between 0% and 100%, as in `75%`")]
pub(crate) struct BadPercent(String);

impl FromStr for Percent {
    type Err = BadPercent;

    fn from_str(text: &str) -> Result<Self, BadPercent> {
        percentage(text).filter(|part| *part > 0.0 && *part < 1.0).map(Self).ok_or_else(|| BadPercent(text.to_owned()))
    }
}

/// `< 250ms`, `<= 1%`, `< 0.01`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limit {
    pub(crate) comparison: Comparison,
    pub(crate) bound: Bound,
}

/// What a figure is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    Time(Ttl),
    /// 0 to 1.
    Share(f64),
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a limit: expected `<`, `<=`, `>` or `>=` and a time or a share, as in `< 250ms`, `<= 1%` or `< 0.01`"
)]
pub(crate) struct BadLimit(String);

impl FromStr for Limit {
    type Err = BadLimit;

    fn from_str(text: &str) -> Result<Self, BadLimit> {
        let bad = || BadLimit(text.to_owned());
        let signs = [
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<", Comparison::Below),
            (">", Comparison::Above),
        ];
        let (rest, comparison) = signs
            .into_iter()
            .find_map(|(sign, comparison)| Some((text.trim().strip_prefix(sign)?.trim(), comparison)))
            .ok_or_else(bad)?;
        let share = percentage(rest).or_else(|| plain_number(rest)).filter(|share| *share <= 1.0);
        let bound = match (share, rest.parse()) {
            (Some(share), _) => Bound::Share(share),
            (None, Ok(time)) => Bound::Time(time),
            (None, Err(_)) => return Err(bad()),
        };
        Ok(Self { comparison, bound })
    }
}

fn percentage(text: &str) -> Option<f64> {
    text.strip_suffix('%').and_then(plain_number).map(|number| number / 100.0)
}

/// Digits, and perhaps a point with digits behind it; no sign, no exponent.
fn plain_number(text: &str) -> Option<f64> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = match text.split_once('.') {
        None => digits(text),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
    };
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::Ttl;
    use proptest::prelude::*;

    use super::{Bound, Comparison, Limit, Percent, Rate};

    #[test]
    fn figures_are_read_as_written() {
        assert_eq!("8/s".parse(), Ok(Rate(8.0)));
        assert_eq!("0.5/s".parse(), Ok(Rate(0.5)));
        assert_eq!("75%".parse(), Ok(Percent(0.75)));
        for (text, comparison, bound) in [
            ("< 250ms", Comparison::Below, Bound::Time(Ttl::from_millis(250))),
            ("<=1%", Comparison::AtMost, Bound::Share(0.01)),
            ("> 0.01", Comparison::Above, Bound::Share(0.01)),
            (">= 1s", Comparison::AtLeast, Bound::Time(Ttl::from_secs(1))),
        ] {
            assert_eq!(text.parse(), Ok(Limit { comparison, bound }), "{text}");
        }
    }

    #[test]
    fn what_is_no_figure_is_refused() {
        for text in ["8", "0/s", "-1/s", "8/m", "1e3/s", "inf/s", "/s", " 8/s", ".5/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        for text in ["75", "0%", "100%", "-5%", "%"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
        for text in ["250ms", "< ", "< 2", "= 1s", "< 101%", "< 1 s"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_printed_rate_is_read_back(thousandths in 1_u32..1_000_000_000) {
            let rate = f64::from(thousandths) / 1000.0;
            prop_assert_eq!(format!("{rate}/s").parse(), Ok(Rate(rate)));
        }

        #[test]
        fn nothing_makes_a_reader_panic(text in ".{0,12}") {
            let _ = (text.parse::<Rate>(), text.parse::<Percent>(), text.parse::<Limit>());
        }
    }
}
