//! DNS-1 to DNS-4: a live DNS server on an issued credential.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use leaseproof_domain::{
    DnsAnswer, DnsEvent, DnsQuery, Event, FailureSource, LeaseId, Micros, Outcome, PolicyProbe, Quantity, Rendering,
    SessionObservation, SessionSeen, Ttl, UnixMicros, Username, ZoneChange, ZoneOutcome, ZoneWrite,
};
use leaseproof_history::ReadEnd;
use leaseproof_scenario::{AfterRendering, PdnsPlan, Promised};

use crate::story::{MS, ROLE, S, Story, line, no_answer, refused_with, seen, wall};

const ALL: [&str; 4] = ["DNS-1", "DNS-2", "DNS-3", "DNS-4"];

fn promised<T>(value: T, at: u32) -> Promised<T> {
    Promised { value, origin: line(at) }
}

pub(crate) fn plan() -> PdnsPlan {
    PdnsPlan {
        role: ROLE.to_owned(),
        template: String::new(),
        env: BTreeMap::new(),
        policies: promised(vec!["agent".to_owned()], 72),
        forbidden: vec![],
        after_rendering: AfterRendering::Cycle,
        zone: "example.test.".to_owned(),
        name: "www.example.test.".to_owned(),
        record_type: "A".to_owned(),
        answers: promised("NOERROR".to_owned(), 73),
        rate: 10.0,
        timeout: Ttl::from_secs(1),
        cycle_within: promised(Ttl::from_secs(3), 74),
        write_every: Some(promised(Ttl::from_secs(1), 75)),
        origin: line(70),
    }
}

fn user(number: u32) -> Username {
    Username::new(format!("v-agent-{number}"))
}

fn query(at: u64, answer: DnsAnswer) -> Event {
    Event::Dns(DnsEvent::Query(DnsQuery { intended: Micros(at), start: Micros(at), end: Micros(at + MS), answer }))
}

fn code(rcode: &str) -> DnsAnswer {
    DnsAnswer::Code { rcode: rcode.to_owned(), records: u64::from(rcode == "NOERROR") }
}

fn silence() -> DnsAnswer {
    DnsAnswer::None { why: "no answer within 1000 ms".to_owned() }
}

fn session(number: u32, from: u64, named: bool) -> SessionSeen {
    SessionSeen {
        pid: i32::try_from(number).unwrap(),
        started: UnixMicros(i64::try_from(from).unwrap()),
        oid: 900 + number,
        name: named.then(|| user(number)),
        application: String::new(),
        encrypted: Some(false),
    }
}

/// What a live DNS server adds to a run.
trait Dns {
    fn rendered(&mut self, number: u32, at: u64);
    fn asked_dns(&mut self, at: u64, answer: DnsAnswer);
    fn session_observation(&mut self, from: u64, appeared: Vec<SessionSeen>, gone: Vec<SessionSeen>);
    fn wrote(&mut self, at: u64, change: ZoneChange, outcome: ZoneOutcome, shown: Option<bool>);
    fn policy(&mut self, at: u64, path: &str, outcome: Outcome);
}

impl Dns for Story {
    fn rendered(&mut self, number: u32, at: u64) {
        let rendering = Rendering {
            number,
            from: Micros(at - 20 * MS),
            to: Micros(at),
            role: ROLE.to_owned(),
            username: user(number),
            lease: Some(LeaseId::new(format!("database/creds/{ROLE}/agent-{number}"))),
        };
        self.add(at, Event::Dns(DnsEvent::Rendered(rendering)));
    }

    fn asked_dns(&mut self, at: u64, answer: DnsAnswer) {
        self.add(at + MS, query(at, answer));
    }

    fn session_observation(&mut self, from: u64, appeared: Vec<SessionSeen>, gone: Vec<SessionSeen>) {
        let gone = gone.iter().map(|session| (session.pid, session.started)).collect();
        let (from, to) = (Micros(from), Micros(from + MS));
        self.add(
            to.0,
            Event::Sessions(SessionObservation {
                cluster: String::new(),
                from,
                to,
                appeared,
                gone,
                total: 0,
                accounts: vec![],
            }),
        );
    }

