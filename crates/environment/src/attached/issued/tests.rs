#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use leaseproof_domain::{
    End, EndReason, Event, LeaseId, Micros, Operation, OperationRecord, Outcome, RoleObservation, RoleSeen, Span,
    Username,
};
use leaseproof_history::{NewRun, Recorder};

use super::Issued;

fn operation(op: Operation, role: &str) -> Event {
    let span = Span { intended: Micros(1), start: Micros(2), end: Micros(3) };
    let mut record = OperationRecord::new(1, "app", "steady", op, span, Outcome::Ok);
    record.username = Some(Username::new(role));
    record.lease = Some(LeaseId::new(format!("database/creds/app/{role}")));
    Event::Operation(record)
}

fn observed(appeared: &[(u32, &str)], gone: &[u32]) -> Event {
    let seen = |(oid, name): &(u32, &str)| RoleSeen {
        cluster: String::new(),
        oid: *oid,
        name: Username::new(*name),
        valid_until: None,
        login: true,
        password: None,
    };
    let appeared = appeared.iter().map(seen).collect();
    Event::Roles(RoleObservation {
        cluster: String::new(),
        from: Micros(4),
        to: Micros(5),
        appeared,
        changed: Vec::new(),
        gone: gone.to_vec(),
        total: 0,
    })
}

fn live(issued: &Issued) -> Vec<String> {
    issued.unchecked().into_iter().map(|one| one.role).collect()
}

#[test]
fn a_credential_whose_role_was_observed_to_be_gone_needs_no_check() {
    let issued = Issued::default();
    for role in ["a", "b", "c"] {
        issued.see(&operation(Operation::Issue, role));
    }
    issued.see(&observed(&[(10, "a"), (11, "b"), (12, "c"), (13, "theirs")], &[]));
    issued.see(&observed(&[], &[10, 13]));
    assert_eq!(live(&issued), ["b", "c"]);
    issued.see(&operation(Operation::Revoke, "b"));
    issued.see(&observed(&[], &[11]));
    assert_eq!((live(&issued), issued.state().oids.len()), (vec!["c".to_owned()], 1));
    assert!(issued.has("a") && issued.is_named_after_one("a-2"));
    // A standby had not replayed the DROP ROLE.
    issued.see(&observed(&[(10, "a")], &[]));
    assert_eq!(live(&issued), ["a", "c"]);
}

#[test]
fn of_roles_of_two_clusters_with_one_oid_both_are_kept() {
    let issued = Issued::default();
    for role in ["a", "b"] {
        issued.see(&operation(Operation::Issue, role));
        issued.see(&observed(&[(10, role)], &[]));
    }
    issued.see(&operation(Operation::Revoke, "a"));
    issued.see(&observed(&[], &[10]));
    assert_eq!(live(&issued), ["b"]);
}

#[test]
fn a_history_that_is_not_whole_does_not_name_every_credential() {
    let folder = tempfile::tempdir().unwrap();
    let (path, ledger) = (folder.path().join("history.jsonl.zst"), folder.path().join("ledger.jsonl"));
    let run = NewRun { run: "r1".into(), scenario: "s".into(), seed: 1, leaseproof: "0.1.0".into() };
    let (recorder, recording) = Recorder::create(&path, run).unwrap();
    recorder.record(operation(Operation::Issue, "a"));
    recorder.record(Event::End(End::new(Micros(9), EndReason::Completed)));
    recording.close().unwrap();
    let whole = std::fs::read(&path).unwrap();
    let read = || {
        let issued = Issued::recorded(&ledger);
        (live(&issued), issued.unread(), issued.is_cut_off())
    };
    assert_eq!(read(), (vec!["a".to_owned()], None, false));
    std::fs::write(&path, &whole[..whole.len() - 6]).unwrap();
    let (_, unread, is_cut_off) = read();
    assert_eq!((unread, is_cut_off), (None, true));
    std::fs::write(&path, [whole.as_slice(), b"damaged"].concat()).unwrap();
    let (names, unread, is_cut_off) = read();
    assert_eq!((names, is_cut_off), (vec!["a".to_owned()], false));
    assert!(unread.is_some_and(|why| why.contains("could not be read to its end: after ")));
}
