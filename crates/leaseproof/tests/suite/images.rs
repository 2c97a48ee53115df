//! The images of `ci/images/build`, or those that the environment names, keep the contract of the official ones that
//! docker-compose.yml and leaseproof lean on: entrypoint, environment variables, ports, folders, signals.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::engine::image;
use crate::support::workspace;
use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RData, RecordType};
use hyper::header::HeaderValue;
use tempfile::TempDir;
use testcontainers::core::wait::{ExitWaitStrategy, HttpWaitStrategy};
use testcontainers::core::{AccessMode, ExecCommand, IntoContainerPort, Mount, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};

type Container = ContainerAsync<GenericImage>;

const TIMEOUT: Duration = Duration::from_secs(60);
/// What an official image's user gets: ten seconds are docker's own, after which it kills.
const STOP: i32 = 60;

fn named(variable: &str, stand_in: &str) -> GenericImage {
    // The client that asks over HTTP has no TLS of its own.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let image = image(variable, stand_in).into_string().unwrap();
    let (name, tag) = image.rsplit_once(':').unwrap();
    GenericImage::new(name, tag)
}

fn postgres() -> GenericImage {
    named("LEASEPROOF_POSTGRES_IMAGE", "leaseproof/postgres:15")
}

fn vault() -> GenericImage {
    named("LEASEPROOF_VAULT_IMAGE", "leaseproof/vault:1.21.0")
}

fn haproxy() -> GenericImage {
    named("LEASEPROOF_HAPROXY_IMAGE", "leaseproof/haproxy:2.6")
}

fn pdns() -> GenericImage {
    named("LEASEPROOF_PDNS_IMAGE", "leaseproof/pdns-auth:4.7")
}

/// A folder that users of other numbers can read, with files.
fn folder(files: &[(&str, &str, u32)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    for (name, text, mode) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::set_permissions(folder.path().join(name), PermissionsExt::from_mode(*mode)).unwrap();
    }
    folder
}

fn mounted(from: &Path, to: &str) -> Mount {
    Mount::bind_mount(from.to_str().unwrap(), to).with_access_mode(AccessMode::ReadOnly)
}

/// What a command in the container writes, and its exit code.
async fn says(container: &Container, command: &[&str]) -> (String, Option<i64>) {
    let mut ran = container.exec(ExecCommand::new(command.iter().copied())).await.unwrap();
    let (out, err) = (ran.stdout_to_vec().await.unwrap(), ran.stderr_to_vec().await.unwrap());
    let text = String::from_utf8_lossy(&out).into_owned() + &String::from_utf8_lossy(&err);
    (text.trim().to_owned(), ran.exit_code().await.unwrap())
}

async fn asserts(container: &Container, command: &[&str], expected: &str) {
    assert_eq!(says(container, command).await, (expected.to_owned(), Some(0)), "{command:?}");
}

/// A statement over TCP, as another container would send it.
async fn sql(container: &Container, (user, database, password): (&str, &str, &str), sql: &str) -> String {
    let script = r#"PGPASSWORD="$0" psql -XAt -h "$(hostname -i)" -U "$1" -d "$2" -c "$3""#;
    says(container, &["sh", "-c", script, password, user, database, sql]).await.0
}

