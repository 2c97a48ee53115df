use std::sync::Arc;

use leaseproof_domain::{LeaseId, Micros, Operation, OperationRecord, Outcome, Secret, Span, Username};

use crate::gauges::Counted;

/// Who a lifecycle is, in every record it makes.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) lifecycle: u64,
    pub(crate) role: String,
    pub(crate) phase: String,
}

impl Tag {
    pub(crate) fn record(&self, op: Operation, span: Span, outcome: Outcome) -> OperationRecord {
        OperationRecord::new(self.lifecycle, &self.role, &self.phase, op, span, outcome)
    }
}

/// What Vault handed out.
pub(crate) struct Issue {
    pub(crate) lease: LeaseId,
    pub(crate) username: Username,
    pub(crate) password: Secret,
}

/// A credential and how its lease stands.
pub(crate) struct Credential {
    pub(crate) issue: Arc<Issue>,
    /// The OID of its role, once it was read.
    pub(crate) oid: Option<u32>,
    /// When the answer came that granted the lease that is in force.
    pub(crate) granted: Micros,
    /// How many seconds it granted.
    pub(crate) seconds: u64,
    /// When its end was known: its revocation acknowledged, or its role seen gone after its lease.
    pub(crate) ended: Option<Micros>,
    /// When the lifecycle's last step ended: the next one is due no earlier.
    pub(crate) last: Micros,
    /// Keeps the lifecycle counted as live.
    pub(crate) _live: Counted,
}

impl Credential {
    /// The moment at that part (0 to 1) of the lease.
    pub(crate) fn point(&self, part: f64) -> Micros {
        Micros(self.granted.0.saturating_add((self.seconds as f64 * part * 1e6) as u64))
    }

    /// The lease's end, as the client knows it.
    pub(crate) fn lease_end(&self) -> Micros {
        self.point(1.0)
    }

    /// A record with what is known of the credential.
    pub(crate) fn record(&self, tag: &Tag, op: Operation, span: Span, outcome: Outcome) -> OperationRecord {
        let mut record = tag.record(op, span, outcome);
        record.lease = Some(self.issue.lease.clone());
        record.username = Some(self.issue.username.clone());
        record.oid = self.oid;
        record
    }
}