    fn wrote(&mut self, at: u64, change: ZoneChange, outcome: ZoneOutcome, shown: Option<bool>) {
        let (start, end) = (Micros(at), Micros(at + 5 * MS));
        let write = ZoneWrite { change, name: "x.example.test.".to_owned(), start, end, outcome, shown };
        self.add(end.0, Event::Dns(DnsEvent::Write(write)));
    }

    fn policy(&mut self, at: u64, path: &str, outcome: Outcome) {
        let probe = PolicyProbe { path: path.to_owned(), start: Micros(at), end: Micros(at + MS), outcome };
        self.add(at + MS, Event::Dns(DnsEvent::Policy(probe)));
    }
}

fn denied() -> Outcome {
    refused_with(FailureSource::Vault, "403", "permission denied")
}

/// Rendered at 1 s and at 10 s, taken into use at once, asked every tenth of a second up to 20 s; the change has an impact from
/// 10.0 to 11.3 s.
fn live() -> Story {
    let mut story = Story::empty().asking(&ALL);
    story.plan.pdns = Some(plan());
    story.rendered(1, S);
    for path in plan().refused_paths("database") {
        story.policy(S, &path, denied());
    }
    for tenth in 10..200 {
        let lost = (100..114).contains(&tenth);
        story.asked_dns(tenth * 100 * MS, if lost { silence() } else { code("NOERROR") });
    }
    story.rendered(2, 10 * S);
    let (old, new) = (session(1, S, true), session(2, 11 * S, true));
    for half in 2..40 {
        let from = half * 500 * MS;
        let appeared = match half {
            3 => vec![old.clone()],
            24 => vec![new.clone()],
            _ => vec![],
        };
        story.session_observation(from, appeared, if half == 22 { vec![old.clone()] } else { vec![] });
    }
    story.wrote(6 * S, ZoneChange::Create, ZoneOutcome::Done, Some(true));
    story.wrote(7 * S, ZoneChange::Delete, ZoneOutcome::Done, Some(true));
    story
}

#[test]
fn a_server_that_changes_its_credential_in_time_passes_and_its_figures_are_reported() {
    let story = live();
    ALL.iter().for_each(|check| story.passes(check));
    let observed = story.judged().verdicts.observed;
    let dns = observed.dns.unwrap();
    assert_eq!((dns.queries, dns.answered, dns.renderings, dns.switches, dns.writes), (190, 176, 2, 1, 2));
    assert_eq!((dns.inside, dns.outside), (vec![("no answer".to_owned(), 14)], vec![]));
    assert_eq!((dns.impact.count, dns.impact.censored, dns.impact.max), (1, 0, 1_301_000));
    // A question without an answer is part of the distribution.
    assert_eq!((dns.response.count, dns.response.censored), (190, 14));
    assert_eq!(dns.response.at_least, [Quantity::P99, Quantity::P999, Quantity::Max]);
    assert_snapshot!(story.judgment("DNS-1").notes[0], @"14 other results within 3s of a rendering or inside a fault window; not judged");
    // From 1 s to 4 s and from 9.98 s to 13 s nothing is judged.
    assert_eq!(story.judgment("DNS-1").samples, 190 - 31 - 31);
}

#[test]
fn a_change_after_which_no_question_is_answered_has_an_impact_longer_than_was_seen() {
    let mut story = live();
    story = story.each(|event| {
        if let Event::Dns(DnsEvent::Query(query)) = event
            && query.start.0 >= 10 * S
        {
            query.answer = silence();
        }
    });
    let dns = story.judged().verdicts.observed.dns.unwrap();
    assert_eq!((dns.impact.count, dns.impact.censored), (1, 1));
}

