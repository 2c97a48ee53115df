//! The figures of the live DNS server.

use std::fmt::Write as _;

use leaseproof_domain::{DnsFigures, LatencySummary, Quantity};

use crate::{figures, foreign};

/// The figures in one line, for a terminal.
pub(crate) fn line(dns: &DnsFigures) -> String {
    let mut parts = vec![
        format!("DNS queries: {}", dns.queries),
        format!("{} answered as promised", dns.answered),
        format!("other results within a credential change: {}", others(&dns.inside)),
        format!("outside: {}", others(&dns.outside)),
        format!("response p50 {}, p99 {}", millis(&dns.response, Quantity::P50), millis(&dns.response, Quantity::P99)),
        format!("{}, {} used", figures::count(dns.renderings, "rendering"), dns.switches),
    ];
    if dns.impact.count > 0 {
        let (p50, max) = (seconds(&dns.impact, Quantity::P50), seconds(&dns.impact, Quantity::Max));
        parts.push(format!("impact of a change {p50}, at most {max}"));
    }
    if dns.writes > 0 {
        parts.push(figures::count(dns.writes, "zone change"));
    }
    parts.join(" · ")
}

/// The figures as a section of the summary.
pub(crate) fn markdown(out: &mut String, dns: &DnsFigures) {
    out.push_str("## DNS\n\n| | |\n|---|---:|\n");
    let rows = [
        ("Queries", dns.queries.to_string()),
        ("Answered as promised", dns.answered.to_string()),
        ("Other results within a credential change", others(&dns.inside)),
        ("Other results outside credential changes", others(&dns.outside)),
        ("Response time, p50", millis(&dns.response, Quantity::P50)),
        ("Response time, p99", millis(&dns.response, Quantity::P99)),
        ("Renderings of the configuration", dns.renderings.to_string()),
        ("New credentials used", dns.switches.to_string()),
        ("Impact of a change, median", seconds(&dns.impact, Quantity::P50)),
        ("Impact of a change, maximum", seconds(&dns.impact, Quantity::Max)),
        ("Zone changes done and confirmed by a query", dns.writes.to_string()),
    ];
    for (what, figure) in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "| {what} | {} |", foreign::markdown(&figure));
    }
    out.push('\n');
}

fn millis(times: &LatencySummary, quantity: Quantity) -> String {
    figures::figure(times, quantity, |micros| format!("{} ms", figures::millis(micros)))
}

fn seconds(times: &LatencySummary, quantity: Quantity) -> String {
    figures::figure(times, quantity, |micros| format!("{} s", figures::seconds(micros)))
}

fn others(answers: &[(String, u64)]) -> String {
    if answers.is_empty() {
        return "none".to_owned();
    }
    answers.iter().map(|(what, times)| format!("{what} × {times}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{DnsFigures, LatencySummary};

    #[test]
    fn a_terminal_has_one_line() {
        let times = |p50, max| LatencySummary { count: 3, p50, p99: p50 * 3, max, ..LatencySummary::default() };
        let figures = DnsFigures {
            queries: 900,
            answered: 811,
            inside: vec![("SERVFAIL".to_owned(), 2), ("no answer".to_owned(), 87)],
            outside: Vec::new(),
            response: times(612, 9_000),
            renderings: 5,
            switches: 4,
            impact: times(1_310_000, 1_420_000),
            writes: 38,
        };
        insta::assert_snapshot!(super::line(&figures), @"DNS queries: 900 · 811 answered as promised · other results within a credential change: SERVFAIL × 2, no answer × 87 · outside: none · response p50 0.612 ms, p99 1.84 ms · 5 renderings, 4 used · impact of a change 1.31 s, at most 1.42 s · 38 zone changes");
    }
}
