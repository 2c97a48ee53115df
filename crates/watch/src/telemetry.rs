use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Event, IrrevocableObservation, LeaseId, MetricReading, Observer};
use leaseproof_vault::Client;

use crate::pace::{Book, Observe};

/// Observations of the leases that Vault has given up to revoke.
pub(crate) struct IrrevocableWatch {
    pub(crate) vault: Client,
    /// None before the first observation: what was irrevocable before the run is not of its making.
    pub(crate) known: Option<BTreeSet<LeaseId>>,
    pub(crate) book: Book,
}

impl Observe for IrrevocableWatch {
    async fn observe(&mut self) {
        let from = self.book.now();
        match self.vault.irrevocable_leases().await {
            Ok(leases) => {
                let to = self.book.now();
                let now: BTreeSet<LeaseId> = leases.iter().map(|(lease, _)| lease.clone()).collect();
                let known = self.known.get_or_insert_with(|| now.clone());
                let gone = known.difference(&now).cloned().collect();
                let new = leases.into_iter().filter(|(lease, _)| !known.contains(lease));
                // Vault's words are its error of the revocation, which may repeat a statement.
                let appeared = new.map(|(lease, why)| (lease, self.book.redactor.scrub(&why).text)).collect();
                let total = now.len() as u64;
                self.known = Some(now);
                self.book.record(Event::Irrevocable(IrrevocableObservation { from, to, appeared, gone, total }));
            }
            Err(error) => self.book.gap(Observer::Irrevocable, from, &error, error.own_fault()),
        }
    }
}

/// Observations of the gauges that tell of leases, tokens and revocation (Vault, "Telemetry metrics reference").
pub(crate) struct GaugeWatch {
    pub(crate) vault: Client,
    pub(crate) last: BTreeMap<String, f64>,
    /// Whether Vault rejected the request: it is not sent again.
    pub(crate) rejected: bool,
    pub(crate) book: Book,
}

/// What the names of the kept gauges begin with.
const KEPT: [&str; 4] = ["vault.expire.", "vault.token.", "vault.core.in_flight_requests", "vault.secret.lease."];

impl Observe for GaugeWatch {
    async fn observe(&mut self) {
        if self.rejected {
            return;
        }
        let from = self.book.now();
        match self.vault.gauges().await {
            Ok(mut gauges) => {
                let to = self.book.now();
                gauges.retain(|name, _| KEPT.iter().any(|kept| name.starts_with(kept)));
                let changed: BTreeMap<String, f64> = gauges
                    .iter()
                    .filter(|(name, value)| self.last.get(*name) != Some(value))
                    .map(|(name, value)| (name.clone(), *value))
                    .collect();
                self.last = gauges;
                if !changed.is_empty() {
                    self.book.record(Event::Metrics(MetricReading { from, to, gauges: changed }));
                }
            }
            Err(error) => {
                // No verdict needs the gauges, so a right that is missing for them is no fault of the measurement. Vault
                // rejects `sys/metrics` without that right (403), and below a namespace (400, 404).
                self.rejected = matches!(error, leaseproof_vault::Error::Answer { status: 400 | 403 | 404, .. });
                self.book.gap(Observer::Metrics, from, &error, error.harness());
            }
        }
    }
}
