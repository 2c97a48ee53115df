//! How figures are written.

use jiff::Timestamp;
pub(crate) use leaseproof_domain::count;
use leaseproof_domain::{
    ArrivalCounts, Judgment, LatencySummary, LoadFigures, MeasuredOf, Micros, MoreThan, Operation, Quantity,
    RevocationFigures, UnixMicros,
};

/// Microseconds as milliseconds with three significant digits: `0.412`, `12.3`, `1204`.
pub(crate) fn millis(micros: u64) -> String {
    let value = micros as f64 / 1_000.0;
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 1.0 => format!("{v:.2}"),
        v => format!("{v:.3}"),
    }
}

/// Microseconds as seconds with two decimals: `1.71`.
pub(crate) fn seconds(micros: u64) -> String {
    format!("{:.2}", micros as f64 / 1e6)
}

/// A span of a run, in milliseconds with its unit.
pub(crate) fn span(from: Micros, to: Micros) -> String {
    let micros = u64::try_from(to.since(from).as_micros()).unwrap_or(u64::MAX);
    format!("{} ms", millis(micros))
}

/// A moment on a wall clock, in UTC.
pub(crate) fn wall(moment: UnixMicros) -> String {
    Timestamp::from_microsecond(moment.0).map_or_else(|_| format!("{} µs", moment.0), |t| format!("{t:.3}"))
}

/// What a check measured, of how many samples that were expected, in one line; none if it measured nothing.
pub(crate) fn measured(judgment: &Judgment) -> Option<String> {
    let summary = judgment.measured.as_ref().filter(|summary| summary.count > 0)?;
    Some(format!("measured: {}", distribution(summary, judgment.measured_of.as_ref())))
}

/// A distribution in one line.
fn distribution(summary: &LatencySummary, of: Option<&MeasuredOf>) -> String {
    let value = |quantity| figure(summary, quantity, |micros| format!("{} ms", millis(micros)));
    let figures = Quantity::ALL.map(|quantity| format!("{} {}", quantity.name(), value(quantity)));
    let bounds = match summary.censored {
        0 => String::new(),
        1 => ", 1 of them a lower bound".to_owned(),
        several => format!(", {several} of them lower bounds"),
    };
    let samples = match of {
        Some(of) => format!("{} of {}", summary.count, count(of.expected.max(summary.count), "expected sample")),
        None => count(summary.count, "sample"),
    };
    let arrivals = of.and_then(|of| of.arrivals.as_ref()).map(arrivals).unwrap_or_default();
    format!("{} over {samples}{bounds}{arrivals}", figures.join(" · "))
}

/// The arrivals that samples follow from, as the end of a sentence.
fn arrivals(counts: &ArrivalCounts) -> String {
    let ArrivalCounts { due, answered, unanswered, dropped } = counts;
    if answered == due {
        return format!("; {} due, all answered", count(*due, "arrival"));
    }
    let lost = [(unanswered, "without an answer"), (dropped, "dropped")];
    let lost = lost.iter().filter(|(number, _)| **number > 0).map(|(number, word)| format!(", {number} {word}"));
    format!("; {} due: {answered} answered{}", count(*due, "arrival"), lost.collect::<String>())
}

