//! Secrets within texts: SQL, URLs, connection strings, scripts, JSON.

use std::ops::Range;

use super::found::in_order;
use super::nets;

/// Where a text shows what beyond doubt is a secret, in order, without overlaps. A template (`{{password}}`), a variable
/// (`$PGPASSWORD`, `${…}`) and a stored hash are none.
pub(crate) fn spans(text: &str) -> Vec<Range<usize>> {
    in_order(nets::all(text, 0).into_iter().filter(|found| found.certain).map(|found| found.span).collect())
}

/// Where it shows that, or what may be one.
pub(crate) fn doubtful_spans(text: &str) -> Vec<Range<usize>> {
    in_order(nets::all(text, 0).into_iter().map(|found| found.span).collect())
}

/// The secrets that it shows: each as it is written, and what that stands for.
pub(crate) fn values(text: &str) -> Vec<String> {
    let certain = nets::all(text, 0).into_iter().filter(|found| found.certain);
    certain.flat_map(|found| [Some(text[found.span].to_owned()), found.value]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::{doubtful_spans, spans, values};

    fn blank(text: &str) -> String {
        let mut blanked = text.to_owned();
        for found in spans(text) {
            let stars = "*".repeat(found.len());
            blanked.replace_range(found, &stars);
        }
        blanked
    }

    #[test]
    fn secrets_are_blanked_out_byte_for_byte() {
        for (text, blanked) in [
            ("CREATE ROLE a PASSWORD 'ab''c';", "CREATE ROLE a PASSWORD '*****';"),
            ("CREATE ROLE a PASSWORD $$ab$$;", "CREATE ROLE a PASSWORD $$**$$;"),
            ("PASSWORD $x$a'b$x$", "PASSWORD $x$***$x$"),
            ("PASSWORD '$ab'", "PASSWORD '***'"),
            (r"password /* why */ E'a\'b'", r"password /* why */ E'****'"),
            ("OPTIONS (user 'x', \"password\" 'abc')", "OPTIONS (user 'x', \"password\" '***')"),
            ("DO $$ BEGIN ALTER ROLE a PASSWORD 'abc'; END $$", "DO $$ BEGIN ALTER ROLE a PASSWORD '***'; END $$"),
            ("postgresql://u:pw@h/d", "postgresql://u:**@h/d"),
            ("postgresql://u:p@w/x@h/d", "postgresql://u:*****@h/d"),
            ("password = \"säure\"", "password = \"******\""),
            (r#"password = "a\"bc""#, r#"password = "*****""#),
            ("PGPASSWORD=abc psql", "PGPASSWORD=*** psql"),
            ("password='it', token = 'x'", "password='**', token = '*'"),
            (r#"curl -d '{"password":"abc"}'"#, r#"curl -d '{"password":"***"}'"#),
            (r#"{\"client_secret\": \"abc\"}"#, r#"{\"client_secret\": \"***\"}"#),
            ("-H 'X-Vault-Token: abc' x", "-H 'X-Vault-Token: ***' x"),
            ("Authorization: Bearer abc", "Authorization: Bearer ***"),
            ("vault login --token abc", "vault login --token ***"),
        ] {
            assert_eq!(blank(text), blanked);
            assert_eq!(blank(text).len(), text.len());
        }
        for text in [
            "PASSWORD '{{password}}'",
            "postgresql://{{username}}:{{password}}@h/d",
            "password=$PGPASSWORD",
            "password_authentication = \"scram-sha-256\"",
            "PASSWORD 'SCRAM-SHA-256$4096:aa==$bb=:cc='",
            "X-Vault-Token: $VAULT_TOKEN",
            "SELECT password FROM users WHERE name = 'ada'",
            "SET PASSWORD FOR 'ada'@'%'",
            "UPDATE users SET password = excluded.password, token = $1",
            "SET password = crypt($1, gen_salt('bf'))",
            "INSERT INTO domains (name, type) VALUES ('example.org', 'NATIVE')",
            "CREATE FUNCTION get_token() RETURNS text AS $$ SELECT 1 $$",
            "COMMENT ON COLUMN users.password IS 'as crypt() makes it'",
            "http://127.0.0.1:8200/v1/sys/health",
            "bind_secret_id=true",
            "SELECT format('ALTER ROLE %I PASSWORD %L', name, value)",
        ] {
            assert_eq!(blank(text), text);
        }
    }

    /// The secret in the texts below.
    const S: &str = "Hush-4711";

    #[test]
    fn secrets_are_known_by_what_they_stand_for() {
        for text in [
            "INSERT INTO users (name, password) VALUES ('ada', 'Hush-4711'), ('bob', 'Hush-4712')",
            "INSERT INTO app.users (id, \"pass\", n) VALUES (1, E'Hush\\x2d4711', 2) ON CONFLICT DO NOTHING",
            "UPDATE users SET password = crypt('Hush-4711', gen_salt('bf')) WHERE name = 'ada'",
            "SELECT pgp_sym_encrypt('text', 'Hush-4711')",
            "ALTER USER ada IDENTIFIED BY 'Hush-4711'",
            "SET PASSWORD FOR ada = 'Hush-4711'",
            "SET PASSWORD FOR 'ada'@'%' = E'Hush-4711'",
            "ALTER USER ada IDENTIFIED WITH mysql_native_password BY 'Hush-4711'",
            "ALTER ROLE ada PASSWORD U&'Hush\\002d4711'",
            "ALTER ROLE ada PASSWORD U&'Hush\\+00002d4711'",
            "ALTER ROLE ada PASSWORD $tag$Hush-4711$tag$",
            "ALTER ROLE ada PASSWORD 'x'\n'Hush-4711'",
            "DO $x$ BEGIN EXECUTE 'ALTER ROLE ada PASSWORD ''Hush-4711'''; END $x$",
            "DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', 'ada', 'Hush-4711'); END $$",
            "DO $$ BEGIN EXECUTE 'ALTER ROLE ada PASSWORD ' || quote_literal('Hush-4711'); END $$",
            "ALTER DATABASE shop SET \"app.settings.jwt_secret\" TO 'Hush-4711'",
            "SELECT set_config('app.jwt_secret', 'Hush-4711', false)",
            "SELECT json_build_object('user', 'ada', 'password', 'Hush-4711')",
            "CREATE SUBSCRIPTION s CONNECTION 'host=h password=Hush-4711' PUBLICATION p",
            "host=h user=x password = Hush-4711 dbname=y",
            "user=x PASSWORD = Hush-4711 HOST = h",
            "CREATE SUBSCRIPTION s CONNECTION 'host=h password=''Hush-4711''' PUBLICATION p",
            "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'a', ADD password 'Hush-4711')",
            "CREATE TABLE a (password text NOT NULL DEFAULT 'Hush-4711')",
            "\\set admin_password 'Hush-4711'",
            "\\setenv PGPASSWORD Hush-4711",
            "PGPASSWORD=Hush-4711 psql",
            "export PGPASSWORD='Hush-4711'",
            "PGPASSWORD=\"Hush-4711\"",
            "PGPASSWORD=$'Hush-4711'",
            "createuser --password=Hush-4711; x",
            "tool --password 'Hush-4711'",
            "tool --api-key Hush-4711",
            "vault login -token=Hush-4711",
            "vault write auth/x password=Hush-4711 ttl=1h",
            "vault login Hush-4711",
            "vault login -no-print -namespace team-a Hush-4711",
            "vault unwrap Hush-4711",
            "ldapsearch -x -D cn=ada -w Hush-4711",
            "machine h login ada password Hush-4711",
            "/var/run/postgresql:5432:*:ada:Hush-4711",
            "h\\:1:*:shop:ada:Hush-4711",
            "psql 'postgresql://h/d?user=a&password=Hush-4711&x=y'",
            "openssl pkcs12 -pass pass:Hush-4711",
            "tool -pass Hush-4711 x",
            "mysql -u root -pHush-4711 shop",
            "sshpass -p Hush-4711 ssh h",
            "redis-cli -h h -a Hush-4711",
            "curl -u ada:Hush-4711 http://h/",
            "curl --user 'ada:Hush-4711' http://h/",
            "openssl rsa -passin pass:Hush-4711",
            "echo \"h:5432:*:ada:Hush-4711\" > ~/.pgpass",
            "cat <<EOF\nhost=h\npassword = \"Hush-4711\"\nEOF",
            "postgresql://{{username}}:Hush-4711@h/d",
            "redis://:Hush-4711@h",
            "postgresql://a:Hush%2D4711@h/d",
            "postgresql://a:Hush-4711@h/d,postgresql://b:x@h/e",
            "https://h/?user=a&token=Hush-4711&x=y",
            "Authorization: Basic Hush-4711",
            "{\"Authorization\":\"Hush-4711\"}",
            r#"{"a": "{\"b\": \"{\\\"client_secret\\\": \\\"Hush-4711\\\"}\"}"}"#,
            "{'password': 'Hush-4711'}",
            "{ \"password\" => \"Hush-4711\" }",
            "db_pass=Hush-4711",
            "apiKey = \"Hush-4711\"",
        ] {
            assert!(values(text).iter().any(|value| value == S), "{text}: {:?}", values(text));
        }
        let text = "x = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc' hvs.CAESIJ0123456789 glpat-0123456789abcdef";
        let distinct: std::collections::BTreeSet<String> = values(text).into_iter().collect();
        assert_eq!(distinct.len(), 3, "{distinct:?}");
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown_and_not_looked_for() {
        for text in [
            "INSERT INTO users VALUES (1, 'ada', 'Hush-4711')",
            "INSERT INTO secrets (name, value) VALUES ('a', 'Hush-4711')",
            "INSERT INTO users (name, password) SELECT 'ada', md5('Hush-4711')",
            "WITH c(name, password) AS (VALUES ('a', 'Hush-4711')) INSERT INTO users SELECT * FROM c",
            "MERGE INTO users u USING (VALUES ('a', 'Hush-4711')) v ON true WHEN MATCHED THEN UPDATE SET password = v.column2",
            "SELECT set_password('ada', 'Hush-4711')",
            "SET PASSWORD FOR ada = PASSWORD('Hush-4711')",
            "COPY users FROM stdin;\n1\tada\tHush-4711\n\\.",
            "password: Hush-4711",
            "export PGPASSWORD_X='Hush-4711'",
            "\\password ada Hush-4711",
            "  password = Hush-4711",
            "- name: DB_PASSWORD\n  value: Hush-4711",
            "{\"tokens\": [\"Hush-4711\"]}",
            "{\"credentials\": {\"a\": {\"b\": \"Hush-4711\"}}}",
            "git clone https://Hush-4711@h/r",
            "mysqlsh ada:Hush-4711@h/d",
            "jq -n --arg token Hush-4711 .",
            "aws configure set aws_secret_access_key Hush-4711",
            "requirepass Hush-4711",
            "send \"Hush-4711\\r\"",
            "${PASSWORD:-Hush-4711}",
        ] {
            let hidden = doubtful_spans(text).into_iter().any(|span| text[span].contains(S));
            assert!(hidden && !values(text).iter().any(|value| value == S), "{text}: {:?}", doubtful_spans(text));
        }
    }
}
