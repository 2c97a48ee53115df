//! `[attached]`.

use std::path::PathBuf;

use leaseproof_domain::Ttl;

use super::{Book, owned};
use crate::node::{Entry, Table};
use crate::plan::{
    AttachedAuth, AttachedFiles, AttachedPlan, AttachedPostgres, AttachedVault, EstateKind, SecretSource,
};
use crate::problem::Problem;

/// Where the servers run.
pub(super) fn kind(book: &Book<'_>) -> EstateKind {
    let Some(said) = book.root.text("estate").filter(|said| said.value == "attached") else {
        return EstateKind::Processes;
    };
    if book.root.entry("attached").is_none() {
        book.add(
            Problem::at(&said.place, "the scenario does not say where the estate is").label("it has no [attached]"),
        );
    }
    EstateKind::Attached
}

pub(super) fn attached(book: &Book<'_>) -> Option<AttachedPlan> {
    let entry = book.root.entry("attached")?;
    let table = entry.node.table()?;
    let ours = table.text("setup").is_some_and(|said| said.value == "ours");
    let vault = vault(book, table);
    let names: Vec<&str> = book.clusters.iter().map(String::as_str).collect();
    for (cluster, _) in table.named("postgres").filter(|(cluster, _)| !names.contains(&cluster.key.as_str())) {
        let unknown = format!("there is no cluster `{}`", cluster.key);
        book.add(Problem::at(&cluster.at, unknown).label("say what it is in a [postgres.<cluster>]"));
    }
    let postgres: Vec<(String, Option<AttachedPostgres>)> =
        table.named("postgres").map(|(entry, table)| (entry.key.clone(), cluster(book, entry, table))).collect();
    for (role, of) in book.root.named("role") {
        let on = of.text("on").map_or_else(|| default_cluster(&names), |said| said.value.to_owned());
        if !postgres.iter().any(|(name, _)| *name == on) {
            let lacks = format!("[attached] does not say where cluster `{on}` is");
            book.add(Problem::at(&entry.at, lacks).label(format!("[role.{}] is on it", role.key)));
        }
    }
    Some(AttachedPlan {
        ours,
        // Nobody else knows of roles that were not there before.
        quiet: ours || table.flag("quiet").is_some_and(|said| said.value),
        // The command line says them (`--max-live-leases`, `--max-duration`).
        max_live_leases: 0,
        max_duration: Ttl::from_secs(0),
        vault: vault?,
        postgres: postgres.into_iter().filter_map(|(name, cluster)| Some((name, cluster?))).collect(),
        origin: entry.node.place.origin(),
    })
}

fn vault(book: &Book<'_>, table: &Table) -> Option<AttachedVault> {
    let (entry, stands) = (table.entry("vault")?, table.table("vault")?);
    let encryption = vault_files(book, entry, stands);
    let auth = auth(book, stands.entry("auth")?)?;
    Some(AttachedVault { address: owned(stands, "address")?, encryption, namespace: owned(stands, "namespace"), auth })
}

fn default_cluster(names: &[&str]) -> String {
    if let [only] = names { (*only).to_owned() } else { "target".to_owned() }
}

fn vault_files(book: &Book<'_>, entry: &Entry, table: &Table) -> Option<AttachedFiles> {
    let address = table.text("address")?;
    match (address.value.split_once("://").map(|(scheme, _)| scheme), file(table, "ca")) {
        (Some("https"), Some(ca)) => Some(AttachedFiles { ca, client: client(book, table) }),
        (Some("https"), None) => {
            let help = "of a public authority it is the system's, such as /etc/ssl/certs/ca-certificates.crt";
            let lacks = Problem::at(&entry.at, "https needs `ca`, the authorities that vouch for Vault");
            book.add(lacks.label("it belongs here").help(help));
            None
        }
        (Some("http"), _) => {
            for key in ["ca", "cert", "key"] {
                idle(book, table, key, "is of use with an https address only");
            }
            None
        }
        _ => {
            let none = format!("`{}` is no address of a Vault", address.value);
            book.add(Problem::at(&address.place, none).label("expected one such as https://vault.example:8200"));
            None
        }
    }
}

fn auth(book: &Book<'_>, entry: &Entry) -> Option<AttachedAuth> {
    let table = entry.node.table()?;
    let method = table.text("method")?.value;
    let mount = owned(table, "mount").unwrap_or_else(|| method.to_owned());
    let of_method: &[&str] = match method {
        "token" => &["token_file", "token_env"],
        "approle" => &["mount", "role_id_file", "secret_id_file"],
        _ => &["mount", "user", "password_file", "password_env"],
    };
    for other in table.entries.iter().filter(|other| other.key != "method" && !of_method.contains(&other.key.as_str()))
    {
        book.add(Problem::at(&other.at, format!("`{}` is of another method", other.key)).label("not this one"));
    }
    let needed = |names: &str, found: Option<SecretSource>| {
        if found.is_none() {
            book.add(Problem::at(&entry.at, format!("the method `{method}` needs {names}")).label("here"));
        }
        found
    };
    Some(match method {
        "token" => AttachedAuth::Token { token: needed("`token_file` or `token_env`", secret(book, table, "token"))? },
        "approle" => AttachedAuth::AppRole {
            mount,
            role_id: needed("`role_id_file`", secret(book, table, "role_id"))?,
            secret_id: needed("`secret_id_file`", secret(book, table, "secret_id"))?,
        },
        _ => {
            let password = needed("`password_file` or `password_env`", secret(book, table, "password"))?;
            let Some(user) = owned(table, "user") else {
                book.add(Problem::at(&entry.at, "the method `userpass` needs `user`").label("here"));
                return None;
            };
            AttachedAuth::Userpass { mount, user, password }
        }
    })
}

fn cluster(book: &Book<'_>, entry: &Entry, table: &Table) -> Option<AttachedPostgres> {
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

/// A file, from the folder of the file that names it.
fn file(table: &Table, key: &str) -> Option<PathBuf> {
    let said = table.text(key)?;
    Some(said.place.source.folder.join(said.value))
}

/// `<name>_file`, or `<name>_env`.
fn secret(book: &Book<'_>, table: &Table, name: &str) -> Option<SecretSource> {
    let in_file = file(table, &format!("{name}_file")).map(SecretSource::File);
    let in_environment = table.text(&format!("{name}_env"));
    if let (Some(_), Some(said)) = (&in_file, &in_environment) {
        let both = format!("`{name}_file` and `{name}_env` are two places for one secret");
        book.add(Problem::at(&said.place, both).label("one of them"));
    }
    in_file.or_else(|| in_environment.map(|said| SecretSource::Variable(said.value.to_owned())))
}

fn client(book: &Book<'_>, table: &Table) -> Option<(PathBuf, PathBuf)> {
    let (certificate, key) = (file(table, "cert"), file(table, "key"));
    if let (Some(alone), true) = (table.entry("cert").or(table.entry("key")), certificate.is_some() != key.is_some()) {
        book.add(Problem::at(&alone.at, "`cert` and `key` go together").label("the other one is missing"));
    }
    certificate.zip(key)
}

fn idle(book: &Book<'_>, table: &Table, key: &str, why: &str) {
    if let Some(entry) = table.entry(key) {
        book.add(Problem::at(&entry.at, format!("`{key}` {why}")).label("here"));
    }
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
