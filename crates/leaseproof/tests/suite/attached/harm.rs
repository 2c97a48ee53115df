//! What a run with a setup of its own must not do to what belongs to others, also where it was killed, where its servers
//! are not those that they were, and where Vault cannot revoke.

use std::time::Duration;

use leaseproof_postgres::Session;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::theirs::Theirs;
use super::under_way;
use crate::support::{on_one_line, text, wait};

const LONG: [&str; 2] = ["--set", "phase.steady.for=60s"];

#[tokio::test(flavor = "multi_thread")]
async fn clean_removes_only_what_it_can_prove_to_be_the_runs() {
    let theirs = Theirs::stand_for_ours().await;
    let before = theirs.observation().await;
    let mut child = theirs.desk.start(&theirs.scenario, &theirs.run(&LONG));
    under_way(&theirs, "powerdns-role", 0).await;
    theirs.untouched(&before).await;
    child.kill().unwrap();
    child.wait().unwrap();

    // A dry run says what would be removed and whose it is, and removes nothing.
    let standing = theirs.observation().await;
    let dry = theirs.desk.output(["clean", "--dry-run", "--attached", theirs.scenario.to_str().unwrap()]);
    let shown = text(&dry);
    assert!(dry.status.code() == Some(1) && shown.contains("their-environment, started by "), "{shown}");
    assert!(shown.contains("mount database: it would be removed"), "{shown}");
    assert!(on_one_line(&shown).contains(": Vault would revoke it"), "{shown}");
    assert_eq!(theirs.observation().await.len(), standing.len(), "{shown}");

    // Another cluster answers, with a database and roles of the same names.
    let other = theirs.another_cluster().await;
    let inside = Session::open(&other.login("postgres", "postgres")).await.unwrap();
    inside.query("CREATE DATABASE powerdns OWNER \"leaseproof-operator\"").await.unwrap();
    inside.script("CREATE ROLE vaultuser; CREATE ROLE netdata").await.unwrap();
    let shop = Session::open(&other.login("powerdns", "postgres")).await.unwrap();
    shop.script("CREATE TABLE theirs (id int); INSERT INTO theirs VALUES (1)").await.unwrap();
    let port = |port: u16| format!("127.0.0.1:{port}/postgres");
    let (here, there) = (theirs.login("postgres").port, other.login("postgres", "postgres").port);
    theirs.change(&port(here), &port(there));
    let clean = |more: &[&str]| {
        let mut arguments = vec!["clean", "--attached", theirs.scenario.to_str().unwrap()];
        arguments.extend(more);
        theirs.desk.output(arguments)
    };
    let output = clean(&[]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    // A command would drop the other cluster's.
    let words = on_one_line(&shown);
    assert!(
        words.contains(&format!(
            "database powerdns of postgres.target: not reached: it is at 127.0.0.1:{here} (system identifier "
        )) && words.contains(&format!("another cluster answers at 127.0.0.1:{there}")),
        "{shown}"
    );
    assert!(!shown.contains("DROP ") && !shown.contains("still exists"), "{shown}");
    assert_eq!(shop.value("SELECT count(*) FROM theirs").await.unwrap().as_deref(), Some("1"), "{shown}");
    let roles = "SELECT count(*) FROM pg_roles WHERE rolname IN ('vaultuser', 'netdata')";
    assert_eq!(inside.value(roles).await.unwrap().as_deref(), Some("2"), "{shown}");
    theirs.change(&port(there), &port(here));

    // Operators took a role and its name meanwhile, and the mount is gone: the first clean took that away.
    let session = Session::open(&theirs.login("postgres")).await.unwrap();
    session.script("DROP ROLE netdata; CREATE ROLE netdata CONNECTION LIMIT 9").await.unwrap();
    session.script("ALTER ROLE vaultuser RENAME TO vaultuser_ours; CREATE ROLE vaultuser").await.unwrap();
    let output = clean(&[]);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("not touched: role netdata of postgres.target: it was made later by somebody else"),
        "{shown}"
    );
    assert!(shown.contains("database powerdns of postgres.target: removed\n"), "{shown}");
    let words = on_one_line(&shown);
    assert!(
        words.contains("role vaultuser of postgres.target, last called role vaultuser_ours of postgres"),
        "{shown}"
    );
    assert!(words.contains("not touched: role vaultuser of postgres.target: not the run's, and left alone"), "{shown}");
    let kept = "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'netdata'";
    assert_eq!(session.value(kept).await.unwrap().as_deref(), Some("9"), "{shown}");
    assert!(clean(&[]).status.success(), "{}", text(&clean(&[])));
    session.query("DROP ROLE netdata, vaultuser").await.unwrap();
    theirs.as_before(&before).await;
    theirs.desk.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mount_and_a_policy_that_others_made_later_stay() {
    let theirs = Theirs::stand_for_ours().await;
    let before = theirs.observation().await;
    let mut child = theirs.desk.start(&theirs.scenario, &theirs.run(&LONG));
    under_way(&theirs, "powerdns-role", 0).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let root = &theirs.vault.client;
    root.delete("sys/mounts/database").await.unwrap();
    root.enable_engine("database", "kv").await.unwrap();
    root.write("database/theirs", &json!({ "kept": "1" })).await.unwrap();
    root.write_policy("powerdns-client", "path \"database/*\" { capabilities = [\"read\"] }").await.unwrap();
    let clean = || theirs.desk.output(["clean", "--attached", theirs.scenario.to_str().unwrap()]);
    let first = text(&clean());
    assert!(first.contains("not touched: mount database: it was made later by somebody else"), "{first}");
    // It may be the run's, changed: it is named until it is gone.
    let again = clean();
    let shown = on_one_line(&text(&again));
    assert_eq!(again.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("not touched: policy powerdns-client: its rules are not those that the run wrote")
            && shown.contains("`vault policy delete powerdns-client` removes it"),
        "{shown}"
    );
    assert_eq!(root.read("database/theirs").await.unwrap().body["data"]["kept"], "1", "{shown}");
    root.delete("sys/mounts/database").await.unwrap();
    root.delete("sys/policies/acl/powerdns-client").await.unwrap();
    assert!(clean().status.success(), "{}", text(&clean()));
    theirs.as_before(&before).await;
    theirs.desk.assert_nothing_left();
}

/// A mount that somebody moved is still the run's, and what has its path now is not. A cluster that was restored from a
/// backup gives OIDs once more.
#[tokio::test(flavor = "multi_thread")]
async fn what_moved_is_found_and_an_oid_of_a_restored_cluster_proves_nothing() {
    let theirs = Theirs::stand_for_ours().await;
    let before = theirs.observation().await;
    let mut child = theirs.desk.start(&theirs.scenario, &theirs.run(&LONG));
    under_way(&theirs, "powerdns-role", 0).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let root = &theirs.vault.client;
    root.write("sys/remount", &json!({ "from": "database", "to": "moved" })).await.unwrap();
    let at = |mounts: Vec<(String, _)>, path: &str| mounts.iter().any(|(mount, _)| mount == path);
    for _ in 0..100 {
        if at(root.mounts().await.unwrap(), "moved") && !at(root.mounts().await.unwrap(), "database") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    root.enable_engine("database", "kv").await.unwrap();
    root.write("database/theirs", &json!({ "kept": "1" })).await.unwrap();
    let clean = || theirs.desk.output(["clean", "--attached", theirs.scenario.to_str().unwrap()]);
    let output = clean();
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(on_one_line(&shown).contains("`vault secrets disable moved` removes it"), "{shown}");
    assert_eq!(root.read("database/theirs").await.unwrap().body["data"]["kept"], "1", "{shown}");
    root.delete("sys/mounts/moved").await.unwrap();
    root.delete("sys/mounts/database").await.unwrap();

    // As a restore leaves it: the role is not there any more, and its OID is another's.
    let session = Session::open(&theirs.login("postgres")).await.unwrap();
    let oid = async |name: &str| {
        session.value(&format!("SELECT oid FROM pg_roles WHERE rolname = '{name}'")).await.unwrap().unwrap()
    };
    let (ours, another) = (oid("netdata").await, oid("netdata ").await);
    let inside = Session::open(&theirs.login("powerdns")).await.unwrap();
    inside.script("DROP OWNED BY netdata; DROP ROLE netdata").await.unwrap();
    inside.close().await;
    let mut index = std::fs::read_dir(theirs.desk.path().join("state/leaseproof/ledgers")).unwrap();
    let ledger = index.next().unwrap().unwrap().path();
    let text_of = std::fs::read_to_string(&ledger).unwrap();
    let changed = text_of.replace(&format!("\"oid\":{ours}}}"), &format!("\"oid\":{another}}}"));
    let changed = changed.replace("\"timeline\":\"1\"", "\"timeline\":\"7\"");
    assert!(changed.contains("\"timeline\":\"7\"") && changed.contains(&format!("\"oid\":{another}}}")), "{text_of}");
    std::fs::write(&ledger, changed).unwrap();
    let output = clean();
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    let words = on_one_line(&shown);
    assert!(words.contains("the cluster was restored from a backup or promoted since: it is left alone"), "{shown}");
    assert_eq!(oid("netdata ").await, another, "{shown}");
    assert!(clean().status.success(), "{}", text(&clean()));
    theirs.as_before(&before).await;
    theirs.desk.assert_nothing_left();
}

/// Vault's default revocation fails (42501) where the account may not revoke on every table of the schema.
#[tokio::test(flavor = "multi_thread")]
async fn where_vault_cannot_revoke_nothing_that_it_needs_is_removed() {
    let theirs = Theirs::stand_for_ours().await;
    let before = theirs.observation().await;
    // A transaction of the script's own keeps what it puts off.
    let sql = "BEGIN; CREATE TABLE p (a int PRIMARY KEY);\n\
               CREATE TABLE t (a int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n\
               INSERT INTO t VALUES (1); INSERT INTO p VALUES (1); COMMIT;";
    std::fs::write(theirs.scenario.join("more.sql"), sql).unwrap();
    theirs.change("[attached]\n", "[[setup]]\nsql = \"more.sql\"\ndatabase = \"powerdns\"\n\n[attached]\n");
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&["--set", "phase.steady.drain=3s"]));
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    let words = on_one_line(&shown);
    assert!(
        words.contains("left behind:")
            && words
                .contains("vault lease revoke -force -prefix database/; vault secrets disable database` removes it"),
        "{shown}"
    );
    let session = Session::open(&theirs.login("postgres")).await.unwrap();
    let theirs_too = "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolname ~ '^v-.*-powerdns-' \
                      AND rolname !~ 'aaaaaaaa' AND rolvaliduntil < now() + interval '1 hour'";
    let stuck = session.value(theirs_too).await.unwrap().unwrap_or_default();
    assert!(!stuck.is_empty(), "{shown}");
    for role in stuck.split(',') {
        assert!(words.contains(&format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\"")), "{role}: {shown}");
    }
    let there = "SELECT count(*) FROM pg_roles WHERE rolname = 'vaultuser'";
    assert_eq!(session.value(there).await.unwrap().as_deref(), Some("1"), "Vault's own account is needed: {shown}");

    // One that holds nothing in the setup's database, but something where Vault cannot see it.
    let (elsewhere, _) = stuck.split_once(',').unwrap_or((&stuck, ""));
    let inside = Session::open(&theirs.login("powerdns")).await.unwrap();
    let tables = "comments, cryptokeys, domainmetadata, domains, records, supermasters, tsigkeys";
    inside
        .script(&format!(
            "SET ROLE vaultuser; REVOKE ALL ON {tables} FROM \"{elsewhere}\"; RESET ROLE; DROP OWNED BY \"{elsewhere}\""
        ))
        .await
        .unwrap();
    inside.close().await;
    session.script(&format!("CREATE TABLE held (a int); GRANT SELECT ON held TO \"{elsewhere}\"")).await.unwrap();
    // A credential that holds nothing in a database: it is a member of a role of the setup's.
    session.script("CREATE ROLE \"v-token-le-member\" IN ROLE vaultuser").await.unwrap();
    // An operator renamed a role of the setup's, and made another one of that name.
    session.script("ALTER ROLE netdata RENAME TO netdata_ours; CREATE ROLE netdata").await.unwrap();
    let path = theirs.scenario.to_str().unwrap().to_owned();
    let clean = theirs.desk.output(["clean", "--attached", &path]);
    let shown = text(&clean);
    assert_eq!(clean.status.code(), Some(1), "{shown}");
    assert!(shown.contains("DROP ROLE \"v-token-le-member\""), "{shown}");
    assert!(shown.contains("`DROP ROLE \"netdata_ours\"`") && !shown.contains("`DROP ROLE \"netdata\"`"), "{shown}");
    let words = on_one_line(&shown);
    assert!(words.contains(&format!("role {elsewhere} (OID ")), "{shown}");
    let why = format!(
        "leaseproof-operator cannot revoke what postgres granted on TABLE public.held; at 127.0.0.1:{}, `as a superuser in \
                       database postgres: REASSIGN OWNED BY \"{elsewhere}\" TO CURRENT_USER; DROP OWNED BY \"{elsewhere}\"; \
                       DROP ROLE \"{elsewhere}\";` removes it",
        theirs.login("postgres").port
    );
    assert!(words.contains(&why), "{why}\n{shown}");
    session.script("DROP TABLE held; DROP ROLE \"v-token-le-member\", netdata").await.unwrap();
    assert!(shown.contains("it is kept: Vault needs it to revoke what is left below mount database"), "{shown}");
    // Somebody gave a lease up: its role is named until it is gone, also without the mount.
    let root = &theirs.vault.client;
    let lease = root.leases("database", "powerdns-role").await.unwrap().remove(0);
    root.write(&format!("sys/leases/revoke-force/{lease}"), &json!({})).await.unwrap();
    let inside = Session::open(&theirs.login("powerdns")).await.unwrap();
    inside.script("DROP TABLE t, p").await.unwrap();
    inside.close().await;
    for _ in 0..2 {
        let clean = theirs.desk.output(["clean", "--attached", &path]);
        let shown = on_one_line(&text(&clean));
        let left = session.value(theirs_too).await.unwrap().unwrap_or_default();
        assert_eq!(clean.status.code(), Some(1), "{left}: {shown}");
        assert!(!left.contains(',') && shown.contains(&format!("role {left} (OID ")), "{left}: {shown}");
        assert!(shown.contains(&format!("lease {lease}: Vault could not revoke it")), "{shown}");
    }
    let left = session.value(theirs_too).await.unwrap().unwrap();
    session.script(&format!("DROP ROLE \"{left}\"")).await.unwrap();
    let clean = theirs.desk.output(["clean", "--attached", &path]);
    assert!(clean.status.success(), "{}", text(&clean));
    theirs.as_before(&before).await;
    theirs.desk.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_that_would_change_what_is_not_its_own_is_refused_or_rolled_back() {
    let theirs = Theirs::stand_for_ours().await;
    let before = theirs.observation().await;
    theirs.change("[attached]\n", "[[setup]]\nsql = \"more.sql\"\ndatabase = \"powerdns\"\n\n[attached]\n");
    let script = |sql: &str| {
        std::fs::write(theirs.scenario.join("more.sql"), sql).unwrap();
        let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[]));
        std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();
        (output.status.code(), on_one_line(&text(&output)))
    };
    for (sql, line, words) in [
        (
            "SELECT 1;\nCREATE FUNCTION f(begin int) RETURNS int LANGUAGE sql AS 'SELECT 1';\nALTER ROLE \"Vaultuser\" CREATEDB;",
            3,
            "it changes a role that the setup does not create",
        ),
        ("CREATE ROLE x;\nALTER ROLE x RENAME TO \"y\";", 2, "it renames a role or a database"),
        (
            "SELECT 1;\nDO $$\nBEGIN\n  EXECUTE 'ALTER ROLE \"Vault' || 'user\" CREATEDB';\nEND $$",
            2,
            "line 3 of its body: EXECUTE: `ALTER ROLE \"Vaultuser\"`: it changes a role that the setup does not create",
        ),
        ("DO $$ DECLARE s text; BEGIN EXECUTE s; END $$", 1, "EXECUTE: the variable s is not known before it runs"),
        ("CREATE ROLE x;\n\nSELECT 'open", 1, "it is no SQL"),
    ] {
        let (code, shown) = script(sql);
        let line = format!("more.sql:{line}:");
        assert!(code == Some(2) && shown.contains(&line) && shown.contains(words), "{sql}: {shown}");
        theirs.as_before(&before).await;
    }
    // What a trigger does is known when it is called: here it changes a role, which goes away only with the setup.
    let trigger = "CREATE TABLE t (a int);\nCREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS \
                   'BEGIN EXECUTE ''ALTER ROLE vaultuser '' || ''CREATEDB''; RETURN NULL; END';\n\
                   CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f();\n\
                   INSERT INTO t VALUES (1);";
    for sql in [trigger.to_owned(), format!("BEGIN;\n{trigger}\nCOMMIT;")] {
        let (code, shown) = script(&sql);
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains("which all databases of the cluster share: it was rolled back"), "{shown}");
        theirs.as_before(&before).await;
    }
    theirs.as_before(&before).await;
    theirs.desk.assert_nothing_left();
}

