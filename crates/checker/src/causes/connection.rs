//! Which server could not be reached, or did not answer, by the words of a finding.

use std::fmt;
use std::sync::LazyLock;

use leaseproof_domain::Finding;
use regex::Regex;

use super::pattern::regex;
pub(super) use crate::fold::CONNECTS;
use crate::fold::COULD_NOT_REVOKE;
use crate::words::TO_THE_QUERY;

/// SQLSTATEs of a server that starts, shuts down, recovers or ends a session (class 57), of a connection that failed
/// (class 08), and of one that has no connection left.
const LOST: [&str; 4] = ["57P01", "57P02", "57P03", "57P05"];
const CONNECTION_EXCEPTION: &str = "08";
const TOO_MANY_CONNECTIONS: &str = "53300";
/// There is no such database, which PostgreSQL says after it has checked the password.
const NO_DATABASE: &str = "3D000";
/// How PostgreSQL rejects a password (auth_failed in src/backend/libpq/auth.c).
const WRONG_PASSWORD: &str = "password authentication failed";
/// The same SQLSTATE for a CONNECTION LIMIT (PostgreSQL, `src/backend/utils/init/postinit.c`).
const TOO_MANY_OF_ONE: [&str; 2] = ["too many connections for role", "too many connections for database"];

/// PostgreSQL's reason, in a message that Vault passes on.
static FATAL: LazyLock<Regex> = LazyLock::new(|| regex(r"FATAL: (.*?) \(SQLSTATE [0-9A-Z]{5}\)"));
/// Its account there.
static ACCOUNT: LazyLock<Regex> = LazyLock::new(|| regex(r"failed to connect to `[^`]*?\buser=(\S+)"));
/// `SQLSTATE 57P03` in a finding's own words, or in a message of PostgreSQL that Vault passes on.
static SQLSTATE: LazyLock<Regex> = LazyLock::new(|| regex(r"SQLSTATE ([0-9A-Z]{5})\b"));
/// Where Go's net package says that it connected to: `dial tcp 127.0.0.1:5432: connect: …`, `read tcp a->b: …`.
static TARGET: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:dial|read|write) tcp (?:\S+->)?(\[[^\]\s]+\]:[0-9]+|[^\s:>]+:[0-9]+): "));
/// The name that could not be resolved: `lookup db.example on 10.0.0.2:53: no such host`.
static LOOKUP: LazyLock<Regex> = LazyLock::new(|| regex(r"lookup (\S+?)(?: on \S+)?: "));
/// Where a client logged in: `could never log in at 127.0.0.1:5432/shop`.
static ENDPOINT: LazyLock<Regex> =
    LazyLock::new(|| regex(r" (?:log|logged) in at (\[[^\]\s]+\]:[0-9]+|[^\s:/]+:[0-9]+)"));

/// A connection that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(super) server: Server,
    /// `host:port`, a name that does not resolve, or the account that is rejected, where the words have it.
    pub(super) endpoint: Option<String>,
    pub(super) how: How,
    /// The cluster, if there are several and it is known.
    pub(super) cluster: Option<String>,
    /// Why PostgreSQL rejects the login, unless it is the password.
    pub(super) why: Option<String>,
}

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Server {
    Vault,
    Postgres,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vault => "Vault",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// How it failed. Of several ways the first one says most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    Sealed,
    Refused,
    Unresolved,
    NoRoute,
    NotAccepting,
    NoDatabase,
    Rejected,
    Closed,
    SlowQuery,
    NoAnswer,
    Full,
}

