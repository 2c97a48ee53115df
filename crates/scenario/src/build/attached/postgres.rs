//! `[attached.postgres.<cluster>]`.

use super::files::{client, file, idle, secret};
use crate::build::{Book, owned};
use crate::node::{Entry, Table};
use crate::plan::{AttachedFiles, AttachedPostgres};
use crate::problem::Problem;

pub(super) fn cluster(book: &Book<'_>, entry: &Entry, table: &Table) -> Option<AttachedPostgres> {
    let said = table.text("observer")?;
    let Some((observer, at, database)) = url(said.value) else {
        let none = Problem::at(&said.place, "`observer` is no postgres://user@host:port/database");
        let help = "what else belongs to a login has keys of its own: `password_file`, `password_env`, `sslmode`, `ca`";
        book.add(none.label("here").help(help));
        return None;
    };
    let endpoints = table.texts("endpoints");
    for endpoint in endpoints.iter().filter(|endpoint| place(endpoint.value).is_none()) {
        book.add(Problem::at(&endpoint.place, format!("`{}` is no host:port", endpoint.value)).label("here"));
    }
    let mut endpoints: Vec<_> = endpoints.iter().filter_map(|endpoint| place(endpoint.value)).collect();
    if endpoints.is_empty() {
        endpoints.push(at.clone());
    }
    let plain = table.text("sslmode").is_some_and(|said| said.value == "disable");
    let encryption = match file(table, "ca") {
        _ if plain => {
            for key in ["ca", "cert", "key"] {
                idle(book, table, key, "is of use with sslmode = \"verify-full\" only");
            }
            None
        }
        Some(ca) => Some(AttachedFiles { ca, client: client(book, table) }),
        None => {
            let lacks = "sslmode = \"verify-full\", the default, needs `ca`, the authorities that vouch for the server";
            book.add(Problem::at(&entry.at, lacks).label("it belongs here, or sslmode = \"disable\""));
            None
        }
    };
    Some(AttachedPostgres {
        observer,
        database,
        operator: owned(table, "operator"),
        operator_password: secret(book, table, "operator_password"),
        at,
        password: secret(book, table, "password"),
        endpoints,
        encryption,
    })
}

/// User, place and database of `postgres://user@host:port/database`. A password is none of it.
fn url(text: &str) -> Option<(String, (String, u16), String)> {
    let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"))?;
    let (user, rest) = rest.split_once('@')?;
    let (at, database) = rest.split_once('/').unwrap_or((rest, "postgres"));
    let at = if at.rsplit_once(':').is_some_and(|(host, _)| !host.is_empty()) && !at.ends_with(']') {
        place(at)?
    } else {
        place(&format!("{at}:5432"))?
    };
    let sound = |text: &str| !text.is_empty() && !text.contains([':', '@', '?', '%', '/']);
    (sound(user) && sound(database)).then(|| (user.to_owned(), at, database.to_owned()))
}

/// `host:port`; an IPv6 address stands in brackets.
fn place(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let port = port.parse().ok().filter(|port| *port > 0)?;
    let sound = |host: &&str| !host.is_empty() && !host.contains(['/', '@', '?', '[', ']']);
    let host = bare.or(Some(host).filter(|host| !host.contains(':'))).filter(sound)?;
    Some((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::{place, url};

    #[test]
    fn an_observer_is_a_user_a_place_and_a_database() {
        let read =
            |text: &str| url(text).map(|(user, (host, port), database)| format!("{user} {host} {port} {database}"));
        assert_eq!(read("postgres://ada@db.example:6432/shop").unwrap(), "ada db.example 6432 shop");
        assert_eq!(read("postgresql://ada@db.example").unwrap(), "ada db.example 5432 postgres");
        assert_eq!(read("postgres://ada@[::1]/shop").unwrap(), "ada ::1 5432 shop");
        for text in [
            "ada@db",
            "postgres://db/shop",
            "postgres://ada:pw@db",
            "postgres://ada@db/d?sslmode=disable",
            "postgres://ada@:1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(place("[::1]:5432").unwrap(), ("::1".to_owned(), 5432));
        assert!(place("db").is_none() && place("db:x").is_none() && place(":1").is_none());
    }
}
