use std::collections::BTreeMap;

use leaseproof_domain::{Expected, Micros, ProbeOutcome, ProbeRecord};

/// The probes of a lifecycle: one line for all expected results, and a line for each other one.
#[derive(Debug, Default)]
pub(super) struct Probes {
    begun: Option<Micros>,
    outcomes: BTreeMap<&'static str, u64>,
    others: Vec<(Micros, String)>,
}

impl Probes {
    pub(super) fn add(&mut self, probe: &ProbeRecord) {
        let begun = self.begun.get_or_insert(probe.from);
        *begun = (*begun).min(probe.from);
        let (word, words) = match &probe.outcome {
            ProbeOutcome::Allowed => ("allowed", None),
            ProbeOutcome::Refused { message, .. } => ("rejected", Some(message)),
            ProbeOutcome::Blocked { message, .. } => ("blocked", Some(message)),
            ProbeOutcome::Unproved { why } => ("not tested", Some(why)),
            ProbeOutcome::Indeterminate { why } => ("without an answer", Some(why)),
        };
        *self.outcomes.entry(word).or_default() += 1;
        let as_it_has_to = match probe.expected {
            Expected::Promised => matches!(probe.outcome, ProbeOutcome::Allowed | ProbeOutcome::Unproved { .. }),
            Expected::Forbidden => !matches!(probe.outcome, ProbeOutcome::Allowed | ProbeOutcome::Indeterminate { .. }),
        };
        if !as_it_has_to {
            let words = words.map(|words| format!(": {words}")).unwrap_or_default();
            self.others.push((probe.from, format!("{} ({}) is {word}{words}", probe.grant, probe.expected)));
        }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = (Micros, &'static str, String)> {
        let whole = self.begun.map(|begun| {
            let parts: Vec<_> = self.outcomes.iter().map(|(word, times)| format!("{times} {word}")).collect();
            (begun, "probes", parts.join(", "))
        });
        whole.into_iter().chain(self.others.iter().map(|(at, words)| (*at, "probe", words.clone())))
    }
}
