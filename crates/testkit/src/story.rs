//! A run made up of events: one that goes well, and ways to let it go otherwise.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_checker::{Judged, judge};
use leaseproof_domain::{
    AccountReading, AuditEntry, Baseline, CATALOGUE, CheckId, ClockReading, DependencyObservation, DependencySeen, End,
    EndReason, Event, Expected, FORMAT_VERSION, Failure, FailureSource, Finding, Grant, GrantedTo, Header, HeldSession,
    IrrevocableObservation, Judgment, LeaseId, LeaseObservation, Membership, Micros, Object, ObjectKind, Operation,
    OperationRecord, Origin, OtherLeases, Outcome, Privilege, PrivilegeReading, PrivilegeSet, ProbeOutcome,
    ProbeRecord, RefusedRequest, RoleAttributes, RoleObservation, RoleRead, RoleSeen, SessionObservation, SessionSeen,
    Span, Subject, Ttl, UnixMicros, Username, Verdict, Why,
};
use leaseproof_history::ReadEnd;
use leaseproof_scenario::{
    AccountPromise, Ask, ClientPlan, Comparison, ContainersPlan, During, EnvironmentPromise, Escalations,
    GrantFragment, KnownIssuePlan, Never, Plan, PostgresPlan, ProbePlan, Promised, PublicDefaults, RolePromise,
    SessionFate, Setting, ThresholdPlan, VaultPlan, VaultStorage, WholeSchema,
};

pub const ROLE: &str = "app-role";
pub const EPOCH: i64 = 1_700_000_000_000_000;
pub const S: u64 = 1_000_000;
pub const MS: u64 = 1_000;
/// What both servers' clocks may be off by.
pub const UNCERTAINTY: u64 = 20 * MS;

pub fn line(line: u32) -> Origin {
    Origin { file: "scenario.toml".into(), line, column: 1 }
}

fn promised<T>(value: T, at: u32) -> Promised<T> {
    Promised { value, origin: line(at) }
}

pub fn table(name: &str) -> Object {
    Object { kind: ObjectKind::Table, schema: Some("public".into()), name: name.into(), column: None }
}

pub fn column(of: &str, name: &str) -> Object {
    Object { kind: ObjectKind::Column, column: Some(name.into()), ..table(of) }
}

pub fn schema() -> Object {
    Object { kind: ObjectKind::Schema, schema: None, name: "public".into(), column: None }
}

pub fn sequence() -> Object {
    Object { kind: ObjectKind::Sequence, ..table("domains_id_seq") }
}

pub fn grant(privilege: Privilege, object: Object) -> Grant {
    Grant { privilege, object, grantable: false }
}

pub fn direct(privilege: Privilege, object: Object) -> GrantedTo {
    GrantedTo { grant: grant(privilege, object), why: Why::Direct }
}

pub fn allowed() -> ProbeOutcome {
    ProbeOutcome::Allowed
}

pub fn refused_probe(message: &str) -> ProbeOutcome {
    ProbeOutcome::Refused { sqlstate: "42501".into(), message: message.into() }
}

pub fn refused_with(source: FailureSource, code: &str, message: &str) -> Outcome {
    Outcome::Failed(Failure { source, code: code.into(), message: message.into() })
}

pub fn no_answer() -> Outcome {
    Outcome::Indeterminate { why: "timed out".into() }
}

pub fn username(lifecycle: u64) -> Username {
    Username::new(format!("v-token-le-app-role-{:0>20}-17000000{lifecycle:02}", format!("u{lifecycle}")))
}

pub fn lease(lifecycle: u64) -> LeaseId {
    LeaseId::new(format!("database/creds/{ROLE}/{:A>24}", lifecycle))
}

pub fn oid(lifecycle: u64) -> u32 {
    100 + u32::try_from(lifecycle).unwrap()
}

/// A moment of a server's clock, in whole seconds of the run.
pub fn wall(seconds: u64) -> Option<UnixMicros> {
    Some(UnixMicros(EPOCH + (seconds * S) as i64))
}

pub fn seen(lifecycle: u64, valid_until: Option<UnixMicros>) -> RoleSeen {
    RoleSeen {
        cluster: String::new(),
        oid: oid(lifecycle),
        name: username(lifecycle),
        valid_until,
        login: true,
        password: None,
    }
}

