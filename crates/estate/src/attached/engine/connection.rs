//! Where a connection of the database secrets engine leads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use leaseproof_scenario::AttachedPlan;
use url::{Host, Url};

/// The cluster and the database that a connection leads to, and the account that is written in its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) cluster: String,
    pub(super) database: String,
    pub(super) user: Option<String>,
}

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

/// Where a `connection_url` leads: one cluster of `[attached]`, whichever of its hosts is connected to.
pub(super) fn place(text: &str, attached: &AttachedPlan) -> Result<Place, String> {
    let has_template = text.contains(USERNAME);
    let filled = text.replace(USERNAME, "vault-account").replace(PASSWORD, "x");
    let rest = filled.split_once("://").filter(|(scheme, _)| matches!(*scheme, "postgres" | "postgresql"));
    let Some((_, rest)) = rest else {
        return Err("expected postgresql://{{username}}:{{password}}@HOST:PORT/DATABASE".to_owned());
    };
    // A list of hosts is no URL for the url crate: each host is read as if it were alone.
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (user, hosts) = rest[..end].rsplit_once('@').unwrap_or(("", &rest[..end]));
    let at = if user.is_empty() { String::new() } else { format!("{user}@") };
    let mut places = Vec::new();
    for host in hosts.split(',') {
        let url = Url::parse(&format!("postgresql://{at}{host}{}", &rest[end..]));
        places.push(one(&url.map_err(|why| format!("it is no URL: {why}"))?, attached)?);
    }
    let Some(first) = places.first().cloned() else { return Err("it has no host".to_owned()) };
    if places.iter().any(|place| *place != first) {
        return Err("its hosts are of several clusters".to_owned());
    }
    Ok(Place { user: first.user.filter(|_| !has_template), ..first })
}

fn one(url: &Url, attached: &AttachedPlan) -> Result<Place, String> {
    if let Some((key, _)) = url.query_pairs().find(|(key, _)| !HARMLESS.contains(&key.as_ref())) {
        return Err(format!("the parameter `{key}` may change where, or as whom, Vault logs in"));
    }
    let (host, port) = (host(url).ok_or("it has no host")?, url.port().unwrap_or(5432));
    let is_here = |at: &(String, u16)| at.0.trim_matches(['[', ']']).eq_ignore_ascii_case(&host) && at.1 == port;
    let of = attached.postgres.iter().find(|(_, at)| is_here(&at.at) || at.endpoints.iter().any(is_here));
    // Vault's network may have other names for the servers of the only cluster.
    let only = || attached.postgres.first_key_value().filter(|_| attached.postgres.len() == 1);
    let Some((cluster, _)) = of.or_else(only) else {
        return Err(format!("{host}:{port} is in none of [attached.postgres.<cluster>]: name it in its `endpoints`"));
    };
    let plain = |text: &str, what: &str| match text {
        text if text.contains('%') || text.contains('/') => Err(format!("its {what} is encoded: write it as it is")),
        text => Ok(text.to_owned()),
    };
    let user = Some(plain(url.username(), "username")?).filter(|user| !user.is_empty());
    let database = plain(url.path().trim_start_matches('/'), "database")?;
    if database.is_empty() {
        return Err("it names no database".to_owned());
    }
    Ok(Place { cluster: cluster.clone(), database, user })
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
