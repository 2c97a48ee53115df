use std::collections::BTreeMap;

use leaseproof_domain::{CredentialEnd, Observer, Totals};

use super::fate::Fate;
use super::shown::expect_shown;
use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};

/// Every acknowledged credential is accounted for.
pub(super) struct AccountedCredentials;

impl Check for AccountedCredentials {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(fate) = Fate::of(lifecycle, run) else { return };
        if matches!(fate, Fate::Revoked | Fate::Expired) {
            expect_shown(lifecycle, run, collector);
        }
        let name = lifecycle.name();
        let excused = lifecycle.steps.iter().any(|step| run.is_excused(step.start, step.end));
        if fate != Fate::Indeterminate || !excused {
            collector.expect(!matches!(fate, Fate::Indeterminate | Fate::Unseen));
        }
        match fate {
            Fate::Unseen => collector.cannot_say("the end of some credentials was not observed"),
            Fate::Lost { at } => {
                collector.sample();
                let what = format!(
                    "{name} was dropped before its lease's end without a revocation; every credential must be accounted for"
                );
                collector.find(lifecycle.finding(at, what));
            }
            Fate::LeftBehind { at } => {
                collector.sample();
                let what = format!(
                    "{name} still exists after its lease ended, and Vault no longer has the lease: nothing will remove the role{}",
                    lifecycle.why_not_revoked()
                );
                collector.find(lifecycle.finding(at, what));
            }
            Fate::Revoked | Fate::Expired | Fate::Live | Fate::Retried | Fate::Indeterminate => collector.sample(),
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Roles, Observer::Leases]
    }

    fn without_samples(&self) -> &'static str {
        "no credential was acknowledged"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Counts lifecycles by what became of them, whether INV-10 is asked or not.
#[derive(Default)]
pub(crate) struct Totaller {
    totals: Totals,
    /// The end of each, where it is asked for: a judgment keeps nothing of lifecycles that have ended.
    ends: Option<BTreeMap<u64, CredentialEnd>>,
}

impl Totaller {
    /// One that keeps the end of each lifecycle too.
    pub(crate) fn of_each() -> Self {
        Self { totals: Totals::default(), ends: Some(BTreeMap::new()) }
    }

    pub(crate) fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>) {
        let Some(fate) = Fate::of(lifecycle, run) else { return };
        self.totals.count(fate.end());
        if let Some(ends) = &mut self.ends {
            ends.insert(lifecycle.number, fate.end());
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        self.totals.clone()
    }

    /// The end of each issued credential, by the number of its lifecycle.
    pub(crate) fn into_ends(self) -> BTreeMap<u64, CredentialEnd> {
        self.ends.unwrap_or_default()
    }
}