/// A promise of every kind.
pub fn plan() -> Plan {
    let role = RolePromise {
        name: ROLE.into(),
        mount: "database".into(),
        on: "target".into(),
        database: "powerdns".into(),
        default_ttl: Some(promised(Ttl::from_secs(3600), 31)),
        max_ttl: Some(promised(Ttl::from_secs(86_400), 32)),
        grants: Some(promised(
            vec![
                GrantFragment {
                    text: "SELECT, INSERT ON TABLE domains".into(),
                    origin: line(34),
                    grants: vec![
                        grant(Privilege::Select, table("domains")),
                        grant(Privilege::Insert, table("domains")),
                    ],
                    whole_schemas: vec![],
                    future: vec![],
                },
                GrantFragment {
                    text: "USAGE ON ALL SEQUENCES IN SCHEMA public".into(),
                    origin: line(35),
                    grants: vec![],
                    whole_schemas: vec![WholeSchema {
                        privilege: Privilege::Usage,
                        kind: ObjectKind::Sequence,
                        schema: "public".into(),
                        grantable: false,
                    }],
                    future: vec![],
                },
            ],
            33,
        )),
        attributes: RoleAttributes { login: true, inherit: true, ..RoleAttributes::default() },
        connection_limit: None,
        member_of: vec![],
        probes: Some(ProbePlan { forbidden: 1, ..ProbePlan::default() }),
        settings: BTreeMap::new(),
        owns: vec![],
        escalations: Escalations::Forbidden,
        public: PublicDefaults::Allowed,
        username: None,
        naming: leaseproof_scenario::Naming::Default,
        says: None,
        origin: line(30),
    };
    let account = AccountPromise {
        name: "vaultuser".into(),
        attributes: BTreeMap::from([
            ("superuser".to_owned(), promised(false, 21)),
            ("createrole".to_owned(), promised(true, 22)),
        ]),
        origin: line(20),
    };
    let cluster = PostgresPlan {
        clock: 0,
        replicate_as: None,
        lines: BTreeMap::new(),
        layout: leaseproof_scenario::Layout::Standalone,
        version: "15".into(),
        hba: None,
        settings: BTreeMap::new(),
        tls: false,
        superuser: "postgres".into(),
        password: Setting::Text("***".into()),
        port: None,
        origin: line(5),
    };
    let threshold = ThresholdPlan {
        phase: None,
        role: None,
        metric: "issue.response.p99".parse().unwrap(),
        comparison: Comparison::Below,
        limit: 250_000.0,
        text: "< 250ms".into(),
        during: During::Run,
        origin: line(60),
    };
    Plan {
        name: "powerdns".into(),
        title: "PowerDNS".into(),
        runbook: None,
        seed: 1,
        vault: VaultPlan {
            nodes: 1,
            postgresql: None,
            storage: VaultStorage::Inmem,
            tls: false,
            audit: true,
            default_lease_ttl: None,
            max_lease_ttl: None,
            port: None,
            origin: line(1),
        },
        postgres: BTreeMap::from([("target".to_owned(), cluster)]),
        setup: vec![],
        warnings: vec![],
        client: ClientPlan {
            policies: vec!["client".into()],
            forbidden: "sys/policies/acl".into(),
            timeout: Ttl::from_secs(10),
            in_flight: 64,
        },
        promise: EnvironmentPromise {
            audit: Some(promised(true, 11)),
            encrypted: Some(promised(true, 17)),
            password_in_logs: Some(promised(Never::Never, 12)),
            orphans: Some(promised(0, 13)),
            creates: vec![],
            orphans_before: Some(promised(0, 18)),
            unanswered: None,
            usable_within: Some(promised(Ttl::from_secs(1), 14)),
            dead_within: Some(promised(Ttl::from_secs(10), 15)),
            sessions_after_revoke: Some(promised(SessionFate::Survive, 16)),
        },
        accounts: vec![account],
        roles: vec![role],
        lifecycles: vec![],
        phases: vec![],
        thresholds: vec![threshold],
        known_issues: vec![],
        tampering: vec![],
        faults: Vec::new(),
        actions: Vec::new(),
        pdns: None,
        asks: CATALOGUE
            .iter()
            .filter(|info| {
                !["KNO-1", "FLT-1", "FLT-2", "ACT-1", "ACT-2", "SAT-1"].contains(&info.id)
                    && !info.id.starts_with("DNS-")
            })
            .map(|info| ask(info.id))
            .collect(),
        environment: leaseproof_scenario::EnvironmentKind::Processes,
        containers: ContainersPlan::default(),
        attached: None,
        left_out: vec![],
        not_requested: vec![],
    }
}

