use leaseproof_domain::{Finding, Micros, Operation};

use crate::check::{Check, Whole};
use crate::fold::{Fault, Run};
use crate::sheet::Sheet;
use crate::times::Times;
use crate::words::span;

/// After each fault credentials are issued again, within `recovers_within`; so they are after each action that affects
/// issuing.
pub(super) struct IssuingAfterFaults;

impl Check for IssuingAfterFaults {
    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, sheet: &mut Sheet) {
        let mut outages = Times::default();
        for fault in run.faults.iter().filter(|fault| fault.source.affects(Operation::Issue)) {
            let words = fault.words();
            let (Some(begun), Some(over)) = (fault.begun, fault.over()) else {
                sheet.cannot_say(match fault.begun {
                    None => format!("{words} did not begin"),
                    Some(_) => format!("{words} was not healed"),
                });
                continue;
            };
            sheet.sample();
            match fault.recovered() {
                _ if fault.last_error.is_none() => {}
                Some(at) => outages.record(at.0.saturating_sub(begun.0)),
                None => outages.record_at_least(run.now.0.saturating_sub(begun.0)),
            }
            if fault.issued.is_none_or(|issued| issued > over) {
                sheet.find(finding(fault, begun, &words));
            }
        }
        sheet.measured(outages.summary());
    }

    fn without_samples(&self) -> &'static str {
        "no fault took place"
    }
}

fn finding(fault: &Fault<'_>, begun: Micros, words: &str) -> Finding {
    let healed = fault.healed.map(|healed| span(healed.since(begun))).unwrap_or_default();
    let came = match fault.issued {
        None => "no credential that was requested after that was acknowledged".to_owned(),
        Some(at) => {
            let at = span(at.since(begun));
            format!("the first credential that was requested after that was issued {at} after the beginning")
        }
    };
    Finding {
        what: format!(
            "{words} was healed {healed} after its beginning; {came}; expected within {} of the healing",
            fault.source.recovers_within()
        ),
        at: Some(begun),
        promised: Some(fault.source.origin().clone()),
        ..Finding::default()
    }
}
