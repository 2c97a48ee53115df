use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{
    Escalation, EscalationKind, Grant, GrantedTo, Membership, Object, ObjectKind, Origin, Privilege, PrivilegeSet,
    RoleAttributes, RoleSetting, RowSecurity, Why,
};
use leaseproof_scenario::{Escalations, GrantFragment, Member, Naming, Promised, PublicDefaults, RolePromise};
use proptest::prelude::*;

use super::{Deviation, DeviationKind, privilege_diff};

const KINDS: [ObjectKind; 13] = [
    ObjectKind::Table,
    ObjectKind::Column,
    ObjectKind::Sequence,
    ObjectKind::Schema,
    ObjectKind::Database,
    ObjectKind::Function,
    ObjectKind::Language,
    ObjectKind::Type,
    ObjectKind::ForeignDataWrapper,
    ObjectKind::ForeignServer,
    ObjectKind::LargeObject,
    ObjectKind::Tablespace,
    ObjectKind::Parameter,
];

pub(super) fn origin(line: u32) -> Origin {
    Origin { file: "scenario.toml".into(), line, column: 1 }
}

pub(super) fn object(kind: ObjectKind, number: usize) -> Object {
    use ObjectKind::{Column, Function, Sequence, Table, Type};
    Object {
        kind,
        schema: matches!(kind, Table | Column | Sequence | Function | Type).then(|| "app".to_owned()),
        name: format!("{}{number}", kind.word().to_lowercase()),
        column: (kind == Column).then(|| "a".to_owned()),
    }
}

pub(super) fn promise(grants: &BTreeSet<Grant>) -> RolePromise {
    let fragment = |(line, grant): (u32, &Grant)| GrantFragment {
        text: grant.to_string(),
        origin: origin(line),
        grants: vec![grant.clone()],
        whole_schemas: vec![],
        future: vec![],
    };
    RolePromise {
        name: "app".into(),
        mount: "database".into(),
        on: "target".into(),
        database: "shop".into(),
        default_ttl: None,
        max_ttl: None,
        grants: Some(Promised { value: (10..).zip(grants).map(fragment).collect(), origin: origin(2) }),
        attributes: RoleAttributes { login: true, inherit: true, ..RoleAttributes::default() },
        connection_limit: None,
        member_of: vec![],
        settings: BTreeMap::new(),
        owns: vec![],
        escalations: Escalations::Forbidden,
        probes: None,
        public: PublicDefaults::Allowed,
        username: None,
        naming: Naming::Default,
        says: None,
        origin: origin(1),
    }
}

pub(super) fn set(grants: &BTreeSet<Grant>) -> PrivilegeSet {
    PrivilegeSet {
        database: "shop".into(),
        attributes: RoleAttributes { login: true, inherit: true, ..RoleAttributes::default() },
        held: grants.iter().map(|grant| GrantedTo { grant: grant.clone(), why: Why::Direct }).collect(),
        ..PrivilegeSet::default()
    }
}

/// Every object that a grant names, with the table of each column.
pub(super) fn objects(grants: &BTreeSet<Grant>) -> BTreeSet<Object> {
    let named = grants.iter().map(|grant| grant.object.clone());
    let tables = grants.iter().filter_map(|grant| super::table_of(&grant.object));
    named.chain(tables).chain([object(ObjectKind::Database, 0)]).collect()
}

pub(super) fn reported(deviations: &[Deviation]) -> Vec<&str> {
    deviations.iter().map(|deviation| deviation.what.as_str()).collect()
}

prop_compose! {
    fn any_grant()(
        kind in proptest::sample::select(&KINDS[..]),
        number in 0..4_usize,
        which in any::<proptest::sample::Index>(),
        grantable in any::<bool>(),
    ) -> Grant {
        let privilege = kind.privileges()[which.index(kind.privileges().len())];
        // A privilege with and without the option is one privilege: which of them is reported by the number.
        Grant { privilege, object: object(kind, number), grantable: grantable && number == 0 }
    }
}

fn any_grants() -> impl Strategy<Value = BTreeSet<Grant>> {
    // Once with the option is with it.
    proptest::collection::vec(any_grant(), 1..40).prop_map(|grants| {
        let mut merged: BTreeMap<(Privilege, Object), bool> = BTreeMap::new();
        for grant in grants {
            *merged.entry((grant.privilege, grant.object)).or_default() |= grant.grantable;
        }
        merged.into_iter().map(|((privilege, object), grantable)| Grant { privilege, object, grantable }).collect()
    })
}

