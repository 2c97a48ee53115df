//! Single promises beside single holdings, case by case.

use std::collections::BTreeSet;
use std::slice;

use leaseproof_domain::{
    Escalation, EscalationKind, FutureGrant, Grant, GrantedTo, Membership, Object, ObjectKind, Privilege, PrivilegeSet,
    RoleSetting, RowSecurity, Why,
};
use leaseproof_scenario::{Escalations, FuturePromise, Member, Promised, PublicDefaults, RolePromise};

use super::laws::{object, objects, origin, promise, reported, set};
use super::{DeviationKind, privilege_diff};

/// What deviates where `promised` is promised, `held` is held, and all that either names is there.
fn diff(promise: &RolePromise, set: &PrivilegeSet) -> Vec<String> {
    let grants = promise.grants.iter().flat_map(|grants| &grants.value).flat_map(|fragment| &fragment.grants);
    let held = set.held.iter().map(|held| &held.grant);
    let named: BTreeSet<Grant> = grants.chain(held).cloned().collect();
    reported(&privilege_diff(promise, &objects(&named), set)).into_iter().map(str::to_owned).collect()
}

fn grant(privilege: Privilege, object: &Object, grantable: bool) -> Grant {
    Grant { privilege, object: object.clone(), grantable }
}

/// The same on both sides: that privilege on the object.
fn both(grant: &Grant) -> (RolePromise, PrivilegeSet) {
    let grants = BTreeSet::from([grant.clone()]);
    (promise(&grants), set(&grants))
}

fn neither() -> (RolePromise, PrivilegeSet) {
    (promise(&BTreeSet::new()), set(&BTreeSet::new()))
}

fn table(number: usize) -> Object {
    object(ObjectKind::Table, number)
}

#[test]
fn a_connection_limit_above_the_promised_one_is_more_and_one_below_it_is_less() {
    use DeviationKind::{Extra, Missing};
    let found = |promised: i32, held: Option<i32>| {
        let (mut promise, mut set) = neither();
        promise.connection_limit = Some(Promised { value: promised, origin: origin(3) });
        set.attributes.connection_limit = held;
        let found = privilege_diff(&promise, &objects(&BTreeSet::new()), &set);
        found.into_iter().map(|deviation| (deviation.kind, deviation.what)).next()
    };
    for (promised, held, expected) in [
        (-1, None, None),
        (0, Some(0), None),
        (5, Some(5), None),
        (5, None, Some((Extra, "has no connection limit, but a connection limit of 5 is promised"))),
        (5, Some(6), Some((Extra, "has a connection limit of 6, but a connection limit of 5 is promised"))),
        (5, Some(4), Some((Missing, "has a connection limit of 4, but a connection limit of 5 is promised"))),
        (0, Some(1), Some((Extra, "has a connection limit of 1, but a connection limit of 0 is promised"))),
        (1, Some(0), Some((Missing, "has a connection limit of 0, but a connection limit of 1 is promised"))),
        (-1, Some(0), Some((Missing, "has a connection limit of 0, but no connection limit is promised"))),
        (-1, Some(5), Some((Missing, "has a connection limit of 5, but no connection limit is promised"))),
    ] {
        assert_eq!(found(promised, held), expected.map(|(kind, what)| (kind, what.to_owned())), "{promised} {held:?}");
    }
}

#[test]
fn a_setting_for_the_promised_database_comes_before_one_for_all() {
    let found = |settings: &[(Option<&str>, &str)]| {
        let (mut promise, mut set) = neither();
        promise.settings.insert("search_path".into(), Promised { value: "app".into(), origin: origin(5) });
        for (database, value) in settings {
            let (name, value) = ("search_path".into(), (*value).to_owned());
            set.settings.insert(RoleSetting { database: database.map(str::to_owned), name, value });
        }
        diff(&promise, &set).len()
    };
    assert_eq!(found(&[(None, "app")]), 0);
    assert_eq!(found(&[(Some("shop"), "app"), (None, "public")]), 0);
    assert_eq!(found(&[(Some("shop"), "public"), (None, "app")]), 1);
    // For another database it is neither what is promised nor allowed.
    assert_eq!(found(&[(Some("other"), "app")]), 2);
    assert_eq!(found(&[(Some("other"), "app"), (None, "app")]), 1);
}

