//! Adds DETAIL and HINT from PostgreSQL's log to findings, because Vault does not return them.

use leaseproof_domain::{Finding, ObservedNote, ServerNote, Severity};

/// How many notes verdicts hold.
const KEPT: usize = 200;
/// What stands for a part of a name that was left out.
const LEFT_OUT: &str = "…";

/// Adds to a finding what a log has about the error that it tells of: the record that names its credential, else the first
/// one that names no other credential.
pub(crate) fn complete(finding: &mut Finding, notes: &[ObservedNote]) {
    let says_so = |note: &&ServerNote| {
        note.severity == Severity::Error && !note.message.is_empty() && finding.what.contains(&note.message)
    };
    let notes: Vec<&ServerNote> = notes.iter().map(|noted| &noted.note).filter(says_so).collect();
    let mut messages: Vec<&str> = notes.iter().map(|note| note.message.as_str()).collect();
    messages.sort_unstable();
    messages.dedup();
    let mut added: Vec<&String> = Vec::new();
    for message in messages {
        let mut same = notes.iter().filter(|note| note.message == message);
        let names_own = |note: &&&ServerNote| finding.username.as_ref().is_some_and(|name| names(note, name.as_str()));
        let own = same.clone().find(names_own);
        let note = own.or_else(|| same.find(|note| !names_another(note, finding)));
        added.extend(note.into_iter().flat_map(|note| &note.details));
    }
    for detail in added {
        if !finding.what.contains(detail.as_str()) {
            finding.what.push_str("; ");
            finding.what.push_str(detail);
        }
    }
}

fn names(note: &ServerNote, name: &str) -> bool {
    note.message.contains(name) || note.details.iter().any(|detail| detail.contains(name))
}

/// Whether it names a credential whose username is formed as that of the finding, which it does not name itself.
fn names_another(note: &ServerNote, finding: &Finding) -> bool {
    let Some(name) = &finding.username else { return false };
    let own = form(name.as_str());
    let words = |text: &String| text.split(['"', ' ', ';', ',']).any(|word| form(word) == own);
    own.contains(LEFT_OUT) && note.details.iter().any(words)
}

/// A name with its numbers and its random text left out.
fn form(name: &str) -> String {
    let part = |part: &str| {
        // A word of a language has no digit, and no capital but its first letter.
        let is_mixed = part.chars().skip(1).any(|sign| sign.is_ascii_digit() || sign.is_ascii_uppercase());
        let is_random = part.len() >= 8 && part.chars().all(|sign| sign.is_ascii_alphanumeric()) && is_mixed;
        if is_random { LEFT_OUT.to_owned() } else { part.to_owned() }
    };
    name.split(['-', '_']).map(part).collect::<Vec<_>>().join("-")
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
    use leaseproof_domain::{Finding, ObservedNote, ServerNote, Severity, Username};

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
    fn a_finding_has_the_record_of_its_own_credential_and_never_another_one_s() {
        let message = "permission denied to reassign objects";
        let owner = |name: &str| format!("DETAIL: Only roles with privileges of role \"{name}\" may reassign objects.");
        let (one, other) =
            ("v-token-le-reader-l9fdW1u0n8t2ySl2LylS-1796083271", "v-token-le-reader-QGHoMuHYoQxELuJqVrRP-1796083271");
        let notes = [&owner(one), &owner(other)].map(|detail| noted(Severity::Error, message, detail));
        let of = |name: &str| {
            let username = (!name.is_empty()).then(|| Username::new(name));
            let mut finding = Finding { what: format!("HTTP 400: {message}"), username, ..Finding::default() };
            complete(&mut finding, &notes);
            finding.what.strip_prefix(&format!("HTTP 400: {message}")).unwrap().to_owned()
        };
        assert_eq!(of(one), format!("; {}", owner(one)));
        assert_eq!(of(other), format!("; {}", owner(other)));
        assert_eq!(of("v-token-le-reader-aaaaBBBBccccDDDD0000-1796083299"), "");
        // Of no credential: one example.
        assert_eq!(of(""), format!("; {}", owner(one)));
        // Usernames without separators.
        let (one, other) = ("l9fdW1u0n8t2ySl2LylS", "QGHoMuHYoQxELuJqVrRP");
        let notes = [owner(other), owner(one)].map(|detail| noted(Severity::Error, message, &detail));
        let mut finding = Finding { what: message.into(), username: Some(Username::new(one)), ..Finding::default() };
        complete(&mut finding, &notes);
        assert_eq!(finding.what, format!("{message}; {}", owner(one)));
        let notes = [
            noted(Severity::Error, message, &owner(other)),
            noted(Severity::Error, message, "DETAIL: Only privileged accounts may reassign."),
        ];
        let mut finding = Finding { what: message.into(), username: Some(Username::new(one)), ..Finding::default() };
        complete(&mut finding, &notes);
        assert_eq!(finding.what, format!("{message}; DETAIL: Only privileged accounts may reassign."));
        let keys = ["DETAIL: Key (k)=(1) already exists.", "DETAIL: Key (k)=(0) already exists."];
        let notes = keys.map(|detail| noted(Severity::Error, "duplicate key", detail));
        let mut finding =
            Finding { what: "duplicate key".into(), username: Some(Username::new(one)), ..Finding::default() };
        complete(&mut finding, &notes);
        assert_eq!(finding.what, format!("duplicate key; {}", keys[0]));
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
