//! A made-up run of eighty credentials in which every check passes: two phases, two roles with a database each, a cluster
//! with two endpoints. It follows its plan arrival by arrival.

use std::collections::BTreeMap;

use leaseproof_domain::{
    DnsAnswer, DnsEvent, DnsQuery, Event, Expected, Grant, HeldSession, LeaseId, LeaseObservation, Micros, Operation,
    Outcome, PhaseMark, PhasePoint, PolicyProbe, PrivilegeReading, PrivilegeSet, ProbeRecord, RefusedRequest,
    Rendering, RoleObservation, RoleRead, RoleSeen, SessionObservation, SessionSeen, Ttl, UnixMicros, Username,
    ZoneChange, ZoneOutcome, ZoneWrite,
};
use leaseproof_scenario::{
    HoldPlan, Layout, LifecyclePlan, PhasePlan, Plan, PlannedLoad, PostgresPlan, ProbePlan, Replication, Schedule,
};

use crate::story::{self, EPOCH, MS, ROLE, S, Story, dependencies, irrevocable, line, privileges, refused_with};

/// The second role.
pub(super) const OTHER: &str = "bat-role";
pub(super) const PHASES: [&str; 2] = ["steady", "second"];
pub(super) const ENDPOINTS: [&str; 2] = ["127.0.0.1:5000", "127.0.0.1:5001"];
/// When a phase begins, and how long its arrivals and its drain last.
const BEGINS: [u64; 2] = [S, 36 * S];
const ARRIVALS: u64 = 20 * S + 500 * MS;
const DRAIN: u64 = 14 * S;
const LEASE: u64 = 8;

/// One credential of the run.
struct Credential {
    lifecycle: u64,
    role: String,
    phase: &'static str,
    issued: u64,
    /// When its role goes.
    gone: u64,
}

pub(super) fn database(role: &str) -> &'static str {
    if role == ROLE { "powerdns" } else { "orders" }
}

pub(super) fn username(lifecycle: u64, role: &str) -> Username {
    let short: String = role.chars().take(8).collect();
    Username::new(format!("v-token-le-{short}-{:0>20}-1700000{lifecycle:03}", format!("u{lifecycle}")))
}

pub(super) fn lease(lifecycle: u64, role: &str) -> LeaseId {
    LeaseId::new(format!("database/creds/{role}/{:A>24}", lifecycle))
}

pub(super) fn oid(lifecycle: u64) -> u32 {
    20_000 + u32::try_from(lifecycle).unwrap()
}

pub(super) fn plan() -> Plan {
    let mut plan = story::plan();
    let cluster = PostgresPlan {
        layout: Layout::HaproxyHa { standbys: 1, replication: Replication::RemoteApply },
        ..plan.postgres["target"].clone()
    };
    plan.postgres = BTreeMap::from([("target".to_owned(), cluster)]);
    plan.roles[0].probes = Some(ProbePlan { first: 1_000, share: 0.0, forbidden: 1 });
    let mut other = plan.roles[0].clone();
    (other.name, other.database) = (OTHER.into(), database(OTHER).into());
    plan.roles.push(other);
    plan.lifecycles = [("app", ROLE), ("batch", OTHER)].map(|(name, role)| lifecycle(name, role)).into();
    plan.phases = PHASES.map(phase).into();
    plan.pdns = Some(crate::dns::plan());
    let of_other = plan.asks.iter().filter(|ask| ask.subject == leaseproof_domain::Subject::Role(ROLE.into()));
    let of_other: Vec<_> = of_other.cloned().collect();
    for ask in of_other {
        plan.asks.push(leaseproof_scenario::Ask { subject: leaseproof_domain::Subject::Role(OTHER.into()), ..ask });
    }
    let more = Story::empty().asking(&["SAT-1", "DNS-1", "DNS-2", "DNS-3", "DNS-4"]).plan.asks;
    plan.asks.extend(more);
    plan
}

fn lifecycle(name: &str, role: &str) -> LifecyclePlan {
    LifecyclePlan {
        name: name.into(),
        role: role.into(),
        lease: Some(Ttl::from_secs(LEASE)),
        query: "SELECT 1".into(),
        query_origin: None,
        renew: None,
        hold_session: Some(HoldPlan { share: 1.0, set_role: None }),
        timeout: None,
        revoke: 0.5,
        origin: line(50),
    }
}

fn phase(name: &str) -> PhasePlan {
    PhasePlan {
        name: name.into(),
        rate: 2.0,
        duration: Ttl::from_millis(ARRIVALS / MS),
        drain: Ttl::from_secs(DRAIN / S),
        mix: BTreeMap::from([("app".to_owned(), 1), ("batch".to_owned(), 1)]),
        overload: false,
        origin: line(80),
    }
}