#[test]
fn each_promised_group_is_looked_for_by_its_own_name() {
    let (mut promise, mut set) = neither();
    for group in ["readers", "staff"] {
        promise.member_of.push(Promised { value: Member::of(group), origin: origin(3) });
        set.memberships.insert(Membership {
            group: group.into(),
            admin: false,
            direct: true,
            inherit: true,
            set: true,
        });
    }
    set.escalations.insert(Escalation {
        kind: EscalationKind::SetRole,
        object: None,
        role: Some("staff".into()),
        attributes: Vec::new(),
        what: "may SET ROLE staff".into(),
    });
    assert_eq!(diff(&promise, &set), [""; 0]);
}

#[test]
fn a_way_past_the_acls_is_explained_by_what_is_promised_of_it() {
    let column = Object { kind: ObjectKind::Column, column: Some("a".into()), ..table(1) };
    let definer = object(ObjectKind::Function, 1);
    let by = |kind, object: &Object| Escalation {
        kind,
        object: Some(object.clone()),
        role: Some("owner".into()),
        attributes: Vec::new(),
        what: "as its owner".into(),
    };
    let found = |escalation: &Escalation, grant: &Grant, change: &dyn Fn(&mut RolePromise, &mut PrivilegeSet)| {
        let (mut promise, mut set) = both(grant);
        set.escalations.insert(escalation.clone());
        change(&mut promise, &mut set);
        diff(&promise, &set).iter().filter(|what| what.starts_with("can bypass")).count()
    };
    let reads = grant(Privilege::Select, &table(1), false);
    let view = by(EscalationKind::OwnerView, &table(1));
    assert_eq!(found(&view, &reads, &|_, _| {}), 0);
    assert_eq!(found(&view, &grant(Privilege::Select, &column, false), &|_, _| {}), 0);
    assert_eq!(found(&view, &grant(Privilege::Select, &table(2), false), &|_, _| {}), 1);
    // What the cluster or an extension gave PUBLIC on its own view explains it as long as that is all that is held. Of a
    // function PUBLIC's EXECUTE is no more than the default.
    let given = |object: &Object, privilege: Privilege, whys: &[Why]| {
        let held = whys.iter().map(|why| GrantedTo { grant: grant(privilege, object, false), why: why.clone() });
        let held: Vec<GrantedTo> = held.collect();
        move |_: &mut RolePromise, set: &mut PrivilegeSet| set.held = held.iter().cloned().collect()
    };
    let other = grant(Privilege::Select, &table(2), false);
    let of_public = given(&table(1), Privilege::Select, &[Why::PublicDefault]);
    assert_eq!(found(&view, &other, &of_public), 0);
    let forbidden = |promise: &mut RolePromise, set: &mut PrivilegeSet| {
        of_public(promise, set);
        promise.public = PublicDefaults::Forbidden;
    };
    assert_eq!(found(&view, &other, &forbidden), 1);
    for why in [Why::Public, Why::Direct] {
        let and_more = given(&table(1), Privilege::Select, &[Why::PublicDefault, why]);
        assert_eq!(found(&view, &other, &and_more), 1);
    }
    let runs = grant(Privilege::Execute, &definer, false);
    let anybody = given(&definer, Privilege::Execute, &[Why::PublicDefault]);
    assert_eq!(found(&by(EscalationKind::SecurityDefiner, &definer), &other, &anybody), 1);
    let function = by(EscalationKind::SecurityDefiner, &definer);
    assert_eq!(found(&function, &runs, &|_, _| {}), 0);
    assert_eq!(found(&function, &runs, &|_, set| set.database = "other".into()), 1);
    assert_eq!(found(&function, &reads, &|_, _| {}), 1);
    assert_eq!(found(&function, &reads, &|promise, _| promise.escalations = Escalations::Allowed), 0);
    // Attributes that pass row security by explain that, and nothing else.
    let unbound = by(EscalationKind::RowSecurity, &table(2));
    let bypassing = |promise: &mut RolePromise, _: &mut PrivilegeSet| promise.attributes.bypassrls = true;
    let superuser = |promise: &mut RolePromise, _: &mut PrivilegeSet| promise.attributes.superuser = true;
    assert_eq!(found(&unbound, &reads, &|_, _| {}), 1);
    assert_eq!((found(&unbound, &reads, &bypassing), found(&unbound, &reads, &superuser)), (0, 0));
    assert_eq!((found(&function, &reads, &bypassing), found(&function, &reads, &superuser)), (1, 1));
    let owning = |promise: &mut RolePromise, _: &mut PrivilegeSet| {
        promise.owns.push(Promised { value: table(2), origin: origin(4) });
    };
    assert_eq!(found(&unbound, &reads, &owning), 0);
}

