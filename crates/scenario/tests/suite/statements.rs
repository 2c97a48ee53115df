//! Warnings of statements that Vault sends: each is of something that Vault 1.21.0 and PostgreSQL reject or pass over.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const CREATE: &str = r#"CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"#;

/// What `check` warns of where the role `app` has these statements under `key`, and the setup runs this SQL.
fn warned(key: &str, statements: &str, sql: &str) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let creation = if key == "creation_statements" { statements } else { CREATE };
    let other = if key == "creation_statements" { String::new() } else { format!("{key} = {}\n", text(statements)) };
    let scenario = format!(
        r#"title = "t"
[postgres.target]
[[setup]]
sql = {sql}
[[setup]]
enable = "database"
[[setup]]
write = "database/config/shop"
data = {{ plugin_name = "postgresql-database-plugin", connection_url = "postgresql://{{{{username}}}}:{{{{password}}}}@${{postgres.target.write}}/shop", allowed_roles = "app", username = "vault", password = "vaultpass" }}
[[setup]]
write = "database/roles/app"
[setup.data]
db_name = "shop"
creation_statements = {creation}
{other}[[setup]]
policy = "client"
rules = 'path "database/creds/app" {{ capabilities = ["read"] }} path "sys/leases/*" {{ capabilities = ["update"] }}'
[client]
policies = ["client"]
[role.app]
database = "shop"
[lifecycle.app]
role = "app"
end = {{ revoke = 1.0 }}
[[phase]]
name = "steady"
rate = "1/s"
for = "1s"
mix = {{ app = 1 }}
"#,
        sql = text(sql),
        creation = text(creation),
    );
    crate::warnings_of(&scenario)
}

const SHOP: &str = "CREATE DATABASE shop";
const BLOCK: &str = "DO $$ BEGIN PERFORM 1; PERFORM 2; END $$";

fn json(items: &[&str]) -> String {
    serde_json::to_string(items).unwrap()
}

#[test]
fn statements_that_vault_accepts_have_no_warning() {
    let lower = BLOCK.replace("END", "end");
    let comment = r#"COMMENT ON ROLE "{{name}}" IS 'a;b'"#;
    for statements in [
        json(&[CREATE]),
        json(&[CREATE, comment, &lower]),
        STANDARD.encode(CREATE),
        STANDARD.encode(json(&[CREATE, comment, BLOCK])),
        STANDARD
            .encode(CREATE)
            .as_bytes()
            .chunks(60)
            .map(|line| String::from_utf8_lossy(line))
            .collect::<Vec<_>>()
            .join("\n"),
        format!("{CREATE}\n-- don't\nGRANT pg_monitor TO \"{{{{name}}}}\";"),
        format!("-- don't\n{CREATE}"),
        format!("{CREATE}\n/* don't */ SELECT 1"),
        format!("{CREATE}\n-- first;\nSELECT 1"),
        format!("{CREATE}\n-- first; -- second\nSELECT 1"),
        format!("{CREATE}\n-- the end"),
        format!("{CREATE}\n-- {{{{nothing}}}}"),
        format!("{CREATE} {comment} -- END"),
        format!("-- don't\n{CREATE} {BLOCK}; -- isn't"),
        format!("{CREATE} {BLOCK}"),
    ] {
        assert_eq!(warned("creation_statements", &statements, SHOP), "", "{statements}");
    }
    let rotation = "ALTER ROLE \"{{username}}\" PASSWORD '{{password}}'";
    assert_eq!(warned("rotation_statements", rotation, SHOP).matches('⚠').count(), 1, "a role has no such key");
}