/// The run.
pub(super) fn story() -> Story {
    let mut story = Story::empty().ending(80 * S);
    story.plan = plan();
    story.surroundings_of_many();
    let credentials = lifecycles(&mut story);
    observations(&mut story, &credentials);
    live_dns(&mut story);
    story
}

fn lifecycles(story: &mut Story) -> Vec<Credential> {
    let plan = story.plan.clone();
    let planned = PlannedLoad::of(&plan);
    let mut credentials = Vec::new();
    let mut number = 0;
    for (place, phase) in plan.phases.iter().enumerate() {
        for due in Schedule::of(phase).moments() {
            number += 1;
            let arrival = planned.arrival(number).unwrap();
            let issued = BEGINS[place] + u64::try_from(due.as_micros()).unwrap();
            let revoked = arrival.choices.revoked(arrival.lifecycle.revoke);
            let gone = if revoked { issued + 4 * S + 40 * MS } else { issued + LEASE * S + 300 * MS };
            let role = arrival.lifecycle.role.clone();
            let credential = Credential { lifecycle: number, role, phase: PHASES[place], issued, gone };
            first_use(story, &credential, &arrival.lifecycle.name);
            probed(story, &credential);
            renewed(story, &credential, 100 * MS, LEASE, LEASE);
            used_again(story, &credential, revoked);
            credentials.push(credential);
        }
    }
    for role in [ROLE, OTHER] {
        number += 1;
        let issued = BEGINS[0] + 200 * MS;
        let (role, gone) = (role.to_owned(), issued + 340 * MS);
        let credential = Credential { lifecycle: number, role, phase: PHASES[0], issued, gone };
        first_use(story, &credential, if credential.role == ROLE { "app" } else { "batch" });
        renewed(story, &credential, 100 * MS, 90_000, 86_400);
        ends(story, &credential, issued + 300 * MS, Outcome::Ok);
        credentials.push(credential);
    }
    credentials
}

impl Credential {
    fn username(&self) -> Username {
        username(self.lifecycle, &self.role)
    }

    fn lease(&self) -> LeaseId {
        lease(self.lifecycle, &self.role)
    }

    fn seen(&self, from: u64, seconds: u64) -> RoleSeen {
        let valid_until = Some(UnixMicros(EPOCH + (from + (seconds + 5) * S) as i64));
        RoleSeen {
            cluster: String::new(),
            oid: oid(self.lifecycle),
            name: self.username(),
            valid_until,
            login: true,
            password: None,
        }
    }

    fn op(&self, story: &mut Story, op: Operation, start: u64, lasts: u64, outcome: Outcome) {
        self.at(story, op, start, lasts, outcome, None);
    }

    fn logins(&self, story: &mut Story, op: Operation, start: u64, lasts: u64, outcome: &Outcome) {
        for endpoint in ENDPOINTS {
            self.at(story, op, start, lasts, outcome.clone(), Some(endpoint));
        }
    }

    fn at(&self, story: &mut Story, op: Operation, start: u64, lasts: u64, outcome: Outcome, at: Option<&str>) {
        let record = story.operation(self.lifecycle, op, start, start + lasts, outcome);
        (record.role, record.phase) = (self.role.clone(), self.phase.to_owned());
        record.endpoint = at.map(|at| format!("{at}/{}", database(&self.role)));
        record.standby = at == Some(ENDPOINTS[1]);
        record.username = (op != Operation::Issue).then(|| self.username());
    }

    fn read(&self, story: &mut Story, from: u64, role: Option<RoleSeen>) {
        let (from, to) = (Micros(from), Micros(from + MS));
        let read = RoleRead { lifecycle: self.lifecycle, from, to, username: self.username(), role };
        story.add(to.0, Event::RoleRead(read));
    }

    fn reading(&self, story: &mut Story, from: u64) {
        let (from, to, set) = (Micros(from), Micros(from + MS), u32::from(self.role == OTHER));
        let reading = PrivilegeReading {
            cluster: String::new(),
            from,
            to,
            oid: oid(self.lifecycle),
            username: self.username(),
            set,
        };
        story.add(to.0, Event::Privileges(reading));
    }
}

