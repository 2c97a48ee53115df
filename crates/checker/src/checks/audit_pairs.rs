use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use leaseproof_domain::{AuditEntry, Event, Finding, Operation, OperationRecord};

use crate::collector::FindingCollector;
use crate::words::count;

/// Requests and responses of the audit log against each other and against what was acknowledged.
#[derive(Default)]
pub(super) struct Pairs {
    /// Entries whose counterpart has not come yet, by a hash of Vault's id of the request.
    open: BTreeMap<u64, Open>,
    /// How many operations have no answer: each may lack an entry.
    unanswered: u64,
    renewals: Tally,
    revocations: Tally,
}

/// One half of a pair.
struct Open {
    response: bool,
    what: String,
}

/// Acknowledgements of one kind of operation, and the responses that the log has of it.
#[derive(Default)]
struct Tally {
    acknowledged: u64,
    logged: u64,
}

impl Pairs {
    pub(super) fn see(&mut self, event: &Event) {
        match event {
            Event::Operation(record) => self.operation(record),
            Event::Audit(entry) => self.entry(entry),
            _ => {}
        }
    }

    fn operation(&mut self, record: &OperationRecord) {
        if record.outcome.is_open() {
            self.unanswered += u64::from(asks_vault(record.op));
        }
        match record.op {
            Operation::Renew if record.outcome.is_ok() => self.renewals.acknowledged += 1,
            Operation::Revoke if record.outcome.is_ok() => self.revocations.acknowledged += 1,
            _ => {}
        }
    }

    fn entry(&mut self, entry: &AuditEntry) {
        if entry.response && !entry.error {
            match entry.path.as_str() {
                "sys/leases/renew" => self.renewals.logged += 1,
                "sys/leases/revoke" => self.revocations.logged += 1,
                _ => {}
            }
        }
        let key = hash(&entry.request);
        match self.open.get(&key) {
            Some(other) if other.response != entry.response => {
                self.open.remove(&key);
            }
            _ => {
                let what = format!("{} {} (request {})", entry.operation, entry.path, entry.request);
                self.open.insert(key, Open { response: entry.response, what });
            }
        }
    }

    /// Writes down what does not match; asked once the log was read to its end.
    pub(super) fn judge(&mut self, collector: &mut FindingCollector) {
        for (response, lacks) in [(false, "response"), (true, "request")] {
            let alone: Vec<&Open> = self.open.values().filter(|open| open.response == response).collect();
            if alone.len() as u64 > self.unanswered
                && let Some(first) = alone.first()
            {
                let entries = match alone.len() {
                    1 => "1 entry has".to_owned(),
                    many => format!("{many} entries have"),
                };
                let what = format!("{entries} no {lacks} in the audit log: {}", first.what);
                collector.find(Finding { what, ..Finding::default() });
            }
        }
        for (words, tally) in [("renewal", &self.renewals), ("revocation", &self.revocations)] {
            collector.samples(tally.acknowledged);
            if tally.logged < tally.acknowledged {
                let (acknowledged, logged) = (count(tally.acknowledged, words), count(tally.logged, "response"));
                let what = format!("{acknowledged} acknowledged, and the audit log has {logged} without an error");
                collector.find(Finding { what, ..Finding::default() });
            }
        }
    }
}

fn asks_vault(op: Operation) -> bool {
    matches!(op, Operation::Issue | Operation::Renew | Operation::Revoke | Operation::Refused)
}

fn hash(request: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    hasher.finish()
}