impl Connection {
    /// The connection that the finding says failed; none if the server answered.
    pub(super) fn of(finding: &Finding) -> Option<Self> {
        let what = finding.what.as_str();
        let reported_by_vault = ["HTTP 4", "HTTP 5", COULD_NOT_REVOKE].iter().any(|words| what.contains(words));
        if reported_by_vault && what.contains("Vault is sealed") {
            return Some(Self { server: Server::Vault, endpoint: None, how: How::Sealed, cluster: None, why: None });
        }
        let (server, how) = if let Some((_, why)) = what.split_once("no answer from Vault: ") {
            (Server::Vault, How::without_answer(why)?)
        } else if let Some((_, why)) = what.split_once("no answer from PostgreSQL: ") {
            (Server::Postgres, How::without_answer(why)?)
        } else if let Some((_, why)) = what.split_once(TO_THE_QUERY) {
            let how = How::without_answer(why)?;
            (Server::Postgres, if how == How::NoAnswer { How::SlowQuery } else { how })
        } else if let Some(code) = SQLSTATE.captures(what).and_then(|found| found.get(1)) {
            let by_vault = reported_by_vault && what.contains(CONNECTS);
            // The limit of one role, or of one database, is an answer to it.
            if TOO_MANY_OF_ONE.iter().any(|words| what.contains(words)) {
                return None;
            }
            let rejected = if code.as_str() == NO_DATABASE { How::NoDatabase } else { How::Rejected };
            (Server::Postgres, How::of_sqlstate(code.as_str()).or(by_vault.then_some(rejected))?)
        } else if reported_by_vault {
            (Server::Postgres, How::of(what)?)
        } else {
            return None;
        };
        let place = if how == How::Unresolved { &LOOKUP } else { &TARGET };
        let named = place.captures(what).or_else(|| ENDPOINT.captures(what)).and_then(|found| found.get(1));
        let endpoint = named.filter(|_| server == Server::Postgres).map(|endpoint| endpoint.as_str().to_owned());
        let endpoint = if how.is_rejected() { of_account(what) } else { endpoint };
        let why = FATAL.captures(what).and_then(|found| found.get(1)).map(|why| why.as_str().to_owned());
        let why = why.filter(|why| how.is_rejected() && !why.starts_with(WRONG_PASSWORD));
        Some(Self { server, endpoint, how, cluster: None, why })
    }

    /// The same, to a server of that cluster.
    pub(super) fn to(self, cluster: Option<&str>) -> Self {
        let cluster = cluster.filter(|_| self.server == Server::Postgres).map(str::to_owned);
        Self { cluster, ..self }
    }

    /// The cluster, where nothing else distinguishes its servers from another's.
    fn only_cluster(&self) -> Option<&str> {
        let alike = self.endpoint.is_none() || self.how.is_rejected();
        self.cluster.as_deref().filter(|_| alike)
    }

    /// What findings about it have in common.
    pub(super) fn key(&self) -> String {
        let other = match self.how {
            How::Full => " full",
            How::Rejected => " rejected",
            How::NoDatabase => " without database",
            _ => "",
        };
        let endpoint = self.endpoint.as_deref().unwrap_or_default();
        let why = self.why.as_deref().unwrap_or_default();
        format!("{} {endpoint}{other} {} {why}", self.server, self.only_cluster().unwrap_or_default())
    }

    /// Whether only the server, or the way to it, can be the reason, and not its load.
    pub(super) fn is_down(&self) -> bool {
        !matches!(self.how, How::Closed | How::SlowQuery | How::NoAnswer | How::Full)
    }

    /// Whether logins work, and queries take too long.
    pub(super) fn is_slow(&self) -> bool {
        self.how == How::SlowQuery
    }

    /// Takes what others say of it.
    pub(super) fn merge(&mut self, other: &Self) {
        self.how = self.how.min(other.how);
        let known =
            [(&mut self.endpoint, &other.endpoint), (&mut self.cluster, &other.cluster), (&mut self.why, &other.why)];
        for (own, other) in known.into_iter().filter(|(own, _)| own.is_none()) {
            own.clone_from(other);
        }
    }

    /// Whether it may be the reason why the other one failed: the other one's words do not say where it led, or Vault waits
    /// for this one.
    pub(super) fn may_be_behind(&self, other: &Self) -> bool {
        let answers = |one: &Self| (one.how == How::Full || one.how.is_rejected()).then_some(one.how);
        let apart = self.cluster.is_some() && other.cluster.is_some() && self.cluster != other.cluster;
        let same = self.server == other.server && other.endpoint.is_none() && answers(self) == answers(other) && !apart;
        let waits = self.server == Server::Postgres && other.server == Server::Vault && other.how == How::NoAnswer;
        same || waits
    }