#[test]
fn a_table_that_is_promised_to_be_read_needs_a_permissive_policy_for_reading() {
    let column = Object { kind: ObjectKind::Column, column: Some("a".into()), ..table(1) };
    let found = |promised: &Grant, policies: &[&str]| {
        let (promise, mut set) = both(promised);
        let policies = policies.iter().map(|policy| (*policy).to_owned()).collect();
        set.row_security.insert(RowSecurity { table: table(1), forced: false, policies });
        diff(&promise, &set).len()
    };
    let reads = grant(Privilege::Select, &table(1), false);
    assert_eq!(found(&reads, &[]), 1);
    assert_eq!(found(&grant(Privilege::Select, &column, false), &[]), 1);
    assert_eq!(found(&grant(Privilege::Insert, &table(1), false), &[]), 0);
    assert_eq!(found(&grant(Privilege::Select, &table(2), false), &[]), 0);
    let sequence = Object { kind: ObjectKind::Sequence, ..table(1) };
    assert_eq!(found(&grant(Privilege::Select, &sequence, false), &[]), 0);
    for (policy, hidden) in [
        ("p FOR ALL TO PUBLIC", 0),
        ("p FOR SELECT TO PUBLIC", 0),
        ("p FOR UPDATE TO PUBLIC", 1),
        ("p AS RESTRICTIVE FOR ALL TO PUBLIC", 1),
        ("p AS RESTRICTIVE FOR SELECT TO PUBLIC", 1),
    ] {
        assert_eq!(found(&reads, &[policy]), hidden, "{policy}");
    }
}

#[test]
fn what_default_acls_give_is_compared_with_the_schema_the_creator_and_the_option() {
    let (app, other) = (Some("app"), Some("other"));
    let promised = |schema: Option<&str>, grantable| FuturePromise {
        privilege: Privilege::Select,
        kind: ObjectKind::Table,
        schema: schema.map(str::to_owned),
        creator: "owner".into(),
        grantable,
    };
    let held = |schema: Option<&str>, grantable| FutureGrant {
        privilege: Privilege::Select,
        kind: ObjectKind::Table,
        schema: schema.map(str::to_owned),
        creator: "owner".into(),
        grantable,
        why: Why::Direct,
    };
    let found = |promised: FuturePromise, held: FutureGrant, change: &dyn Fn(&mut PrivilegeSet)| {
        let (mut promise, mut set) = both(&grant(Privilege::Select, &table(1), false));
        promise.grants.iter_mut().for_each(|grants| grants.value[0].future.push(promised.clone()));
        set.future.insert(held);
        change(&mut set);
        let found = diff(&promise, &set);
        let of = |word: &str| found.iter().filter(|what| what.starts_with(word)).count();
        (of("will have"), of("will not have"))
    };
    for (promise, hold, expected) in [
        (promised(None, false), held(None, false), (0, 0)),
        (promised(app, false), held(app, false), (0, 0)),
        (promised(app, true), held(app, true), (0, 0)),
        (promised(None, false), held(app, false), (0, 1)),
        (promised(app, false), held(None, false), (1, 0)),
        (promised(app, false), held(other, false), (1, 1)),
        (promised(app, true), held(app, false), (0, 1)),
        (promised(app, false), held(app, true), (1, 0)),
        (promised(app, false), FutureGrant { creator: "another".into(), ..held(app, false) }, (1, 1)),
        (promised(app, false), FutureGrant { privilege: Privilege::Insert, ..held(app, false) }, (1, 1)),
    ] {
        assert_eq!(found(promise.clone(), hold.clone(), &|_| {}), expected, "{promise:?} {hold:?}");
    }
    let elsewhere = |set: &mut PrivilegeSet| set.database = "other".into();
    assert_eq!(found(promised(app, false), held(app, false), &elsewhere), (1, 0));
    let superuser = |set: &mut PrivilegeSet| set.attributes.superuser = true;
    assert_eq!(found(promised(app, false), held(other, false), &superuser), (1, 0));
}

