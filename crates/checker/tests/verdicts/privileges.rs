//! GRA-1: what a credential may do.

use insta::assert_snapshot;
use leaseproof_domain::{Event, Grant, GrantedTo, Micros, Object, ObjectKind, Privilege, PrivilegeSet, Why};
use leaseproof_scenario::{Member, Promised, PublicDefaults};

use crate::story::{MS, S, Story, column, direct, grant, line, membership, privileges, sequence, table};

/// Every credential holds what `change` makes of the promised set.
fn holding(change: impl FnOnce(&mut PrivilegeSet)) -> Story {
    let mut set = privileges();
    change(&mut set);
    Story::good().each(|event| {
        if let Event::PrivilegeSet { set: known, .. } = event {
            *known = set.clone();
        }
    })
}

fn reported(story: &Story) -> String {
    let finding = |finding: leaseproof_domain::Finding| {
        let line = finding.promised.map_or("-".to_owned(), |origin| origin.line.to_string());
        format!("[{}] {} (line {line})", finding.privilege.unwrap_or_default(), finding.what)
    };
    story.fails("GRA-1").into_iter().map(finding).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_missing_and_what_is_extra_fail_with_their_lines() {
    let story = holding(|set| {
        set.held.remove(&direct(Privilege::Insert, table("domains")));
        set.held.remove(&direct(Privilege::Usage, sequence()));
        set.held.insert(direct(Privilege::Truncate, table("domains")));
        set.held.insert(GrantedTo {
            grant: grant(Privilege::Delete, table("domains")),
            why: Why::Member(vec!["staff".into()]),
        });
        set.held.insert(GrantedTo { grant: grant(Privilege::Update, table("domains")), why: Why::Public });
        set.memberships.insert(membership("staff", true));
        set.memberships.insert(membership("directors", false));
        set.attributes.createrole = true;
        set.attributes.login = false;
        set.beyond.insert("a default ACL of tables in schema public".into());
    });
    assert_snapshot!(reported(&story), @r"
[INSERT ON TABLE public.domains] v-token-le-app-role-000000000000000000u1-1700000001 lacks INSERT ON TABLE public.domains, which is promised (and 1 more credential) (line 34)
[LOGIN] v-token-le-app-role-000000000000000000u1-1700000001 lacks the attribute LOGIN, which is promised (and 1 more credential) (line 30)
[USAGE ON SEQUENCE public.domains_id_seq] v-token-le-app-role-000000000000000000u1-1700000001 lacks USAGE ON SEQUENCE public.domains_id_seq, which is promised (and 1 more credential) (line 35)
[CREATEROLE] v-token-le-app-role-000000000000000000u1-1700000001 has the attribute CREATEROLE, which is not promised (and 1 more credential) (line 30)
[DELETE ON TABLE public.domains] v-token-le-app-role-000000000000000000u1-1700000001 has DELETE ON TABLE public.domains (through membership of staff), which is not promised (and 1 more credential) (line 33)
[TRUNCATE ON TABLE public.domains] v-token-le-app-role-000000000000000000u1-1700000001 has TRUNCATE ON TABLE public.domains (granted directly), which is not promised (and 1 more credential) (line 33)
[UPDATE ON TABLE public.domains] v-token-le-app-role-000000000000000000u1-1700000001 has UPDATE ON TABLE public.domains (granted to PUBLIC), which is not promised (and 1 more credential) (line 33)
[a default ACL of tables in schema public] v-token-le-app-role-000000000000000000u1-1700000001 has more than promised: a default ACL of tables in schema public (and 1 more credential) (line 33)
[membership of directors] v-token-le-app-role-000000000000000000u1-1700000001 is a member of directors through another group, which is not promised (and 1 more credential) (line 30)
[membership of staff] v-token-le-app-role-000000000000000000u1-1700000001 is a member of staff, which is not promised (and 1 more credential) (line 30)
");
}

#[test]
fn public_defaults_are_judged_only_where_they_are_forbidden() {
    let mut story = holding(|_| {});
    story.passes("GRA-1");
    story.plan.roles[0].public = PublicDefaults::Forbidden;
    assert_snapshot!(reported(&story), @"[CONNECT ON DATABASE powerdns] v-token-le-app-role-000000000000000000u1-1700000001 has CONNECT ON DATABASE powerdns (PUBLIC's built-in default), which is not promised (and 1 more credential) (line 33)");
    // Held for another reason too, it is no mere default.
    let database = Object { kind: ObjectKind::Database, schema: None, name: "powerdns".into(), column: None };
    holding(|set| _ = set.held.insert(direct(Privilege::Connect, database))).fails("GRA-1");
}

#[test]
fn an_object_that_does_not_exist_is_reported_so() {
    let mut story = holding(|_| {});
    story.plan.roles[0].grants.as_mut().unwrap().value[0].grants.push(grant(Privilege::Select, table("tsigkeys")));
    assert_snapshot!(reported(&story), @"[SELECT ON TABLE public.tsigkeys] v-token-le-app-role-000000000000000000u1-1700000001 cannot have SELECT ON TABLE public.tsigkeys, which is promised: TABLE public.tsigkeys does not exist (and 1 more credential) (line 34)");
}

#[test]
fn an_object_with_a_slip_in_its_name_is_reported_with_the_one_that_was_meant() {
    for (object, meant) in [
        (table("domain"), "did you mean `public.domains`?"),
        (Object { schema: Some("app".into()), ..table("domains") }, "did you mean `public.domains`?"),
        (column("domain", "name"), "did you mean `public.domains`?"),
        (table("domains_id_seq"), "did you mean SEQUENCE `public.domains_id_seq`?"),
        (Object { schema: None, kind: ObjectKind::Schema, ..table("publc") }, "did you mean `public`?"),
    ] {
        let mut story = holding(|_| {});
        let privilege = if object.kind == ObjectKind::Schema { Privilege::Usage } else { Privilege::Select };
        story.plan.roles[0].grants.as_mut().unwrap().value[0].grants.push(grant(privilege, object.clone()));
        let reported = reported(&story);
        assert!(reported.contains(&format!("does not exist; {meant}")), "{object}: {reported}");
    }
}

#[test]
fn the_grant_option_is_part_of_the_promise() {
    let with_option = |set: &mut PrivilegeSet| {
        let held = direct(Privilege::Select, table("domains"));
        set.held.remove(&held);
        set.held.insert(GrantedTo { grant: Grant { grantable: true, ..held.grant.clone() }, ..held });
    };
    assert_snapshot!(reported(&holding(with_option)), @"[SELECT ON TABLE public.domains WITH GRANT OPTION] v-token-le-app-role-000000000000000000u1-1700000001 has SELECT ON TABLE public.domains WITH GRANT OPTION (granted directly), which is not promised (and 1 more credential) (line 33)");
    let promise = |mut story: Story| {
        story.plan.roles[0].grants.as_mut().unwrap().value[0].grants[0].grantable = true;
        story
    };
    promise(holding(with_option)).passes("GRA-1");
    assert_snapshot!(reported(&promise(holding(|_| {}))), @"[SELECT ON TABLE public.domains WITH GRANT OPTION] v-token-le-app-role-000000000000000000u1-1700000001 has SELECT ON TABLE public.domains without GRANT OPTION, which is promised (and 1 more credential) (line 34)");
}

#[test]
fn a_table_privilege_covers_its_columns() {
    holding(|set| _ = set.held.insert(direct(Privilege::Select, column("domains", "name")))).passes("GRA-1");
    holding(|set| _ = set.held.insert(direct(Privilege::Update, column("domains", "name")))).fails("GRA-1");
    let promise_column = |mut story: Story| {
        story.plan.roles[0].grants.as_mut().unwrap().value[0].grants[0].object = column("domains", "name");
        story
    };
    // The column is held through the table, and the table is more than was promised.
    assert_snapshot!(reported(&promise_column(holding(|_| {}))), @"[SELECT ON TABLE public.domains] v-token-le-app-role-000000000000000000u1-1700000001 has SELECT ON TABLE public.domains (granted directly), which is not promised (and 1 more credential) (line 33)");
}

#[test]
fn a_superusers_privileges_are_not_listed() {
    let story = holding(|set| {
        set.attributes.superuser = true;
        set.held.clear();
    });
    assert_snapshot!(reported(&story), @"[SUPERUSER] v-token-le-app-role-000000000000000000u1-1700000001 has the attribute SUPERUSER, which is not promised (and 1 more credential) (line 30)");
}

#[test]
fn in_another_database_nothing_is_promised() {
    let elsewhere = |set: PrivilegeSet| {
        Story::good().with(|story| {
            let set = PrivilegeSet { database: "postgres".into(), ..set };
            story.add(400 * MS, Event::PrivilegeSet { id: 1, set });
            story.reading(1, 1_512 * MS, 1);
        })
    };
    let mut nothing = privileges();
    nothing.held.retain(|held| held.why == Why::PublicDefault);
    elsewhere(nothing).passes("GRA-1");
    assert_snapshot!(reported(&elsewhere(privileges())), @r"
[INSERT ON TABLE public.domains] v-token-le-app-role-000000000000000000u1-1700000001 has INSERT ON TABLE public.domains in database postgres (granted directly), which is not promised (line 33)
[SELECT ON TABLE public.domains] v-token-le-app-role-000000000000000000u1-1700000001 has SELECT ON TABLE public.domains in database postgres (granted directly), which is not promised (line 33)
[USAGE ON SEQUENCE public.domains_id_seq] v-token-le-app-role-000000000000000000u1-1700000001 has USAGE ON SEQUENCE public.domains_id_seq in database postgres (granted directly), which is not promised (line 33)
");
}

#[test]
fn promised_memberships_have_to_be_there() {
    let mut story = holding(|set| {
        let mut admin = membership("readers", true);
        admin.admin = true;
        set.memberships.insert(admin);
    });
    story.plan.roles[0].member_of =
        ["readers", "writers"].map(|group| Promised { value: Member::of(group), origin: line(37) }).into();
    assert_snapshot!(reported(&story), @r"
[membership of writers] v-token-le-app-role-000000000000000000u1-1700000001 is not a member of writers, which is promised (and 1 more credential) (line 37)
[membership of readers WITH ADMIN OPTION] v-token-le-app-role-000000000000000000u1-1700000001 can grant membership of readers to others, which is not promised (and 1 more credential) (line 37)
");
}

/// A second set, without the promised privileges and with one more, is read of lifecycle 1 at that moment.
fn read_later(from: u64) -> Story {
    Story::good().with(|story| {
        let mut set = privileges();
        set.held = [direct(Privilege::Truncate, table("domains"))].into();
        story.add(400 * MS, Event::PrivilegeSet { id: 1, set });
        story.reading(1, from, 1);
    })
}

#[test]
fn a_reading_into_the_revocation_is_judged_for_extras_only() {
    // The revocation is sent at 4 s, and an observation takes a millisecond.
    assert_eq!(read_later(4 * S - MS - 1).fails("GRA-1").len(), 4);
    assert_eq!(read_later(4 * S - MS).fails("GRA-1").len(), 1);
}

#[test]
fn without_a_reading_before_the_end_nothing_passes() {
    let late =
        Story::good().without(|event| matches!(event, Event::Privileges(_))).with(|story| story.reading(1, 4 * S, 0));
    assert_eq!(late.unknown("GRA-1"), "every reading of privileges may have overlapped with its credential's end");
    let none = Story::good().without(|event| matches!(event, Event::Privileges(_)));
    assert_eq!(none.unknown("GRA-1"), "no credential's privileges were read: for more samples, raise `rate` or `for`");
    let lost = Story::good().without(|event| matches!(event, Event::PrivilegeSet { .. }));
    assert_eq!(lost.unknown("GRA-1"), "the privileges or objects behind a reading of app-role are not in the history");
}

#[test]
fn the_first_credential_is_named_and_the_others_are_counted() {
    let story = holding(|set| _ = set.held.insert(direct(Privilege::Truncate, table("domains"))));
    let judgment = story.judgment("GRA-1");
    assert_eq!((judgment.findings.len(), judgment.samples), (1, 3));
    let finding = &judgment.findings[0];
    assert_eq!((finding.oid, finding.at), (Some(101), Some(Micros(1_510 * MS))));
}

#[test]
fn the_credential_that_is_named_is_the_one_that_was_read_first() {
    let named = |one: u64, other: u64| {
        let story = holding(|set| _ = set.held.insert(direct(Privilege::Truncate, table("domains"))))
            .without(|event| matches!(event, Event::Privileges(_)))
            .with(|story| {
                story.reading(1, one, 0);
                story.reading(2, other, 0);
            });
        story.fails("GRA-1")[0].oid
    };
    assert_eq!(named(2_510 * MS, 2_510 * MS - 1), Some(102));
    assert_eq!(named(2_510 * MS, 2_510 * MS), Some(101));
    assert_eq!(named(2_510 * MS, 2_510 * MS + 1), Some(101));
}
