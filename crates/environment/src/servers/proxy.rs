use std::fmt::Write as _;
use std::time::Duration;

use leaseproof_postgres::{Login, Session};
use leaseproof_scenario::PostgresPlan;

use crate::EnvironmentError;
use crate::launch::context::LaunchContext;
use crate::launch::wait::Tries;
use crate::servers::configuration::CHECK;
use crate::servers::haproxy::{Haproxy, PREAMBLE};
use crate::servers::server::Server;

/// How long HAProxy may take until it routes.
const START: Duration = Duration::from_secs(15);
/// How often that is tried.
const TRY: Duration = Duration::from_millis(20);
/// HAProxy before a cluster: one port for the primary, one for its standbys.
pub(crate) struct Proxy {
    pub(crate) haproxy: Haproxy,
}

impl Proxy {
    /// Starts HAProxy before the servers on those ports.
    pub(crate) async fn start(
        cluster: &str,
        plan: &PostgresPlan,
        members: &[Server],
        context: &LaunchContext,
    ) -> Result<Self, EnvironmentError> {
        let name = cluster.replacen("postgres", "haproxy", 1);
        let servers: Vec<Backend> = members.iter().map(|member| (member.port, member.rest_port())).collect();
        let text = |ports: &[u16]| configuration(ports[0], ports[1], &servers);
        Ok(Self { haproxy: Haproxy::start(&name, plan.port, 2, text, context).await? })
    }

    /// Where writes go.
    pub(crate) fn write(&self) -> u16 {
        self.haproxy.ports[0]
    }

    /// Where reads of standbys go.
    pub(crate) fn read(&self) -> u16 {
        self.haproxy.ports[1]
    }

    /// Waits until each port leads to its servers only. HAProxy takes every server for a good one until it has asked
    /// it; its turns go round, so that as many right answers in a row as there are servers, twice, leave none out.
    pub(crate) async fn routes(
        &self,
        login: &Login,
        servers: usize,
        context: &LaunchContext,
    ) -> Result<(), EnvironmentError> {
        let tries = Tries::new(START, TRY);
        for (port, recovery) in [(self.write(), "f"), (self.read(), "t")] {
            let login = Login { port, ..login.clone() };
            let mut in_a_row = 0;
            while in_a_row < 2 * servers {
                let answer = asked(&login).await;
                if answer.as_ref().is_ok_and(|answer| answer.as_deref() == Some(recovery)) {
                    in_a_row += 1;
                    continue;
                }
                in_a_row = 0;
                if !tries.again().await {
                    let got = answer.map_or_else(|why| why.to_string(), |answer| answer.unwrap_or_default());
                    let why = format!("port {port} does not lead to its servers within {} s: {got}", START.as_secs());
                    return Err(context.not_started(&self.haproxy.name, why, &self.haproxy.child));
                }
            }
        }
        Ok(())
    }
}

/// Whether the server behind a login is in recovery: a standby.
async fn asked(login: &Login) -> Result<Option<String>, leaseproof_postgres::Error> {
    let session = Session::open(login).await?;
    let answer = session.value("SELECT pg_is_in_recovery()").await;
    session.close().await;
    answer
}

/// Where a server listens, and its Patroni, where it has one.
type Backend = (u16, Option<u16>);

/// The configuration: each of the two ports asks every server, and takes those that are what it leads to.
fn configuration(write: u16, read: u16, servers: &[Backend]) -> String {
    let mut text = String::from(PREAMBLE);
    let kept = servers.iter().any(|(_, patroni)| patroni.is_some());
    for (name, port, primary) in [("write", write, true), ("read", read, false)] {
        let check = if kept { patronis_word(primary) } else { servers_word(primary) };
        let _ = write!(
            text,
            "listen {name}\n  bind 127.0.0.1:{port}\n  balance roundrobin\n{check}  \
             default-server inter 500ms fastinter 100ms fall 2 rise 1 on-marked-down shutdown-sessions\n",
        );
        for (number, (server, patroni)) in servers.iter().enumerate() {
            let asked = patroni.map_or_else(String::new, |port| format!(" port {port}"));
            let _ = writeln!(text, "  server pg{} 127.0.0.1:{server} check{asked}", number + 1);
        }
    }
    text
}

/// Patroni says by its status who is the primary and who is a standby that can be read (Patroni REST API, health check
/// endpoints). It answers between two of its own checks of PostgreSQL, and so may take longer than a server itself.
fn patronis_word(primary: bool) -> String {
    let path = if primary { "/primary" } else { "/replica" };
    format!(
        "  timeout check 2s\n  option httpchk\n  http-check send meth OPTIONS uri {path}\n  \
         http-check expect status 200\n"
    )
}

/// The server itself says whether it is in recovery (`pg_is_in_recovery()`), by a login without a password. HAProxy's own
/// `pgsql-check` cannot tell a primary from a standby.
fn servers_word(primary: bool) -> String {
    // DataRow with one column of one byte: `f` is the primary, `t` a standby.
    let answer = if primary { "66" } else { "74" };
    format!(
        "  option tcp-check\n  tcp-check connect\n  \
         tcp-check send-binary {}\n  tcp-check expect binary 5a0000000549\n  \
         tcp-check send-binary {}\n  tcp-check expect binary 440000000b000100000001{answer}\n  \
         tcp-check send-binary 5800000004\n",
        hex(&startup(CHECK, "postgres")),
        hex(&query("SELECT pg_is_in_recovery()")),
    )
}

/// A StartupMessage of protocol 3.0 (PostgreSQL, Message Formats).
fn startup(user: &str, database: &str) -> Vec<u8> {
    let parameters = format!("user\0{user}\0database\0{database}\0\0");
    let mut message = Vec::from(length(4 + parameters.len()));
    message.extend(196_608_u32.to_be_bytes());
    message.extend(parameters.as_bytes());
    message
}

/// A Query message.
fn query(sql: &str) -> Vec<u8> {
    let mut message = vec![b'Q'];
    message.extend(length(sql.len() + 1));
    message.extend(sql.as_bytes());
    message.push(0);
    message
}

/// A message's length, which counts itself.
fn length(of_the_rest: usize) -> [u8; 4] {
    u32::try_from(of_the_rest + 4).unwrap_or(u32::MAX).to_be_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{configuration, hex, query, startup};

    #[test]
    fn messages_are_those_of_the_protocol() {
        assert_eq!(hex(&startup("u", "d")), "0000001b0003000075736572007500646174616261736500640000");
        assert_eq!(hex(&query("SELECT 1")), "510000000d53454c454354203100");
    }

    #[test]
    fn each_port_takes_one_answer() {
        insta::assert_snapshot!(configuration(15000, 15001, &[(15002, None), (15003, None)]));
        insta::assert_snapshot!(configuration(15000, 15001, &[(15002, Some(15004)), (15003, Some(15005))]));
    }
}