fn ask(id: &str) -> Ask {
    let subject = match id {
        "ACC-1" => Subject::Account("vaultuser".into()),
        "THR-1" => Subject::Metric("issue.response.p99".into()),
        "SAT-1" | "AVL-1" | "POL-1" | "AUD-1" | "PWD-1" | "TLS-1" | "RUN-2" | "RUN-7" | "INV-3" | "INV-6b"
        | "INV-8" | "INV-10" | "INV-11" | "FLT-1" | "FLT-2" | "ACT-1" | "KNO-1" | "DNS-1" | "DNS-2" | "DNS-3"
        | "DNS-4" => Subject::Environment,
        _ => Subject::Role(ROLE.into()),
    };
    Ask { check: CheckId::of(id), subject, origin: line(99) }
}

#[derive(Clone)]
pub struct Story {
    pub plan: Plan,
    events: Vec<(u64, Event)>,
    pub ended: ReadEnd,
}

impl Story {
    /// Nothing but a header and an end.
    pub fn empty() -> Self {
        let mut story = Self { plan: plan(), events: Vec::new(), ended: ReadEnd::Complete };
        story.add(
            0,
            Event::Header(Header {
                format: FORMAT_VERSION,
                leaseproof: "0.1.0".into(),
                run: "20261122T225801Z-3f2a".into(),
                scenario: "powerdns".into(),
                seed: 1,
                epoch: UnixMicros(EPOCH),
            }),
        );
        story.add(30 * S, Event::End(End::new(Micros(30 * S), EndReason::Completed)));
        story
    }

    /// Lifecycle 1 is revoked, lifecycle 2 expires, lifecycle 3 tries the maximum TTL.
    pub fn good() -> Self {
        let mut story = Self::empty();
        story.surroundings();
        story.lifecycle_1();
        story.lifecycle_2();
        story.lifecycle_3();
        story.close();
        story
    }

    fn surroundings(&mut self) {
        for at in [0, 29 * S] {
            for server in ["vault", "postgres.target"] {
                self.clock(at, server, 0);
            }
        }
        self.add(100, Event::Baseline(Baseline { at: Micros(100), cluster: "target".into(), roles: vec![] }));
        self.add(
            105,
            Event::LeasesBefore { at: Micros(105), leases: vec![], others: Some(OtherLeases::default()), gone: vec![] },
        );
        let attributes = RoleAttributes { createrole: true, login: true, inherit: true, ..RoleAttributes::default() };
        self.account(Some(attributes));
        self.add(
            120,
            Event::Objects {
                at: Micros(120),
                cluster: "target".into(),
                database: "powerdns".into(),
                objects: vec![table("domains"), sequence(), schema()],
            },
        );
        for (place, kind) in RefusedRequest::ALL.into_iter().enumerate() {
            let start = 500 * MS + place as u64 * MS;
            let denied = refused_with(FailureSource::Vault, "403", "permission denied");
            let record = self.operation(0, Operation::Refused, start, start + 500, denied);
            record.refused = Some(kind);
        }
        let denied = refused_with(FailureSource::Postgres, "28P01", "password authentication failed");
        let record = self.operation(0, Operation::Refused, 600 * MS, 601 * MS, denied);
        record.refused = Some(RefusedRequest::WrongPassword);
        self.add(400 * MS, Event::PrivilegeSet { id: 0, set: privileges() });
    }

