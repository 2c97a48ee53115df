//! The sets that the room reads, against PostgreSQL's own `has_…_privilege` for every role, object and privilege.

use std::collections::BTreeSet;

use leaseproof_domain::{Grant, Object, ObjectKind, PrivilegeSet, Username, Why};
use leaseproof_postgres::{Login, Observer, Session};
use leaseproof_testkit::postgres::Cluster;

const ENVIRONMENT: &str = r#"
    CREATE SCHEMA app; CREATE SCHEMA "Odd Schema";
    CREATE TABLE t (a int, b int); CREATE TABLE app.u (a int); CREATE TABLE "Odd Schema"."Odd ""Table" (a int);
    CREATE VIEW app.v AS SELECT 1 AS one; CREATE MATERIALIZED VIEW app.m AS SELECT 1 AS one;
    CREATE TABLE app.p (a int) PARTITION BY LIST (a);
    CREATE SEQUENCE s; CREATE SEQUENCE app.q;
    GRANT INSERT ON app.v TO PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA app TO PUBLIC;
    CREATE ROLE readers; CREATE ROLE writers; CREATE ROLE shut NOINHERIT; CREATE ROLE owners;
    GRANT SELECT ON t, app.u TO readers; GRANT UPDATE (b) ON t TO readers; GRANT DELETE ON app.p TO writers;
    GRANT USAGE ON SEQUENCE app.q TO writers WITH GRANT OPTION;
    GRANT readers TO writers; GRANT readers TO shut;
    CREATE TABLE owned (a int); ALTER TABLE owned OWNER TO owners; CREATE TABLE kept (a int); ALTER TABLE kept OWNER TO owners;
    REVOKE DELETE, TRUNCATE ON kept FROM owners;
    CREATE ROLE "d-Plain"; CREATE ROLE d_group; GRANT writers TO d_group; CREATE ROLE d_cut; GRANT shut TO d_cut;
    CREATE ROLE d_shut NOINHERIT; GRANT writers TO d_shut; CREATE ROLE d_owner; GRANT owners TO d_owner;
    CREATE ROLE d_all_read; GRANT pg_read_all_data TO d_all_read; CREATE ROLE d_all_write; GRANT pg_write_all_data TO d_all_write;
    CREATE ROLE d_database; GRANT CREATE ON DATABASE postgres TO d_database; GRANT CREATE ON SCHEMA "Odd Schema" TO d_database;
    CREATE ROLE d_lord; CREATE DATABASE lorded OWNER d_lord;
    CREATE ROLE d_direct; GRANT SELECT, REFERENCES ON "Odd Schema"."Odd ""Table", app.m TO d_direct WITH GRANT OPTION;
    GRANT INSERT (a) ON t TO d_direct; GRANT UPDATE ON SEQUENCE s TO d_direct;
"#;