proptest! {
    #[test]
    fn a_set_is_what_its_own_promise_says(grants in any_grants()) {
        prop_assert_eq!(privilege_diff(&promise(&grants), &objects(&grants), &set(&grants)), vec![]);
    }

    #[test]
    fn a_grant_that_is_not_promised_is_one_extra(grants in any_grants(), which in any::<proptest::sample::Index>()) {
        let one = grants.iter().nth(which.index(grants.len())).unwrap().clone();
        let mut fewer = grants.clone();
        fewer.remove(&one);
        let found = privilege_diff(&promise(&fewer), &objects(&grants), &set(&grants));
        prop_assert_eq!(found.len(), 1, "{:?}", reported(&found));
        prop_assert!(found[0].is_extra());
        prop_assert_eq!(&found[0].privilege, &format!("{} ON {}", one.privilege, one.object));
    }

    #[test]
    fn a_grant_that_is_not_held_is_one_missing_at_its_line(
        grants in any_grants(),
        which in any::<proptest::sample::Index>(),
    ) {
        let index = which.index(grants.len());
        let mut fewer = grants.clone();
        fewer.remove(grants.iter().nth(index).unwrap());
        let found = privilege_diff(&promise(&grants), &objects(&grants), &set(&fewer));
        prop_assert_eq!(found.len(), 1, "{:?}", reported(&found));
        prop_assert_eq!(found[0].kind, DeviationKind::Missing);
        prop_assert_eq!(found[0].origin.as_ref().unwrap().line, 10 + u32::try_from(index).unwrap());
    }

    #[test]
    fn an_object_that_is_gone_is_reported_by_name(grants in any_grants(), which in any::<proptest::sample::Index>()) {
        let gone = grants.iter().nth(which.index(grants.len())).unwrap().object.clone();
        prop_assume!(gone.kind != ObjectKind::Parameter && gone != object(ObjectKind::Database, 0));
        let mut there = objects(&grants);
        there.remove(&gone);
        let held: BTreeSet<Grant> = grants.iter().filter(|grant| grant.object != gone).cloned().collect();
        let found = privilege_diff(&promise(&grants), &there, &set(&held));
        let lost = |deviation: &&Deviation| deviation.kind == DeviationKind::NoSuchObject;
        prop_assert_eq!(found.iter().filter(lost).count(), found.len());
        let words = format!("{gone} does not exist");
        prop_assert!(found.iter().all(|deviation| deviation.what.contains(&words)), "{:?}", reported(&found));
        prop_assert!(!found.is_empty());
    }
}

#[test]
fn ten_thousand_grants_are_compared_at_once() {
    let grants: BTreeSet<Grant> = (0..10_000)
        .map(|number| Grant {
            privilege: Privilege::Select,
            object: object(ObjectKind::Table, number),
            grantable: false,
        })
        .collect();
    let (promise, objects, set) = (promise(&grants), objects(&grants), set(&grants));
    let begun = std::time::Instant::now();
    assert!(privilege_diff(&promise, &objects, &set).is_empty());
    // Milliseconds where it is optimised; what is quadratic takes minutes here.
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

/// A role of a known shape, and what of it the promise leaves unexplained.
#[test]
fn what_is_beyond_acls_needs_an_explanation() {
    let definer = Object { name: "definer()".into(), ..object(ObjectKind::Function, 0) };
    let (table, view) = (object(ObjectKind::Table, 0), object(ObjectKind::Table, 1));
    let escalation = |kind, object: Option<&Object>, role: &str, what: &str| Escalation {
        kind,
        object: object.cloned(),
        role: Some(role.into()),
        attributes: Vec::new(),
        what: what.into(),
    };
    let mut held = set(&BTreeSet::new());
    held.held.insert(GrantedTo {
        grant: Grant { privilege: Privilege::Execute, object: definer.clone(), grantable: false },
        why: Why::PublicDefault,
    });
    held.escalations = [
        escalation(EscalationKind::SecurityDefiner, Some(&definer), "owner", "the function runs as its owner"),
        escalation(EscalationKind::OwnerView, Some(&view), "owner", "the view reads as its owner"),
        escalation(EscalationKind::SetRole, None, "staff", "may SET ROLE staff"),
        escalation(EscalationKind::RowSecurity, Some(&table), "itself", "row security does not bind"),
    ]
    .into();
    held.memberships.insert(Membership {
        group: "staff".into(),
        admin: false,
        direct: true,
        inherit: false,
        set: true,
    });
    held.owned.insert((table.clone(), "itself".into()));
    held.settings.insert(RoleSetting { database: None, name: "search_path".into(), value: "app".into() });
    held.attributes.connection_limit = Some(5);
    let there: BTreeSet<Object> =
        [definer.clone(), table.clone(), view.clone(), object(ObjectKind::Database, 0)].into();
    let nothing = promise(&BTreeSet::new());
    insta::assert_snapshot!(reported(&privilege_diff(&nothing, &there, &held)).join("\n"));

    let grant = |privilege, object: &Object| Grant { privilege, object: object.clone(), grantable: false };
    let grants = [grant(Privilege::Execute, &definer), grant(Privilege::Select, &view)].into();
    held.held.insert(GrantedTo { grant: grant(Privilege::Select, &view), why: Why::Direct });
    let mut all = promise(&grants);
    all.member_of.push(Promised { value: Member::of("staff"), origin: origin(3) });
    all.owns.push(Promised { value: table.clone(), origin: origin(4) });
    all.settings.insert("search_path".into(), Promised { value: "app".into(), origin: origin(5) });
    all.connection_limit = Some(Promised { value: 5, origin: origin(6) });
    assert_eq!(reported(&privilege_diff(&all, &there, &held)), Vec::<&str>::new());

    // A table that is promised to be read and shows nothing.
    held.row_security.insert(RowSecurity {
        table: view,
        forced: false,
        policies: ["p FOR INSERT TO PUBLIC".into()].into(),
    });
    insta::assert_snapshot!(reported(&privilege_diff(&all, &there, &held)).join("\n"), @"cannot see any row of TABLE app.table1, on which SELECT is promised: row security is enabled, and no policy permits reading");
}