    fn lifecycle_1(&mut self) {
        self.begins(1, S, 3606);
        self.renewed(1, 1_030 * MS, 8, 8, 14);
        self.observation(1_500 * MS, vec![seen(1, wall(14))], vec![]);
        self.reading(1, 1_510 * MS, 0);
        self.leases(1_600 * MS, vec![1], vec![]);
        self.probes(1, 1_021 * MS);
        self.operation(1, Operation::Relogin, 3 * S, 3_010 * MS, Outcome::Ok);
        self.operation(1, Operation::Revoke, 4 * S, 4_050 * MS, Outcome::Ok);
        self.refused_login(1, 4_051 * MS);
        self.observation(4_500 * MS, vec![], vec![1]);
        self.leases(4_600 * MS, vec![], vec![1]);
    }

    fn lifecycle_2(&mut self) {
        self.begins(2, 2 * S, 3607);
        self.reading(2, 2_020 * MS, 0);
        self.renewed(2, 2_030 * MS, 8, 8, 15);
        self.observation(2_500 * MS, vec![seen(2, wall(15))], vec![]);
        self.reading(2, 2_510 * MS, 0);
        self.leases(2_600 * MS, vec![2], vec![]);
        self.operation(2, Operation::Relogin, 5 * S, 5_010 * MS, Outcome::Ok);
        self.observation(10 * S, vec![], vec![]);
        self.observation(10_500 * MS, vec![], vec![2]);
        self.leases(10_600 * MS, vec![], vec![2]);
        self.refused_login(2, 11_040 * MS);
    }

    fn lifecycle_3(&mut self) {
        self.begins(3, 1_200 * MS, 3606);
        self.renewed(3, 1_220 * MS, 90_000, 86_400, 86_406);
        self.operation(3, Operation::Revoke, 1_300 * MS, 1_350 * MS, Outcome::Ok);
        self.refused_login(3, 1_351 * MS);
    }

    fn close(&mut self) {
        for source in ["vault", "postgres.target", "audit"] {
            self.add(27 * S, Event::LogRead { source: source.into(), lines: 100, complete: true });
        }
        self.sessions(3_005 * MS);
        self.kept(1, 4_060 * MS, refused_with(FailureSource::Postgres, "42501", "permission denied"), true);
        self.add(5 * S, Event::Irrevocable(irrevocable(5 * S, vec![])));
        self.add(15 * S, Event::Dependencies(dependencies(15 * S, vec![])));
        self.residue(20 * S, false, vec![], vec![]);
        self.residue(21 * S, true, vec![], vec![]);
    }

    /// An observation that shows a session of lifecycle 1 and one of Vault's, and one that shows the credential's gone; both
    /// sessions are encrypted.
    fn sessions(&mut self, at: u64) {
        let session = |pid, oid, name: Username| SessionSeen {
            pid,
            started: UnixMicros(1),
            oid,
            name: Some(name),
            application: String::new(),
            encrypted: Some(true),
        };
        let observation = |from: u64, appeared: Vec<SessionSeen>, gone, accounts| SessionObservation {
            cluster: String::new(),
            from: Micros(from),
            to: Micros(from + MS),
            total: appeared.len() as u64,
            appeared,
            gone,
            accounts,
        };
        let (credential, vault) = (session(31, oid(1), username(1)), session(32, 10_001, Username::new("vaultuser")));
        let gone = vec![(31, UnixMicros(1))];
        self.add(at + MS, Event::Sessions(observation(at, vec![credential], vec![], vec![vault])));
        self.add(at + 500 * MS, Event::Sessions(observation(at + 499 * MS, vec![], gone, vec![])));
    }

    /// An issue of 1 h at `at` and what follows it at once.
    pub fn begins(&mut self, lifecycle: u64, at: u64, valid_until: u64) {
        let issue = self.operation(lifecycle, Operation::Issue, at, at + 10 * MS, Outcome::Ok);
        issue.lease = Some(lease(lifecycle));
        issue.username = Some(username(lifecycle));
        issue.lease_seconds = Some(3600);
        issue.renewable = Some(true);
        let request = self.audit(at, format!("r{lifecycle}"), "read", &format!("database/creds/{ROLE}"));
        self.add(at + 19 * MS, Event::Audit(request));
        self.add(
            at + 20 * MS,
            Event::Audit(AuditEntry {
                time: UnixMicros(EPOCH + at as i64),
                response: true,
                request: format!("r{lifecycle}"),
                operation: "read".into(),
                path: format!("database/creds/{ROLE}"),
                lease: Some(lease(lifecycle)),
                error: false,
            }),
        );
        self.role_read(lifecycle, at + 11 * MS, Some(seen(lifecycle, wall(valid_until))));
        let login = self.operation(lifecycle, Operation::Login, at + 10 * MS, at + 19 * MS, Outcome::Ok);
        login.endpoint = Some("127.0.0.1:5432/powerdns".into());
    }