/// Sends it until the answer is that one.
async fn sql_until(container: &Container, login: (&str, &str, &str), statement: &str, expected: &str) {
    let until = Instant::now() + TIMEOUT;
    loop {
        let answer = sql(container, login, statement).await;
        if answer == expected {
            return;
        }
        assert!(Instant::now() < until, "`{statement}` gives {answer}, not {expected}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Runs the image to its end: what it wrote, and its exit code.
async fn ran(image: GenericImage, command: &[&str]) -> (String, Option<i64>) {
    let image = image.with_wait_for(WaitFor::exit(ExitWaitStrategy::new()));
    let container = image.with_cmd(command.iter().copied()).start().await.unwrap();
    let (out, err) = (container.stdout_to_vec().await.unwrap(), container.stderr_to_vec().await.unwrap());
    let text = String::from_utf8_lossy(&out).into_owned() + &String::from_utf8_lossy(&err);
    (text, container.exit_code().await.unwrap())
}

/// It ends on its signal with that code, and need not be killed (137).
async fn stops(container: &Container, code: i64) {
    container.stop_with_timeout(Some(STOP)).await.unwrap();
    assert_eq!(container.exit_code().await.unwrap(), Some(code));
}

/// The user whom the oldest process of that name belongs to.
async fn runs_as(container: &Container, program: &str, user: &str) {
    let script = r#"stat -c %U "/proc/$(pidof "$0" | tr ' ' '\n' | sort -n | head -n 1)""#;
    asserts(container, &["sh", "-c", script, program], user).await;
}

fn answers(path: &str, port: u16, status: u16) -> HttpWaitStrategy {
    HttpWaitStrategy::new(path).with_port(port.tcp()).with_expected_status_code(status)
}

fn holds(strategy: HttpWaitStrategy, part: &'static str) -> HttpWaitStrategy {
    strategy.with_response_matcher_async(move |answer| async move {
        answer.text().await.is_ok_and(|text| text.contains(part))
    })
}

#[tokio::test]
async fn postgres_takes_its_password_user_database_scripts_and_arguments() {
    let (words, code) = ran(postgres(), &["postgres"]).await;
    assert!(words.contains("POSTGRES_PASSWORD"), "{words}");
    assert_eq!(code, Some(1), "without a password: {words}");

    // Nobody may come in over TCP before the cluster is whole.
    let script = "#!/bin/sh\ntcp=open\npg_isready -q -h 127.0.0.1 || tcp=closed\n\
                  psql -q -U \"$POSTGRES_USER\" -d \"$POSTGRES_DB\" -c \"INSERT INTO reported VALUES ('script, tcp $tcp')\"\n";
    let table = "CREATE TABLE reported (what text);\nINSERT INTO reported VALUES (current_user || ' ' || current_database());\n";
    let scripts = folder(&[("1.sql", table, 0o644), ("2.sh", script, 0o755)]);
    let password = "it's \"quoted\" $x";
    let container = postgres()
        .with_env_var("POSTGRES_USER", "app")
        .with_env_var("POSTGRES_DB", "shop")
        .with_env_var("POSTGRES_PASSWORD", password)
        .with_env_var("POSTGRES_INITDB_ARGS", "--data-checksums")
        .with_mount(mounted(scripts.path(), "/docker-entrypoint-initdb.d"))
        .with_cmd(["-c", "log_min_duration_statement=1234"])
        .start()
        .await
        .unwrap();
    let login = ("app", "shop", password);
    sql_until(&container, login, "SELECT string_agg(what, '/') FROM reported", "app shop/script, tcp closed").await;
    let refused = sql(&container, ("app", "shop", "wrong"), "SELECT 1").await;
    assert!(refused.contains("password authentication failed"), "{refused}");
    for (statement, expected) in [
        ("SELECT rolsuper FROM pg_roles WHERE rolname = current_user", "t"),
        ("SHOW data_checksums", "on"),
        ("SHOW log_min_duration_statement", "1234ms"),
        ("SHOW listen_addresses", "*"),
        ("SHOW data_directory", "/var/lib/postgresql/data"),
    ] {
        assert_eq!(sql(&container, login, statement).await, expected, "{statement}");
    }
    asserts(&container, &["cat", "/proc/1/comm"], "postgres").await;
    asserts(&container, &["stat", "-c", "%U", "/proc/1"], "postgres").await;
    let log = String::from_utf8(container.stderr_to_vec().await.unwrap()).unwrap();
    assert!(log.contains("ready to accept connections"), "{log}");
    assert_eq!(says(&container, &["pg_basebackup", "--version"]).await.1, Some(0));
    stops(&container, 0).await;
    container.start().await.unwrap();
    sql_until(&container, login, "SELECT count(*) FROM reported", "2").await;
}

#[tokio::test]
async fn postgres_takes_another_folder_trust_and_a_password_of_a_file() {
    let container = postgres()
        .with_env_var("POSTGRES_HOST_AUTH_METHOD", "trust")
        .with_env_var("PGDATA", "/var/lib/postgresql/data/deeper")
        .with_user("postgres")
        .start()
        .await
        .unwrap();
    let login = ("postgres", "postgres", "");
    sql_until(&container, login, "SHOW data_directory", "/var/lib/postgresql/data/deeper").await;

    let secrets = folder(&[("password", "from a file", 0o644)]);
    let container = postgres()
        .with_env_var("POSTGRES_PASSWORD_FILE", "/secrets/password")
        .with_mount(mounted(secrets.path(), "/secrets"))
        .start()
        .await
        .unwrap();
    sql_until(&container, ("postgres", "postgres", "from a file"), "SELECT 1", "1").await;
}

#[tokio::test]
async fn vault_is_a_dev_server_without_arguments() {
    let lookup = answers("/v1/auth/token/lookup-self", 8200, 200)
        .with_header("x-vault-token", HeaderValue::from_static("check-root"));
    let container = vault()
        .with_exposed_port(8200.tcp())
        .with_wait_for(WaitFor::http(answers("/v1/sys/health", 8200, 200)))
        .with_wait_for(WaitFor::http(holds(lookup, r#""policies":["root"]"#)))
        .with_env_var("VAULT_DEV_ROOT_TOKEN_ID", "check-root")
        .start()
        .await
        .unwrap();
    runs_as(&container, "vault", "vault").await;

    let container = vault()
        .with_exposed_port(8300.tcp())
        .with_wait_for(WaitFor::http(answers("/v1/sys/health", 8300, 200)))
        .with_env_var("VAULT_DEV_ROOT_TOKEN_ID", "r")
        .with_env_var("VAULT_DEV_LISTEN_ADDRESS", "0.0.0.0:8300")
        .with_cmd(["server", "-dev"])
        .start()
        .await
        .unwrap();
    stops(&container, 0).await;
}

#[tokio::test]
async fn vault_takes_its_configuration_from_the_environment_and_runs_commands() {
    let configuration = |storage: &str, more: &str| {
        let listener = r#""listener": [{"tcp": {"address": "0.0.0.0:8200", "tls_disable": true}}]"#;
        format!(r#"{{{more}"storage": {storage}, {listener}}}"#)
    };
    let text = configuration(r#"{"file": {"path": "/vault/file"}}"#, r#""disable_mlock": true, "#);
    let init = answers("/v1/sys/init", 8200, 200).with_method("PUT".parse().unwrap());
    let container = vault()
        .with_exposed_port(8200.tcp())
        .with_wait_for(WaitFor::http(answers("/v1/sys/health", 8200, 501)))
        .with_wait_for(WaitFor::http(init.with_body(r#"{"secret_shares": 1, "secret_threshold": 1}"#)))
        .with_env_var("SKIP_SETCAP", "1")
        .with_env_var("VAULT_LOCAL_CONFIG", &text)
        .with_cmd(["server"])
        .start()
        .await
        .unwrap();
    asserts(&container, &["cat", "/vault/config/local.json"], &text).await;
    asserts(&container, &["stat", "-c", "%U", "/vault/file/core"], "vault").await;
    stops(&container, 0).await;

    let container = vault()
        .with_exposed_port(8200.tcp())
        .with_wait_for(WaitFor::http(answers("/v1/sys/health", 8200, 501)))
        .with_env_var("VAULT_LOCAL_CONFIG", configuration(r#"{"inmem": {}}"#, ""))
        .with_cap_add("IPC_LOCK")
        .with_cmd(["server"])
        .start()
        .await
        .unwrap();
    let (locked, _) = says(&container, &["sh", "-c", "grep VmLck \"/proc/$(pidof vault)/status\""]).await;
    let kilobytes = locked.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok());
    assert!(kilobytes.is_some_and(|kilobytes| kilobytes > 0), "with IPC_LOCK it locks its memory: {locked}");

    // A command of Vault is run as one, also where the shell has another of that name; other programs are as they are.
    for (command, expected) in [
        (&["version"][..], "Vault v"),
        (&["read", "-help"], "Usage: vault read"),
        (&["sh", "-c", "command -v wget >/dev/null && echo yes"], "yes"),
    ] {
        let (words, code) = ran(vault(), command).await;
        assert!(words.contains(expected) && code == Some(0), "{command:?}: {code:?} {words}");
    }
}

#[tokio::test]
async fn haproxy_serves_checks_and_stops_on_its_signal() {
    let hello = "defaults\n  mode http\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\n\
                 frontend hello\n  bind :8080\n  http-request return status 200 content-type text/plain string hello\n";
    let files = folder(&[("haproxy.cfg", hello, 0o644), ("broken.cfg", "frontend broken\n  no_such_word\n", 0o644)]);
    let container = haproxy()
        .with_exposed_port(8080.tcp())
        .with_wait_for(WaitFor::http(holds(answers("/", 8080, 200), "hello")))
        .with_mount(mounted(files.path(), "/usr/local/etc/haproxy"))
        .start()
        .await
        .unwrap();
    runs_as(&container, "haproxy", "haproxy").await;
    // A master with a worker (-W), in the foreground (-db).
    let (command, _) = says(&container, &["sh", "-c", "tr '\\0' ' ' </proc/1/cmdline"]).await;
    assert!(command.ends_with("haproxy -W -db -f /usr/local/etc/haproxy/haproxy.cfg"), "{command}");
    let check = ["haproxy", "-c", "-f", "/usr/local/etc/haproxy/broken.cfg"];
    let (words, code) = says(&container, &check).await;
    assert!(words.contains("no_such_word") && code == Some(1), "{code:?} {words}");
    assert_eq!(says(&container, &["bash", "-c", "true"]).await.1, Some(0), "bash is inside, for health checks");
    stops(&container, 0).await;
}

/// The address in a server's answer to a question for A.
fn address(question: impl FnOnce(&[u8]) -> std::io::Result<Vec<u8>>) -> Result<String, String> {
    let mut message = Message::query();
    let name = Name::from_ascii("example.test.").unwrap();
    message.add_query(Query::query(name, RecordType::A));
    let answer = question(&message.to_vec().unwrap()).map_err(|why| why.to_string())?;
    let answer = Message::from_vec(&answer).map_err(|why| why.to_string())?;
    let found = answer.answers.iter().find_map(|record| match &record.data {
        RData::A(address) => Some(address.to_string()),
        _ => None,
    });
    found.ok_or_else(|| format!("{answer}"))
}

fn by_udp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    socket.send_to(question, server)?;
    let mut answer = vec![0; 512];
    let length = socket.recv(&mut answer)?;
    answer.truncate(length);
    Ok(answer)
}

/// A message's length stands before it (RFC 1035, 4.2.2).
fn by_tcp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(&u16::try_from(question.len()).unwrap().to_be_bytes())?;
    stream.write_all(question)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

#[tokio::test]
async fn powerdns_answers_out_of_postgresql() {
    let schema = std::fs::read_to_string(workspace().join("scenarios/powerdns/schema.sql")).unwrap();
    let zone = "INSERT INTO domains (name, type) VALUES ('example.test', 'NATIVE');\n\
                INSERT INTO records (domain_id, name, type, content, ttl) VALUES\n\
                (1, 'example.test', 'SOA', 'ns.example.test hostmaster.example.test 1 3600 600 86400 60', 60),\n\
                (1, 'example.test', 'A', '192.0.2.1', 60);\n";
    let scripts = folder(&[("1.sql", &schema, 0o644), ("2.sql", zone, 0o644)]);
    let mark = format!("leaseproof-check-{}", std::process::id());
    let database = postgres()
        .with_container_name(format!("{mark}-database"))
        .with_network(&mark)
        .with_env_var("POSTGRES_USER", "pdns")
        .with_env_var("POSTGRES_PASSWORD", "pdns")
        .with_mount(mounted(scripts.path(), "/docker-entrypoint-initdb.d"))
        .start()
        .await
        .unwrap();
    sql_until(&database, ("pdns", "pdns", "pdns"), "SELECT count(*) FROM records", "2").await;

    let configuration = format!(
        "local-address=0.0.0.0\nlaunch=gpgsql\ngpgsql-host={mark}-database\ngpgsql-dbname=pdns\ngpgsql-user=pdns\n\
         gpgsql-password=pdns\nwebserver=yes\nwebserver-address=0.0.0.0\nwebserver-allow-from=0.0.0.0/0\napi=yes\n\
         api-key=check\n"
    );
    let files = folder(&[("pdns.conf", &configuration, 0o644)]);
    let zones = answers("/api/v1/servers/localhost/zones", 8081, 200)
        .with_header("x-api-key", HeaderValue::from_static("check"));
    let container = pdns()
        .with_exposed_port(53.udp())
        .with_exposed_port(53.tcp())
        .with_exposed_port(8081.tcp())
        .with_wait_for(WaitFor::http(holds(zones, "example.test.")))
        .with_network(&mark)
        .with_mount(mounted(&files.path().join("pdns.conf"), "/etc/powerdns/pdns.conf"))
        .start()
        .await
        .unwrap();
    let udp = SocketAddr::from(([127, 0, 0, 1], container.get_host_port_ipv4(53.udp()).await.unwrap()));
    let tcp = SocketAddr::from(([127, 0, 0, 1], container.get_host_port_ipv4(53.tcp()).await.unwrap()));
    assert_eq!(address(|question| by_udp(udp, question)), Ok("192.0.2.1".to_owned()));
    assert_eq!(address(|question| by_tcp(tcp, question)), Ok("192.0.2.1".to_owned()));
    let (zones, code) = says(&container, &["pdns_control", "list-zones"]).await;
    assert!(zones.contains("example.test") && code == Some(0), "{zones}");
    runs_as(&container, "pdns_server", "pdns").await;
    // 128 + SIGTERM: it has no handler of its own for it.
    stops(&container, 143).await;
}
