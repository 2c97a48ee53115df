//! A long, sound run with as many lifecycles as one likes, made up event by event: what speed and memory are measured on.

use leaseproof_domain::{
    AccountReading, AuditEntry, Baseline, ClockReading, DependencyObservation, End, EndReason, Event, FORMAT_VERSION,
    FailureSource, Header, IrrevocableObservation, LeaseId, LeaseObservation, Micros, Operation, OperationRecord,
    OtherLeases, Outcome, PrivilegeReading, RefusedRequest, RoleAttributes, RoleObservation, RoleRead, RoleSeen,
    SessionObservation, SessionSeen, Span, UnixMicros, Username,
};

use crate::story::{self, EPOCH, MS, ROLE, S};

/// One lifecycle begins every so often: a hundred a second.
const EVERY: u64 = 10 * MS;
/// Observations of all roles and of all leases come once in so many lifecycles.
const OBSERVATIONS: u64 = 50;
/// After so many lifecycles more a lifecycle is renewed, for as many seconds as follow until its lease ends.
const RENEWED: u64 = 100;
/// After so many lifecycles more a lifecycle is revoked.
const REVOKED: u64 = 400;
/// What a renewal asks for.
const INCREMENT: u64 = 8;

/// Every event of a run of so many lifecycles, in order of time: issue, observations, login, privileges, renewal, revocation and
/// refused login of each, with Vault's audit entries.
pub fn events(lifecycles: u64) -> impl Iterator<Item = Event> {
    // The observations after the last lifecycle's end have to come too.
    let ticks = (lifecycles + REVOKED).div_ceil(OBSERVATIONS) * OBSERVATIONS + OBSERVATIONS;
    let body = (0..=ticks).flat_map(move |tick| moment(tick, lifecycles));
    start().into_iter().chain(body).chain(end((ticks + 2) * EVERY + S))
}

fn start() -> Vec<Event> {
    let header = Header {
        format: FORMAT_VERSION,
        leaseproof: "0.1.0".into(),
        run: "20261122T225801Z-3f2a".into(),
        scenario: "powerdns".into(),
        seed: 1,
        epoch: UnixMicros(EPOCH),
    };
    let attributes = RoleAttributes { createrole: true, login: true, inherit: true, ..RoleAttributes::default() };
    let mut events = vec![
        Event::Header(header),
        clock(0, "vault"),
        clock(0, "postgres.target"),
        Event::Baseline(Baseline { at: Micros(100), cluster: "target".into(), roles: vec![] }),
        Event::LeasesBefore { at: Micros(105), leases: vec![], others: Some(OtherLeases::default()), gone: vec![] },
        Event::Account(AccountReading { at: Micros(110), account: "vaultuser".into(), attributes: Some(attributes) }),
        Event::Objects {
            at: Micros(120),
            cluster: "target".into(),
            database: "powerdns".into(),
            objects: vec![story::table("domains"), story::sequence(), story::schema()],
        },
        Event::PrivilegeSet { id: 0, set: story::privileges() },
    ];
    for kind in RefusedRequest::ALL {
        let denied = story::refused_with(FailureSource::Vault, "403", "permission denied");
        let mut record = operation(0, Operation::Refused, 200, 900, denied);
        record.refused = Some(kind);
        events.push(Event::Operation(record));
    }
    events
}

fn end(at: u64) -> Vec<Event> {
    let residue = |from: u64, released| Event::Residue {
        from: Micros(from),
        to: Micros(from + MS),
        released,
        roles: vec![],
        leases: vec![],
        shrinking: false,
    };
    let mut events = vec![residue(at, false), residue(at + S, true), clock(at + S, "vault")];
    events.push(clock(at + S, "postgres.target"));
    for source in ["vault", "postgres.target", "audit"] {
        events.push(Event::LogRead { source: source.into(), lines: 100, complete: true });
    }
    events.push(Event::End(End::new(Micros(at + 2 * S), EndReason::Completed)));
    events
}