    /// What is promised works, and something else is refused.
    pub fn probes(&mut self, lifecycle: u64, at: u64) {
        let denied = refused_probe("permission denied for table domains");
        self.probe(lifecycle, at, Privilege::Select, table("domains"), Expected::Promised, allowed());
        self.probe(lifecycle, at + 10, Privilege::Insert, table("domains"), Expected::Promised, allowed());
        self.probe(lifecycle, at + 20, Privilege::Usage, sequence(), Expected::Promised, allowed());
        self.probe(lifecycle, at + 30, Privilege::Update, table("domains"), Expected::Forbidden, denied);
    }

    /// A probe that takes ten microseconds.
    pub fn probe(
        &mut self,
        lifecycle: u64,
        from: u64,
        privilege: Privilege,
        object: Object,
        expected: Expected,
        outcome: ProbeOutcome,
    ) {
        let record = ProbeRecord {
            lifecycle,
            from: Micros(from),
            to: Micros(from + 10),
            oid: Some(oid(lifecycle)),
            username: username(lifecycle),
            database: "powerdns".into(),
            grant: grant(privilege, object),
            expected,
            outcome,
        };
        self.add(from + 10, Event::Probe(record));
    }

    pub fn renewed(&mut self, lifecycle: u64, at: u64, increment: u64, granted: u64, valid_until: u64) {
        let renewal = self.operation(lifecycle, Operation::Renew, at, at + 10 * MS, Outcome::Ok);
        renewal.lease = Some(lease(lifecycle));
        renewal.increment_seconds = Some(increment);
        renewal.lease_seconds = Some(granted);
        renewal.renewable = Some(true);
        self.role_read(lifecycle, at + 11 * MS, Some(seen(lifecycle, wall(valid_until))));
    }

    fn audit(&self, at: u64, request: String, operation: &str, path: &str) -> AuditEntry {
        let (operation, path) = (operation.into(), path.into());
        let time = UnixMicros(EPOCH + at as i64);
        AuditEntry { time, response: false, request, operation, path, lease: None, error: false }
    }

    pub fn refused_login(&mut self, lifecycle: u64, at: u64) {
        let refusal = refused_with(FailureSource::Postgres, "28P01", "password authentication failed");
        self.operation(lifecycle, Operation::DeadLogin, at, at + 9 * MS, refusal);
    }

    pub fn operation(
        &mut self,
        lifecycle: u64,
        op: Operation,
        start: u64,
        end: u64,
        outcome: Outcome,
    ) -> &mut OperationRecord {
        if outcome.is_ok() && matches!(op, Operation::Renew | Operation::Revoke) {
            let request = self.audit(start, format!("{op}-{lifecycle}-{start}"), "update", &format!("sys/leases/{op}"));
            let response = AuditEntry { response: true, ..request.clone() };
            self.add(end, Event::Audit(request));
            self.add(end, Event::Audit(response));
        }
        let (start, end) = (Micros(start), Micros(end));
        let mut record =
            OperationRecord::new(lifecycle, ROLE, "steady", op, Span { intended: start, start, end }, outcome);
        if lifecycle > 0 && op != Operation::Issue {
            record.username = Some(username(lifecycle));
        }
        let place = self.add(end.0, Event::Operation(record));
        match &mut self.events[place].1 {
            Event::Operation(record) => record,
            _ => unreachable!("an operation was put there"),
        }
    }

    pub fn role_read(&mut self, lifecycle: u64, from: u64, role: Option<RoleSeen>) {
        let (from, to) = (Micros(from), Micros(from + MS));
        self.add(to.0, Event::RoleRead(RoleRead { lifecycle, from, to, username: username(lifecycle), role }));
    }

