//! PRB-1 and PRB-2: what was tried out as the credential.

use insta::assert_snapshot;
use leaseproof_domain::{
    Event, Expected, GrantedTo, Object, ObjectKind, Privilege, PrivilegeSet, ProbeOutcome, ProbeRecord, Why,
};
use leaseproof_scenario::Promised;

use crate::story::{MS, S, Story, allowed, column, direct, grant, line, privileges, refused_probe, sequence, table};

/// The outcome of each probe of that privilege on public.domains is changed.
fn turned_out(privilege: Privilege, outcome: &ProbeOutcome) -> Story {
    Story::good().each(|event| {
        if let Event::Probe(probe) = event
            && probe.grant == grant(privilege, table("domains"))
        {
            probe.outcome = outcome.clone();
        }
    })
}

fn reported(story: &Story, check: &str) -> String {
    let finding = |finding: leaseproof_domain::Finding| {
        let line = finding.promised.map_or("-".to_owned(), |origin| origin.line.to_string());
        let code = finding.code.unwrap_or_default();
        format!("[{}] {code} {} (line {line})", finding.privilege.unwrap_or_default(), finding.what)
    };
    story.fails(check).into_iter().map(finding).collect::<Vec<_>>().join("\n")
}

fn blocked() -> ProbeOutcome {
    ProbeOutcome::Blocked { sqlstate: "42501".into(), message: "permission denied for schema public".into() }
}

fn unproved(why: &str) -> ProbeOutcome {
    ProbeOutcome::Unproved { why: why.into() }
}

fn is_probe(event: &Event) -> bool {
    matches!(event, Event::Probe(_))
}

#[test]
fn a_promised_privilege_that_is_refused_fails_with_the_servers_words() {
    let refused = refused_probe("permission denied for table domains");
    assert_snapshot!(reported(&turned_out(Privilege::Insert, &refused), "PRB-1"), @"[INSERT ON TABLE public.domains] 42501 v-token-le-app-role-000000000000000000u1-1700000001 cannot use INSERT ON TABLE public.domains, which is promised (42501): permission denied for table domains (line 34)");
    // Out of reach is as good as refused.
    assert_snapshot!(reported(&turned_out(Privilege::Select, &blocked()), "PRB-1"), @"[SELECT ON TABLE public.domains] 42501 v-token-le-app-role-000000000000000000u1-1700000001 cannot use SELECT ON TABLE public.domains, which is promised (42501): permission denied for schema public (line 34)");
}

#[test]
fn a_privilege_that_is_not_promised_and_works_fails() {
    assert_snapshot!(reported(&turned_out(Privilege::Update, &allowed()), "PRB-1"), @"[UPDATE ON TABLE public.domains]  v-token-le-app-role-000000000000000000u1-1700000001 can use UPDATE ON TABLE public.domains, which is not promised (line 33)");
    turned_out(Privilege::Update, &blocked()).passes("PRB-1");
}

#[test]
fn an_owner_can_use_all_that_it_is_promised_to_own() {
    let owning = |object| {
        let mut story = turned_out(Privilege::Update, &allowed());
        story.plan.roles[0].owns = vec![Promised { value: object, origin: line(36) }];
        story
    };
    owning(table("domains")).passes("PRB-1");
    owning(table("records")).fails("PRB-1");
    let database = || Object { kind: ObjectKind::Database, schema: None, name: "powerdns".into(), column: None };
    owning(database()).fails("PRB-1");
    let schema = |name: &str| Object { kind: ObjectKind::Schema, schema: None, name: name.into(), column: None };
    let creates = |name: &str| {
        let mut story = Story::good().with(|story| {
            story.probe(1, 3 * S, Privilege::Create, schema(name), Expected::Forbidden, allowed());
        });
        story.plan.roles[0].owns = vec![Promised { value: database(), origin: line(36) }];
        story
    };
    creates("public").passes("PRB-1");
    creates("other").fails("PRB-1");
}

#[test]
fn a_refusal_after_the_end_says_nothing_and_a_success_still_does() {
    // Lifecycle 1 is revoked from 4 s on.
    let late = |expected, outcome: ProbeOutcome| {
        Story::good().with(|story| story.probe(1, 4 * S + MS, Privilege::Delete, table("domains"), expected, outcome))
    };
    let denied = || refused_probe("permission denied for table domains");
    late(Expected::Promised, denied()).passes("PRB-1");
    late(Expected::Promised, blocked()).passes("PRB-1");
    assert_eq!(late(Expected::Forbidden, allowed()).fails("PRB-1").len(), 1);
    let samples = |story: Story| story.judgment("PRB-1").samples;
    assert_eq!(samples(late(Expected::Forbidden, denied())), samples(Story::good()));
    // In time, it counts.
    let early = |story: &mut Story| {
        story.probe(1, 3 * S, Privilege::Delete, table("domains"), Expected::Promised, denied());
    };
    assert_eq!(Story::good().with(early).fails("PRB-1").len(), 1);
}