/// What happens from one lifecycle's beginning to the next one's.
fn moment(tick: u64, lifecycles: u64) -> Vec<Event> {
    let at = S + tick * EVERY;
    let mut events = Vec::with_capacity(16);
    if tick.is_multiple_of(OBSERVATIONS) {
        observation(tick, at, lifecycles, &mut events);
    }
    if tick < lifecycles {
        begins(tick + 1, at + MS, &mut events);
    }
    if let Some(lifecycle) = tick.checked_sub(RENEWED).filter(|lifecycle| *lifecycle < lifecycles) {
        renewed(lifecycle + 1, at + 3 * MS, &mut events);
    }
    if let Some(lifecycle) = tick.checked_sub(REVOKED).filter(|lifecycle| *lifecycle < lifecycles) {
        ends(lifecycle + 1, at + 5 * MS, &mut events);
    }
    events
}

/// The observations of all roles and leases: they tell what changed since the last ones.
fn observation(tick: u64, at: u64, lifecycles: u64, events: &mut Vec<Event>) {
    let begun = |tick: u64| tick.min(lifecycles);
    let over = |tick: u64| tick.saturating_sub(REVOKED).min(lifecycles);
    let before = tick.saturating_sub(OBSERVATIONS);
    let issued = (begun(before)..begun(tick)).map(|lifecycle| lifecycle + 1);
    let gone = (over(before)..over(tick)).map(|lifecycle| lifecycle + 1);
    let total = begun(tick) - over(tick);
    let appeared = issued.clone().map(|lifecycle| seen(lifecycle, at)).collect();
    let (from, to) = (Micros(at), Micros(at + 200));
    let oids = gone.clone().map(oid).collect();
    sessions(tick, at, issued.clone(), gone.clone(), total, events);
    events.push(Event::Roles(RoleObservation {
        cluster: String::new(),
        from,
        to,
        appeared,
        changed: vec![],
        gone: oids,
        total,
    }));
    let (appeared, gone) = (issued.map(lease).collect(), gone.map(lease).collect());
    let (from, to) = (Micros(at + 300), Micros(at + 500));
    events.push(Event::Leases(LeaseObservation { from, to, appeared, gone, total }));
    events.push(Event::Dependencies(DependencyObservation {
        cluster: String::new(),
        from,
        to,
        dangling: vec![],
        roles: total,
        rows: 13 * total,
    }));
    events.push(Event::Irrevocable(IrrevocableObservation { from, to, appeared: vec![], gone: vec![], total: 0 }));
}

/// Each credential has an encrypted session for as long as it is there, and Vault one from the first observation on.
fn sessions(
    tick: u64,
    at: u64,
    issued: impl Iterator<Item = u64>,
    gone: impl Iterator<Item = u64>,
    total: u64,
    events: &mut Vec<Event>,
) {
    let session = |oid: u32, name: Username| SessionSeen {
        pid: i32::try_from(oid).unwrap(),
        started: UnixMicros(1),
        oid,
        name: Some(name),
        application: String::new(),
        encrypted: Some(true),
    };
    let vault = (tick == 0).then(|| session(10, Username::new("vaultuser")));
    events.push(Event::Sessions(SessionObservation {
        cluster: String::new(),
        from: Micros(at),
        to: Micros(at + 200),
        appeared: issued.map(|lifecycle| session(oid(lifecycle), username(lifecycle))).collect(),
        gone: gone.map(|lifecycle| (i32::try_from(oid(lifecycle)).unwrap(), UnixMicros(1))).collect(),
        total,
        accounts: vault.into_iter().collect(),
    }));
}

fn begins(lifecycle: u64, at: u64, events: &mut Vec<Event>) {
    let mut issue = operation(lifecycle, Operation::Issue, at, at + 400, Outcome::Ok);
    issue.lease = Some(lease(lifecycle));
    issue.username = Some(username(lifecycle));
    issue.lease_seconds = Some(3600);
    issue.renewable = Some(true);
    events.push(Event::Operation(issue));
    events.extend(audited(lifecycle, at, "read", "database/creds/app-role", true));
    let mut login = operation(lifecycle, Operation::Login, at + 500, at + 900, Outcome::Ok);
    login.endpoint = Some("127.0.0.1:5432/powerdns".into());
    events.push(Event::Operation(login));
    events.push(role_read(lifecycle, at + 500, at, 3605));
    let (from, to) = (Micros(at + 1_000), Micros(at + 1_200));
    events.push(Event::Privileges(PrivilegeReading {
        cluster: String::new(),
        from,
        to,
        oid: oid(lifecycle),
        username: username(lifecycle),
        set: 0,
    }));
}