    /// Lifecycle 1's held session is asked; its revocation was acknowledged at 4.05 s.
    pub fn kept(&mut self, lifecycle: u64, from: u64, query: Outcome, listed: bool) {
        let to = from + MS;
        let kept = HeldSession {
            lifecycle,
            role: ROLE.into(),
            username: username(lifecycle),
            oid: Some(oid(lifecycle)),
            lease: lease(lifecycle),
            set_role: None,
            since: Micros(4_050 * MS),
            from: Micros(from),
            to: Micros(to),
            query,
            listed: Some(listed),
        };
        self.add(to, Event::HeldSession(kept));
    }

    /// An observation of all roles that takes a millisecond.
    pub fn observation(&mut self, from: u64, appeared: Vec<RoleSeen>, gone: Vec<u64>) {
        let gone = gone.into_iter().map(oid).collect();
        let (from, to) = (Micros(from), Micros(from + MS));
        self.add(
            to.0,
            Event::Roles(RoleObservation {
                cluster: String::new(),
                from,
                to,
                appeared,
                changed: vec![],
                gone,
                total: 0,
            }),
        );
    }

    pub fn leases(&mut self, from: u64, appeared: Vec<u64>, gone: Vec<u64>) {
        let (appeared, gone) = (appeared.into_iter().map(lease).collect(), gone.into_iter().map(lease).collect());
        let (from, to) = (Micros(from), Micros(from + MS));
        self.add(to.0, Event::Leases(LeaseObservation { from, to, appeared, gone, total: 0 }));
    }

    pub fn reading(&mut self, lifecycle: u64, from: u64, set: u32) {
        let (from, to) = (Micros(from), Micros(from + MS));
        let reading = PrivilegeReading {
            cluster: String::new(),
            from,
            to,
            oid: oid(lifecycle),
            username: username(lifecycle),
            set,
        };
        self.add(to.0, Event::Privileges(reading));
    }

    pub fn residue(&mut self, from: u64, released: bool, roles: Vec<RoleSeen>, leases: Vec<u64>) {
        let leases = leases.into_iter().map(lease).collect();
        let (from, to) = (Micros(from), Micros(from + 10 * MS));
        self.add(to.0, Event::Residue { from, to, released, roles, leases, shrinking: false });
    }

    pub fn clock(&mut self, at: u64, server: &str, offset: i64) {
        let reading = ClockReading { at: Micros(at), server: server.into(), offset, uncertainty: UNCERTAINTY as i64 };
        self.add(at, Event::Clock(reading));
    }

    pub fn account(&mut self, attributes: Option<RoleAttributes>) {
        let reading = AccountReading { at: Micros(110), account: "vaultuser".into(), attributes };
        self.add(110, Event::Account(reading));
    }

    /// Puts an event after all those that came before it.
    pub fn add(&mut self, at: u64, event: Event) -> usize {
        let place = self.events.partition_point(|(other, _)| *other <= at);
        self.events.insert(place, (at, event));
        place
    }

    /// Lets the run end at that moment.
    pub fn ending(self, at: u64) -> Self {
        let mut story = self.without(|event| matches!(event, Event::End(_)));
        story.add(at, Event::End(End::new(Micros(at), EndReason::Completed)));
        story
    }

    pub fn without(mut self, unwanted: impl Fn(&Event) -> bool) -> Self {
        self.events.retain(|(_, event)| !unwanted(event));
        self
    }

    /// Changes the first operation of that kind.
    pub fn op(mut self, lifecycle: u64, op: Operation, change: impl FnOnce(&mut OperationRecord)) -> Self {
        let record = self.events.iter_mut().find_map(|(at, event)| match event {
            Event::Operation(record) if record.lifecycle == lifecycle && record.op == op => Some((at, record)),
            _ => None,
        });
        let (at, record) = record.expect("the story has it");
        change(record);
        *at = record.end.0;
        self.events.sort_by_key(|(at, _)| *at);
        self
    }

    pub fn without_op(self, lifecycle: u64, op: Operation) -> Self {
        self.without(
            |event| matches!(event, Event::Operation(record) if record.lifecycle == lifecycle && record.op == op),
        )
    }