fn first_use(story: &mut Story, credential: &Credential, lifecycle: &str) {
    let at = credential.issued;
    let record = story.operation(credential.lifecycle, Operation::Issue, at, at + 10 * MS, Outcome::Ok);
    (record.role, record.phase) = (credential.role.clone(), credential.phase.to_owned());
    (record.lease, record.username) = (Some(credential.lease()), Some(credential.username()));
    (record.lease_seconds, record.renewable) = (Some(3_600), Some(true));
    record.lifecycle_name = Some(lifecycle.to_owned());
    story.audited(at, credential.lifecycle, &credential.role, credential.lease());
    credential.logins(story, Operation::Login, at + 10 * MS, 9 * MS, &Outcome::Ok);
    credential.read(story, at + 11 * MS, Some(credential.seen(at, 3_600)));
}

fn probed(story: &mut Story, credential: &Credential) {
    let at = credential.issued + 30 * MS;
    let denied = refused_with(leaseproof_domain::FailureSource::Postgres, "28P01", "password authentication failed");
    let place = format!("{}/{}", ENDPOINTS[0], database(&credential.role));
    let record = story.operation(credential.lifecycle, Operation::Refused, at, at + 5 * MS, denied);
    (record.role, record.phase) = (credential.role.clone(), credential.phase.to_owned());
    (record.refused, record.endpoint) = (Some(RefusedRequest::WrongPassword), Some(place));
    record.username = Some(credential.username());
    let mut probe = |number: u64, grant: Grant, expected, outcome| {
        let (from, to) = (Micros(at + (10 + number) * MS), Micros(at + (10 + number) * MS + 10));
        let username = credential.username();
        let (lifecycle, oid) = (credential.lifecycle, Some(oid(credential.lifecycle)));
        let database = database(&credential.role).to_owned();
        story.add(
            to.0,
            Event::Probe(ProbeRecord { lifecycle, from, to, oid, username, database, grant, expected, outcome }),
        );
    };
    use leaseproof_domain::Privilege::{Insert, Select, Update, Usage};
    let table = || story::table("domains");
    probe(0, story::grant(Select, table()), Expected::Promised, story::allowed());
    probe(1, story::grant(Insert, table()), Expected::Promised, story::allowed());
    probe(2, story::grant(Usage, story::sequence()), Expected::Promised, story::allowed());
    let denied = story::refused_probe("permission denied for table domains");
    probe(3, story::grant(Update, table()), Expected::Forbidden, denied);
}

fn renewed(story: &mut Story, credential: &Credential, after: u64, increment: u64, granted: u64) {
    let at = credential.issued + after;
    credential.reading(story, at - 20 * MS);
    let record = story.operation(credential.lifecycle, Operation::Renew, at, at + 10 * MS, Outcome::Ok);
    (record.role, record.phase) = (credential.role.clone(), credential.phase.to_owned());
    (record.lease, record.username) = (Some(credential.lease()), Some(credential.username()));
    (record.increment_seconds, record.lease_seconds) = (Some(increment), Some(granted));
    record.renewable = Some(true);
    credential.read(story, at + 11 * MS, Some(credential.seen(at, granted)));
    credential.reading(story, at + 100 * MS);
}

fn used_again(story: &mut Story, credential: &Credential, revoked: bool) {
    credential.logins(story, Operation::Relogin, credential.issued + 2 * S, 10 * MS, &Outcome::Ok);
    let ended = if revoked {
        let at = credential.issued + 4 * S;
        ends(story, credential, at, Outcome::Ok);
        at + 50 * MS
    } else {
        let at = credential.issued + (LEASE + 1) * S + 120 * MS;
        refused(story, credential, at);
        credential.read(story, at + 20 * MS, None);
        at + 21 * MS
    };
    let from = Micros(ended + 40 * MS);
    let kept = HeldSession {
        lifecycle: credential.lifecycle,
        role: credential.role.clone(),
        username: credential.username(),
        oid: Some(oid(credential.lifecycle)),
        lease: credential.lease(),
        set_role: None,
        since: Micros(ended),
        from,
        to: Micros(from.0 + MS),
        query: refused_with(leaseproof_domain::FailureSource::Postgres, "42501", "permission denied"),
        listed: Some(true),
    };
    story.add(kept.to.0, Event::HeldSession(kept));
}

fn ends(story: &mut Story, credential: &Credential, at: u64, outcome: Outcome) {
    credential.op(story, Operation::Revoke, at, 30 * MS, outcome);
    refused(story, credential, at + 31 * MS);
}

fn refused(story: &mut Story, credential: &Credential, at: u64) {
    let refusal = refused_with(leaseproof_domain::FailureSource::Postgres, "28P01", "password authentication failed");
    credential.logins(story, Operation::DeadLogin, at, 9 * MS, &refusal);
}