#[test]
fn dns_1_fails_on_another_code_or_none_outside_of_a_change() {
    let at = |moment: u64, answer: DnsAnswer| live().with(|story| story.asked_dns(moment, answer));
    let findings = at(15 * S, code("SERVFAIL")).fails("DNS-1");
    assert_snapshot!(findings[0].what, @"the query www.example.test. A: expected NOERROR, got SERVFAIL, 5.000 s after the configuration was rendered with v-agent-2");
    assert_eq!((findings[0].code.as_deref(), &findings[0].username), (Some("SERVFAIL"), &Some(user(2))));
    assert_snapshot!(at(8 * S, silence()).fails("DNS-1")[0].what, @"the query www.example.test. A: expected NOERROR, got no answer (no answer within 1000 ms), 7.000 s after the configuration was rendered with v-agent-1");
    // The last moment of the window, and the first after it.
    at(13 * S, code("SERVFAIL")).passes("DNS-1");
    at(13 * S + 1, code("SERVFAIL")).fails("DNS-1");
    // It was answered as the change began.
    at(9_979 * MS, code("SERVFAIL")).passes("DNS-1");
    at(9_978 * MS, code("SERVFAIL")).fails("DNS-1");
}

#[test]
fn dns_1_judges_the_code_that_is_promised() {
    let mut story = live();
    story.plan.pdns.as_mut().unwrap().answers.value = "NXDOMAIN".to_owned();
    assert_eq!(story.fails("DNS-1").len(), 20);
}

#[test]
fn dns_1_accuses_nobody_by_the_last_second_of_a_history_that_broke_off() {
    // Its rendering may be the next line.
    let cut = |moment: u64| {
        let mut story = live().with(|story| story.asked_dns(moment, code("SERVFAIL")));
        story.ended = ReadEnd::CutOff { why: "after some events".into() };
        story.without(|event| matches!(event, Event::End(_)))
    };
    cut(15 * S).fails("DNS-1");
    cut(19_800 * MS).unknown("DNS-1");
}

#[test]
fn dns_2_fails_where_the_new_credential_is_not_used_or_the_old_one_stays() {
    let gone = |event: &Event| matches!(event, Event::Sessions(observation) if !observation.gone.is_empty());
    let findings = live().without(gone).fails("DNS-2");
    assert_eq!(findings.len(), 1);
    assert_snapshot!(findings[0].what, @"3s after the configuration was rendered with v-agent-2 a session of v-agent-1, rendered before, is still open");
    let dropped = live().without(gone).with(|story| {
        // The old role was dropped: its session has no name any more, and stays its session.
        story.session_observation(12 * S, vec![session(1, S, false)], vec![]);
    });
    assert_eq!(dropped.fails("DNS-2").len(), 1);
    let unused = live().each(|event| {
        if let Event::Sessions(observation) = event {
            observation.appeared.retain(|session| session.name != Some(user(2)));
        }
    });
    assert_snapshot!(unused.fails("DNS-2")[0].what, @"the configuration was rendered with v-agent-2, but PostgreSQL had no session of it within 3s");
}

#[test]
fn dns_2_does_not_judge_a_change_that_the_next_one_or_the_end_cut_short() {
    let stays = |event: &Event| matches!(event, Event::Sessions(observation) if !observation.gone.is_empty());
    let why =
        "no rendering after the first one was followed by an observation of the sessions before the next rendering";
    let asked_until = |seconds: u64| move |event: &Event| matches!(event, Event::Dns(DnsEvent::Query(query)) if query.start.0 > seconds * S);
    let followed = live().without(stays).without(asked_until(18)).with(|story| story.rendered(3, 14 * S));
    assert_eq!(followed.unknown("DNS-2"), why);
    assert_eq!(live().without(stays).without(asked_until(14)).unknown("DNS-2"), why);
}

