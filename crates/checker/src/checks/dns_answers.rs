use leaseproof_domain::{DnsAnswer, DnsQuery, Finding, Micros};

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::coverage::Place;
use crate::fold::Run;
use crate::windows::Selection;
use crate::words::{count, span};

/// Expects so many samples a second in each phase outside fault windows and the windows after renderings. `starts` are the
/// moments at which those began that were judged.
pub(super) fn expect_by_phase(
    part: &str,
    a_second: f64,
    starts: &[Micros],
    run: &Run<'_>,
    collector: &mut FindingCollector,
) {
    for (phase, span) in run.loads() {
        let (expected, judged) = match span {
            Some((from, to)) => {
                let seconds = run.dns.seconds_outside(from, to, &run.faults);
                (seconds * a_second, starts.iter().filter(|start| (from..=to).contains(start)).count())
            }
            None => (phase.duration.duration().as_secs_f64() * a_second, 0),
        };
        collector.expect_at(part, &Place::phase(&phase.name), expected as u64, judged as u64);
    }
}

/// The DNS server answers as promised, but for the time that a change of credentials may take.
pub(super) struct DnsAnswers;

impl Check for DnsAnswers {
    fn end(&mut self, run: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        let Some(pdns) = &run.plan.pdns else { return };
        let excused = |from, to| {
            run.dns.in_window(from, to)
                || run.faults.in_window(from, to)
                || run.dns.may_be_in_unrecorded_window(to, run, whole.complete)
        };
        let answered = run.dns.answered.iter().filter(|(from, to)| !excused(*from, *to));
        let mut starts: Vec<Micros> = answered.map(|(from, _)| *from).collect();
        collector.samples(starts.len() as u64);
        let (reported, judged): (Vec<&DnsQuery>, Vec<&DnsQuery>) =
            run.dns.others.iter().partition(|query| excused(query.start, query.end));
        starts.extend(judged.iter().map(|query| query.start));
        expect_by_phase("of the queries", pdns.rate, &starts, run, collector);
        for query in judged {
            collector.sample();
            let code = match &query.answer {
                DnsAnswer::Code { rcode, .. } => Some(rcode.clone()),
                DnsAnswer::None { .. } => None,
            };
            let came = match &query.answer {
                DnsAnswer::Code { rcode, .. } => format!("got {rcode}"),
                DnsAnswer::None { why } => format!("got no answer ({why})"),
            };
            let last = run.dns.changes.iter().rev().find(|change| change.rendering.to <= query.start);
            let since = last.map_or_else(
                || "before any rendering".to_owned(),
                |change| {
                    let since = span(query.start.since(change.rendering.to));
                    format!("{since} after the configuration was rendered with {}", change.rendering.username)
                },
            );
            collector.find(Finding {
                what: format!(
                    "the query {} {}: expected {}, {came}, {since}",
                    pdns.name, pdns.record_type, pdns.answers.value
                ),
                username: last.map(|change| change.rendering.username.clone()),
                lease: last.and_then(|change| change.rendering.lease.clone()),
                at: Some(query.start),
                code,
                ..Finding::default()
            });
        }
        if !reported.is_empty() {
            collector.note(format!(
                "{} within {} of a rendering or inside a fault window; not judged",
                count(reported.len() as u64, "other result"),
                pdns.cycle_within.value
            ));
        }
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        None
    }

    fn without_samples(&self) -> &'static str {
        "no query was sent outside the windows after renderings"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["for"]
    }
}
