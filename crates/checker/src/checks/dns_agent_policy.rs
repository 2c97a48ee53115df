use std::collections::BTreeSet;

use leaseproof_domain::{DnsEvent, Event, FailureSource, Finding, Outcome};

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::Run;
use crate::windows::Selection;

/// The agent's policy allows nothing but its credentials.
#[derive(Default)]
pub(super) struct DnsAgentPolicy {
    /// The paths that were tried.
    tried: BTreeSet<String>,
}

impl Check for DnsAgentPolicy {
    fn see(&mut self, event: &Event, _: &Run<'_>, collector: &mut FindingCollector) {
        let Event::Dns(DnsEvent::Policy(probe)) = event else { return };
        self.tried.insert(probe.path.clone());
        let finding = |came: String, code: Option<String>| Finding {
            what: format!("reading {} with the agent's token: expected HTTP 403, got {came}", probe.path),
            at: Some(probe.start),
            code,
            ..Finding::default()
        };
        match &probe.outcome {
            Outcome::Ok => {
                collector.sample();
                collector.find(finding("access".to_owned(), None));
            }
            Outcome::Failed(failure) => {
                collector.sample();
                if failure.source != FailureSource::Vault || failure.code != "403" {
                    collector.find(finding(failure.to_string(), Some(failure.code.clone())));
                }
            }
            Outcome::Indeterminate { why } | Outcome::Harness { why, .. } => {
                collector.cannot_say(format!("the request for {} had no answer: {why}", probe.path))
            }
        }
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        if let Some(pdns) = &run.plan.pdns
            && let Some(promise) = run.promise(&pdns.role)
        {
            let paths = pdns.refused_paths(&promise.mount);
            paths.iter().for_each(|path| collector.expect_of("of the paths", self.tried.contains(path)));
        }
        if run.dns.changes.is_empty() {
            collector.cannot_say("the agent rendered nothing: its policy may not even allow its own credentials");
        }
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        None
    }

    fn without_samples(&self) -> &'static str {
        "the agent's token was not tried"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}
