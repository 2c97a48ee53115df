//! Which privileges are tried out, and how often.

use std::collections::BTreeSet;
use std::path::Path;

use leaseproof_domain::{Object, ObjectKind, Origin};
use leaseproof_scenario::{LoadOptions, Plan, ProbePlan, Problems, Promised, PublicDefaults, RolePromise, load};

fn plan(set: &[&str]) -> Result<Plan, Problems> {
    let set = set.iter().map(|set| (*set).to_owned()).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/powerdns");
    load(&path, &LoadOptions { set, ..LoadOptions::default() })
}

fn asks_for_probes(plan: &Plan) -> bool {
    plan.asks.iter().any(|ask| ask.check.as_str().starts_with("PRB-"))
}

#[test]
fn privileges_are_tried_out_unless_the_scenario_says_otherwise() {
    let probes = |set: &[&str]| plan(set).unwrap().roles[0].probes;
    let usual = ProbePlan { first: 20, share: 0.1, forbidden: 10 };
    assert_eq!(probes(&[]), Some(usual));
    assert_eq!(probes(&["role.powerdns-role.probes=true"]), Some(usual));
    assert_eq!(probes(&["role.powerdns-role.probes={ first = 3 }"]), Some(ProbePlan { first: 3, ..usual }));
    assert_eq!(
        probes(&["role.powerdns-role.probes={ share = 1.0, forbidden = 0 }"]),
        Some(ProbePlan { first: 20, share: 1.0, forbidden: 0 })
    );
    for none in ["false", "{ first = 0, share = 0.0 }"] {
        let plan = plan(&[&format!("role.powerdns-role.probes={none}")]).unwrap();
        assert_eq!(plan.roles[0].probes, None);
        assert!(!asks_for_probes(&plan), "{none}");
    }
    assert!(asks_for_probes(&plan(&[]).unwrap()));
}

#[test]
fn what_is_no_number_of_probes_is_reported() {
    for (wrong, words) in [
        ("role.powerdns-role.probes=3", "expected true, false or a table, got a whole number"),
        ("role.powerdns-role.probes={ fist = 3 }", "`probes` has no key `fist`"),
        ("role.powerdns-role.probes={ share = 2.0 }", "2"),
        ("role.powerdns-role.probes={ first = -1 }", "-1 is out of range: expected 0 or more"),
    ] {
        let reported = plan(&[wrong]).unwrap_err().render(false);
        assert!(reported.contains(words), "{wrong}: {reported}");
    }
}

fn object(kind: ObjectKind, name: &str) -> Object {
    Object { kind, schema: Some("public".into()), name: name.into(), column: None }
}

fn shared(kind: ObjectKind, name: &str) -> Object {
    Object { schema: None, ..object(kind, name) }
}

fn universe() -> BTreeSet<Object> {
    use ObjectKind::{Database, Function, Schema, Sequence, Table};
    [
        shared(Database, "powerdns"),
        shared(Schema, "public"),
        object(Table, "domains"),
        object(Table, "notes"),
        object(Sequence, "domains_id_seq"),
        object(Function, "f()"),
    ]
    .into()
}

/// A role of the PowerDNS scenario with other grants.
fn role(grants: &str) -> RolePromise {
    plan(&[&format!("role.powerdns-role.grants={grants}")]).unwrap().roles.remove(0)
}

fn forbidden(role: &RolePromise) -> Vec<String> {
    let columns = |_: &Object| vec!["id".to_owned(), "name".to_owned()];
    role.forbidden(&universe(), columns).iter().map(ToString::to_string).collect()
}

#[test]
fn whole_schemas_are_reported_object_by_object_with_their_lines() {
    let role = role("[\"SELECT ON ALL TABLES IN SCHEMA public\", \"SELECT ON TABLE notes WITH GRANT OPTION\"]");
    let promised = role.promised(&universe());
    let reported: Vec<String> = promised.iter().map(|(grant, _)| grant.to_string()).collect();
    assert_eq!(reported, ["SELECT ON TABLE public.domains", "SELECT ON TABLE public.notes WITH GRANT OPTION"]);
    let origins: Vec<&Origin> = role.grants.as_ref().unwrap().value.iter().map(|fragment| &fragment.origin).collect();
    assert!(promised.iter().all(|(_, origin)| *origin == origins[0]), "the first line that says it counts");
}

#[test]
fn what_is_not_promised_is_all_else_but_what_everybody_has() {
    let role_ =
        role("[\"USAGE ON SCHEMA public\", \"SELECT, UPDATE ON TABLE domains\", \"USAGE ON SEQUENCE domains_id_seq\"]");
    let all = forbidden(&role_);
    for grant in &all {
        for promised in ["USAGE ON", "SELECT ON TABLE public.domains", "UPDATE ON TABLE public.domains"] {
            assert!(!grant.starts_with(promised), "{grant} is promised");
        }
        assert!(!grant.contains("EXECUTE") && !grant.contains("CONNECT") && !grant.contains("TEMPORARY"), "{grant}");
    }
    for grant in [
        "TRUNCATE ON TABLE public.domains",
        "SELECT ON TABLE public.notes",
        "CREATE ON SCHEMA public",
        "CREATE ON DATABASE powerdns",
        "UPDATE ON SEQUENCE public.domains_id_seq",
    ] {
        assert!(all.iter().any(|known| known == grant), "{grant} is not among {all:#?}");
    }
    let strict = forbidden(&RolePromise { public: PublicDefaults::Forbidden, ..role_ });
    for grant in ["CONNECT ON DATABASE powerdns", "EXECUTE ON FUNCTION public.f()"] {
        assert!(strict.iter().any(|known| known == grant), "{grant} is not among {strict:#?}");
    }
}

#[test]
fn where_columns_are_promised_the_others_stand_for_the_table() {
    let all = forbidden(&role("[\"UPDATE (name) ON TABLE domains\"]"));
    assert!(all.contains(&"UPDATE ON COLUMN public.domains(id)".to_owned()), "{all:#?}");
    assert!(!all.contains(&"UPDATE ON TABLE public.domains".to_owned()));
    assert!(all.contains(&"SELECT ON TABLE public.domains".to_owned()));
    let whole = forbidden(&role("[\"UPDATE (id, name) ON TABLE domains\"]"));
    assert!(!whole.iter().any(|grant| grant.starts_with("UPDATE ON") && grant.contains("domains(")), "{whole:#?}");
}

#[test]
fn what_a_predefined_group_gives_on_everything_is_not_forbidden() {
    let mut role = role("[]");
    let origin = role.origin.clone();
    role.member_of = vec![Promised { value: leaseproof_scenario::Member::of("pg_read_all_data"), origin }];
    let all = forbidden(&role);
    assert!(!all.iter().any(|grant| grant.starts_with("SELECT") || grant.starts_with("USAGE ON SCHEMA")), "{all:#?}");
    assert!(all.contains(&"INSERT ON TABLE public.notes".to_owned()));
    role.attributes.superuser = true;
    assert_eq!(forbidden(&role), Vec::<String>::new());
    let nothing = RolePromise { grants: None, ..role };
    assert_eq!((nothing.promised(&universe()).len(), forbidden(&nothing).len()), (0, 0));
}