#[test]
fn statements_that_fail_or_miss_the_credential_have_one() {
    for (statements, says) in [
        (format!("{CREATE} COMMENT ON ROLE \"{{{{name}}}}\" IS 'a;b'"), "also inside quotes"),
        (format!("{CREATE} CREATE ROLE \"a;{{{{name}}}}\""), "also inside quotes"),
        (format!("{CREATE}\n-- first; then\nSELECT 1"), "also inside comments"),
        (format!("{CREATE}\n/* first; then */ SELECT 1"), "also inside comments"),
        (STANDARD.encode(format!("{CREATE} {BLOCK}")), "END stands between two quotes"),
        (format!("SELECT 1 /* don't */; {CREATE} {BLOCK} /* isn't */"), "END stands between two quotes"),
        (json(&[CREATE, BLOCK]), "PostgreSQL rejects JSON"),
        (json(&["CREATE ROLE \"{{name}}\" LOGIN VALID UNTIL '{{expiration}}'"]), "has no `{{password}}`"),
        (STANDARD.encode("COMMENT ON ROLE \"{{name}}\" IS '{{nam}}'"), "did you mean `{{name}}`?"),
        (json(&["COMMENT ON ROLE \"{{name}}\" IS '{{nam}}'"]), "did you mean `{{name}}`?"),
        (CREATE.replace("{{name}}", "{{ name }}"), "Vault does not replace `{{ name }}` in `creation_statements`"),
        (
            format!("{CREATE} COMMENT ON ROLE \"{{{{name}}}}\" IS '{{{{public_key}}}}'"),
            "Vault does not replace `{{public_key}}`",
        ),
    ] {
        let reported = warned("creation_statements", &statements, SHOP);
        assert!(reported.contains(says) && reported.matches('⚠').count() == 1, "{statements}\n{reported}");
    }
    for (key, statements) in [
        ("revocation_statements", "ALTER ROLE \"{{name}}\" PASSWORD '{{password}}'"),
        ("renew_statements", "ALTER ROLE \"{{name}}\" PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"),
    ] {
        let reported = warned(key, statements, SHOP);
        assert!(reported.contains(&format!("does not replace `{{{{password}}}}` in `{key}`")), "{reported}");
    }
}

#[test]
fn a_database_is_created_by_the_name_that_postgresql_gives_it() {
    for sql in [
        "create database Shop",
        "Create /* it */ Database SHOP owner x",
        "CREATE DATABASE \"shop\"",
        "CREATE DATABASE other; SELECT dblink_exec('', 'create database SHOP')",
        "CREATE DATABASE other; DO $$ BEGIN PERFORM made('shop'); END $$",
    ] {
        assert_eq!(warned("creation_statements", CREATE, sql), "", "{sql}");
    }
    for sql in ["CREATE DATABASE \"Shop\"", "CREATE DATABASE other -- and shop", "CREATE DATABASE shopping"] {
        let reported = warned("creation_statements", CREATE, sql);
        assert!(reported.contains("no setup step creates the database `shop`"), "{sql}\n{reported}");
    }
}

#[test]
fn a_name_in_single_quotes_is_no_role() {
    for (key, statement) in [
        ("creation_statements", format!("{CREATE} GRANT SELECT ON t TO '{{{{name}}}}'")),
        ("creation_statements", format!("{CREATE} ALTER TABLE t OWNER TO '{{{{name}}}}'")),
        ("revocation_statements", "DROP ROLE '{{name}}'".to_owned()),
        ("revocation_statements", "DROP OWNED BY '{{name}}'".to_owned()),
        ("revocation_statements", "REVOKE ALL ON t FROM '{{username}}'".to_owned()),
        ("renew_statements", "ALTER ROLE '{{name}}' VALID UNTIL '{{expiration}}'".to_owned()),
    ] {
        let reported = warned(key, &statement, SHOP);
        assert!(reported.contains("a role's name is an identifier"), "{statement}\n{reported}");
    }
    for statement in [
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'; DROP ROLE \"{{name}}\"",
        "SET ROLE '{{name}}'",
        "SET application_name TO '{{name}}'",
        "COMMENT ON ROLE \"{{name}}\" IS '{{name}}'",
        "SELECT my_drop('{{name}}')",
    ] {
        let reported = warned("revocation_statements", statement, SHOP);
        assert!(!reported.contains("a role's name is an identifier"), "{statement}\n{reported}");
    }
}