#[test]
fn what_the_system_brings_is_not_missed() {
    let missed = |privilege, object: &Object| {
        let (promise, _) = both(&grant(privilege, object, false));
        diff(&promise, &set(&BTreeSet::new())).len()
    };
    let language = |name: &str| Object { name: name.into(), ..object(ObjectKind::Language, 0) };
    let within = |kind, schema: &str| Object { schema: Some(schema.into()), ..object(kind, 0) };
    assert_eq!((missed(Privilege::Usage, &language("plpgsql")), missed(Privilege::Usage, &language("plperl"))), (0, 1));
    for (kind, privilege, expected) in [
        (ObjectKind::Function, Privilege::Execute, 0),
        (ObjectKind::Type, Privilege::Usage, 0),
        (ObjectKind::Table, Privilege::Select, 1),
    ] {
        assert_eq!(missed(privilege, &within(kind, "pg_catalog")), expected, "{kind:?}");
        assert_eq!(missed(privilege, &within(kind, "app")), 1, "{kind:?}");
    }
    let named_alike = Object { name: "plpgsql".into(), ..object(ObjectKind::Schema, 0) };
    assert_eq!(missed(Privilege::Usage, &named_alike), 1);
}

#[test]
fn an_earlier_history_lists_fewer_kinds() {
    let function = grant(Privilege::Execute, &object(ObjectKind::Function, 0), false);
    let reads = grant(Privilege::Select, &table(1), false);
    let found = |grant: &Grant, there: BTreeSet<Object>| {
        let (promise, set) = both(grant);
        privilege_diff(&promise, &there, &set).len()
    };
    // The databases are listed where every kind is.
    let every_kind = BTreeSet::from([object(ObjectKind::Database, 0)]);
    assert_eq!((found(&function, BTreeSet::new()), found(&function, every_kind.clone())), (0, 1));
    assert_eq!((found(&reads, BTreeSet::new()), found(&reads, every_kind)), (1, 1));
}

#[test]
fn an_owners_privileges_are_reported_with_what_it_owns() {
    let found = |grants: &[Grant], held: &[(Grant, Why)], owned: &[(&Object, &str)], owns: bool| {
        let mut promise = promise(&grants.iter().cloned().collect());
        let mut set = set(&BTreeSet::new());
        set.held = held.iter().map(|(grant, why)| GrantedTo { grant: grant.clone(), why: why.clone() }).collect();
        set.owned = owned.iter().map(|(object, owner)| ((*object).clone(), (*owner).to_owned())).collect();
        if owns {
            promise.owns.push(Promised { value: table(1), origin: origin(4) });
        }
        diff(&promise, &set).join("; ")
    };
    let (reads, hands_on) = (grant(Privilege::Select, &table(1), false), grant(Privilege::Select, &table(1), true));
    let owner = || Why::Owner("itself".into());
    assert_eq!(found(&[], &[(reads.clone(), owner())], &[(&table(1), "itself")], true), "");
    // Granted beside that, or the owner's of something that is not in the set, it is reported.
    let reported = "has SELECT ON TABLE app.table1 (granted directly), which is not promised";
    assert_eq!(found(&[], &[(reads.clone(), Why::Direct)], &[(&table(1), "itself")], true), reported);
    assert!(found(&[], &[(reads.clone(), owner())], &[], false).starts_with("has SELECT ON TABLE app.table1 ("));
    // An owner may always grant; others need the promise.
    assert_eq!(found(slice::from_ref(&reads), &[(hands_on.clone(), Why::Direct)], &[(&table(1), "itself")], true), "");
    assert_eq!(
        found(slice::from_ref(&reads), &[(reads.clone(), Why::Direct)], &[(&table(2), "staff")], true),
        "owns TABLE app.table2 (through staff), which is not promised"
    );
    let reported = "has SELECT ON TABLE app.table1 WITH GRANT OPTION (granted directly), which is not promised";
    assert_eq!(found(&[reads], &[(hands_on, Why::Direct)], &[], false), reported);
}

