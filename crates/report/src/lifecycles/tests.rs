use leaseproof_domain::{
    CheckId, CredentialEnd, Event, Failure, FailureSource, Finding, LeaseId, Micros, Operation, OperationRecord,
    Outcome, RoleObservation, RoleSeen, Span, Totals, UnixMicros, Username,
};

use super::{Fate, LifecycleFilter, Lifecycles};
use crate::sample;

fn operation(lifecycle: u64, op: Operation, at: u64, outcome: Outcome) -> Event {
    let span = Span { intended: Micros(at), start: Micros(at), end: Micros(at + 10) };
    let role = if lifecycle == 3 { "other" } else { "powerdns-role" };
    let mut record = OperationRecord::new(lifecycle, role, "steady", op, span, outcome);
    if record.outcome.is_ok() || op != Operation::Issue {
        record.lease = Some(LeaseId::new(format!("database/creds/{role}/Ab3dEf6hIj9kLm2nOp5qRs8{lifecycle}")));
        record.username = Some(Username::new(format!("v-token-{role}-{lifecycle}")));
    }
    Event::Operation(record)
}

fn failed(code: &str) -> Outcome {
    Outcome::Failed(Failure { source: FailureSource::Vault, code: code.into(), message: "no".into() })
}

fn seen(lifecycle: u32) -> RoleSeen {
    let role = if lifecycle == 3 { "other" } else { "powerdns-role" };
    let name = Username::new(format!("v-token-{role}-{lifecycle}"));
    RoleSeen {
        cluster: String::new(),
        oid: 100 + lifecycle,
        name,
        valid_until: Some(UnixMicros(1)),
        login: true,
        password: None,
    }
}

fn all() -> Lifecycles {
    let observation = |at, appeared, gone| {
        Event::Roles(RoleObservation {
            cluster: String::new(),
            from: Micros(at),
            to: Micros(at),
            appeared,
            changed: vec![],
            gone,
            total: 0,
        })
    };
    let unanswered = Outcome::Indeterminate { why: "no answer within 10 s".into() };
    let events = [
        operation(1, Operation::Issue, 1_000_000, Outcome::Ok),
        operation(2, Operation::Issue, 2_000_000, failed("500")),
        operation(3, Operation::Issue, 3_000_000, Outcome::Ok),
        operation(4, Operation::Issue, 4_000_000, unanswered),
        observation(4_500_000, vec![seen(1), seen(3)], vec![]),
        operation(1, Operation::Renew, 5_000_000, failed("400")),
        operation(1, Operation::Revoke, 6_000_000, Outcome::Ok),
        operation(1, Operation::DeadLogin, 6_100_000, failed("28P01")),
        observation(9_000_000, vec![], vec![101, 103]),
        operation(5, Operation::Issue, 9_500_000, Outcome::Ok),
        // What is done for no lifecycle.
        operation(0, Operation::Refused, 1, failed("403")),
    ];
    let ends = [(1, CredentialEnd::Revoked), (3, CredentialEnd::Expired), (5, CredentialEnd::Live)];
    let mut all = Lifecycles::new(ends.into());
    events.iter().for_each(|event| all.see(event));
    all
}