    /// What went wrong, in a sentence.
    pub(super) fn words(&self) -> String {
        let Self { server, endpoint, how, why, .. } = self;
        let at = endpoint.as_ref().map(|endpoint| format!(" at {endpoint}")).unwrap_or_default();
        let of = self.only_cluster().map(|cluster| format!(" (cluster {cluster})")).unwrap_or_default();
        let named = format!("{server}{at}{of}");
        match how {
            How::Sealed => format!("{named} is sealed"),
            How::Refused => format!("{named} refuses connections: no process listens there"),
            How::Unresolved => match endpoint {
                Some(name) => format!("the host name {name} of {server} does not resolve"),
                None => format!("the host name of {server} does not resolve"),
            },
            How::NoRoute => format!("{named} cannot be reached: there is no route to it"),
            How::NotAccepting => format!("{named} is not available: it starts, shuts down or recovers"),
            How::NoDatabase => {
                let why = why.as_deref().unwrap_or("the database does not exist");
                format!("Vault's connection to {server}{of} names a database that is not there: {why}")
            }
            How::Rejected => {
                let account = endpoint.as_deref().unwrap_or("in the connection");
                let why = why.iter().map(|why| format!(": {why}")).collect::<String>();
                format!("{server}{of} rejects the login of Vault's account {account}{why}")
            }
            How::Closed => format!("{named} closes connections without an answer"),
            How::SlowQuery => format!("{named} does not answer a lifecycle's query in time; its logins work"),
            How::NoAnswer => format!("{named} does not answer in time"),
            How::Full => format!(
                "{named} has no free connection (SQLSTATE {TOO_MANY_CONNECTIONS}): raise max_connections, or let Vault and \
                 its clients open fewer"
            ),
        }
    }
}

/// The account that Vault logs in with, in the words of pgconn's connectError.
fn of_account(what: &str) -> Option<String> {
    ACCOUNT.captures(what).and_then(|found| found.get(1)).map(|account| account.as_str().to_owned())
}

impl How {
    /// Whether PostgreSQL answered, and did not let Vault in.
    fn is_rejected(self) -> bool {
        matches!(self, Self::NoDatabase | Self::Rejected)
    }

    /// By the words of Go, of Rust, or of the operating system.
    fn of(words: &str) -> Option<Self> {
        let says = |texts: &[&str]| texts.iter().any(|text| words.contains(text));
        if says(&["onnection refused"]) {
            Some(Self::Refused)
        } else if says(&["no such host", "failed to lookup address", "server misbehaving", "dns error"]) {
            Some(Self::Unresolved)
        } else if says(&["no route to host", "No route to host", "etwork is unreachable"]) {
            Some(Self::NoRoute)
        } else if says(&[
            "unexpected EOF",
            "connection reset by peer",
            "broken pipe",
            "conn closed",
            "bad connection",
            "closed network connection",
        ]) {
            Some(Self::Closed)
        } else if says(&["i/o timeout", "it took longer than", "onnection timed out"]) {
            Some(Self::NoAnswer)
        } else {
            None
        }
    }

    /// For a request without an answer; none for a failure of TLS, whose own words say more.
    fn without_answer(words: &str) -> Option<Self> {
        let is_untrusted = ["certificate", "TLS", "tls", "handshake"].iter().any(|text| words.contains(text));
        Self::of(words).or_else(|| (!is_untrusted).then_some(Self::Closed))
    }

