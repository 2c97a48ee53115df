//! Adds DETAIL and HINT from PostgreSQL's log to findings, because Vault does not return them.

use leaseproof_domain::{Finding, ObservedNote, Severity};

/// How many notes verdicts hold.
const KEPT: usize = 200;

/// Adds to a finding what a log has about the error that it tells of.
pub(crate) fn complete(finding: &mut Finding, notes: &[ObservedNote]) {
    let errors = notes.iter().map(|noted| &noted.note).filter(|note| note.severity == Severity::Error);
    for note in errors.filter(|note| !note.message.is_empty()) {
        if !finding.what.contains(&note.message) {
            continue;
        }
        for detail in &note.details {
            if !finding.what.contains(detail.as_str()) {
                finding.what.push_str("; ");
                finding.what.push_str(detail);
            }
        }
    }
}

/// What verdicts hold of the notes: warnings before notices, errors of a log not at all, which findings have.
pub(crate) fn kept(mut notes: Vec<ObservedNote>) -> Vec<ObservedNote> {
    notes.retain(|noted| noted.note.severity != Severity::Error);
    notes.sort_by_key(|noted| noted.note.severity);
    notes.truncate(KEPT);
    notes
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{Finding, ObservedNote, ServerNote, Severity};

    use super::{complete, kept};

    fn noted(severity: Severity, message: &str, detail: &str) -> ObservedNote {
        let note = ServerNote { details: vec![detail.to_owned()], ..ServerNote::postgres(severity, message) };
        ObservedNote { of: "log of postgres.target".to_owned(), origin: None, note }
    }

    #[test]
    fn a_finding_has_the_details_of_its_own_error_only() {
        let message = "role \"v-1\" cannot be dropped because some objects depend on it";
        let notes = [
            noted(Severity::Error, message, "DETAIL: privileges for table t"),
            noted(Severity::Error, "role \"v-2\" cannot be dropped", "DETAIL: other"),
            noted(Severity::Warning, "HTTP 400", "HINT: none"),
        ];
        let mut finding = Finding { what: format!("HTTP 400: {message} (SQLSTATE 2BP01)"), ..Finding::default() };
        complete(&mut finding, &notes);
        complete(&mut finding, &notes);
        assert_eq!(finding.what, format!("HTTP 400: {message} (SQLSTATE 2BP01); DETAIL: privileges for table t"));
    }

    #[test]
    fn warnings_come_before_notices_and_errors_are_left_to_findings() {
        let notes = vec![
            noted(Severity::Notice, "n", "x"),
            noted(Severity::Error, "e", "x"),
            noted(Severity::Warning, "w", "x"),
        ];
        let kept: Vec<String> = kept(notes).into_iter().map(|noted| noted.note.message).collect();
        assert_eq!(kept, ["w", "n"]);
    }
}