fn renewed(lifecycle: u64, at: u64, events: &mut Vec<Event>) {
    // One lifecycle asks for more than the maximum TTL, and is granted what is left of it.
    let (asked, granted) = if lifecycle == 1 { (90_000, 86_399) } else { (INCREMENT, INCREMENT) };
    let mut renewal = operation(lifecycle, Operation::Renew, at, at + 300, Outcome::Ok);
    renewal.lease = Some(lease(lifecycle));
    renewal.increment_seconds = Some(asked);
    renewal.lease_seconds = Some(granted);
    renewal.renewable = Some(true);
    events.push(Event::Operation(renewal));
    events.extend(audited(lifecycle, at, "update", "sys/leases/renew", true));
    events.push(role_read(lifecycle, at + 400, at, granted + 5));
    let (from, to) = (Micros(at + 600), Micros(at + 650));
    events.push(Event::Privileges(PrivilegeReading {
        cluster: String::new(),
        from,
        to,
        oid: oid(lifecycle),
        username: username(lifecycle),
        set: 0,
    }));
    events.push(Event::Operation(operation(lifecycle, Operation::Relogin, at + 700, at + 900, Outcome::Ok)));
}

fn ends(lifecycle: u64, at: u64, events: &mut Vec<Event>) {
    events.push(Event::Operation(operation(lifecycle, Operation::Revoke, at, at + 600, Outcome::Ok)));
    events.extend(audited(lifecycle, at, "update", "sys/leases/revoke", false));
    let refusal = story::refused_with(FailureSource::Postgres, "28P01", "password authentication failed");
    events.push(Event::Operation(operation(lifecycle, Operation::DeadLogin, at + 700, at + 900, refusal)));
}

fn operation(lifecycle: u64, op: Operation, start: u64, end: u64, outcome: Outcome) -> OperationRecord {
    let (start, end) = (Micros(start), Micros(end));
    let mut record = OperationRecord::new(lifecycle, ROLE, "steady", op, Span { intended: start, start, end }, outcome);
    if lifecycle > 0 && op != Operation::Issue {
        record.username = Some(username(lifecycle));
    }
    record
}

fn audited(lifecycle: u64, at: u64, operation: &str, path: &str, answered: bool) -> [Event; 2] {
    [false, true].map(|response| {
        Event::Audit(AuditEntry {
            time: UnixMicros(EPOCH + at as i64),
            response,
            request: format!("5f2b9c1e-0000-4000-8000-{lifecycle:012}"),
            operation: operation.into(),
            path: path.into(),
            lease: (response && answered).then(|| lease(lifecycle)),
            error: false,
        })
    })
}

fn role_read(lifecycle: u64, from: u64, sent: u64, seconds: u64) -> Event {
    let role = RoleSeen {
        cluster: String::new(),
        oid: oid(lifecycle),
        name: username(lifecycle),
        valid_until: Some(UnixMicros(EPOCH + (sent + seconds * S) as i64)),
        login: true,
        password: None,
    };
    let (from, to) = (Micros(from), Micros(from + 200));
    Event::RoleRead(RoleRead { lifecycle, from, to, username: username(lifecycle), role: Some(role) })
}

/// The role of a lifecycle as the observation shows it that comes within half a second of its issue.
fn seen(lifecycle: u64, observation: u64) -> RoleSeen {
    let issued = S + (lifecycle - 1) * EVERY + MS;
    debug_assert!(issued < observation, "an observation shows no role that was not made");
    RoleSeen {
        cluster: String::new(),
        oid: oid(lifecycle),
        name: username(lifecycle),
        valid_until: Some(UnixMicros(EPOCH + (issued + 3605 * S) as i64)),
        login: true,
        password: None,
    }
}

fn clock(at: u64, server: &str) -> Event {
    let reading = ClockReading { at: Micros(at), server: server.into(), offset: 0, uncertainty: 20 * MS as i64 };
    Event::Clock(reading)
}

fn lease(lifecycle: u64) -> LeaseId {
    LeaseId::new(format!("database/creds/{ROLE}/{:A>24}", lifecycle))
}

fn username(lifecycle: u64) -> Username {
    Username::new(format!("v-token-le-app-role-{:0>20}-1700000000", format!("u{lifecycle}")))
}

fn oid(lifecycle: u64) -> u32 {
    16_384 + u32::try_from(lifecycle).expect("fewer lifecycles than there are OIDs")
}