    fn of_sqlstate(code: &str) -> Option<Self> {
        if code == TOO_MANY_CONNECTIONS {
            Some(Self::Full)
        } else if LOST.contains(&code) {
            Some(Self::NotAccepting)
        } else if code.starts_with(CONNECTION_EXCEPTION) {
            Some(Self::Closed)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::Finding;

    use super::Connection;

    fn reported(what: &str) -> Option<String> {
        Connection::of(&Finding { what: what.into(), ..Finding::default() }).map(|found| found.words())
    }

    #[test]
    fn the_words_of_each_side_name_the_server() {
        let issuing = "issuing a credential: expected HTTP 200, got HTTP 500: unable to start transaction: failed to connect to \
                       `host=localhost user=vaultuser database=shop`: ";
        for (words, expected) in [
            (
                "dial error (dial tcp 127.0.0.1:6432: connect: connection refused)",
                "PostgreSQL at 127.0.0.1:6432 refuses connections: no process listens there",
            ),
            (
                "dial error (dial tcp [::1]:6432: connect: connection refused)",
                "PostgreSQL at [::1]:6432 refuses connections: no process listens there",
            ),
            (
                "hostname resolving error (lookup nowhere.example on 10.0.0.2:53: no such host)",
                "the host name nowhere.example of PostgreSQL does not resolve",
            ),
            (
                "failed to receive message (read tcp 127.0.0.1:42682->127.0.0.1:33327: read: connection reset by peer)",
                "PostgreSQL at 127.0.0.1:33327 closes connections without an answer",
            ),
            ("failed to receive message (unexpected EOF)", "PostgreSQL closes connections without an answer"),
            (
                "server error (FATAL: the database system is shutting down (SQLSTATE 57P03))",
                "PostgreSQL is not available: it starts, shuts down or recovers",
            ),
            ("dial error (dial tcp 10.1.2.3:5432: i/o timeout)", "PostgreSQL at 10.1.2.3:5432 does not answer in time"),
        ] {
            assert_eq!(reported(&format!("{issuing}{words}")).as_deref(), Some(expected));
        }
        for (what, expected) in [
            (
                "v-1 could never log in at 127.0.0.1:5432/shop: 3 tries without an answer, the last: no answer from PostgreSQL: \
                 error connecting to server: Connection refused (os error 111)",
                "PostgreSQL at 127.0.0.1:5432 refuses connections: no process listens there",
            ),
            (
                "v-1 could never log in at db.example:5432/shop, after 17 rejected logins, the last SQLSTATE 53300: sorry, too \
                 many clients already",
                "PostgreSQL at db.example:5432 has no free connection (SQLSTATE 53300): raise max_connections, or let Vault and \
                 its clients open fewer",
            ),
            ("issuing a credential: expected HTTP 200, got HTTP 503: Vault is sealed", "Vault is sealed"),
            (
                "got HTTP 500: failed to connect to `host=h user=v database=d`: failed SASL auth (FATAL: password authentication \
                 failed for user \"v\" (SQLSTATE 28P01))",
                "PostgreSQL rejects the login of Vault's account v",
            ),
            (
                "got HTTP 500: failed to connect to `host=h user=v database=gone`: server error (FATAL: database \"gone\" does \
                 not exist (SQLSTATE 3D000))",
                "Vault's connection to PostgreSQL names a database that is not there: database \"gone\" does not exist",
            ),
            (
                "got HTTP 500: failed to connect to `host=h user=v database=shop`: server error (FATAL: permission denied for \
                 database \"shop\" (SQLSTATE 42501))",
                "PostgreSQL rejects the login of Vault's account v: permission denied for database \"shop\"",
            ),
            (
                "got HTTP 500: failed to connect to `host=h user=v database=shop`: server error (FATAL: role \"v\" is not \
                 permitted to log in (SQLSTATE 28000))",
                "PostgreSQL rejects the login of Vault's account v: role \"v\" is not permitted to log in",
            ),
            (
                "got HTTP 500: failed to connect to `host=h user=v database=shop`: server error (FATAL: no pg_hba.conf entry for \
                 host \"10.0.0.1\", user \"v\", database \"shop\", no encryption (SQLSTATE 28000))",
                "PostgreSQL rejects the login of Vault's account v: no pg_hba.conf entry for host \"10.0.0.1\", user \"v\", \
                 database \"shop\", no encryption",
            ),
            (
                "v-1 could never log in at 127.0.0.1:5432/shop: 1 try without an answer, the last: no answer from PostgreSQL to \
                 the query: it took longer than 1000 ms",
                "PostgreSQL at 127.0.0.1:5432 does not answer a lifecycle's query in time; its logins work",
            ),
            ("the first: no answer from Vault: it took longer than 10000 ms", "Vault does not answer in time"),
        ] {
            assert_eq!(reported(what).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_server_that_answers_is_reached() {
        for what in [
            "got HTTP 500: ERROR: role \"readers\" does not exist (SQLSTATE 42704)",
            "got HTTP 400: lease not found",
            "a login was refused: SQLSTATE 28P01: password authentication failed",
            "v-1 still exists 3.2 s after its lease ended",
            "the audit log has no line about a connection refused",
            "a login was refused: SQLSTATE 53300: too many connections for role \"v-1\"",
            "no answer from Vault: invalid peer certificate: UnknownIssuer",
        ] {
            assert_eq!(reported(what), None, "{what}");
        }
    }
}