#[test]
fn what_is_not_proved_is_counted_and_reported_with_its_reason() {
    let story = Story::good().with(|story| {
        for (at, name) in [(0, "domains"), (1, "records"), (2, "comments"), (3, "cryptokeys")] {
            let why = unproved("what it allows locks the table");
            story.probe(1, 2 * S + at, Privilege::Trigger, table(name), Expected::Promised, why);
        }
        let lost = ProbeOutcome::Indeterminate { why: "connection closed".into() };
        story.probe(1, 2 * S + 9, Privilege::Usage, sequence(), Expected::Promised, lost);
        story.probe(1, 2 * S + 10, Privilege::Delete, table("shut"), Expected::Forbidden, blocked());
    });
    story.passes("PRB-1");
    assert_snapshot!(story.judgment("PRB-1").notes.join("\n"), @r"
not tested (promised): USAGE ON SEQUENCE public.domains_id_seq: no answer: connection closed
not tested (promised): TRIGGER ON TABLE public.comments, TRIGGER ON TABLE public.cryptokeys, TRIGGER ON TABLE public.domains and 1 more: what it allows locks the table
not tested (not promised): DELETE ON TABLE public.shut: other privileges are missing: permission denied for schema public
");
}

#[test]
fn twenty_reasons_for_proving_nothing_are_reported_and_the_others_are_counted() {
    let notes = |reasons: u64| {
        let story = Story::good().with(|story| {
            for at in 0..reasons {
                let why = unproved(&format!("reason {at}"));
                story.probe(1, 2 * S + at, Privilege::Trigger, table("domains"), Expected::Promised, why);
            }
        });
        story.judgment("PRB-1").notes
    };
    assert_eq!((notes(0).len(), notes(20).len(), notes(21).len(), notes(22).len()), (0, 20, 21, 21));
    assert_eq!(notes(21)[20], "not tested for 1 more reason");
    assert_eq!(notes(22)[20], "not tested for 2 more reasons");
}

#[test]
fn a_check_under_which_nothing_was_proved_is_unknown() {
    let none = Story::good().without(is_probe);
    assert_eq!(none.unknown("PRB-1"), "no probe had a result: for more samples, raise `probes.share`, `rate` or `for`");
    assert_eq!(
        none.unknown("PRB-2"),
        "no probe could be compared with a reading of the same credential's privileges: for more samples, raise `probes.share`, `rate` or `for`"
    );
    let unproved = Story::good().each(|event| {
        if let Event::Probe(probe) = event {
            probe.outcome = unproved("55P03: canceling statement due to lock timeout");
        }
    });
    assert_eq!(
        unproved.unknown("PRB-1"),
        "no probe had a result: for more samples, raise `probes.share`, `rate` or `for`"
    );
    let unread = Story::good().without(|event| matches!(event, Event::Privileges(_)));
    assert_eq!(
        unread.unknown("PRB-2"),
        "no probe could be compared with a reading of the same credential's privileges: for more samples, raise `probes.share`, `rate` or `for`"
    );
}

#[test]
fn each_way_of_disagreeing_is_counted_once_with_how_many_credentials_do() {
    let story = turned_out(Privilege::Insert, &refused_probe("permission denied for table domains")).with(|story| {
        let denied = refused_probe("permission denied for table domains");
        story.probe(2, 2_022 * MS, Privilege::Insert, table("domains"), Expected::Promised, denied);
    });
    let findings = story.fails("PRB-1");
    assert_eq!(findings.len(), 1);
    assert!(findings[0].what.ends_with("(and 1 more credential)"), "{}", findings[0].what);
}

/// Every credential is read to hold what `change` makes of the promised set.
fn read_as(change: impl FnOnce(&mut PrivilegeSet)) -> Story {
    let mut set = privileges();
    change(&mut set);
    Story::good().each(|event| {
        if let Event::PrivilegeSet { set: known, .. } = event {
            *known = set.clone();
        }
    })
}

#[test]
fn a_probe_and_the_catalog_have_to_agree() {
    let works = read_as(|set| _ = set.held.remove(&direct(Privilege::Select, table("domains"))));
    assert_snapshot!(reported(&works, "PRB-2"), @"[SELECT ON TABLE public.domains]  v-token-le-app-role-000000000000000000u1-1700000001 does not have SELECT ON TABLE public.domains in the catalog, but using it works (line -)");
    let update = || GrantedTo { grant: grant(Privilege::Update, table("domains")), why: Why::Public };
    assert_snapshot!(reported(&read_as(|set| _ = set.held.insert(update())), "PRB-2"), @"[UPDATE ON TABLE public.domains] 42501 v-token-le-app-role-000000000000000000u1-1700000001 has UPDATE ON TABLE public.domains in the catalog, but using it is rejected: permission denied for table domains (line -)");
}

#[test]
fn what_the_catalog_says_of_columns_and_superusers_is_understood() {
    let probing_a_column = |story: Story, outcome: ProbeOutcome| {
        story.with(|story| {
            story.probe(1, 2 * S, Privilege::Select, column("domains", "name"), Expected::Forbidden, outcome);
        })
    };
    // The table's privilege is one on each column.
    assert_eq!(probing_a_column(Story::good(), refused_probe("no")).fails("PRB-2").len(), 1);
    let by_column = read_as(|set| {
        set.held.remove(&direct(Privilege::Select, table("domains")));
        set.held.insert(direct(Privilege::Select, column("domains", "name")));
    });
    // Whether those are all the columns is not in the set: the table's probe is not compared.
    probing_a_column(by_column, allowed()).passes("PRB-2");
    let superuser = read_as(|set| {
        set.attributes.superuser = true;
        set.held.clear();
    });
    let findings = superuser.fails("PRB-2");
    assert!(findings.iter().all(|finding| finding.what.contains("is rejected")), "{findings:#?}");
}

#[test]
fn each_probe_that_was_answered_is_a_sample_whatever_the_answer_was() {
    assert_eq!(Story::good().judgment("PRB-1").samples, 4);
    let refused = refused_probe("permission denied for table domains");
    for privilege in [Privilege::Insert, Privilege::Update] {
        assert_eq!(turned_out(privilege, &refused).judgment("PRB-1").samples, 4);
    }
    Story::good().passes("PRB-2");
    assert!(Story::good().judgment("PRB-2").notes.is_empty());
}

#[test]
fn a_column_is_compared_with_its_own_table_and_a_table_with_its_own_columns() {
    let denied = || refused_probe("permission denied for table records");
    let compared = |story: Story| {
        story.passes("PRB-2");
        story.judgment("PRB-2").samples
    };
    let other_column = Story::good().with(|story| {
        story.probe(1, 2 * S, Privilege::Select, column("records", "name"), Expected::Forbidden, denied());
    });
    assert_eq!(compared(other_column), 5);
    // Of `domains` a column may be read: that its table is compared with nothing leaves three.
    let by_column = read_as(|set| {
        set.held.remove(&direct(Privilege::Select, table("domains")));
        set.held.insert(direct(Privilege::Select, column("domains", "name")));
    });
    assert_eq!(compared(by_column.clone()), 3);
    let elsewhere = Object { schema: Some("archive".into()), ..table("domains") };
    for other in [table("records"), elsewhere] {
        let story = by_column.clone().with(|story| {
            story.probe(1, 2 * S, Privilege::Select, other, Expected::Forbidden, denied());
        });
        assert_eq!(compared(story), 4);
    }
}

#[test]
fn what_is_held_on_a_database_is_compared_wherever_it_was_read() {
    let database = Object { kind: ObjectKind::Database, schema: None, name: "powerdns".into(), column: None };
    let story = read_as(|set| set.database = "postgres".into()).with(|story| {
        story.probe(1, 2 * S, Privilege::Connect, database, Expected::Forbidden, allowed());
    });
    story.passes("PRB-2");
    assert_eq!(story.judgment("PRB-2").samples, 1);
}

#[test]
fn readings_that_differ_are_not_compared_with() {
    let story = Story::good().with(|story| {
        let mut set = privileges();
        set.held.remove(&direct(Privilege::Select, table("domains")));
        story.add(400 * MS, Event::PrivilegeSet { id: 1, set });
        story.reading(1, 1_600 * MS, 1);
    });
    story.passes("PRB-2");
    assert_eq!(story.judgment("PRB-2").samples, Story::good().judgment("PRB-2").samples - 1);
    assert_eq!(
        story.judgment("PRB-2").notes,
        [
            "1 probe could not be compared with the catalog: no reading of the same credential, different readings, or single columns only"
        ]
    );
}

#[test]
fn a_probe_reads_back_as_it_was_written() {
    let probes = |story: &Story| -> Vec<ProbeRecord> {
        let of = |event| if let Event::Probe(probe) = event { Some(probe) } else { None };
        story.events().into_iter().filter_map(of).collect()
    };
    let story = turned_out(Privilege::Select, &blocked());
    for probe in probes(&story) {
        let line = serde_json::to_string(&Event::Probe(probe.clone())).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), Event::Probe(probe));
    }
    assert!(probes(&story).len() >= 4);
}