#[test]
fn in_another_database_only_shared_objects_are_promised() {
    let database = object(ObjectKind::Database, 0);
    let found = |object: &Object, privilege| {
        let (mut promise, mut set) = both(&grant(privilege, object, false));
        promise.owns.push(Promised { value: object.clone(), origin: origin(4) });
        set.owned.insert((object.clone(), "itself".into()));
        set.database = "other".into();
        diff(&promise, &set).join("; ")
    };
    assert_eq!(found(&database, Privilege::Create), "");
    assert_eq!(
        found(&table(1), Privilege::Select),
        "has SELECT ON TABLE app.table1 in database other (granted directly), which is not promised; owns TABLE \
         app.table1 in database other, which is not promised"
    );
    let (promise, mut set) = neither();
    set.owned.insert((database, "itself".into()));
    set.database = "other".into();
    assert_eq!(diff(&promise, &set), ["owns DATABASE database0, which is not promised"]);
}

#[test]
fn what_shared_entries_say_of_the_promised_database_is_judged_there() {
    let (promise, mut set) = neither();
    set.beyond = ["an ACL in database shop", "an owner in database shop, of 3", "an ACL in database shopping"]
        .map(str::to_owned)
        .into();
    assert_eq!(diff(&promise, &set), ["has more than promised: an ACL in database shopping"]);
}

/// What a role with these memberships, of which the first is direct, holds through the last.
fn member(groups: &[&str], held: &[(&Object, Why)]) -> PrivilegeSet {
    let mut set = set(&BTreeSet::new());
    for (place, group) in groups.iter().enumerate() {
        let (group, direct) = ((*group).to_owned(), place == 0);
        set.memberships.insert(Membership { group, admin: false, direct, inherit: true, set: true });
    }
    let granted =
        |(object, why): &(&Object, Why)| GrantedTo { grant: grant(Privilege::Select, object, false), why: why.clone() };
    set.held = held.iter().map(granted).collect();
    set
}

fn promising(groups: &[&str]) -> RolePromise {
    let mut promise = promise(&BTreeSet::new());
    promise.member_of = groups.iter().map(|group| Promised { value: Member::of(*group), origin: origin(3) }).collect();
    promise
}

