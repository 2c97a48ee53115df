use std::collections::BTreeSet;

use leaseproof_domain::{AccountReading, Event, Finding, Subject};
use leaseproof_scenario::{AccountPromise, Ask, Plan};

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::Run;
use crate::windows::Selection;

/// Vault's own PostgreSQL account has exactly the promised attributes.
pub(super) struct AccountAttributes {
    promises: Vec<AccountPromise>,
    /// Those that were observed.
    read: BTreeSet<String>,
}

impl AccountAttributes {
    pub(super) fn new(ask: &Ask, plan: &Plan) -> Self {
        let asked = |promise: &&AccountPromise| match &ask.subject {
            Subject::Account(name) => *name == promise.name,
            _ => true,
        };
        Self { promises: plan.accounts.iter().filter(asked).cloned().collect(), read: BTreeSet::new() }
    }
}

impl Check for AccountAttributes {
    fn see(&mut self, event: &Event, _: &Run<'_>, collector: &mut FindingCollector) {
        let Event::Account(reading) = event else { return };
        for promise in self.promises.iter().filter(|promise| promise.name == reading.account) {
            self.read.insert(promise.name.clone());
            judge(promise, reading, collector);
        }
    }

    fn end(&mut self, _: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        for promise in &self.promises {
            collector.expect(self.read.contains(&promise.name));
        }
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        None
    }

    fn without_samples(&self) -> &'static str {
        "the account was not observed"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}

fn judge(promise: &AccountPromise, reading: &AccountReading, collector: &mut FindingCollector) {
    let name = &promise.name;
    let Some(attributes) = &reading.attributes else {
        collector.sample();
        let what = format!("expected the promised account {name}, got no such role");
        let promised = Some(promise.origin.clone());
        return collector.find(Finding { what, at: Some(reading.at), promised, ..Finding::default() });
    };
    for (attribute, promised) in &promise.attributes {
        let held = attributes.named().into_iter().find(|(word, _)| word.eq_ignore_ascii_case(attribute));
        let Some((word, held)) = held else {
            collector.cannot_say(format!("{attribute} is not an attribute of a role"));
            continue;
        };
        collector.sample();
        if held != promised.value {
            let (seen, wanted) = if held { ("with", "without") } else { ("without", "with") };
            collector.find(Finding {
                what: format!("{name}: expected {wanted} {word}, got {seen}"),
                privilege: Some(word.to_owned()),
                at: Some(reading.at),
                promised: Some(promised.origin.clone()),
                ..Finding::default()
            });
        }
    }
}
