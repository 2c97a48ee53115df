use leaseproof_domain::{
    Event, Expected, Failure, FailureSource, Grant, LeaseId, LeaseObservation, Micros, Object, ObjectKind, Operation,
    OperationRecord, Outcome, Privilege, PrivilegeReading, PrivilegeSet, ProbeOutcome, ProbeRecord, RoleObservation,
    RoleRead, RoleSeen, Span, UnixMicros, Username,
};

use super::LifecycleStory;

const LEASE: &str = "database/creds/powerdns-role/Ab3dEf6hIj9kLm2nOp5qRs8t";
const USER: &str = "v-leasepro-powerdns-x1y2z3x1y2z3x1y2z3x1-1795388284";

fn operation(lifecycle: u64, op: Operation, start: u64, outcome: Outcome) -> OperationRecord {
    let (intended, start, end) = (Micros(start - 150), Micros(start), Micros(start + 12_300));
    let mut record =
        OperationRecord::new(lifecycle, "powerdns-role", "steady", op, Span { intended, start, end }, outcome);
    record.username = Some(Username::new(USER));
    record
}

fn role(valid_until: i64) -> RoleSeen {
    RoleSeen {
        cluster: String::new(),
        oid: 16_433,
        name: Username::new(USER),
        valid_until: Some(UnixMicros(valid_until)),
        login: true,
        password: None,
    }
}

fn refused() -> ProbeOutcome {
    ProbeOutcome::Refused { sqlstate: "42501".into(), message: "permission denied for table domains".into() }
}

fn probe(after: u64, expected: Expected, privilege: Privilege, outcome: ProbeOutcome) -> Event {
    let from = Micros(1_026_000 + after * 100);
    let object =
        Object { kind: ObjectKind::Table, schema: Some("public".into()), name: "domains".into(), column: None };
    Event::Probe(ProbeRecord {
        lifecycle: 7,
        from,
        to: from,
        oid: Some(16_433),
        username: Username::new(USER),
        database: "powerdns".into(),
        grant: Grant { privilege, object, grantable: false },
        expected,
        outcome,
    })
}

fn events() -> Vec<Event> {
    let lease = LeaseId::new(LEASE);
    let mut issue = operation(7, Operation::Issue, 1_000_000, Outcome::Ok);
    issue.lease = Some(lease.clone());
    issue.lease_seconds = Some(3_600);
    issue.renewable = Some(true);
    let mut login = operation(7, Operation::Login, 1_013_000, Outcome::Ok);
    login.endpoint = Some("127.0.0.1:15432/powerdns".into());
    let mut renew = operation(7, Operation::Renew, 1_026_000, Outcome::Ok);
    renew.lease = Some(lease.clone());
    renew.increment_seconds = Some(8);
    renew.lease_seconds = Some(8);
    let mut revoke = operation(7, Operation::Revoke, 4_000_000, Outcome::Ok);
    revoke.lease = Some(lease.clone());
    let failure = Failure {
        source: FailureSource::Postgres,
        code: "28P01".into(),
        message: format!("password authentication failed for user \"{USER}\""),
    };
    let observation = |appeared, changed, gone| {
        Event::Roles(RoleObservation {
            cluster: "target".into(),
            from: Micros(4_500_000),
            to: Micros(4_501_000),
            appeared,
            changed,
            gone,
            total: 0,
        })
    };
    vec![
        Event::PrivilegeSet { id: 0, set: PrivilegeSet::default() },
        Event::Operation(issue),
        Event::Operation(operation(8, Operation::Login, 1_001_000, Outcome::Ok)),
        Event::RoleRead(RoleRead {
            lifecycle: 7,
            from: Micros(1_012_500),
            to: Micros(1_013_500),
            username: Username::new(USER),
            role: Some(role(1_795_391_889_000_000)),
        }),
        Event::Operation(login),
        probe(0, Expected::Promised, Privilege::Select, ProbeOutcome::Allowed),
        probe(1, Expected::Promised, Privilege::Insert, refused()),
        probe(2, Expected::Forbidden, Privilege::Delete, refused()),
        probe(3, Expected::Forbidden, Privilege::Update, ProbeOutcome::Allowed),
        Event::Operation(renew),
        Event::Privileges(PrivilegeReading {
            cluster: "target".into(),
            from: Micros(1_100_000),
            to: Micros(1_101_000),
            oid: 16_433,
            username: Username::new(USER),
            set: 0,
        }),
        Event::Roles(RoleObservation {
            cluster: "target".into(),
            from: Micros(1_500_000),
            to: Micros(1_501_000),
            appeared: vec![role(1_795_391_889_000_000)],
            changed: vec![],
            gone: vec![],
            total: 1,
        }),
        // Another role of another cluster.
        Event::Roles(RoleObservation {
            cluster: "second".into(),
            from: Micros(2_000_000),
            to: Micros(2_001_000),
            appeared: vec![],
            changed: vec![],
            gone: vec![16_433],
            total: 0,
        }),
        Event::Operation(revoke),
        Event::Operation(operation(7, Operation::DeadLogin, 4_013_000, Outcome::Failed(failure))),
        observation(vec![], vec![], vec![16_433, 16_500]),
        Event::Leases(LeaseObservation {
            from: Micros(4_502_000),
            to: Micros(4_503_000),
            appeared: vec![],
            gone: vec![lease],
            total: 3,
        }),
    ]
}