/// The observers observe their pace, from before the first phase to after the last one.
fn observations(story: &mut Story, credentials: &[Credential]) {
    let over = BEGINS[1] + ARRIVALS + DRAIN + S;
    let between = |at: u64, pace: u64, moment: u64| moment < at && moment >= at.saturating_sub(pace);
    for at in (1..).map(|number| number * 250 * MS).take_while(|at| *at < over) {
        let shown = |credential: &&Credential| between(at, 250 * MS, credential.issued + 10 * MS);
        let lost = |credential: &&Credential| between(at, 250 * MS, credential.gone);
        // One that exists for less than an observation's pace is never shown.
        let brief = |credential: &&Credential| credential.gone < at;
        let appeared: Vec<&Credential> = credentials.iter().filter(shown).filter(|it| !brief(it)).collect();
        let gone: Vec<&Credential> = credentials.iter().filter(lost).collect();
        let (from, to) = (Micros(at), Micros(at + MS));
        let roles = appeared.iter().map(|it| {
            let renewed = it.issued + 100 * MS < at;
            let seconds = if it.gone < it.issued + S { 86_400 } else { LEASE };
            if renewed { it.seen(it.issued + 100 * MS, seconds) } else { it.seen(it.issued, 3_600) }
        });
        let total = credentials.iter().filter(|it| it.issued + 10 * MS < at && it.gone >= at).count() as u64;
        let oids = gone.iter().map(|it| oid(it.lifecycle)).collect();
        let roles = RoleObservation {
            cluster: String::new(),
            from,
            to,
            appeared: roles.collect(),
            changed: vec![],
            gone: oids,
            total,
        };
        story.add(to.0, Event::Roles(roles));
        let leases = |these: &[&Credential]| these.iter().map(|it| it.lease()).collect();
        let leases = LeaseObservation { from, to, appeared: leases(&appeared), gone: leases(&gone), total };
        story.add(to.0, Event::Leases(leases));
        if at % (500 * MS) == 0 {
            sessions(story, at, credentials);
        }
        if at % S == 0 {
            story.add(to.0, Event::Dependencies(dependencies(at, vec![])));
        }
        if at % (2 * S) == 0 {
            story.add(to.0, Event::Irrevocable(irrevocable(at, vec![])));
        }
    }
}

fn sessions(story: &mut Story, at: u64, credentials: &[Credential]) {
    let session = |number: u32, oid: u32, name: Username| SessionSeen {
        pid: i32::try_from(number).unwrap(),
        started: UnixMicros(1),
        oid,
        name: Some(name),
        application: String::new(),
        encrypted: Some(true),
    };
    let between = |moment: u64| moment < at && moment >= at.saturating_sub(500 * MS);
    let closed = |it: &Credential| it.gone + 2 * S;
    let mut appeared: Vec<SessionSeen> = Vec::new();
    let held = credentials.iter().filter(|it| it.gone > it.issued + S);
    for it in held.clone().filter(|it| between(it.issued + 20 * MS)) {
        appeared.push(session(1_000 + u32::try_from(it.lifecycle).unwrap(), oid(it.lifecycle), it.username()));
    }
    let mut gone: Vec<(i32, UnixMicros)> = held
        .filter(|it| between(closed(it)))
        .map(|it| (1_000 + i32::try_from(it.lifecycle).unwrap(), UnixMicros(1)))
        .collect();
    for (place, begins) in RENDERED.into_iter().enumerate() {
        let number = place as u32 + 1;
        if between(begins + 200 * MS) {
            appeared.push(session(10 + number, 900 + number, agent(number)));
        }
        if place + 1 < RENDERED.len() && between(RENDERED[place + 1] + 600 * MS) {
            gone.push((10 + number as i32, UnixMicros(1)));
        }
    }
    let accounts = if at == 500 * MS { vec![session(9, 10_001, Username::new("vaultuser"))] } else { vec![] };
    let (from, to) = (Micros(at), Micros(at + MS));
    story.add(
        to.0,
        Event::Sessions(SessionObservation { cluster: String::new(), from, to, appeared, gone, total: 0, accounts }),
    );
}

/// When the DNS server's configuration is rendered.
const RENDERED: [u64; 12] =
    [600 * MS, 6 * S, 12 * S, 18 * S, 24 * S, 30 * S, 36 * S, 42 * S, 48 * S, 54 * S, 60 * S, 66 * S];

fn agent(number: u32) -> Username {
    Username::new(format!("v-agent-{number}"))
}

