//! How each privilege is tried, by what is known of the database alone.

use leaseproof_domain::{Grant, Object, ObjectKind, Privilege};
use leaseproof_postgres::{Facts, Function, Recipe, Relation, RelationColumn};

fn in_app(kind: ObjectKind, name: &str) -> Object {
    Object { kind, schema: Some("app".into()), name: name.into(), column: None }
}

fn table() -> Object {
    in_app(ObjectKind::Table, "orders")
}

/// A relation with an ordinary column and an identity.
fn relation(kind: char) -> Relation {
    let column = |name: &str, sort: &str| RelationColumn { name: name.into(), sort: sort.into() };
    Relation {
        kind,
        statement_triggers: false,
        rules: false,
        columns: vec![column("note", "plain"), column("id", "identity")],
    }
}

fn function(kind: char, arguments: &[&str]) -> Function {
    let arguments = arguments.iter().map(|of| (!of.is_empty()).then(|| (*of).to_owned())).collect();
    Function { name: "f".into(), kind, immutable: false, variadic: false, pseudo: false, arguments }
}

/// A database in which `app.orders` is that relation.
fn with(relation: Relation) -> Facts {
    Facts {
        version: 150_000,
        database: "shop".into(),
        tablespace: "pg_default".into(),
        relations: [(("app".into(), "orders".into()), relation)].into(),
        ..Facts::default()
    }
}

/// The statements, or none where the privilege is not tried.
fn tried(privilege: Privilege, object: &Object, facts: &Facts) -> Vec<String> {
    match Recipe::of(&Grant { privilege, object: object.clone(), grantable: false }, facts) {
        Recipe::Ways(ways) => ways.into_iter().map(|way| way.sql).collect(),
        Recipe::Unproved { .. } => Vec::new(),
    }
}

#[test]
fn a_columns_privilege_is_tried_on_that_column_alone() {
    let facts = with(relation('r'));
    let column = |name: &str| Object { kind: ObjectKind::Column, column: Some(name.into()), ..table() };
    let reads = |columns: &str| [format!("SELECT {columns} FROM \"app\".\"orders\" WHERE false")];
    assert_eq!(tried(Privilege::Select, &table(), &facts), reads("\"note\", \"id\""));
    assert_eq!(tried(Privilege::Select, &column("id"), &facts), reads("\"id\""));
    assert!(tried(Privilege::Select, &column("gone"), &facts).is_empty());
    let bare = with(Relation { columns: Vec::new(), ..relation('r') });
    assert_eq!(tried(Privilege::Select, &table(), &bare), reads(""));
}

#[test]
fn what_a_write_of_no_rows_would_set_off_keeps_it_from_being_tried() {
    let beside = |own: Relation, other: Relation| {
        let mut facts = with(own);
        facts.relations.insert(("app".into(), "others".into()), other);
        tried(Privilege::Delete, &table(), &facts).len()
    };
    let triggered = |kind| Relation { statement_triggers: true, ..relation(kind) };
    let ruled = |kind| Relation { rules: true, ..relation(kind) };
    assert_eq!(beside(relation('r'), relation('r')), 1);
    assert_eq!((beside(triggered('r'), relation('r')), beside(ruled('r'), relation('r'))), (0, 0));
    // Only a view's rows may go to another table.
    assert_eq!((beside(relation('r'), triggered('r')), beside(relation('v'), triggered('r'))), (1, 0));
    assert_eq!((beside(relation('r'), ruled('r')), beside(relation('v'), ruled('r'))), (1, 0));
    assert_eq!((beside(relation('v'), relation('r')), beside(relation('f'), relation('r'))), (1, 0));
}

#[test]
fn a_lock_is_allowed_by_what_that_version_allows_it_by() {
    use Privilege::{Delete, Insert, Maintain, Truncate, Update};
    let also_by = |privilege, version| {
        let facts = Facts { version, ..with(relation('r')) };
        match Recipe::of(&Grant { privilege, object: table(), grantable: false }, &facts) {
            Recipe::Ways(ways) => ways.into_iter().flat_map(|way| way.also_by).collect(),
            Recipe::Unproved { .. } => Vec::new(),
        }
    };
    assert_eq!(also_by(Truncate, 159_999), [Update, Delete]);
    assert_eq!(also_by(Truncate, 160_000), [Update, Delete, Insert]);
    assert_eq!(also_by(Truncate, 169_999), [Update, Delete, Insert]);
    assert_eq!(also_by(Truncate, 170_000), [Update, Delete, Insert, Maintain]);
    assert_eq!(also_by(Maintain, 169_999), []);
    assert_eq!(also_by(Maintain, 170_000), [Update, Delete, Truncate, Insert]);
}

#[test]
fn a_function_is_called_with_nulls_of_its_types_for_no_row() {
    let calls = |function: Function| {
        let mut facts = with(relation('r'));
        facts.functions.insert(("app".into(), "f()".into()), function);
        tried(Privilege::Execute, &in_app(ObjectKind::Function, "f()"), &facts).join("; ")
    };
    let from = "FROM (SELECT NULL::int AS a0, NULL::text[] AS a1 OFFSET 0) AS v WHERE false";
    let two = || function('f', &["int", "text[]"]);
    assert_eq!(calls(two()), format!("SELECT \"app\".\"f\"(v.a0, v.a1) {from}"));
    assert_eq!(
        calls(Function { variadic: true, ..two() }),
        format!("SELECT \"app\".\"f\"(v.a0, VARIADIC v.a1) {from}")
    );
    // Without arguments the planner calls an immutable one by itself.
    let none = || function('f', &[]);
    assert_eq!(calls(none()), "SELECT \"app\".\"f\"() FROM (SELECT  OFFSET 0) AS v WHERE false");
    assert_eq!(calls(Function { immutable: true, ..none() }), "");
    assert!(!calls(Function { immutable: true, ..two() }).is_empty());
    // The first argument that is passed in is one that cannot be worked out.
    assert_eq!(
        calls(Function { variadic: true, ..function('p', &["", "int", "text[]"]) }),
        "CALL \"app\".\"f\"(NULL, CASE WHEN 1 / 0 = 1 THEN NULL::int END, VARIADIC NULL::text[])"
    );
    assert_eq!(calls(function('p', &[""])), "");
}

#[test]
fn in_the_databases_own_tablespace_nothing_is_tried() {
    let facts = with(relation('r'));
    let tablespace =
        |name: &str| Object { kind: ObjectKind::Tablespace, schema: None, name: name.into(), column: None };
    assert!(tried(Privilege::Create, &tablespace("pg_default"), &facts).is_empty());
    assert_eq!(tried(Privilege::Create, &tablespace("fast"), &facts).len(), 1);
}

#[test]
fn sequences_are_distinguished_from_tables() {
    let kinds = |kind| with(relation(kind)).objects().into_iter().map(|object| object.kind).collect::<Vec<_>>();
    assert!(kinds('S').contains(&ObjectKind::Sequence) && !kinds('S').contains(&ObjectKind::Table));
    assert!(kinds('r').contains(&ObjectKind::Table) && !kinds('r').contains(&ObjectKind::Sequence));
}
