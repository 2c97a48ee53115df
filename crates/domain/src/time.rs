use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A time of a run: microseconds of the harness's monotonic clock since the run's epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl Micros {
    /// The moment `later` after this one.
    pub fn after(self, later: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(later.as_micros()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is; zero where it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.0 as f64 / 1e6)
    }
}

/// A time that is only known to be larger than so many microseconds: `> 10 s`, `> 312 ms`, cut to three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoreThan(pub u64);

impl fmt::Display for MoreThan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = if self.0 >= 1_000_000 { (self.0, "s") } else { (self.0 * 1_000, "ms") };
        // Thousandths of the unit, as many of them as make three digits.
        let thousandths = value / 1_000;
        let cut = match thousandths {
            0..10_000 => thousandths / 10 * 10,
            10_000..100_000 => thousandths / 100 * 100,
            _ => thousandths / 1_000 * 1_000,
        };
        write!(f, "> {} {unit}", cut as f64 / 1e3)
    }
}

/// A time on a wall clock: microseconds since 1970-01-01T00:00:00Z. The field that holds it says which machine's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct UnixMicros(pub i64);

/// A time to live, or any other span that a scenario writes: `8s`, `1h`, `1h30m`, `250ms`.
///
/// Vault counts TTLs in whole seconds; a scenario may say milliseconds where no server has to count it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ttl(Duration);

/// A text that is no span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a span of time: expected numbers with units, as in `250ms`, `8s`, `1h30m`, `24h`, `7d`")]
pub struct BadTtl(pub String);

impl Ttl {
    /// A span of whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A span of milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// The span as the standard library's.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// Whole seconds, the rest cut off.
    pub const fn secs(self) -> u64 {
        self.0.as_secs()
    }
}

impl FromStr for Ttl {
    type Err = BadTtl;

    fn from_str(text: &str) -> Result<Self, BadTtl> {
        let bad = || BadTtl(text.to_owned());
        let mut total: u64 = 0;
        let mut rest = text;
        if rest.is_empty() {
            return Err(bad());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
            let number: u64 = rest[..digits].parse().map_err(|_| bad())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let millis: u64 = match &rest[..letters] {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return Err(bad()),
            };
            rest = &rest[letters..];
            total = number.checked_mul(millis).and_then(|part| total.checked_add(part)).ok_or_else(bad)?;
        }
        Ok(Self::from_millis(total))
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, millis) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
            if rest >= millis {
                write!(f, "{}{unit}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Ttl {
    type Error = BadTtl;

    fn try_from(text: String) -> Result<Self, BadTtl> {
        text.parse()
    }
}

impl From<Ttl> for String {
    fn from(ttl: Ttl) -> Self {
        ttl.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MoreThan, Ttl};

    #[test]
    fn a_lower_bound_is_never_reported_too_large() {
        for (micros, text) in [
            (10_000_000, "> 10 s"),
            (10_003_912, "> 10 s"),
            (9_999_999, "> 9.99 s"),
            (1_622_000, "> 1.62 s"),
            (61_900_000, "> 61.9 s"),
            (312_400, "> 312 ms"),
            (100_000, "> 100 ms"),
            (0, "> 0 ms"),
        ] {
            assert_eq!(MoreThan(micros).to_string(), text);
        }
    }

    #[test]
    fn reads_what_operators_write() {
        for (text, millis) in
            [("8s", 8_000), ("1h", 3_600_000), ("1h30m", 5_400_000), ("250ms", 250), ("0s", 0), ("7d", 604_800_000)]
        {
            assert_eq!(text.parse::<Ttl>().unwrap(), Ttl::from_millis(millis), "{text}");
        }
        for text in ["", "8", "s", "1 h", "1.5h", "-1s", "8sec", "99999999999999999999s"] {
            assert!(text.parse::<Ttl>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(millis in 0_u64..10_000_000_000) {
            let ttl = Ttl::from_millis(millis);
            prop_assert_eq!(ttl.to_string().parse::<Ttl>().unwrap(), ttl);
        }
    }
}
