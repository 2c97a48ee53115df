//! Addresses of servers, read as the clients read them: a host is never guessed from the text.

use url::{Host, Url};

/// Reads the address of a Vault: scheme, host, port, and perhaps a path.
///
/// # Errors
/// What it has and may not have. The text itself is not repeated: it may hold a secret.
pub(crate) fn vault(text: &str) -> Result<Url, &'static str> {
    // The url crate leaves these out, as browsers do.
    if text.contains(|sign: char| sign.is_whitespace() || sign.is_control() || sign == '\\') {
        return Err("a space, a control character or a backslash");
    }
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.filter(|_| text.contains("://")).ok_or("no http or https scheme with a host")?;
    if url.username() != "" || url.password().is_some() || authority(text).contains('@') {
        return Err("a username or a password");
    }
    if url.query().is_some() {
        return Err("a query");
    }
    if url.fragment().is_some() {
        return Err("a fragment");
    }
    Ok(url)
}

/// Whether a name that somebody gave is the host of that address, as it is connected to.
pub(crate) fn is_host(address: &str, name: &str) -> bool {
    let named = Host::parse(name).or_else(|_| Host::parse(&format!("[{name}]"))).ok();
    vault(address).ok().is_some_and(|url| named.is_some() && named == url.host().map(|host| host.to_owned()))
}

/// The host of that address, without brackets.
pub(crate) fn host(address: &str) -> String {
    let url = vault(address).ok();
    url.and_then(|url| url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned())).unwrap_or_default()
}

/// User, place and database of `postgres://user@host:port/database`: one host, and nothing else.
pub(crate) fn postgres(text: &str) -> Option<(String, (String, u16), String)> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"))?;
    if url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return None;
    }
    let host = match url.host()? {
        Host::Domain(name) => one_host(name)?,
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    Some((sound(url.username())?, (host, port(&url)?), database(&url)?))
}

/// `host:port`; an IPv6 address is in brackets.
pub(crate) fn place(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
        None => one_host(host)?,
    };
    Some((host, port))
}

/// A name or an address; a list of several, an encoded one and a folder of sockets are none.
fn one_host(host: &str) -> Option<String> {
    let fits = |sign: char| sign.is_alphanumeric() || matches!(sign, '.' | '-' | '_');
    (!host.is_empty() && host.chars().all(fits)).then(|| host.to_owned())
}

fn port(url: &Url) -> Option<u16> {
    Some(url.port().unwrap_or(5432)).filter(|port| *port > 0)
}

fn database(url: &Url) -> Option<String> {
    if url.path().is_empty() { Some("postgres".to_owned()) } else { sound(url.path().strip_prefix('/')?) }
}

fn sound(text: &str) -> Option<String> {
    (!text.is_empty() && !text.contains([':', '@', '?', '%', '/'])).then(|| text.to_owned())
}

/// What is between `://` and the path: an empty username is one, too.
fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use super::{host, is_host, place, postgres, vault};

    #[test]
    fn a_host_is_the_one_that_is_connected_to() {
        for (address, name) in [
            ("https://vault.example:8200", "vault.example"),
            ("https://VAULT.example/", "vault.example"),
            ("https://[::1]:8200/", "::1"),
            ("http://127.0.0.1:8200", "127.0.0.1"),
            ("http://2130706433:8200", "127.0.0.1"),
            ("https://vault.example/behind/a/path", "vault.example"),
        ] {
            assert_eq!(host(address), name);
            assert!(is_host(address, name) && is_host(address, &name.to_uppercase()), "{address}");
            assert!(!is_host(address, "vault.staging") && !is_host(address, ""), "{address}");
        }
    }

    #[test]
    fn an_address_has_neither_userinfo_nor_query_nor_fragment() {
        for (address, why) in [
            ("https://vault.staging:8200@vault.prod.invalid", "a username or a password"),
            ("https://vault.staging@vault.prod", "a username or a password"),
            ("https://:pw@vault.prod", "a username or a password"),
            ("https://@vault.prod", "a username or a password"),
            ("https://vault.staging%3A8200@vault.prod", "a username or a password"),
            ("http://127.0.0.1:8200/?token=hvs.x", "a query"),
            ("http://127.0.0.1:8200?", "a query"),
            ("http://127.0.0.1:8200/#x", "a fragment"),
            ("https://vault.staging\\@vault.prod", "a space, a control character or a backslash"),
            ("https://vault\t.prod", "a space, a control character or a backslash"),
            ("https:vault.prod", "no http or https scheme with a host"),
            ("ftp://vault.prod", "no http or https scheme with a host"),
            ("https://", "no http or https scheme with a host"),
            ("https://a,b:1,c:2", "no http or https scheme with a host"),
        ] {
            assert_eq!(vault(address).unwrap_err(), why, "{address}");
            assert!(!is_host(address, "vault.staging") && !is_host(address, "vault.prod"), "{address}");
        }
    }

    #[test]
    fn an_observer_is_a_user_a_place_and_a_database() {
        let read = |text: &str| {
            postgres(text).map(|(user, (host, port), database)| format!("{user} {host} {port} {database}"))
        };
        assert_eq!(read("postgres://ada@db.example:6432/shop").unwrap(), "ada db.example 6432 shop");
        assert_eq!(read("postgresql://ada@db.example").unwrap(), "ada db.example 5432 postgres");
        assert_eq!(read("postgres://ada@[::1]/shop").unwrap(), "ada ::1 5432 shop");
        for text in [
            "ada@db",
            "postgres://db/shop",
            "postgres://ada:pw@db",
            "postgres://ada@db@other/shop",
            "postgres://ada@db/d?sslmode=disable",
            "postgres://ada@db/d?host=other",
            "postgres://ada@db/d#other",
            "postgres://ada@:1",
            "postgres://ada@db,other/shop",
            "postgres://ada@db:1,other:2/shop",
            "postgres://ada@%2Ftmp/shop",
            "postgres://ada@db/a/b",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(place("[::1]:5432").unwrap(), ("::1".to_owned(), 5432));
        for text in ["db", "db:x", ":1", "ada@db:1", "db:1,other:2", "/tmp:1", "db?x:1", "[x]:1", "%2Ftmp:1"] {
            assert_eq!(place(text), None, "{text}");
        }
    }
}
