//! ACC-1, AUD-1, PWD-1: Vault's own account, and what stands in logs.

use insta::assert_snapshot;
use leaseproof_domain::{AuditEntry, Event, Micros, Operation, RoleAttributes, SecretSeen};

use crate::story::{MS, ROLE, S, Story, lease, line, no_answer, username};

fn account(attributes: Option<RoleAttributes>) -> Story {
    Story::good().without(|event| matches!(event, Event::Account(_))).with(|story| story.account(attributes))
}

#[test]
fn acc_1_each_promised_attribute_is_compared() {
    let found = account(Some(RoleAttributes { superuser: true, ..RoleAttributes::default() })).fails("ACC-1");
    let reported: Vec<String> = found
        .iter()
        .map(|finding| format!("{} (line {})", finding.what, finding.promised.as_ref().unwrap().line))
        .collect();
    assert_snapshot!(reported.join("\n"), @r"
vaultuser: expected with CREATEROLE, got without (line 22)
vaultuser: expected without SUPERUSER, got with (line 21)
");
    assert_eq!(found[0].privilege.as_deref(), Some("CREATEROLE"));
    assert_snapshot!(account(None).fails("ACC-1")[0].what, @"expected the promised account vaultuser, got no such role");
    let unread = |event: &Event| matches!(event, Event::Account(_));
    assert_eq!(Story::good().without(unread).unknown("ACC-1"), "the account was not observed");
}

fn entry(of: u64) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Audit(entry) if entry.lease == Some(lease(of)))
}

fn is_read(of: &str) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::LogRead { source, .. } if source == of)
}

fn unfinished(of: &'static str) -> Story {
    Story::good().each(move |event| {
        if let Event::LogRead { source, complete, .. } = event
            && source == of
        {
            *complete = false;
        }
    })
}

#[test]
fn aud_1_each_issue_has_its_one_response() {
    let missing = Story::good().without(entry(1));
    let findings = missing.fails("AUD-1");
    assert_eq!((findings.len(), &findings[0].lease, &findings[0].username), (2, &Some(lease(1)), &Some(username(1))));
    assert_snapshot!(findings[1].what, @"1 entry has no response in the audit log: read database/creds/app-role (request r1)");
    assert_snapshot!(findings[0].what, @"the issue of database/creds/app-role/AAAAAAAAAAAAAAAAAAAAAAA1 was acknowledged, but has no response in the audit log");
    let events = Story::good().events();
    let again = events.iter().find(|event| entry(2)(event)).unwrap().clone();
    let twice = Story::good().with(|story| _ = story.add(9 * S, again.clone()));
    assert_snapshot!(twice.fails("AUD-1")[0].what, @"database/creds/app-role/AAAAAAAAAAAAAAAAAAAAAAA2: expected 1 issue response in the audit log, got more");
    let Event::Audit(renewal) = again else { unreachable!("it is an entry") };
    let renewal = AuditEntry { path: "sys/leases/renew".into(), request: "r9".into(), ..renewal };
    let asked = AuditEntry { response: false, lease: None, ..renewal.clone() };
    let renewed = Story::good().with(|story| _ = story.add(9 * S, Event::Audit(renewal)));
    assert_snapshot!(renewed.fails("AUD-1")[0].what, @"1 entry has no request in the audit log: read sys/leases/renew (request r9)");
    renewed.with(|story| _ = story.add(9 * S, Event::Audit(asked))).passes("AUD-1");
    // The log may be read before the answer is noted.
    let early = Story::good().without(entry(1));
    let first = events.iter().find(|event| entry(1)(event)).unwrap().clone();
    early.with(|story| _ = story.add(S + MS, first)).passes("AUD-1");
}

#[test]
fn aud_1_renewals_and_revocations_are_counted() {
    let unlogged =
        |path: &str| Story::good().without(|event| matches!(event, Event::Audit(entry) if entry.path == path));
    assert_snapshot!(unlogged("sys/leases/renew").fails("AUD-1")[0].what, @"3 renewals acknowledged, and the audit log has 0 responses without an error");
    assert_snapshot!(unlogged("sys/leases/revoke").fails("AUD-1")[0].what, @"2 revocations acknowledged, and the audit log has 0 responses without an error");
    // A request without an answer may have been cut off before its response was written.
    let cut = Story::good().without(entry(1)).op(1, Operation::Issue, |record| record.outcome = no_answer());
    cut.passes("AUD-1");
}

#[test]
fn aud_1_a_response_that_tells_an_error_acknowledges_nothing() {
    let spoilt = Story::good().each(|event| {
        if let Event::Audit(entry) = event
            && entry.request.starts_with("renew-1-")
        {
            entry.error = entry.response;
        }
    });
    assert_snapshot!(spoilt.fails("AUD-1")[0].what, @"3 renewals acknowledged, and the audit log has 2 responses without an error");
}

#[test]
fn aud_1_judges_the_issues_of_the_role_that_it_is_asked_of() {
    // Beside them, three renewals and two revocations of the whole environment.
    assert_eq!(Story::good().judgment("AUD-1").samples, 3 + 5);
    assert_eq!(Story::good().of_role("AUD-1", ROLE).judgment("AUD-1").samples, 3 + 5);
    assert_eq!(Story::good().of_role("AUD-1", "another-role").judgment("AUD-1").samples, 5);
}

#[test]
fn aud_1_without_an_audit_log_the_promise_is_broken() {
    let none = Story::good().without(is_read("audit")).without(|event| matches!(event, Event::Audit(_)));
    assert_snapshot!(none.fails("AUD-1")[0].what, @"no audit device is enabled, but `audit` is promised");
    assert_eq!(none.judgment("AUD-1").promised, Some(line(99)));
    assert_eq!(unfinished("audit").without(entry(1)).unknown("AUD-1"), "the audit log was not read to its end");
}

#[test]
fn pwd_1_a_secret_in_a_log_fails() {
    let seen = |username| {
        let seen = SecretSeen { at: Micros(3 * S), source: "postgres.target".into(), line: 12, username };
        Story::good().with(|story| _ = story.add(3 * S, Event::SecretSeen(seen)))
    };
    assert_snapshot!(seen(Some(username(1))).fails("PWD-1")[0].what, @"line 12 of the log of postgres.target contains a secret of v-token-le-app-role-000000000000000000u1-1700000001");
    assert_snapshot!(seen(None).fails("PWD-1")[0].what, @"line 12 of the log of postgres.target contains a secret of a credential");
}

#[test]
fn pwd_1_every_log_has_to_be_read_to_its_end() {
    for source in ["vault", "postgres.target", "audit"] {
        assert_eq!(
            Story::good().without(is_read(source)).unknown("PWD-1"),
            format!("the log of {source} was not read")
        );
        assert_eq!(unfinished(source).unknown("PWD-1"), format!("the log of {source} was not read to its end"));
    }
    let mut unaudited = Story::good().without(is_read("audit"));
    unaudited.plan.vault.audit = false;
    unaudited.passes("PWD-1");
    let empty = Story::good().each(|event| {
        if let Event::LogRead { lines, .. } = event {
            *lines = 0;
        }
    });
    assert_eq!(empty.unknown("PWD-1"), "the logs had no lines");
}
