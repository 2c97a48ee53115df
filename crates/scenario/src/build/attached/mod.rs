//! `[attached]`.

mod files;
mod postgres;

use leaseproof_domain::Ttl;

use self::files::{client, file, idle, inputs, secret};
use self::postgres::cluster;
use super::{Book, owned};
use crate::address;
use crate::node::{Entry, Table};
use crate::plan::{
    AttachedAuth, AttachedFiles, AttachedPlan, AttachedPostgres, AttachedVault, EnvironmentKind, SecretSource,
};
use crate::problem::Problem;

/// Where the servers run.
pub(super) fn kind(book: &Book<'_>) -> EnvironmentKind {
    let said = book.root.text("environment");
    if said.as_ref().is_some_and(|said| said.value == "containers") {
        return EnvironmentKind::Containers;
    }
    let Some(said) = said.filter(|said| said.value == "attached") else {
        return EnvironmentKind::Processes;
    };
    if book.root.entry("attached").is_none() {
        book.add(
            Problem::at(&said.place, "the scenario does not say where the environment is")
                .label("it has no [attached]"),
        );
    }
    EnvironmentKind::Attached
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
        // The command line says them (`--max-live-leases`, `--max-duration`, `--insecure-http`).
        max_live_leases: 0,
        max_duration: Ttl::from_secs(0),
        insecure_http: false,
        vault: vault?,
        postgres: postgres.into_iter().filter_map(|(name, cluster)| Some((name, cluster?))).collect(),
        inputs: inputs("attached", table),
        origin: entry.node.place.origin(),
    })
}

fn vault(book: &Book<'_>, table: &Table) -> Option<AttachedVault> {
    let (entry, stands) = (table.entry("vault")?, table.table("vault")?);
    let encryption = vault_files(book, entry, stands);
    let auth = auth(book, stands.entry("auth")?)?;
    let namespace = stands.text("namespace");
    Some(AttachedVault {
        address: owned(stands, "address")?,
        encryption,
        namespace_origin: namespace.as_ref().map(|said| said.place.origin()),
        namespace: namespace.map(|said| said.value.to_owned()),
        auth,
    })
}

fn default_cluster(names: &[&str]) -> String {
    if let [only] = names { (*only).to_owned() } else { "target".to_owned() }
}

fn vault_files(book: &Book<'_>, entry: &Entry, table: &Table) -> Option<AttachedFiles> {
    let address = table.text("address")?;
    let url = match address::vault(address.value) {
        Ok(url) => url,
        Err(why) => {
            let bad = format!("`address` has {why}: expected an address such as https://vault.example:8200");
            let help = "how the harness authenticates is in `auth`, and its certificates are in `ca`, `cert` and `key`";
            book.add(Problem::at(&address.place, bad).unseen().help(help));
            return None;
        }
    };
    match (url.scheme(), file(table, "ca")) {
        ("https", Some(ca)) => Some(AttachedFiles { ca, client: client(book, table) }),
        ("https", None) => {
            let help = "of a public authority it is the system's, such as /etc/ssl/certs/ca-certificates.crt";
            let lacks = Problem::at(&entry.at, "https needs `ca`, the authorities that vouch for Vault");
            book.add(lacks.label("it belongs here").help(help));
            None
        }
        _ => {
            for key in ["ca", "cert", "key"] {
                idle(book, table, key, "is of use with an https address only");
            }
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