fn story(wanted: &str) -> LifecycleStory {
    let mut story = LifecycleStory::of(wanted);
    events().iter().for_each(|event| story.identify(event));
    events().iter().for_each(|event| story.tell(event));
    story
}

#[test]
fn a_lifecycle_on_one_screen() {
    insta::assert_snapshot!(story(LEASE).render(Some(&crate::sample::verdicts()), None));
}

#[test]
fn the_last_part_of_the_id_is_enough() {
    assert_eq!(story("Ab3dEf6hIj9kLm2nOp5qRs8t").render(None, None), story(LEASE).render(None, None));
    assert!(!story("Ab3d").is_known());
}

#[test]
fn a_user_s_name_leads_to_the_same_lifecycle() {
    let mut story_of_user = LifecycleStory::of_user(USER);
    events().iter().for_each(|event| story_of_user.identify(event));
    assert!(story_of_user.is_known());
    events().iter().for_each(|event| story_of_user.tell(event));
    assert_eq!(story_of_user.render(None, None), story(LEASE).render(None, None));
    assert!(!LifecycleStory::of_user("nobody").is_known());
}

#[test]
fn lines_fit_the_terminal() {
    let text = story(LEASE).render(None, Some(60));
    let long: Vec<&str> = text.lines().skip(3).filter(|line| line.chars().count() > 60).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn equal_logins_after_each_other_are_one_line() {
    let failure = || {
        let message = "permission denied for table domains".to_owned();
        Outcome::Failed(Failure { source: FailureSource::Postgres, code: "42501".into(), message })
    };
    let logins = (0..17).map(|number| {
        let mut login = operation(7, Operation::Login, 1_013_000 + number * 20_000, failure());
        (login.endpoint, login.query_failed) = (Some("127.0.0.1:15432/powerdns".into()), true);
        login.end = Micros(login.end.0 + number * 100);
        Event::Operation(login)
    });
    let events: Vec<Event> = events().into_iter().take(2).chain(logins).collect();
    let mut story = LifecycleStory::of(LEASE);
    events.iter().for_each(|event| story.identify(event));
    events.iter().for_each(|event| story.tell(event));
    let text = story.render(None, None);
    assert_eq!(text.matches("logged in, and the query failed: SQLSTATE 42501").count(), 1, "{text}");
    assert!(text.contains("the same, 16 times since"), "{text}");
}
