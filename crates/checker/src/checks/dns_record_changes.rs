use leaseproof_domain::{Finding, Micros, ZoneChange, ZoneOutcome, ZoneWrite};

use super::dns_answers::expect_by_phase;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::Run;
use crate::windows::Selection;

/// Records can be made and taken away on the live credential.
pub(super) struct DnsRecordChanges;

impl Check for DnsRecordChanges {
    fn end(&mut self, run: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        let excused = |write: &&ZoneWrite| {
            run.dns.in_window(write.start, write.end)
                || run.faults.in_window(write.start, write.end)
                || run.dns.may_be_in_unrecorded_window(write.end, run, whole.complete)
        };
        let judged: Vec<&ZoneWrite> = run.dns.writes.iter().filter(|write| !excused(write)).collect();
        if let Some(every) = run.plan.pdns.as_ref().and_then(|pdns| pdns.write_every.as_ref()) {
            // A record is created and deleted, and the next one waits for that.
            let longest = judged.iter().map(|write| write.end.since(write.start)).max().unwrap_or_default();
            let pair = every.value.duration().max(2 * longest).as_secs_f64();
            let starts: Vec<Micros> = judged.iter().map(|write| write.start).collect();
            expect_by_phase("of the zone changes", 2.0 / pair, &starts, run, collector);
        }
        for write in judged {
            collector.sample();
            let ZoneWrite { change, name, start, outcome, shown, .. } = write;
            let (came, code) = match (outcome, shown) {
                (ZoneOutcome::Refused { status, message }, _) => {
                    (format!("was rejected with HTTP {status}: {message}"), Some(status.to_string()))
                }
                (ZoneOutcome::NoAnswer { why }, _) => (format!("had no answer ({why})"), None),
                (ZoneOutcome::Done, Some(false)) => {
                    let there = if *change == ZoneChange::Create { "does not exist" } else { "still exists" };
                    (format!("was acknowledged, but a query shows that it {there}"), None)
                }
                (ZoneOutcome::Done, _) => continue,
            };
            let live = run.dns.changes.iter().rev().find(|change| change.rendering.to <= *start);
            collector.find(Finding {
                what: format!("{} {name} {came}", change.words()),
                username: live.map(|change| change.rendering.username.clone()),
                lease: live.and_then(|change| change.rendering.lease.clone()),
                at: Some(*start),
                code,
                ..Finding::default()
            });
        }
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        None
    }

    fn without_samples(&self) -> &'static str {
        "no zone change was tried outside the windows after renderings"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["for"]
    }
}
