use leaseproof_domain::{DnsAnswer, Finding};

use crate::check::{Check, Whole};
use crate::fold::Run;
use crate::sheet::Sheet;
use crate::words::{count, span};

/// The DNS server answers as promised, but for the time that a change of credentials may take.
pub(super) struct DnsAnswers;

impl Check for DnsAnswers {
    fn end(&mut self, run: &Run<'_>, whole: &Whole<'_>, sheet: &mut Sheet) {
        let Some(pdns) = &run.plan.pdns else { return };
        let excused = |from, to| {
            run.dns.felt(from, to) || run.faults.felt(from, to) || run.dns.may_be_felt_untold(to, run, whole)
        };
        let judged = run.dns.answered.iter().filter(|(from, to)| !excused(*from, *to)).count();
        sheet.samples(judged as u64);
        let mut told = 0;
        for query in &run.dns.others {
            if excused(query.start, query.end) {
                told += 1;
                continue;
            }
            sheet.sample();
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
            sheet.find(Finding {
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
        if told > 0 {
            sheet.note(format!(
                "{} within {} of a rendering or inside a fault window; not judged",
                count(told, "other result"),
                pdns.cycle_within.value
            ));
        }
    }

    fn without_samples(&self) -> &'static str {
        "no query was sent outside the windows after renderings"
    }
}