#[test]
fn dns_3_fails_where_a_record_cannot_be_written_or_does_not_show() {
    let wrote = |outcome: ZoneOutcome, shown: Option<bool>| {
        live().with(|story| story.wrote(8 * S, ZoneChange::Create, outcome, shown))
    };
    let refused = || ZoneOutcome::Refused { status: 500, message: "permission denied for table records".to_owned() };
    let findings = wrote(refused(), None).fails("DNS-3");
    assert_snapshot!(findings[0].what, @"creating x.example.test. was rejected with HTTP 500: permission denied for table records");
    assert_eq!(findings[0].code.as_deref(), Some("500"));
    assert_snapshot!(wrote(ZoneOutcome::Done, Some(false)).fails("DNS-3")[0].what, @"creating x.example.test. was acknowledged, but a query shows that it does not exist");
    assert_snapshot!(wrote(ZoneOutcome::NoAnswer { why: "refused".to_owned() }, None).fails("DNS-3")[0].what, @"creating x.example.test. had no answer (refused)");
    // Whether it is there nobody could see: the server acknowledged it.
    wrote(ZoneOutcome::Done, None).passes("DNS-3");
    live().with(|story| story.wrote(11 * S, ZoneChange::Create, refused(), None)).passes("DNS-3");
    let none = live().without(|event| matches!(event, Event::Dns(DnsEvent::Write(_))));
    assert_eq!(none.unknown("DNS-3"), "no zone change was tried outside the windows after renderings");
}

#[test]
fn dns_4_fails_where_anything_else_is_granted() {
    let tried = |outcome: Outcome| live().with(|story| story.policy(2 * S, "sys/auth", outcome));
    assert_snapshot!(tried(Outcome::Ok).fails("DNS-4")[0].what, @"reading sys/auth with the agent's token: expected HTTP 403, got access");
    let missing = refused_with(FailureSource::Vault, "404", "no such path");
    assert_snapshot!(tried(missing).fails("DNS-4")[0].what, @"reading sys/auth with the agent's token: expected HTTP 403, got HTTP 404: no such path");
    assert_eq!(tried(no_answer()).unknown("DNS-4"), "the request for sys/auth had no answer: timed out");
}

#[test]
fn nothing_seen_is_unknown() {
    let mut story = Story::empty().asking(&ALL);
    story.plan.pdns = Some(plan());
    assert_eq!(story.unknown("DNS-1"), "no query was sent outside the windows after renderings");
    story.unknown("DNS-2");
    story.unknown("DNS-3");
    assert_eq!(story.unknown("DNS-4"), "the agent rendered nothing: its policy may not even allow its own credentials");
}

#[test]
fn a_rendered_credential_is_nobodys_orphan_while_it_stands_and_one_that_stays_is_left_over() {
    let mut role = seen(9, wall(40));
    role.name = user(1);
    let story = || {
        let mut story = Story::good().asking(&["INV-3", "RUN-2"]).with(|story| {
            story.rendered(1, S);
            story.observation(2 * S, vec![role.clone()], vec![]);
        });
        story.plan.pdns = Some(plan());
        story
    };
    story().passes("INV-3");
    // The agent had one more under way when its token was taken away, and no two.
    let mut next = seen(10, wall(40));
    next.name = user(2);
    let mut more = seen(11, wall(40));
    more.name = user(3);
    let under_way = story().with(|story| story.observation(15 * S, vec![next.clone()], vec![]));
    under_way.passes("INV-3");
    let two = under_way.with(|story| story.observation(15 * S + 10 * MS, vec![more], vec![]));
    assert_eq!(two.fails("INV-3")[0].username, Some(user(3)));
    let without = story().without(|event| matches!(event, Event::Dns(_)));
    assert_eq!(without.fails("INV-3")[0].username, Some(user(1)));
    let left = |released: bool| {
        story().each(|event| {
            if let Event::Residue { released: of, roles, .. } = event
                && *of == released
            {
                roles.push(role.clone());
            }
        })
    };
    left(false).passes("RUN-2");
    assert_eq!(left(true).fails("RUN-2")[0].username, Some(user(1)));
}
