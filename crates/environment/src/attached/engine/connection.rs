//! Where a connection of the database secrets engine leads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use leaseproof_scenario::AttachedPlan;
use url::{Host, Url};

use super::keywords;

/// The cluster and the database that a connection leads to, and the account that is written in its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) cluster: String,
    pub(super) database: String,
    pub(super) user: Option<String>,
}

/// PostgreSQL's own.
const PORT: u16 = 5432;
/// Parameters that change neither the server nor the database nor the account (pgx: `ParseConfig`).
const HARMLESS: [&str; 14] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslsni",
    "sslnegotiation",
    "channel_binding",
    "connect_timeout",
    "application_name",
    "target_session_attrs",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
];
/// What Vault fills in. A template has no place in a URL.
const USERNAME: &str = "{{username}}";
const PASSWORD: &str = "{{password}}";
/// Stands for the account that Vault fills in.
const ACCOUNT: &str = "vault-account";

/// What a connection string says.
struct Said {
    /// Hosts and ports, of which one is connected to.
    hosts: Vec<(String, u16)>,
    database: String,
    user: Option<String>,
    /// The names of its other parameters.
    parameters: Vec<String>,
}

/// Where a `connection_url` leads: one cluster of `[attached]`, whichever of its hosts is connected to.
pub(super) fn place(text: &str, attached: &AttachedPlan) -> Result<Place, String> {
    let filled = text.replace(USERNAME, ACCOUNT).replace(PASSWORD, "x");
    let said = match filled.split_once("://") {
        Some(("postgres" | "postgresql", rest)) => of_url(rest)?,
        None if filled.contains('=') => of_keywords(&filled)?,
        _ => {
            return Err("expected postgresql://{{username}}:{{password}}@HOST:PORT/DATABASE, or host=HOST port=PORT \
                        user={{username}} password={{password}} dbname=DATABASE"
                .to_owned());
        }
    };
    if let Some(key) = said.parameters.iter().find(|key| !HARMLESS.contains(&key.as_str())) {
        return Err(format!("the parameter `{key}` may change where, or as whom, Vault logs in"));
    }
    if said.database.is_empty() {
        return Err("it names no database".to_owned());
    }
    let clusters = said.hosts.iter().map(|(host, port)| cluster(host, *port, attached));
    let mut clusters = clusters.collect::<Result<Vec<&str>, String>>()?;
    clusters.dedup();
    let [cluster] = clusters.as_slice() else {
        return Err(if clusters.is_empty() { "it has no host" } else { "its hosts are of several clusters" }.to_owned());
    };
    let user = said.user.filter(|user| user != ACCOUNT);
    Ok(Place { cluster: (*cluster).to_owned(), database: said.database, user })
}

/// A list of hosts is no URL for the url crate: each host is read as if it were alone.
fn of_url(rest: &str) -> Result<Said, String> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (user, hosts) = rest[..end].rsplit_once('@').unwrap_or(("", &rest[..end]));
    let at = if user.is_empty() { String::new() } else { format!("{user}@") };
    let urls = hosts.split(',').map(|host| Url::parse(&format!("postgresql://{at}{host}{}", &rest[end..])));
    let urls = urls.collect::<Result<Vec<Url>, _>>().map_err(|why| format!("it is no URL: {why}"))?;
    let first = urls.first().ok_or("it has no host")?;
    let plain = |text: &str, what: &str| match text {
        text if text.contains('%') || text.contains('/') => Err(format!("its {what} is encoded: write it as it is")),
        text => Ok(text.to_owned()),
    };
    Ok(Said {
        database: plain(first.path().trim_start_matches('/'), "database")?,
        user: Some(plain(first.username(), "username")?).filter(|user| !user.is_empty()),
        parameters: first.query_pairs().map(|(key, _)| key.into_owned()).collect(),
        hosts: urls
            .iter()
            .map(|url| Some((host(url)?, url.port().unwrap_or(PORT))))
            .collect::<Option<_>>()
            .ok_or("it has no host")?,
    })
}

fn of_keywords(text: &str) -> Result<Said, String> {
    let mut values = keywords::read(text)?;
    let hosts = values.remove("host").unwrap_or_default();
    let ports = values.remove("port").unwrap_or_else(|| PORT.to_string());
    let ports = ports.split(',').map(|port| port.trim().parse::<u16>().map_err(|_| format!("`{port}` is no port")));
    let ports = ports.collect::<Result<Vec<u16>, String>>()?;
    let hosts = hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).enumerate();
    // As pgx does: a host without a port of its own has the first one.
    let port = |number: usize| ports.get(number).or(ports.first()).copied().unwrap_or(PORT);
    values.remove("password");
    Ok(Said {
        hosts: hosts.map(|(number, host)| (host.to_owned(), port(number))).collect(),
        database: values.remove("database").unwrap_or_default(),
        user: values.remove("user"),
        parameters: values.into_keys().collect(),
    })
}

fn cluster<'a>(host: &str, port: u16, attached: &'a AttachedPlan) -> Result<&'a str, String> {
    if host.contains(['/', '%']) {
        return Err(format!("{host} is a socket of Vault's machine: write the host and the port of the cluster"));
    }
    let is_here = |at: &(String, u16)| at.0.trim_matches(['[', ']']).eq_ignore_ascii_case(host) && at.1 == port;
    let of = attached.postgres.iter().find(|(_, at)| is_here(&at.at) || at.endpoints.iter().any(is_here));
    // Vault's network may have other names for the servers of the only cluster.
    let only = || attached.postgres.first_key_value().filter(|_| attached.postgres.len() == 1);
    let found = of.or_else(only).map(|(cluster, _)| cluster.as_str());
    found
        .ok_or_else(|| format!("{host}:{port} is in none of [attached.postgres.<cluster>]: name it in its `endpoints`"))
}

fn host(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

/// The statements as Vault reads them: they may be in base64, and a list in JSON (`strutil.ParseArbitraryStringSlice`).
pub(super) fn decoded(text: &str) -> Vec<String> {
    let plain = STANDARD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let plain = plain.unwrap_or_else(|| text.to_owned());
    serde_json::from_str(plain.trim()).unwrap_or_else(|_| vec![plain])
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn statements_are_read_in_every_spelling() {
        let sql = "ALTER ROLE theirs CREATEDB;";
        for text in [sql, "QUxURVIgUk9MRSB0aGVpcnMgQ1JFQVRFREI7", "[\"ALTER ROLE theirs CREATEDB;\"]"] {
            assert_eq!(decoded(text), [sql], "{text}");
        }
        assert_eq!(decoded("[\"a\", \"b\"]"), ["a", "b"]);
    }
}