/// The figures of a distribution by name, in milliseconds; a lower bound has its own unit: `> 10 s`.
pub(crate) fn columns(summary: &LatencySummary) -> [(&'static str, String); 5] {
    Quantity::ALL.map(|quantity| (quantity.name(), figure(summary, quantity, millis)))
}

/// A figure of a distribution, formatted by `known` unless it is a lower bound.
pub(crate) fn figure(summary: &LatencySummary, quantity: Quantity, known: impl Fn(u64) -> String) -> String {
    let micros = match quantity {
        Quantity::P50 => summary.p50,
        Quantity::P90 => summary.p90,
        Quantity::P99 => summary.p99,
        Quantity::P999 => summary.p999,
        Quantity::Max => summary.max,
    };
    if summary.at_least.contains(&quantity) { MoreThan(micros).to_string() } else { known(micros) }
}

/// The load of a phase, in one line.
pub(crate) fn load(figures: &LoadFigures) -> String {
    let LoadFigures { phase, offered_per_second, completed_per_second, dropped_per_second, .. } = figures;
    let LoadFigures { backlog_growth_per_second, backlog_growth_low, backlog_growth_high, .. } = figures;
    format!(
        "load {phase}: {offered_per_second:.1} issues/s due · {completed_per_second:.1}/s answered · \
         {dropped_per_second:.1}/s dropped · backlog {backlog_growth_per_second:+.2} requests/s ({backlog_growth_low:+.2} to \
         {backlog_growth_high:+.2})"
    )
}

/// How Vault revoked the remaining leases, in one line.
pub(crate) fn revocation(figures: &RevocationFigures) -> String {
    let RevocationFigures { roles, leases, took, roles_per_second, roles_left, leases_left, shrinking } = figures;
    if roles_left + leases_left > 0 && (roles_left, leases_left) == (roles, leases) {
        return format!(
            "revocation at the end: {} and {} were left, and Vault revoked none of them",
            count(*roles, "role"),
            count(*leases, "lease")
        );
    }
    let mut parts = vec![format!(
        "revocation at the end: {} and {}, {roles_per_second:.1} roles/s over {} s",
        count(*roles, "role"),
        count(*leases, "lease"),
        seconds(*took)
    )];
    if roles_left + leases_left > 0 {
        let still = if *shrinking { "still shrinking at the end" } else { "no longer shrinking" };
        parts.push(format!("{} and {} left, {still}", count(*roles_left, "role"), count(*leases_left, "lease")));
    }
    parts.join(" · ")
}

/// Errors with their numbers: `issue 500 × 9, login no answer × 4`.
pub(crate) fn errors(errors: &[(Operation, String, u64)]) -> String {
    let words: Vec<String> = errors.iter().map(|(op, code, count)| format!("{op} {code} × {count}")).collect();
    words.join(", ")
}

/// Seconds of a lease as a duration with units.
pub(crate) fn lease_span(seconds: u64) -> String {
    leaseproof_domain::Ttl::from_secs(seconds).to_string()
}

/// Which figures a run lacks where Vault's telemetry could not be read.
pub(crate) fn gauges_missing(why: &str) -> String {
    format!("the largest numbers of leases, tokens and requests in flight in Vault's telemetry (`sys/metrics`): {why}")
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{ArrivalCounts, LatencySummary, MeasuredOf, Quantity, UnixMicros};

    use super::{count, distribution, millis, wall};

    #[test]
    fn a_figure_among_the_unanswered_says_more_than() {
        let at_least = vec![Quantity::P99, Quantity::P999, Quantity::Max];
        let bounds = LatencySummary { p99: 10_002_000, p999: 10_002_000, max: 10_003_000, ..LatencySummary::default() };
        let summary = LatencySummary { count: 1_501, censored: 30, p50: 18_400, p90: 61_000, at_least, ..bounds };
        insta::assert_snapshot!(distribution(&summary, None), @"p50 18.4 ms · p90 61.0 ms · p99 > 10 s · p99.9 > 10 s · max > 10 s over 1501 samples, 30 of them lower bounds");
    }

    #[test]
    fn a_distribution_says_of_how_many_expected_samples_it_is() {
        let summary = LatencySummary { count: 4, p50: 1_000, ..LatencySummary::default() };
        let words = |expected, answered, unanswered, dropped| {
            let arrivals = ArrivalCounts { due: answered + unanswered + dropped, answered, unanswered, dropped };
            let words = distribution(&summary, Some(&MeasuredOf { expected, arrivals: Some(arrivals) }));
            words.split_once(" over ").unwrap().1.to_owned()
        };
        insta::assert_snapshot!(words(4, 4, 57, 0), @"4 of 4 expected samples; 61 arrivals due: 4 answered, 57 without an answer");
        insta::assert_snapshot!(words(5, 5, 40, 16), @"4 of 5 expected samples; 61 arrivals due: 5 answered, 40 without an answer, 16 dropped");
        insta::assert_snapshot!(words(4, 4, 0, 0), @"4 of 4 expected samples; 4 arrivals due, all answered");
        let faults = distribution(&summary, Some(&MeasuredOf { expected: 6, arrivals: None }));
        assert!(faults.ends_with(" over 4 of 6 expected samples"), "{faults}");
    }

    #[test]
    fn three_figures_that_matter() {
        for (micros, text) in [(0, "0.000"), (412, "0.412"), (1_234, "1.23"), (12_345, "12.3"), (1_204_000, "1204")] {
            assert_eq!(millis(micros), text);
        }
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!((count(1, "sample"), count(0, "sample")), ("1 sample".into(), "0 samples".into()));
    }

    #[test]
    fn wall_clocks_are_in_utc() {
        assert_eq!(wall(UnixMicros(1_795_388_281_250_000)), "2026-11-22T22:58:01.250Z");
    }
}
