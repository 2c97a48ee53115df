#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use leaseproof_scenario::{LoadOptions, load};

use crate::attached::not_done_there;

const SCENARIO: &str = r#"
title = "Ours"
[postgres.target]
version = "15"

[[setup]]
sql = 'CREATE DATABASE ourdb; CREATE ROLE our_vault LOGIN CREATEROLE; CREATE ROLE our_svc LOGIN;'
[[setup]]
enable = "database"
path   = "ourmnt"
[[setup]]
write = "ourmnt/config/c"
[setup.data]
plugin_name    = "postgresql-database-plugin"
allowed_roles  = "*"
connection_url = "postgresql://{{username}}:{{password}}@${postgres.target.write}/ourdb?sslmode=disable"
username       = "our_vault"
password       = "our-vault-pw"
[[setup]]
write = "ourmnt/roles/reader"
[setup.data]
db_name             = "c"
creation_statements = ["CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"]
[[setup]]
write = "ourmnt/static-roles/svc"
[setup.data]
db_name         = "c"
username        = "our_svc"
rotation_period = "24h"

[client]
policies = ["ourpol"]
[role.reader]
database = "ourdb"
mount    = "ourmnt"
[lifecycle.app]
role = "reader"
end  = { revoke = 1 }
[[phase]]
name = "steady"
rate = "1/s"
for  = "4s"
mix  = { app = 1 }
[attached]
setup = "ours"
[attached.vault]
address = "http://127.0.0.1:8200"
auth    = { method = "token", token_env = "VAULT_TOKEN" }
[attached.postgres.target]
observer  = "postgres://observer@127.0.0.1:5432/postgres"
operator  = "operator"
sslmode   = "disable"
endpoints = ["db-1:5432", "db-2:5432"]
"#;

const URL: &str = "postgresql://{{username}}:{{password}}@${postgres.target.write}/ourdb?sslmode=disable";

/// What is said of a scenario.
fn said_of(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, text).unwrap();
    let plan = load(&file, &LoadOptions::default()).unwrap_or_else(|why| panic!("{text}: {}", why.render(false)));
    not_done_there(&plan).join("\n")
}

/// What is said of the scenario with that change.
fn said(from: &str, to: &str) -> String {
    assert!(SCENARIO.contains(from), "{from}");
    said_of(&SCENARIO.replace(from, to))
}

fn with_statements(key: &str, value: &str) -> String {
    said(
        "[[setup]]\nwrite = \"ourmnt/static-roles/svc\"",
        &format!("{key} = {value}\n[[setup]]\nwrite = \"ourmnt/static-roles/svc\""),
    )
}

#[test]
fn vault_changes_no_account_that_the_setup_does_not_create() {
    assert_eq!(said("our_svc\"\nrotation", "our_svc\"\nrotation"), "");
    for (from, to, words) in [
        (
            "\"our_svc\"",
            "\"orders_app\"",
            "`username` of static-roles/svc: it rotates the password of orders_app, which is not a role",
        ),
        ("sslmode=disable", "host=other", "the parameter `host` may change where"),
        ("sslmode=disable", "role=orders_app", "the parameter `role` may change"),
        ("sslmode=disable", "dbname=orders_x", "the parameter `dbname` may change"),
        (
            "username       = \"our_vault\"",
            "username = \"our_vault\"\nusername_template = \"orders_app\"",
            "the same name",
        ),
        ("db_name         = \"c\"", "db_name = \"other\"", "the setup writes no connection for it"),
        (
            URL,
            "host=db-1 hostaddr=10.0.0.1 user={{username}} dbname=ourdb",
            "the parameter `hostaddr` may change where",
        ),
        (URL, "service=theirs dbname=ourdb host=db-1", "the parameter `service` may change where"),
        (URL, "user={{username}} dbname=ourdb", "it has no host"),
        (URL, "host=db-1 user={{username}}", "it names no database"),
        (URL, "host=/var/run/postgresql dbname=ourdb", "is a socket of Vault's machine"),
        (URL, "postgresql://%2Fvar%2Frun/ourdb", "is a socket of Vault's machine"),
        (URL, "host=db-1 port=x dbname=ourdb", "`x` is no port"),
        (URL, "host=db-1 dbname='ourdb", "a quoted value has no end"),
        (URL, "ourdb", "or host=HOST port=PORT"),
    ] {
        let said = said(from, to);
        assert!(said.contains(words) && said.contains("scenario.toml:"), "{to}: {said}");
    }
    for (from, to) in [
        ("@${postgres.target.write}", "@db-1:5432,db-2:5432"),
        ("@${postgres.target.write}", "@haproxy:5432"),
        ("\"our_vault\"", "\"theirs\""),
        ("sslmode=disable", "sslmode=disable&connect_timeout=3"),
        ("//{{username}}:", "//our_vault:"),
        (URL, "host=db-1 port=5432 user={{username}} password='{{password}}' dbname=ourdb sslmode=disable"),
        (URL, "host=db-1,db-2 user={{username}} password={{password}} database=ourdb"),
    ] {
        assert_eq!(said(from, to), "", "{to}");
    }
}

