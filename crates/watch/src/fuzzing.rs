//! What the fuzz targets reach of this crate's insides; it is there in their builds only.

use std::time::Instant;

use leaseproof_domain::{Micros, Redactor, Secret, Username};

use crate::audit::AuditFilter;
use crate::auth_failure::AuthFailures;
use crate::failed_revocation::FailedRevocations;
use crate::log_line::DelayLine;

/// A password that the redactor knows.
const PASSWORD: &str = "Sq7-zx-secret-Vq";

/// Collects a log as a run does: each line is counted once, and a known password is never kept.
///
/// # Panics
/// Where one is, or a line is lost.
pub fn collect(log: &str) {
    let redactor = Redactor::new();
    redactor.add_password(Username::new("v-1"), Secret::new(PASSWORD));
    let filter = AuditFilter::new(["database"]);
    let (mut waiting, mut refusals, mut revocations) =
        (DelayLine::default(), AuthFailures::default(), FailedRevocations::default());
    let now = Instant::now();
    let lines: Vec<&str> = log.split('\n').collect();
    lines.iter().for_each(|line| waiting.push(now, line.as_bytes().to_vec()));
    while let Some(record) = waiting.take() {
        let _ = filter.read(&record.text);
        refusals.read("postgres.target", &record, Micros(0));
        let clean = record.scrub(&redactor);
        assert!(!clean.text.contains(PASSWORD), "{}", clean.text);
        if let Some(failed) = revocations.read("vault", &clean.text, Micros(0)) {
            assert!(!failed.why.is_empty());
        }
    }
    assert_eq!(waiting.lines(), lines.len() as u64);
}