    /// Changes every event.
    pub fn each(mut self, mut change: impl FnMut(&mut Event)) -> Self {
        self.events.iter_mut().for_each(|(_, event)| change(event));
        self
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub fn asking(mut self, ids: &[&str]) -> Self {
        self.plan.asks = ids.iter().map(|id| ask(id)).collect();
        self
    }

    pub fn asking_too(mut self, id: &str) -> Self {
        self.plan.asks.push(ask(id));
        self
    }

    /// Lets the check be asked of that role alone.
    pub fn of_role(mut self, id: &str, role: &str) -> Self {
        let check = CheckId::of(id);
        let asked = self.plan.asks.iter_mut().find(|ask| ask.check == check).expect("the plan asks it");
        asked.subject = Subject::Role(role.to_owned());
        self
    }

    pub fn declared(mut self, check: &str, role: Option<&str>, evidence: Option<&str>) -> Self {
        self.plan.known_issues.push(KnownIssuePlan {
            check: CheckId::of(check),
            role: role.map(str::to_owned),
            evidence: evidence.map(str::to_owned),
            because: "it was always so".into(),
            origin: line(70),
        });
        self.plan.asks.push(ask("KNO-1"));
        self
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.iter().map(|(_, event)| event.clone()).collect()
    }

    /// The events with their moments.
    pub(crate) fn timed(&self) -> Vec<(u64, Event)> {
        self.events.clone()
    }

    /// Replaces the events.
    pub(crate) fn retell(&mut self, events: Vec<(u64, Event)>) {
        self.events = events;
    }

    pub fn judged(&self) -> Judged {
        judge(&self.plan, self.events().into_iter(), || self.ended.clone())
    }

    pub fn judgment(&self, id: &str) -> Judgment {
        let check = CheckId::of(id);
        let mut checks = self.judged().verdicts.checks.into_iter();
        checks.find(|judgment| judgment.check == check).expect("it was asked")
    }

    #[track_caller]
    pub fn passes(&self, id: &str) {
        let judgment = self.judgment(id);
        assert_eq!(judgment.verdict, Verdict::Pass, "{judgment:#?}");
    }

    #[track_caller]
    pub fn fails(&self, id: &str) -> Vec<Finding> {
        let judgment = self.judgment(id);
        assert_eq!(judgment.verdict, Verdict::Fail, "{judgment:#?}");
        judgment.findings
    }

    #[track_caller]
    pub fn unknown(&self, id: &str) -> String {
        let judgment = self.judgment(id);
        assert_eq!(judgment.verdict, Verdict::Unknown, "{judgment:#?}");
        judgment.reason.expect("an Unknown has its reason")
    }
}

pub fn irrevocable(from: u64, appeared: Vec<(LeaseId, String)>) -> IrrevocableObservation {
    let total = appeared.len() as u64;
    IrrevocableObservation { from: Micros(from), to: Micros(from + MS), appeared, gone: vec![], total }
}

pub fn dependencies(from: u64, dangling: Vec<DependencySeen>) -> DependencyObservation {
    DependencyObservation {
        cluster: String::new(),
        from: Micros(from),
        to: Micros(from + MS),
        dangling,
        roles: 1,
        rows: 9,
    }
}

/// Exactly what the plan promises, and what every role has.
pub fn privileges() -> PrivilegeSet {
    let database = Object { kind: ObjectKind::Database, schema: None, name: "powerdns".into(), column: None };
    let connect = GrantedTo { grant: grant(Privilege::Connect, database), why: Why::PublicDefault };
    PrivilegeSet {
        database: "powerdns".into(),
        attributes: RoleAttributes { login: true, inherit: true, ..RoleAttributes::default() },
        held: BTreeSet::from([
            direct(Privilege::Select, table("domains")),
            direct(Privilege::Insert, table("domains")),
            direct(Privilege::Usage, sequence()),
            connect,
        ]),
        ..PrivilegeSet::default()
    }
}

pub fn membership(group: &str, direct: bool) -> Membership {
    Membership { group: group.into(), admin: false, direct, inherit: true, set: true }
}