/// By a statement that no check has seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_what_others_had_is_named_first_and_fails_the_run() {
    let theirs = Theirs::stand_for_ours().await;
    let before = theirs.observation().await;
    // What a block changes of the setup's own is nobody else's.
    theirs.change("[attached]\n", "[[setup]]\nsql = \"more.sql\"\ndatabase = \"powerdns\"\n\n[attached]\n");
    let block = "DO $$ DECLARE r record; BEGIN ALTER ROLE netdata CONNECTION LIMIT 7;\n\
                 CREATE SCHEMA aside; CREATE TABLE aside.more (a int);\n\
                 FOR r IN SELECT relname FROM pg_class WHERE relname = 'more' LOOP\n\
                 EXECUTE format('GRANT SELECT ON aside.%I TO netdata', r.relname); END LOOP; END $$";
    std::fs::write(theirs.scenario.join("more.sql"), block).unwrap();
    let child = theirs.desk.start(&theirs.scenario, &theirs.run(&["--set", "phase.steady.drain=3s"]));
    under_way(&theirs, "powerdns-role", 0).await;
    let session = Session::open(&theirs.login("postgres")).await.unwrap();
    session.query("ALTER ROLE \"Vaultuser\" CREATEDB").await.unwrap();
    session.query("CREATE ROLE stranger").await.unwrap();
    session.query("GRANT netdata TO \"Vaultuser\"").await.unwrap();
    let output = tokio::task::spawn_blocking(move || wait(child, Duration::from_secs(120))).await.unwrap();
    let shown = text(&output);
    session.query("ALTER ROLE \"Vaultuser\" NOCREATEDB").await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    let words = on_one_line(&shown);
    let named = words.find("role Vaultuser: expected name Vaultuser, INHERIT, CREATEROLE, LOGIN").expect(&shown);
    assert!(named < words.find(" arrivals · ").expect(&shown), "it comes before the figures: {shown}");
    assert!(words.contains("membership of Vaultuser in netdata: expected none, got {"), "{shown}");
    // Nobody accounts for a role: it is named until it is gone.
    let stranger = "`DROP ROLE \"stranger\"` removes it";
    assert!(words.contains("role stranger (OID ") && words.contains(stranger), "{shown}");
    for arguments in [&["clean"] as &[&str], &["clean", "--attached", theirs.scenario.to_str().unwrap()]] {
        let clean = theirs.desk.output(arguments);
        let shown = on_one_line(&text(&clean));
        assert!(clean.status.code() == Some(1) && shown.contains(stranger), "{arguments:?}: {shown}");
    }
    session.query("DROP ROLE stranger").await.unwrap();
    let clean = theirs.desk.output(["clean", "--attached", theirs.scenario.to_str().unwrap()]);
    assert!(clean.status.success(), "{}", text(&clean));
    theirs.as_before(&before).await;
    theirs.desk.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_line_says_whether_everything_was_cleaned_up() {
    let theirs = Theirs::stand_for_ours().await;
    let before = theirs.observation().await;
    for (signal, code) in [(Signal::SIGHUP, 129), (Signal::SIGQUIT, 131)] {
        let child = theirs.desk.start(&theirs.scenario, &theirs.run(&LONG));
        under_way(&theirs, "powerdns-role", 0).await;
        kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
        let output = wait(child, Duration::from_secs(60));
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(code), "{shown}");
        assert!(on_one_line(&shown).contains(", cleaned up"), "{shown}");
        theirs.as_before(&before).await;
        theirs.desk.assert_nothing_left();
        std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();
    }
    // Vault answers nobody: what is left is named, and the last line says so.
    let child = theirs.desk.start(&theirs.scenario, &theirs.run(&LONG));
    under_way(&theirs, "powerdns-role", 0).await;
    let pid = Pid::from_raw(child.id().try_into().unwrap());
    kill(Pid::from_raw(theirs.vault.pid()), Signal::SIGSTOP).unwrap();
    kill(pid, Signal::SIGINT).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    kill(pid, Signal::SIGINT).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    kill(pid, Signal::SIGINT).unwrap();
    let output = wait(child, Duration::from_secs(60));
    kill(Pid::from_raw(theirs.vault.pid()), Signal::SIGCONT).unwrap();
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(130), "{shown}");
    let words = on_one_line(&shown);
    assert!(words.contains("left behind:") && words.contains("not everything was cleaned up"), "{shown}");
    assert!(!words.contains(", cleaned up"), "{shown}");
    // In an order in which they can be removed, also where only the ledger is read.
    let plain = on_one_line(&text(&theirs.desk.output(["clean", "--dry-run"])));
    for said in [&words[words.find("left behind:").unwrap()..], &plain] {
        let places: Vec<usize> = [
            "credentials that the run did not revoke",
            "mount database",
            "policy ",
            "database powerdns of",
            "role vaultuser of",
        ]
        .iter()
        .map(|what| said.find(what).unwrap_or_else(|| panic!("{what}: {said}")))
        .collect();
        assert!(places.is_sorted(), "{places:?}: {said}");
    }
    let clean = theirs.desk.output(["clean", "--attached", theirs.scenario.to_str().unwrap()]);
    assert!(clean.status.success(), "{}", text(&clean));
    theirs.as_before(&before).await;
    theirs.desk.assert_nothing_left();
}
