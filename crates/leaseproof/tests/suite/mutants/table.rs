//! The sabotaged environments, each with the checks that must catch it.

use super::scenario::{Change, DELPHI, NONE, POWERDNS, Parent, TWO_CLUSTERS, WIZARD};

/// One sabotaged environment.
pub(crate) struct Mutant {
    pub(crate) name: &'static str,
    /// What is wrong with it.
    pub(crate) says: &'static str,
    pub(crate) parent: &'static Parent,
    pub(crate) change: Change,
    /// Checks that must all fail.
    pub(crate) by: &'static [&'static str],
    /// Checks that may also fail.
    pub(crate) also: &'static [&'static str],
}

/// Consequences if a role cannot be dropped.
const ENDS: &[&str] = &["REV-1", "EXP-1", "RUN-2", "INV-6a", "INV-10"];
/// Consequences if a revocation does not reach Vault: it is not in the audit log either.
const SWALLOWED: &[&str] = &["REV-1", "EXP-1", "RUN-2", "INV-6a", "INV-10", "AUD-1"];
/// Consequences if no credential is issued, or none that works.
const USELESS: &[&str] = &["GRA-1", "LOG-1", "INV-1", "INV-4", "INV-5", "ISS-1", "ISS-4"];
/// Consequences if the client's lease differs from Vault's.
const ASTRAY: &[&str] = &[
    "POL-1", "AUD-1", "EXP-1", "INV-1", "INV-2", "INV-3", "INV-4", "INV-5", "INV-6a", "INV-7", "INV-10", "ISS-1",
    "ISS-4", "REV-1", "RUN-2", "TTL-2", "TTL-7", "LOG-1",
];
/// Where two clients have the same credential: the one revokes it while the other tries its privileges.
const REPEATED: &[&str] = &[
    "POL-1", "AUD-1", "EXP-1", "INV-1", "INV-2", "INV-3", "INV-4", "INV-5", "INV-6a", "INV-7", "INV-10", "ISS-1",
    "ISS-4", "REV-1", "RUN-2", "TTL-2", "TTL-7", "LOG-1", "PRB-2",
];

const fn mutant(
    name: &'static str,
    says: &'static str,
    change: Change,
    by: &'static [&'static str],
    also: &'static [&'static str],
) -> Mutant {
    Mutant { name, says, parent: &POWERDNS, change, by, also }
}

const fn of(parent: &'static Parent, mutant: Mutant) -> Mutant {
    Mutant { parent, ..mutant }
}

const fn append(sql: &'static str) -> Change {
    Change { append: sql, ..NONE }
}

const fn swap(from: &'static str, to: &'static str) -> Change {
    Change { swap: (from, to), ..NONE }
}

const fn sql(sql: &'static str) -> Change {
    Change { sql, ..NONE }
}

const fn both(sql: &'static str, append: &'static str) -> Change {
    Change { sql, append, ..NONE }
}

const fn role(data: &'static str) -> Change {
    Change { role: data, ..NONE }
}

const fn config(data: &'static str) -> Change {
    Change { config: data, ..NONE }
}

const fn toml(text: &'static str) -> Change {
    Change { toml: text, ..NONE }
}