/// One line a privilege that the server says a role has, on the objects that the room reads.
const SERVER: &str = r#"
    WITH r AS (SELECT oid, rolname FROM pg_roles WHERE rolname LIKE 'd\_%' OR rolname LIKE 'd-%'),
    n AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
    o AS (SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid, n.nspname || '.' || relname AS name
          FROM pg_class c JOIN n ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
    found AS (
        SELECT r.rolname, p || ' ON TABLE ' || o.name AS line FROM r, o,
            unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) p
        WHERE o.kind = 'TABLE' AND has_table_privilege(r.oid, o.oid, p)
        UNION ALL
        SELECT r.rolname, p || ' ON TABLE ' || o.name || ' WITH GRANT OPTION' FROM r, o,
            unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) p
        WHERE o.kind = 'TABLE' AND has_table_privilege(r.oid, o.oid, p || ' WITH GRANT OPTION')
          AND has_table_privilege(r.oid, o.oid, p)
        UNION ALL
        SELECT r.rolname, p || ' ON SEQUENCE ' || o.name FROM r, o, unnest(ARRAY['USAGE','SELECT','UPDATE']) p
        WHERE o.kind = 'SEQUENCE' AND has_sequence_privilege(r.oid, o.oid, p)
        UNION ALL
        SELECT r.rolname, p || ' ON SEQUENCE ' || o.name || ' WITH GRANT OPTION' FROM r, o,
            unnest(ARRAY['USAGE','SELECT','UPDATE']) p
        WHERE o.kind = 'SEQUENCE' AND has_sequence_privilege(r.oid, o.oid, p || ' WITH GRANT OPTION')
        UNION ALL
        SELECT r.rolname, p || ' ON SCHEMA ' || n.nspname FROM r, n, unnest(ARRAY['USAGE','CREATE']) p
        WHERE has_schema_privilege(r.oid, n.oid, p)
        UNION ALL
        SELECT r.rolname, p || ' ON DATABASE ' || d.datname FROM r, pg_database d, unnest(ARRAY['CONNECT','CREATE','TEMPORARY']) p
        WHERE has_database_privilege(r.oid, d.oid, p)
        UNION ALL
        SELECT r.rolname, p || ' ON COLUMN ' || n.nspname || '.' || relname || '(' || attname || ')'
        FROM r, pg_class c JOIN n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0,
            unnest(ARRAY['SELECT','INSERT','UPDATE','REFERENCES']) p
        WHERE has_column_privilege(r.oid, c.oid, attnum, p) AND NOT has_table_privilege(r.oid, c.oid, p)
    )
    INSERT INTO said SELECT rolname, line FROM found
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_is_what_the_server_grants() {
    let cluster = Cluster::start().await;
    let session = open(&cluster.login("postgres", "postgres")).await;
    for statement in ENVIRONMENT.split_inclusive(';').filter(|statement| !statement.trim().is_empty()) {
        session.script(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let observer = Observer::connect(cluster.login("postgres", "postgres")).await.unwrap();
    for name in [
        "d-Plain",
        "d_group",
        "d_cut",
        "d_shut",
        "d_owner",
        "d_all_read",
        "d_all_write",
        "d_database",
        "d_lord",
        "d_direct",
    ] {
        let role = observer.role(&Username::new(name)).await.unwrap().unwrap();
        let set = observer.privileges(&[role.oid]).await.unwrap().remove(&role.oid).unwrap();
        let read = read(&set);
        let said = said(&session, name).await;
        assert_eq!(read, said, "{name}: what was read, and what PostgreSQL says");
        assert!(!read.is_empty() || name == "d-Plain", "{name}");
    }
}

async fn open(login: &Login) -> Session {
    Session::open(login).await.unwrap()
}

/// The server's answer comes back as notices would: through an error's text, the only text a session hands out.
async fn said(session: &Session, role: &str) -> BTreeSet<String> {
    session
        .script(&format!("DROP TABLE IF EXISTS said; CREATE TEMP TABLE said (role text, line text); {SERVER}"))
        .await
        .unwrap();
    let ask = format!(
        "DO $$ BEGIN RAISE EXCEPTION '%', (SELECT coalesce(string_agg(line, E'\\n'), '') FROM said WHERE role = '{role}'); END $$"
    );
    let leaseproof_postgres::Error::Answer { message, .. } = session.script(&ask).await.unwrap_err() else { panic!() };
    message.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn read(set: &PrivilegeSet) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for held in &set.held {
        // What is held in the system's schemas, the server was not asked for.
        let schema = held.grant.object.schema.as_deref().unwrap_or(&held.grant.object.name);
        assert!(held.why != Why::Superuser && !schema.starts_with("pg_") && schema != "information_schema", "{held:?}");
        let Object { kind, .. } = held.grant.object;
        lines.insert(Grant { grantable: false, ..held.grant.clone() }.to_string());
        if held.grant.grantable && matches!(kind, ObjectKind::Table | ObjectKind::Sequence) {
            lines.insert(held.grant.to_string());
        }
    }
    lines
}