#[test]
fn what_a_predefined_role_brings_is_explained_by_its_membership() {
    let predefined = |way: &[&str]| Why::Predefined(way.iter().map(|&group| group.to_owned()).collect());
    let monitor = ["pg_monitor", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"];
    let mut held = member(&monitor, &[(&table(1), predefined(&["pg_monitor"]))]);
    for name in monitor {
        let (object, role) = (None, Some(name.to_owned()));
        let kind = EscalationKind::PredefinedRole;
        let what = format!("the predefined role {name} sees statistics");
        held.escalations.insert(Escalation { kind, object, role, attributes: Vec::new(), what });
    }
    assert_eq!(diff(&promising(&["pg_monitor"]), &held), [""; 0]);
    // Who names them all says the same.
    assert_eq!(diff(&promising(&monitor), &held), [""; 0]);
    // Not promised, the cause is reported, and not all that follows from it.
    let reported = diff(&promising(&[]), &held);
    assert_eq!(
        reported,
        [
            "is a member of pg_monitor, which is not promised; the privileges that PostgreSQL gives to it are not listed; it sees statistics",
        ]
    );
    // What somebody granted to it later is no part of it.
    let mut more = held.clone();
    let through = Why::Member(vec!["pg_monitor".into()]);
    more.held.insert(GrantedTo { grant: grant(Privilege::Select, &table(2), false), why: through });
    assert_eq!(diff(&promising(&["pg_monitor"]), &more).len(), 1);
    // Nor is a membership that initdb does not make, nor one that is held by itself.
    for (group, direct, unpromised) in [("pg_write_all_data", false, 2), ("pg_read_all_stats", true, 2)] {
        let mut more = held.clone();
        more.memberships.retain(|membership| membership.group != group);
        let group = group.to_owned();
        more.memberships.insert(Membership { group, admin: false, direct, inherit: true, set: true });
        assert_eq!(diff(&promising(&["pg_monitor"]), &more).len(), 1, "{direct}");
        assert_eq!(diff(&promising(&[]), &more).len(), unpromised, "{direct}");
    }
}

#[test]
fn a_predefined_role_in_a_group_has_to_be_promised_by_its_own_name() {
    let way = Why::Predefined(vec!["readers".into(), "pg_read_all_data".into()]);
    let mut held = member(&["readers", "pg_read_all_data"], &[(&table(1), way)]);
    assert_eq!(diff(&promising(&["readers", "pg_read_all_data"]), &held), [""; 0]);
    assert_eq!(
        diff(&promising(&["readers"]), &held),
        [
            "is a member of pg_read_all_data through another group, which is not promised; the privileges that PostgreSQL gives to it are not listed"
        ]
    );
    // A view that reads as its owner shows it nothing that it may not read by itself; a privilege of its own does.
    let view = Escalation {
        kind: EscalationKind::OwnerView,
        object: Some(table(1)),
        role: Some("owner".into()),
        attributes: Vec::new(),
        what: "reads as its owner".into(),
    };
    held.escalations.insert(view);
    let promised = promising(&["readers", "pg_read_all_data"]);
    assert_eq!(diff(&promised, &held), [""; 0]);
    held.held.insert(GrantedTo { grant: grant(Privilege::Update, &table(1), false), why: Why::Direct });
    assert_eq!(diff(&promised, &held).len(), 2);
}

#[test]
fn the_owner_of_a_database_owns_its_schema_public_too() {
    let whole = |kind, name: &str| Object { kind, schema: None, name: name.into(), column: None };
    let (database, public) = (whole(ObjectKind::Database, "shop"), whole(ObjectKind::Schema, "public"));
    let mut held = member(&["owners"], &[]);
    held.owned = [(database.clone(), "owners".into()), (public, "pg_database_owner".into())].into();
    let mut promise = promising(&["owners"]);
    assert_eq!(diff(&promise, &held).len(), 2);
    promise.owns.push(Promised { value: database, origin: origin(4) });
    assert_eq!(diff(&promise, &held), [""; 0]);
    promise.member_of.push(Promised { value: Member::of("pg_database_owner"), origin: origin(3) });
    assert_eq!(diff(&promise, &held), [""; 0]);
    held.owned.insert((table(1), "pg_database_owner".into()));
    assert_eq!(diff(&promise, &held).len(), 1);
    held.owned.clear();
    assert_eq!(diff(&promise, &held), ["is not a member of pg_database_owner, which is promised"]);
}

#[test]
fn attributes_of_a_promised_group_are_extras_unless_they_are_promised() {
    let with = |attributes: &[&str], change: &dyn Fn(&mut RolePromise)| {
        let mut held = member(&["writers"], &[]);
        let attributes: Vec<String> = attributes.iter().map(|&name| name.to_owned()).collect();
        let what = format!("may SET ROLE writers, which is {}", attributes.join(", "));
        let (kind, role) = (EscalationKind::SetRole, Some("writers".to_owned()));
        held.escalations.insert(Escalation { kind, object: None, role, attributes, what });
        let mut promise = promising(&["writers"]);
        change(&mut promise);
        diff(&promise, &held)
    };
    assert_eq!(
        with(&["CREATEROLE", "CREATEDB"], &|_| {}),
        ["can use CREATEROLE, CREATEDB by SET ROLE writers, which is not promised"]
    );
    for attribute in ["SUPERUSER", "REPLICATION", "BYPASSRLS"] {
        let reported = format!("can use {attribute} by SET ROLE writers, which is not promised");
        assert_eq!(with(&[attribute], &|_| {}), [reported]);
    }
    let named = |promise: &mut RolePromise| promise.member_of[0].value.attributes = vec!["CREATEDB".into()];
    assert_eq!(with(&["CREATEDB"], &named), [""; 0]);
    assert_eq!(
        with(&["CREATEROLE", "CREATEDB"], &named),
        ["can use CREATEROLE by SET ROLE writers, which is not promised"]
    );
    assert_eq!(with(&["BYPASSRLS"], &|promise| promise.escalations = Escalations::Allowed), [""; 0]);
}

#[test]
fn a_predefined_role_with_power_is_reported_where_only_its_group_is_promised() {
    let mut held = member(&["writers", "pg_execute_server_program"], &[]);
    held.escalations.insert(Escalation {
        kind: EscalationKind::PredefinedRole,
        object: None,
        role: Some("pg_execute_server_program".into()),
        attributes: Vec::new(),
        what: "the predefined role pg_execute_server_program runs programs as the server's account".into(),
    });
    assert_eq!(
        diff(&promising(&["writers"]), &held),
        [
            "is a member of pg_execute_server_program through another group, which is not promised; the privileges that PostgreSQL gives to it are not listed; it runs programs as the server's account"
        ]
    );
    assert_eq!(diff(&promising(&["writers", "pg_execute_server_program"]), &held), [""; 0]);
}