fn live_dns(story: &mut Story) {
    let pdns = story.plan.pdns.clone().unwrap();
    let mut add = |at: u64, event: DnsEvent| _ = story.add(at, Event::Dns(event));
    for (place, at) in RENDERED.into_iter().enumerate() {
        let number = place as u32 + 1;
        let lease = Some(LeaseId::new(format!("database/creds/{ROLE}/agent-{number}")));
        let (from, to, role) = (Micros(at - 20 * MS), Micros(at), ROLE.to_owned());
        add(at, DnsEvent::Rendered(Rendering { number, from, to, role, username: agent(number), lease }));
    }
    for path in pdns.refused_paths("database") {
        let denied = refused_with(leaseproof_domain::FailureSource::Vault, "403", "permission denied");
        let (start, end) = (Micros(S), Micros(S + MS));
        add(end.0, DnsEvent::Policy(PolicyProbe { path, start, end, outcome: denied }));
    }
    let over = BEGINS[1] + ARRIVALS + DRAIN;
    for at in (10..).map(|tenth| tenth * 100 * MS).take_while(|at| *at < over) {
        let answer = DnsAnswer::Code { rcode: "NOERROR".into(), records: 1 };
        let (start, end) = (Micros(at), Micros(at + MS));
        add(end.0, DnsEvent::Query(DnsQuery { intended: start, start, end, answer }));
        if at % S == 0 {
            for (change, start) in [(ZoneChange::Create, at), (ZoneChange::Delete, at + 10 * MS)] {
                let (start, end) = (Micros(start), Micros(start + 5 * MS));
                let (name, outcome, shown) = ("x.example.test.".to_owned(), ZoneOutcome::Done, Some(true));
                add(end.0, DnsEvent::Write(ZoneWrite { change, name, start, end, outcome, shown }));
            }
        }
    }
}

/// What a run has beside its credentials.
trait Surroundings {
    fn surroundings_of_many(&mut self);
    fn audited(&mut self, at: u64, lifecycle: u64, role: &str, lease: LeaseId);
}

impl Surroundings for Story {
    fn surroundings_of_many(&mut self) {
        let good = Story::good().events();
        let kept = |event: &&Event| {
            matches!(event, Event::Clock(_) | Event::Baseline(_) | Event::LeasesBefore { .. } | Event::Account(_))
        };
        for event in good.iter().filter(kept) {
            let at = if let Event::Clock(reading) = event { reading.at.0 } else { 150 };
            self.add(at, event.clone());
        }
        self.add(120, Event::PrivilegeSet { id: 0, set: privileges() });
        let orders = PrivilegeSet { database: database(OTHER).into(), ..privileges() };
        self.add(120, Event::PrivilegeSet { id: 1, set: orders });
        for role in [ROLE, OTHER] {
            let (cluster, database) = ("target".to_owned(), database(role).to_owned());
            let objects = vec![story::table("domains"), story::sequence(), story::schema()];
            self.add(120, Event::Objects { at: Micros(120), cluster, database, objects });
            for kind in RefusedRequest::ALL {
                let denied = refused_with(leaseproof_domain::FailureSource::Vault, "403", "permission denied");
                let record = self.operation(0, Operation::Refused, 300 * MS, 301 * MS, denied);
                (record.role, record.refused) = (role.to_owned(), Some(kind));
            }
        }
        for (place, name) in PHASES.into_iter().enumerate() {
            let points = [
                (BEGINS[place], PhasePoint::Begins),
                (BEGINS[place] + ARRIVALS, PhasePoint::Drains),
                (BEGINS[place] + ARRIVALS + DRAIN, PhasePoint::Ends),
            ];
            for (at, point) in points {
                self.add(at, Event::Phase(PhaseMark { phase: name.into(), point, at: Micros(at) }));
            }
        }
        self.residue(75 * S, false, vec![], vec![]);
        self.residue(76 * S, true, vec![], vec![]);
        for source in ["vault", "postgres.target.1", "postgres.target.2", "audit"] {
            self.add(77 * S, Event::LogRead { source: source.into(), lines: 100, complete: true });
        }
    }

    fn audited(&mut self, at: u64, lifecycle: u64, role: &str, lease: LeaseId) {
        for response in [false, true] {
            let entry = leaseproof_domain::AuditEntry {
                time: UnixMicros(EPOCH + at as i64),
                response,
                request: format!("issue-{lifecycle}"),
                operation: "read".into(),
                path: format!("database/creds/{role}"),
                lease: response.then(|| lease.clone()),
                error: false,
            };
            self.add(at + 20 * MS, Event::Audit(entry));
        }
    }
}
