//! `[attached.postgres.<cluster>]`.

use super::files::{client, file, idle, secret};
use crate::address::{place, postgres};
use crate::build::{Book, owned};
use crate::node::{Entry, Table};
use crate::plan::{AttachedFiles, AttachedPostgres};
use crate::problem::Problem;

pub(super) fn cluster(book: &Book<'_>, entry: &Entry, table: &Table) -> Option<AttachedPostgres> {
    let said = table.text("observer")?;
    let Some((observer, at, database)) = postgres(said.value) else {
        let none = Problem::at(&said.place, "`observer` is not postgres://user@host:port/database with one host");
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