/// Every mutant.
pub(crate) static MUTANTS: &[Mutant] = &[
    // Uncommon kinds of privileges.
    mutant(
        "function-added",
        "EXECUTE on a function that PUBLIC cannot execute",
        both(
            "CREATE FUNCTION purge() RETURNS int LANGUAGE sql AS 'SELECT 1';\nREVOKE EXECUTE ON FUNCTION purge() FROM PUBLIC;\nGRANT EXECUTE ON FUNCTION purge() TO vaultuser WITH GRANT OPTION;\n",
            r#"GRANT EXECUTE ON FUNCTION purge() TO "{{name}}";"#,
        ),
        &["GRA-1"],
        ENDS,
    ),
    mutant(
        "back-door-of-public",
        "a SECURITY DEFINER function of a superuser that PUBLIC can execute",
        sql(
            "CREATE FUNCTION back_door() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM pg_authid';\n",
        ),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "back-door-granted",
        "a SECURITY DEFINER function of a superuser, granted",
        both(
            "CREATE FUNCTION back_door() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM pg_authid';\nREVOKE EXECUTE ON FUNCTION back_door() FROM PUBLIC;\nGRANT EXECUTE ON FUNCTION back_door() TO vaultuser WITH GRANT OPTION;\n",
            r#"GRANT EXECUTE ON FUNCTION back_door() TO "{{name}}";"#,
        ),
        &["GRA-1"],
        ENDS,
    ),
    mutant(
        "type-added",
        "USAGE on a type that PUBLIC cannot use",
        both(
            "CREATE TYPE mood AS ENUM ('ok');\nREVOKE USAGE ON TYPE mood FROM PUBLIC;\nGRANT USAGE ON TYPE mood TO vaultuser WITH GRANT OPTION;\n",
            r#"GRANT USAGE ON TYPE mood TO "{{name}}";"#,
        ),
        &["GRA-1"],
        ENDS,
    ),
    mutant(
        "large-object-added",
        "SELECT on a large object",
        both(
            "SELECT lo_create(4242);\nGRANT SELECT ON LARGE OBJECT 4242 TO vaultuser WITH GRANT OPTION;\n",
            r#"GRANT SELECT ON LARGE OBJECT 4242 TO "{{name}}";"#,
        ),
        &["GRA-1"],
        ENDS,
    ),
    mutant(
        "tablespace-added",
        "CREATE on a tablespace",
        both(
            "GRANT CREATE ON TABLESPACE pg_default TO vaultuser WITH GRANT OPTION;\n",
            r#"GRANT CREATE ON TABLESPACE pg_default TO "{{name}}";"#,
        ),
        &["GRA-1"],
        ENDS,
    ),
    mutant(
        "parameter-added",
        "SET on a parameter that only superusers can set",
        both(
            "GRANT SET ON PARAMETER log_statement TO vaultuser WITH GRANT OPTION;\n",
            r#"GRANT SET ON PARAMETER log_statement TO "{{name}}";"#,
        ),
        &["GRA-1"],
        ENDS,
    ),
    mutant(
        "language-added",
        "USAGE on a language that PUBLIC cannot use",
        both(
            "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;\nGRANT USAGE ON LANGUAGE plpgsql TO vaultuser WITH GRANT OPTION;\n",
            r#"GRANT USAGE ON LANGUAGE plpgsql TO "{{name}}";"#,
        ),
        &["GRA-1"],
        ENDS,
    ),
    mutant(
        "role-setting",
        "the user's sessions start with a different work_mem",
        append(r#"ALTER ROLE "{{name}}" SET work_mem = '64MB';"#),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "view-of-its-owner",
        "a view that reads a table with the privileges of its owner, a superuser",
        both(
            "CREATE VIEW every_role AS SELECT rolname FROM pg_authid;\nGRANT SELECT ON every_role TO vaultuser WITH GRANT OPTION;\n",
            r#"GRANT SELECT ON every_role TO "{{name}}";"#,
        ),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "user-mapping-of-public",
        "a user mapping for PUBLIC gives every user a login to a foreign server",
        sql(
            "CREATE FOREIGN DATA WRAPPER nowhere;\nCREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;\nCREATE USER MAPPING FOR PUBLIC SERVER elsewhere;\n",
        ),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "passwords-open-to-public",
        "PUBLIC can read the catalog of passwords",
        sql("GRANT SELECT ON pg_authid TO PUBLIC;\n"),
        &["GRA-1"],
        &[],
    ),
    // Logins and sessions.
    mutant(
        "trust",
        "pg_hba.conf has `trust` for all connections from loopback",
        Change {
            toml: "[postgres.target]\nhba = \"pg_hba.conf\"\n",
            file: ("pg_hba.conf", "host all all 127.0.0.1/32 trust\n"),
            ..NONE
        },
        &["PWD-2"],
        ENDS,
    ),
    mutant(
        "sessions-ended",
        "revocation closes open sessions, which are promised to survive",
        Change {
            sql: "GRANT pg_signal_backend TO vaultuser;\n",
            role: r#"revocation_statements = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'; REVOKE ALL ON ALL TABLES IN SCHEMA public FROM \"{{name}}\"; REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM \"{{name}}\"; REVOKE ALL ON SCHEMA public FROM \"{{name}}\"; DROP ROLE \"{{name}}\";""#,
            lifecycle: "hold_session = { share = 1.0 }\n",
            ..NONE
        },
        &["INV-6b"],
        ENDS,
    ),
    mutant(
        "sessions-go-on",
        "open sessions survive a revocation, but are promised to be closed",
        Change { promise: "sessions_after_revoke = \"die\"\n", lifecycle: "hold_session = { share = 1.0 }\n", ..NONE },
        &["INV-6b"],
        &[],
    ),
    mutant(
        "renewal-grants-more",
        "each renewal grants TRUNCATE",
        Change {
            sql: "GRANT TRUNCATE ON domains TO vaultuser WITH GRANT OPTION;\n",
            role: r#"renew_statements = ["ALTER ROLE \"{{name}}\" VALID UNTIL '{{expiration}}'; GRANT TRUNCATE ON domains TO \"{{name}}\";"]"#,
            ..NONE
        },
        &["GRA-1"],
        &["INV-9"],
    ),
    // Creation statements that grant too little.
    mutant(
        "table-missing",
        "a table is missing from the GRANT",
        swap("supermasters, comments,", "supermasters,"),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "sequence-missing",
        "a sequence is missing from the GRANT",
        swap("ON domains_id_seq, ", "ON "),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "delete-missing",
        "DELETE is missing from the GRANT",
        swap("UPDATE, DELETE ON", "UPDATE ON"),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "sequence-usage-missing",
        "USAGE on the sequences is missing",
        swap("SELECT, USAGE ON", "SELECT ON"),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "columns-only",
        "only two columns of a table are granted",
        append(r#"REVOKE SELECT ON comments FROM "{{name}}"; GRANT SELECT (id, name) ON comments TO "{{name}}";"#),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "schema-usage-missing",
        "USAGE on the schema is missing, and PUBLIC does not have it",
        Change {
            sql: "REVOKE USAGE ON SCHEMA public FROM PUBLIC;",
            swap: ("GRANT USAGE ON SCHEMA public TO \"{{name}}\";\n", ""),
            ..NONE
        },
        &["GRA-1", "LOG-1"],
        USELESS,
    ),
    mutant(
        "grant-option-lost",
        "Vault's account has no grant option for SELECT on a table: PostgreSQL only warns",
        sql("REVOKE GRANT OPTION FOR SELECT ON cryptokeys FROM vaultuser;"),
        &["GRA-1"],
        &[],
    ),
    // Creation statements that grant too much.
    mutant(
        "truncate-added",
        "TRUNCATE is also granted",
        append(r#"GRANT TRUNCATE ON domains TO "{{name}}";"#),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "references-added",
        "REFERENCES is also granted",
        append(r#"GRANT REFERENCES ON domains TO "{{name}}";"#),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "trigger-added",
        "TRIGGER is also granted",
        append(r#"GRANT TRIGGER ON domains TO "{{name}}";"#),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "sequence-update-added",
        "UPDATE on a sequence is also granted",
        append(r#"GRANT UPDATE ON domains_id_seq TO "{{name}}";"#),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "all-tables",
        "ALL TABLES IN SCHEMA instead of the list of tables, and there is an additional table",
        both(
            "CREATE TABLE accounting (id int); GRANT ALL ON accounting TO vaultuser WITH GRANT OPTION;",
            r#"GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}";"#,
        ),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "wrong-schema",
        "a table in another schema is granted",
        both(
            "CREATE SCHEMA billing; CREATE TABLE billing.invoices (id int); GRANT USAGE ON SCHEMA billing TO vaultuser WITH GRANT OPTION; GRANT ALL ON billing.invoices TO vaultuser WITH GRANT OPTION;",
            r#"GRANT USAGE ON SCHEMA billing TO "{{name}}"; GRANT SELECT ON billing.invoices TO "{{name}}";"#,
        ),
        &["GRA-1"],
        ENDS,
    ),
    mutant(
        "schema-usage-elsewhere",
        "USAGE on a schema without granted tables, which default revocation does not revoke",
        both(
            "CREATE SCHEMA billing; GRANT USAGE ON SCHEMA billing TO vaultuser WITH GRANT OPTION;",
            r#"GRANT USAGE ON SCHEMA billing TO "{{name}}";"#,
        ),
        &["GRA-1", "REV-1"],
        ENDS,
    ),
    mutant(
        "with-grant-option",
        "a privilege has the grant option",
        append(r#"GRANT SELECT ON domains TO "{{name}}" WITH GRANT OPTION;"#),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "public-grant",
        "PUBLIC can read a table",
        sql("CREATE TABLE accounting (id int); GRANT SELECT ON accounting TO PUBLIC;"),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "public-writes",
        "PUBLIC can truncate a promised table",
        sql("GRANT TRUNCATE ON domains TO PUBLIC;"),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "public-creates",
        "PUBLIC can create objects in the schema",
        sql("GRANT CREATE ON SCHEMA public TO PUBLIC;"),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "membership-extra",
        "the role is a member of an additional role",
        both(
            "CREATE ROLE operators NOLOGIN; GRANT operators TO vaultuser WITH ADMIN OPTION;",
            r#"GRANT operators TO "{{name}}";"#,
        ),
        &["GRA-1"],
        &[],
    ),
    mutant(
        "membership-writes",
        "a membership includes a privilege on a table that Vault's account cannot revoke: default revocation fails (42501)",
        both(
            "CREATE TABLE accounting (id int); CREATE ROLE operators NOLOGIN; GRANT DELETE ON accounting TO operators; GRANT operators TO vaultuser WITH ADMIN OPTION;",
            r#"GRANT operators TO "{{name}}";"#,
        ),
        &["GRA-1", "REV-1"],
        ENDS,
    ),
    of(
        &DELPHI,
        mutant(
            "group-missing",
            "the promised group is not granted",
            swap("GRANT delphi_readers TO \"{{name}}\";", ""),
            &["GRA-1"],
            USELESS,
        ),
    ),
    of(
        &DELPHI,
        mutant(
            "group-admin-option",
            "the group membership has the admin option",
            append(r#"GRANT delphi_readers TO "{{name}}" WITH ADMIN OPTION;"#),
            &["GRA-1"],
            &[],
        ),
    ),
    of(
        &DELPHI,
        mutant(
            "group-writes",
            "the group has write privileges",
            sql("GRANT DELETE ON ALL TABLES IN SCHEMA public TO delphi_readers;"),
            &["GRA-1"],
            &[],
        ),
    ),
    mutant("createrole", "the role has CREATEROLE", append(r#"ALTER ROLE "{{name}}" CREATEROLE;"#), &["GRA-1"], &[]),
    mutant("createdb", "the role has CREATEDB", append(r#"ALTER ROLE "{{name}}" CREATEDB;"#), &["GRA-1"], &[]),
    mutant("noinherit", "the role has NOINHERIT", append(r#"ALTER ROLE "{{name}}" NOINHERIT;"#), &["GRA-1"], &[]),
    of(
        &DELPHI,
        mutant("superuser", "the role is a superuser", append(r#"ALTER ROLE "{{name}}" SUPERUSER;"#), &["GRA-1"], &[]),
    ),
    of(
        &DELPHI,
        mutant(
            "replication",
            "the role has REPLICATION",
            append(r#"ALTER ROLE "{{name}}" REPLICATION;"#),
            &["GRA-1"],
            &[],
        ),
    ),
    of(
        &DELPHI,
        mutant("bypassrls", "the role has BYPASSRLS", append(r#"ALTER ROLE "{{name}}" BYPASSRLS;"#), &["GRA-1"], &[]),
    ),
    of(
        &DELPHI,
        mutant(
            "reads-all-data",
            "the role is a member of pg_read_all_data",
            append(r#"GRANT pg_read_all_data TO "{{name}}";"#),
            &["GRA-1"],
            &[],
        ),
    ),
    of(
        &DELPHI,
        mutant(
            "writes-all-data",
            "the role is a member of pg_write_all_data",
            append(r#"GRANT pg_write_all_data TO "{{name}}";"#),
            &["GRA-1"],
            &[],
        ),
    ),
    of(
        &DELPHI,
        mutant(
            "runs-programs",
            "the role is a member of pg_execute_server_program",
            append(r#"GRANT pg_execute_server_program TO "{{name}}";"#),
            &["GRA-1"],
            &[],
        ),
    ),
    of(
        &DELPHI,
        mutant(
            "signals-backends",
            "the role is a member of pg_signal_backend",
            append(r#"GRANT pg_signal_backend TO "{{name}}";"#),
            &["GRA-1"],
            &[],
        ),
    ),
    of(
        &DELPHI,
        mutant(
            "creates-in-schema",
            "the role can create objects in the schema",
            append(r#"GRANT CREATE ON SCHEMA public TO "{{name}}";"#),
            &["GRA-1", "REV-1"],
            ENDS,
        ),
    ),
    of(
        &DELPHI,
        mutant(
            "creates-in-database",
            "the role can create schemas",
            append(r#"GRANT CREATE ON DATABASE delphi TO "{{name}}";"#),
            &["GRA-1", "REV-1"],
            ENDS,
        ),
    ),
    of(
        &DELPHI,
        mutant(
            "owns-a-table",
            "the role owns a table",
            append(r#"CREATE TABLE "of-{{name}}" (id int); ALTER TABLE "of-{{name}}" OWNER TO "{{name}}";"#),
            &["GRA-1", "REV-1"],
            ENDS,
        ),
    ),
    of(
        &DELPHI,
        mutant(
            "default-privileges",
            "default privileges give the role access to every later table, and it cannot be dropped",
            append(r#"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO "{{name}}";"#),
            &["REV-1"],
            ENDS,
        ),
    ),
    of(
        &WIZARD,
        mutant(
            "insert-added",
            "INSERT is also granted",
            append(r#"GRANT INSERT ON ALL TABLES IN SCHEMA public TO "{{name}}";"#),
            &["GRA-1"],
            &[],
        ),
    ),
    // The role itself.
    mutant("nologin", "the role has NOLOGIN", swap("WITH LOGIN", "WITH NOLOGIN"), &["LOG-1"], USELESS),
    mutant(
        "connection-limit-0",
        "the role has CONNECTION LIMIT 0",
        append(r#"ALTER ROLE "{{name}}" CONNECTION LIMIT 0;"#),
        &["LOG-1"],
        USELESS,
    ),
    mutant("no-password", "the role has no password", swap(" PASSWORD '{{password}}'", ""), &["LOG-1"], USELESS),
    mutant(
        "fixed-password",
        "all roles have the same password",
        swap("'{{password}}'", "'for-everybody-alike'"),
        &["LOG-1"],
        USELESS,
    ),
    mutant(
        "valid-until-missing",
        "the role has no VALID UNTIL",
        swap(" VALID UNTIL '{{expiration}}'", ""),
        &["ISS-4"],
        &["INV-4"],
    ),
    mutant(
        "valid-until-infinity",
        "VALID UNTIL is infinity",
        swap("{{expiration}}", "infinity"),
        &["ISS-4"],
        &["INV-4"],
    ),
    mutant(
        "valid-until-2099",
        "VALID UNTIL is decades later",
        swap("{{expiration}}", "2099-01-01 00:00:00+00"),
        &["ISS-4", "INV-4"],
        &[],
    ),
    mutant(
        "valid-until-past",
        "VALID UNTIL is in the past",
        swap("{{expiration}}", "2020-01-01 00:00:00+00"),
        &["ISS-4"],
        USELESS,
    ),
    mutant(
        "twin",
        "the statements create a second role that is never removed",
        append(r#"CREATE ROLE "{{name}}-twin";"#),
        &["INV-3", "RUN-2"],
        &["ISS-1", "POL-1", "INV-10"],
    ),
    mutant(
        "shared-group",
        "the statements create an undeclared group",
        append(
            "DO $$ BEGIN CREATE ROLE app_group; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;",
        ),
        &["RUN-2"],
        &[],
    ),
    mutant(
        "declared-group-logs-in",
        "the declared group has LOGIN",
        Change {
            append: "DO $$ BEGIN CREATE ROLE app_group LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;",
            promise: "creates = [\"app_group\"]\n",
            ..NONE
        },
        &["RUN-2", "INV-3"],
        &[],
    ),
    mutant(
        "left-before",
        "a role from an earlier run is left",
        Change {
            sql: "CREATE ROLE \"v-token-powerdns-AbCdEfGhIjKlMnOpQrSt-1700000000\" LOGIN PASSWORD 'left';\n",
            promise: "orphans_before = 0\n",
            ..NONE
        },
        &["RUN-7"],
        &[],
    ),
    mutant(
        "predefined-role-widened",
        "the credential is a member of a predefined role to which an additional privilege was granted",
        Change {
            sql: "GRANT pg_monitor TO vaultuser WITH ADMIN OPTION;\nGRANT EXECUTE ON FUNCTION pg_reload_conf() TO pg_monitor;\n",
            append: r#"GRANT pg_monitor TO "{{name}}";"#,
            toml: "[role.powerdns-role]\nmember_of = [\"pg_monitor\"]\n",
            ..NONE
        },
        &["GRA-1"],
        &[],
    ),
    // Times.
    mutant(
        "default-ttl-2h",
        "the default TTL is twice the promised one",
        role(r#"default_ttl = "2h""#),
        &["TTL-7"],
        &["ISS-4", "INV-4"],
    ),
    mutant(
        "default-ttl-30m",
        "the default TTL is half the promised one",
        role(r#"default_ttl = "30m""#),
        &["TTL-7"],
        &["ISS-4", "INV-4"],
    ),
    mutant(
        "max-ttl-48h",
        "the maximum TTL is twice the promised one",
        role(r#"max_ttl = "48h""#),
        &["TTL-7", "INV-7"],
        &["TTL-2"],
    ),
    mutant(
        "max-ttl-12h",
        "the maximum TTL is half the promised one",
        role(r#"max_ttl = "12h""#),
        &["TTL-7"],
        &["TTL-2"],
    ),
    mutant(
        "default-ttl-forgotten",
        "the role has no default TTL: the engine's applies",
        toml("without = [\"setup.write.database/roles/powerdns-role.default_ttl\"]\n"),
        &["TTL-7"],
        &["ISS-4", "INV-4"],
    ),
    mutant(
        "mount-tuned",
        "the engine's maximum is below the role's",
        toml("[[setup]]\nwrite = \"sys/mounts/database/tune\"\n[setup.data]\nmax_lease_ttl = \"2h\"\n"),
        &["TTL-7"],
        &["TTL-2"],
    ),
    mutant(
        "system-max-ttl",
        "Vault's own maximum is below the role's",
        toml("[vault]\ndefault_lease_ttl = \"30m\"\nmax_lease_ttl = \"2h\"\n"),
        &["TTL-7"],
        &["TTL-2"],
    ),
    mutant(
        "renewal-without-effect",
        "a renewal changes nothing in PostgreSQL",
        role(r#"renew_statements = ["SELECT 1;"]"#),
        &["TTL-2", "INV-4"],
        &[],
    ),
    mutant(
        "renewal-to-infinity",
        "a renewal sets VALID UNTIL to infinity",
        role(r#"renew_statements = ["ALTER ROLE \"{{name}}\" VALID UNTIL 'infinity';"]"#),
        &["TTL-2", "INV-4"],
        &[],
    ),
    mutant(
        "renewal-fails",
        "the statement of each renewal fails",
        role(r#"renew_statements = ["SELECT 1/0;"]"#),
        &["TTL-2"],
        &["TTL-7"],
    ),
    // Ends.
    mutant(
        "revocation-nologin",
        "revocation only removes LOGIN",
        role(r#"revocation_statements = 'ALTER ROLE "{{name}}" NOLOGIN;'"#),
        &["REV-1", "EXP-1", "RUN-2"],
        ENDS,
    ),
    mutant(
        "revocation-nothing",
        "revocation does nothing",
        role("revocation_statements = 'SELECT 1;'"),
        &["REV-1", "INV-6a", "RUN-2"],
        ENDS,
    ),
    mutant(
        "revocation-revokes-only",
        "revocation revokes the grants and leaves the role",
        role(r#"revocation_statements = 'REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA public FROM "{{name}}";'"#),
        &["REV-1", "INV-6a", "RUN-2"],
        ENDS,
    ),
    mutant(
        "revocation-renames",
        "revocation only renames the role",
        role(r#"revocation_statements = 'ALTER ROLE "{{name}}" RENAME TO "old-{{name}}";'"#),
        &["RUN-2"],
        &["REV-1", "EXP-1", "INV-6a", "INV-10", "INV-3", "POL-1"],
    ),
    mutant(
        "revocation-fails",
        "the statement of each revocation fails",
        role("revocation_statements = 'SELECT 1/0;'"),
        &["REV-1", "EXP-1"],
        ENDS,
    ),
    mutant(
        "revocation-drops-too-early",
        "the role cannot be dropped, because its grants still exist",
        role(r#"revocation_statements = 'DROP ROLE "{{name}}";'"#),
        &["REV-1", "EXP-1"],
        ENDS,
    ),
    // Usernames.
    mutant(
        "username-short",
        "usernames contain only the time",
        config(r#"username_template = "v-{{unix_time}}""#),
        &["ISS-2"],
        &["ISS-1"],
    ),
    mutant(
        "username-constant",
        "all usernames are the same",
        config(r#"username_template = "v-powerdns""#),
        &["ISS-1", "ISS-2"],
        ASTRAY,
    ),
    mutant(
        "username-too-long",
        "usernames are longer than PostgreSQL's limit",
        config(r#"username_template = "v-{{random 80}}""#),
        &["ISS-2"],
        ASTRAY,
    ),
    // Vault's own account, its connection, its audit, its policies.
    mutant(
        "admin-superuser",
        "Vault's account is a superuser",
        sql("ALTER ROLE vaultuser SUPERUSER;"),
        &["ACC-1"],
        &[],
    ),
    mutant(
        "admin-nocreatedb",
        "Vault's account lacks an attribute",
        sql("ALTER ROLE vaultuser NOCREATEDB;"),
        &["ACC-1"],
        &[],
    ),
    mutant(
        "admin-nocreaterole",
        "Vault's account has no CREATEROLE",
        sql("ALTER ROLE vaultuser NOCREATEROLE;"),
        &["ACC-1", "ISS-1"],
        &[],
    ),
    mutant("table-gone", "a table in the statements does not exist", sql("DROP TABLE tsigkeys;"), &["ISS-1"], &[]),
    mutant(
        "role-not-allowed",
        "the connection does not allow the role",
        config(r#"allowed_roles = "another-role""#),
        &["ISS-1"],
        &[],
    ),
    mutant("audit-off", "no audit device is enabled", toml("[vault]\naudit = false\n"), &["AUD-1"], &[]),
    mutant(
        "plaintext-logged",
        "Vault sends passwords in plain text and PostgreSQL logs statements",
        toml(
            "without = [\"setup.write.database/config/powerdns-database.password_authentication\"]\n[postgres.target]\nsettings = { log_statement = \"ddl\" }\n",
        ),
        &["PWD-1"],
        &[],
    ),
    mutant(
        "plaintext-slow-log",
        "Vault sends passwords in plain text and PostgreSQL logs each statement's duration",
        toml(
            "without = [\"setup.write.database/config/powerdns-database.password_authentication\"]\n[postgres.target]\nsettings = { log_min_duration_statement = \"0\" }\n",
        ),
        &["PWD-1"],
        &[],
    ),
    of(
        &WIZARD,
        mutant(
            "plaintext-wizard",
            "PostgreSQL logs the statements of a connection with plain-text passwords",
            toml("[postgres.target]\nsettings = { log_statement = \"ddl\" }\n"),
            &["PWD-1"],
            &[],
        ),
    ),
    mutant(
        "policy-any-role",
        "the client's policy allows credentials of any role",
        toml(
            "[[setup]]\npolicy = \"powerdns-client\"\nrules = 'path \"database/creds/*\" { capabilities = [\"read\"] } path \"sys/leases/*\" { capabilities = [\"update\"] }'\n",
        ),
        &["POL-1"],
        &[],
    ),
    mutant(
        "policy-everything",
        "the client's policy allows everything",
        toml(
            "[[setup]]\npolicy = \"powerdns-client\"\nrules = 'path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\", \"sudo\"] }'\n",
        ),
        &["POL-1"],
        &[],
    ),
    mutant(
        "policy-without-renewal",
        "the client's policy does not allow renewals",
        toml(
            "[[setup]]\npolicy = \"powerdns-client\"\nrules = 'path \"database/creds/powerdns-role\" { capabilities = [\"read\"] } path \"sys/leases/revoke\" { capabilities = [\"update\"] }'\n",
        ),
        &["TTL-2"],
        &["TTL-7"],
    ),
    mutant(
        "policy-without-revocation",
        "the client's policy does not allow revocations",
        toml(
            "[[setup]]\npolicy = \"powerdns-client\"\nrules = 'path \"database/creds/powerdns-role\" { capabilities = [\"read\"] } path \"sys/leases/renew\" { capabilities = [\"update\"] }'\n",
        ),
        &["REV-1"],
        &[],
    ),
    // A tampering proxy before Vault.
    mutant(
        "tamper-swallow-revokes",
        "revocations are acknowledged and not forwarded",
        toml("[[tamper]]\nkind = \"swallow-revokes\"\n"),
        &["REV-1", "INV-6a"],
        SWALLOWED,
    ),
    mutant(
        "tamper-some-revokes-swallowed",
        "half of the revocations are not forwarded",
        toml("[[tamper]]\nkind = \"swallow-revokes\"\nshare = 0.5\n"),
        &["REV-1", "INV-6a"],
        SWALLOWED,
    ),
    mutant(
        "tamper-async-revokes",
        "revocations are acknowledged before they are forwarded",
        toml("[[tamper]]\nkind = \"async-revokes\"\n"),
        &["REV-1", "INV-6a"],
        ENDS,
    ),
    mutant(
        "tamper-repeat-usernames",
        "the same credential is issued again",
        toml("[[tamper]]\nkind = \"repeat-usernames\"\n"),
        &["ISS-2"],
        REPEATED,
    ),
    mutant(
        "tamper-double-lease",
        "the reported lease duration is too long",
        toml("[[tamper]]\nkind = \"double-lease\"\n"),
        &["TTL-7", "TTL-2"],
        ASTRAY,
    ),
    mutant(
        "tamper-halve-lease",
        "the reported lease duration is too short",
        toml("[[tamper]]\nkind = \"halve-lease\"\n"),
        &["TTL-7", "TTL-2"],
        ASTRAY,
    ),
    mutant(
        "tamper-wrong-renewable",
        "leases are reported as not renewable",
        toml("[[tamper]]\nkind = \"wrong-renewable\"\n"),
        &["ISS-1"],
        &[],
    ),
    mutant(
        "tamper-foreign-lease-id",
        "lease ids have another form",
        toml("[[tamper]]\nkind = \"foreign-lease-id\"\n"),
        &["ISS-1"],
        ASTRAY,
    ),
    mutant(
        "tamper-deny-renewals",
        "renewals are rejected",
        toml("[[tamper]]\nkind = \"deny-renewals\"\n"),
        &["TTL-2"],
        &["TTL-7"],
    ),
    mutant(
        "tamper-swallow-renewals",
        "renewals are acknowledged and not forwarded",
        toml("[[tamper]]\nkind = \"swallow-renewals\"\n"),
        &["TTL-2"],
        ASTRAY,
    ),
    mutant(
        "tamper-answer-late",
        "responses to issues are delayed",
        toml(
            "[[tamper]]\nkind = \"answer-late\"\nto = [\"issue\"]\n[[threshold]]\nmetric = \"issue.service.p99\"\nlimit = \"< 1500ms\"\n",
        ),
        &["THR-1"],
        &[],
    ),
    mutant(
        "tamper-drop-after",
        "half of the issues succeed without a response",
        toml(
            "[[tamper]]\nkind = \"drop-after\"\nto = [\"issue\"]\nshare = 0.5\n[[threshold]]\nmetric = \"issue.failed\"\nlimit = \"<= 1%\"\n",
        ),
        &["THR-1"],
        &["AVL-1"],
    ),
    mutant(
        "tamper-drop-before",
        "half of the issues do not reach Vault",
        toml(
            "[[tamper]]\nkind = \"drop-before\"\nto = [\"issue\"]\nshare = 0.5\n[[threshold]]\nmetric = \"issue.failed\"\nlimit = \"<= 1%\"\n",
        ),
        &["THR-1"],
        &["AVL-1"],
    ),
    mutant(
        "tamper-cut-body",
        "half of the responses to issues are truncated",
        toml(
            "[[tamper]]\nkind = \"cut-body\"\nto = [\"issue\"]\nshare = 0.5\n[[threshold]]\nmetric = \"issue.failed\"\nlimit = \"<= 1%\"\n",
        ),
        &["THR-1"],
        &["AVL-1"],
    ),
    mutant(
        "tamper-wrong-password",
        "passwords are wrong",
        toml("[[tamper]]\nkind = \"wrong-password\"\n"),
        &["LOG-1"],
        USELESS,
    ),
    mutant(
        "tamper-allow-anything",
        "requests that Vault rejects return success",
        toml("[[tamper]]\nkind = \"allow-anything\"\n"),
        &["POL-1"],
        &[],
    ),
    mutant(
        "tamper-revoke-early",
        "credentials are revoked without the client's request",
        toml("[[tamper]]\nkind = \"revoke-early\"\n"),
        &["INV-2", "INV-5"],
        ASTRAY,
    ),
    mutant(
        "tamper-500-on-issue",
        "successful issues return 500",
        toml("[[tamper]]\nkind = \"http-500-after-success\"\nto = [\"issue\"]\nshare = 0.5\n"),
        &["ISS-1"],
        ASTRAY,
    ),
    mutant(
        "tamper-500-on-renewal",
        "successful renewals return 500",
        toml("[[tamper]]\nkind = \"http-500-after-success\"\nto = [\"renew\"]\n"),
        &["TTL-2"],
        &["TTL-7", "ISS-4", "INV-4"],
    ),
    mutant(
        "tamper-500-on-revocation",
        "successful revocations return 500",
        toml("[[tamper]]\nkind = \"http-500-after-success\"\nto = [\"revoke\"]\n"),
        &["REV-1"],
        &[],
    ),
    // The second of two clusters.
    of(
        &TWO_CLUSTERS,
        mutant(
            "second-cluster-truncate",
            "TRUNCATE in the second cluster",
            append(r#"GRANT TRUNCATE ON invoices TO "{{name}}";"#),
            &["GRA-1"],
            &[],
        ),
    ),
    of(
        &TWO_CLUSTERS,
        mutant(
            "second-cluster-not-dropped",
            "revocation in the second cluster leaves the role",
            role(r#"revocation_statements = 'REVOKE SELECT ON invoices FROM "{{name}}";'"#),
            &["REV-1", "EXP-1", "RUN-2"],
            ENDS,
        ),
    ),
    of(
        &TWO_CLUSTERS,
        mutant(
            "second-cluster-short-valid-until",
            "VALID UNTIL in the second cluster ends before the lease",
            swap("VALID UNTIL '{{expiration}}'", "VALID UNTIL '2020-01-01'"),
            &["ISS-4", "LOG-1"],
            &["INV-1", "INV-4", "INV-5", "ISS-1", "TTL-2", "GRA-1"],
        ),
    ),
];