/// Vault may log in with an account of somebody else's, and not change its password.
#[test]
fn an_account_of_others_is_not_rotated() {
    let rotate = "[[setup]]\nwrite = \"ourmnt/rotate-root/c\"\n\n[client]";
    assert_eq!(said("[client]", rotate), "");
    for (from, to) in [
        ("\"our_vault\"", "\"theirs\""),
        ("//{{username}}:", "//theirs:"),
        (
            "//{{username}}:{{password}}@${postgres.target.write}/ourdb?",
            "//theirs:x@db-1/ourdb?application_name={{username}}&",
        ),
        (URL, "host=db-1 user=theirs password=x dbname=ourdb application_name={{username}}"),
    ] {
        assert_eq!(said(from, to), "");
        let said = said_of(&SCENARIO.replace("[client]", rotate).replace(from, to));
        assert!(said.contains("it rotates the password of theirs, which is not a role"), "{to}: {said}");
    }
    let itself = said("username       = \"our_vault\"", "username = \"theirs\"\nrotation_period = \"1h\"");
    assert!(itself.contains("it rotates the password of theirs"), "{itself}");
}

#[test]
fn vault_s_statements_stay_within_the_setup() {
    for key in [
        "revocation_statements",
        "rollback_statements",
        "renew_statements",
        "rotation_statements",
        "root_rotation_statements",
        "revocation_sql",
    ] {
        for value in [
            "'ALTER ROLE orders_app CONNECTION LIMIT 7;'",
            "['DROP ROLE \"{{name}}\";', 'DROP ROLE IF EXISTS foreign_group;']",
            "'QUxURVIgUk9MRSB0aGVpcnMgQ1JFQVRFREI7'",
            "'[\"DROP OWNED BY orders_app\"]'",
            "'GRANT \"{{name}}\" TO orders_app'",
            "'REASSIGN OWNED BY orders_app TO our_vault'",
            "'REASSIGN OWNED BY \"{{name}}\" TO orders_app'",
            "'CREATE ROLE every_time'",
            "\"SELECT '; ALTER ROLE orders_app NOLOGIN; '\"",
            "'DO $$ BEGIN; ALTER ROLE orders_app NOLOGIN; END $$'",
            "'SELECT pg_reload_conf()'",
            "'CREATE ROLE \"{{name}}-2\"'",
            "'CREATE USER \"x{{name}}\"'",
            "'CREATE GROUP {{username}}_group ROLE orders_app'",
            "'CREATE ROLE \"{{password}}\"'",
            "'ALTER ROLE \"{{name}}\" RENAME TO \"{{name}}-2\"'",
            "\"DO $$ BEGIN CREATE ROLE \\\"{{name}}-2\\\"; END $$\"",
            "\"DO $$ BEGIN EXECUTE format('CREATE ROLE %I', '{{name}}-2'); END $$\"",
            "\"DO $$ BEGIN EXECUTE 'CREATE ROLE \\\"' || '{{name}}' || '2\\\"'; END $$\"",
            "'GRANT our_svc TO \"{{name}}-2\"'",
            "'CREATE DATABASE every_time'",
            "'DROP ROLE our_svc'",
            "'ALTER GROUP foreign_group ADD USER orders_app'",
            "'ALTER GROUP foreign_group DROP USER orders_app'",
            "'ALTER GROUP \"{{name}}\" ADD USER orders_app'",
            "\"DO $$ BEGIN EXECUTE 'ALTER GROUP foreign_group ADD USER orders_app'; END $$\"",
            "'CREATE VIEW v AS SELECT * FROM pg_authid; UPDATE v SET rolcreatedb = true'",
        ] {
            let said = with_statements(key, value);
            let words = format!("`{key}` of roles/reader: `");
            assert!(said.contains(&words) && said.contains("scenario.toml:"), "{key} {value}: {said}");
        }
        for value in [
            "'GRANT our_svc TO \"{{name}}\"; GRANT pg_monitor TO \"{{name}}\"; CREATE TABLE t (a int)'",
            "'REASSIGN OWNED BY \"{{name}}\" TO CURRENT_USER; DROP OWNED BY \"{{name}}\"; DROP ROLE IF EXISTS \"{{name}}\"'",
            "'ALTER GROUP our_svc ADD USER \"{{name}}\"; ALTER GROUP pg_monitor DROP USER \"{{name}}\"; GRANT SELECT ON t TO our_svc'",
            "\"ALTER ROLE {{username}} NOLOGIN VALID UNTIL '{{expiration}}'\"",
            "\"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'\"",
            "\"DO $$ BEGIN EXECUTE format('DROP ROLE %I', '{{name}}'); END $$\"",
            "\"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'our_svc') THEN CREATE ROLE our_svc; END IF; END $$\"",
        ] {
            assert_eq!(with_statements(key, value), "", "{key} {value}");
        }
    }
    // CURRENT_USER is the account of the connection.
    for statements in [
        "DROP OWNED BY CURRENT_USER",
        "REASSIGN OWNED BY CURRENT_ROLE TO our_svc",
        "REASSIGN OWNED BY \"{{name}}\" TO SESSION_USER",
        "ALTER ROLE CURRENT_USER CREATEDB",
        "ALTER ROLE SESSION_USER SET search_path = x",
        "DO $$ BEGIN DROP OWNED BY CURRENT_USER; END $$",
    ] {
        let key = format!("revocation_statements = '{statements}'\n[[setup]]\nwrite = \"ourmnt/static-roles/svc\"");
        let text = SCENARIO.replace("[[setup]]\nwrite = \"ourmnt/static-roles/svc\"", &key);
        assert_eq!(said_of(&text), "", "{statements}");
        let said = said_of(&text.replace("\"our_vault\"", "\"theirs\""));
        assert!(said.contains("it changes the account of the connection"), "{statements}: {said}");
    }
    // Its membership ends with the credential.
    let member = "'GRANT \"{{name}}\" TO CURRENT_USER'";
    assert_eq!(with_statements("revocation_statements", member), "");
    // In a database of somebody else's, only roles, memberships, and rights of the credential.
    let elsewhere = |statements: &str| {
        let key = format!("revocation_statements = \"{statements}\"\n[[setup]]\nwrite = \"ourmnt/static-roles/svc\"");
        let text = SCENARIO.replace("[[setup]]\nwrite = \"ourmnt/static-roles/svc\"", &key);
        said_of(&text.replace("/ourdb?", "/orders_x?"))
    };
    for statements in [
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM \\\"{{name}}\\\"; GRANT SELECT ON t TO \\\"{{name}}\\\"",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'",
        "WITH x AS (SELECT rolname FROM pg_catalog.pg_roles) SELECT count(*) FROM x, (SELECT 1 FROM pg_class) y",
    ] {
        assert_eq!(elsewhere(statements), "", "{statements}");
    }
    for statements in [
        "GRANT SELECT ON t TO our_svc",
        "GRANT SELECT ON t TO \\\"{{name}}\\\", our_svc",
        "DO $$ BEGIN GRANT SELECT ON t TO our_svc; END $$",
        "REASSIGN OWNED BY \\\"{{name}}\\\" TO our_svc",
        "SELECT count(*) FROM v_of_others",
        "SELECT 1 FROM pg_roles r JOIN v_of_others v ON true",
        "SELECT 1 UNION SELECT count(*) FROM v_of_others",
        "SELECT count(*) FROM v_of_others EXCEPT SELECT 1",
        "DO $$ BEGIN IF EXISTS (SELECT FROM v_of_others) THEN DROP ROLE \\\"{{name}}\\\"; END IF; END $$",
        "SELECT 1 FROM pg_class FOR UPDATE",
    ] {
        let said = elsewhere(statements);
        assert!(said.contains("the database orders_x is not one that the setup creates"), "{statements}: {said}");
    }
    let schema = "creation_statements = [\"CREATE SCHEMA IF NOT EXISTS leftover;\", ";
    let said = said_of(&SCENARIO.replace("creation_statements = [", schema).replace("/ourdb?", "/orders_x?"));
    assert!(said.contains("the database orders_x is not one that the setup creates"), "{said}");
}