fn listed(filter: LifecycleFilter) -> Vec<String> {
    let text = all().list(&LifecycleFilter { limit: 40, ..filter }, "RUN", None);
    let rows = text.lines().skip(1).take_while(|line| !line.is_empty());
    rows.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn a_list_fits_the_terminal() {
    for width in [80, 60] {
        let text = all().list(&LifecycleFilter { limit: 3, ..LifecycleFilter::default() }, "out/it's", Some(width));
        let long = |line: &&str| line.chars().count() > width && !line.contains("leaseproof show");
        assert_eq!(text.lines().filter(long).count(), 0, "{text}");
        insta::assert_snapshot!(format!("list_at_{width}"), text);
    }
}

#[test]
fn filters_say_which() {
    let none = LifecycleFilter::default;
    assert_eq!(listed(none()), ["1.000", "2.000", "3.000", "4.000", "9.500"]);
    let fate = |fate| LifecycleFilter { fate: Some(fate), ..none() };
    assert_eq!(listed(fate(Fate::Failed)), ["1.000", "2.000"]);
    assert_eq!(listed(fate(Fate::Unanswered)), ["4.000"]);
    assert_eq!(listed(fate(Fate::Revoked)), ["1.000"]);
    assert_eq!(listed(fate(Fate::Expired)), ["3.000"]);
    assert_eq!(listed(fate(Fate::Open)), ["9.500"]);
    assert_eq!(listed(LifecycleFilter { role: Some("other".into()), ..none() }), ["3.000"]);
    assert!(listed(LifecycleFilter { role: Some("nobody".into()), ..none() }).is_empty());
}

#[test]
fn a_check_names_its_lifecycles_and_says_what_it_found() {
    let mut judgments = sample::verdicts().checks;
    judgments.retain(|judgment| judgment.check == CheckId::of("GRA-1"));
    judgments[0].findings[1].lease = Some(LeaseId::new("database/creds/powerdns-role/Ab3dEf6hIj9kLm2nOp5qRs81"));
    let text =
        all().list(&LifecycleFilter { found_by: Some(judgments), limit: 9, ..LifecycleFilter::default() }, "RUN", None);
    assert!(
        text.contains("GRA-1 role powerdns-role: Fail") && text.contains("SELECT ON TABLE public.tsigkeys"),
        "{text}"
    );
    assert!(
        text.contains("Ab3dEf6hIj9kLm2nOp5qRs81  revoked; renew 400") && text.contains("1 of 5 lifecycles"),
        "{text}"
    );
}

#[test]
fn a_list_has_the_ends_that_the_totals_count() {
    use CredentialEnd::{Expired, Indeterminate, LeftBehind, Live, Lost, Retried, Revoked};
    let ends = [Revoked, Expired, Live, Retried, Indeterminate, Lost, LeftBehind, Revoked, Expired];
    let mut totals = Totals::default();
    ends.iter().for_each(|end| totals.count(*end));
    let mut all = Lifecycles::new((1..).zip(ends).collect());
    for lifecycle in 1..=9 {
        all.see(&operation(lifecycle, Operation::Issue, lifecycle * 1_000_000, Outcome::Ok));
        // What became of it follows neither from this answer nor from this observation.
        let unanswered = Outcome::Indeterminate { why: "no answer within 4 s".into() };
        all.see(&operation(lifecycle, Operation::Revoke, lifecycle * 1_000_000 + 20, unanswered));
    }
    let count = |fate| {
        let text = all.list(&LifecycleFilter { fate: Some(fate), limit: 40, ..Default::default() }, "RUN", Some(200));
        let (before, _) = text.split_once(" of 9 lifecycles").unwrap();
        let number: u64 = before.rsplit('\n').next().unwrap().parse().unwrap();
        let rows = text.lines().skip(1).take_while(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(rows.len() as u64, number);
        (number, rows)
    };
    let (revoked, rows) = count(Fate::Revoked);
    assert_eq!(revoked, totals.revoked);
    assert!(rows.iter().all(|row| row.contains("  revoked; revoke no answer")), "{rows:?}");
    let (expired, rows) = count(Fate::Expired);
    assert_eq!(expired, totals.expired);
    assert!(rows.iter().all(|row| row.contains("  expired; ")), "{rows:?}");
    // INV-10 finds the credential that was left behind.
    assert_eq!(count(Fate::Open).0, totals.live + totals.retried + totals.indeterminate + 1);
    assert_eq!(count(Fate::Lost).0, 1);
    assert_eq!(totals.issued, 9);
}

#[test]
fn a_check_lists_the_lifecycles_that_its_findings_number_and_those_of_an_oid() {
    let mut judgment = sample::verdicts().checks[1].clone();
    let found = |finding: Finding| {
        judgment.findings = vec![finding];
        let filter = LifecycleFilter { found_by: Some(vec![judgment.clone()]), limit: 40, ..Default::default() };
        all().list(&filter, "RUN", None)
    };
    let mut found = found;
    let text = found(Finding { lifecycles: vec![4, 1], ..Finding::default() });
    assert!(
        text.contains("\n2 of 5 lifecycles") && text.contains("4.000") && text.contains("issue no answer"),
        "{text}"
    );
    let text = found(Finding { oid: Some(103), ..Finding::default() });
    assert!(text.contains("\n1 of 5 lifecycles") && text.contains("3.000"), "{text}");
}

#[test]
fn an_issue_that_failed_is_found_by_its_moment() {
    let judgment = |role: &str| {
        let mut judgment = sample::verdicts().checks[1].clone();
        judgment.subject = leaseproof_domain::Subject::Role(role.into());
        judgment.findings = vec![leaseproof_domain::Finding {
            what: "the issue was answered HTTP 500".into(),
            at: Some(Micros(2_000_000)),
            ..leaseproof_domain::Finding::default()
        }];
        judgment
    };
    let found_by =
        |role: &str| LifecycleFilter { found_by: Some(vec![judgment(role)]), limit: 40, ..Default::default() };
    let text = all().list(&found_by("powerdns-role"), "RUN", None);
    assert!(text.contains("\n1 of 5 lifecycles"), "{text}");
    // No lease is named that could be shown.
    assert!(!text.contains("--lease"), "{text}");
    assert!(all().list(&found_by("other"), "RUN", None).contains("\n0 of 5 lifecycles"));
    assert_eq!(all().roles().into_iter().collect::<Vec<_>>(), ["other", "powerdns-role"]);
}
