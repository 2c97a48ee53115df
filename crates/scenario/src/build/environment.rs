//! `[vault]` and `[postgres.<cluster>]`.

use std::collections::BTreeMap;

use leaseproof_domain::{Secret, Ttl};

use super::{Book, owned, settings};
use crate::node::{Entry, Node, Table};
use crate::place::Holds;
use crate::placeholder::{Language, Places, Servers};
use crate::plan::{
    Layout, PatroniTiming, PostgresPlan, Replication, Setting, VaultPlan, VaultPostgresPlan, VaultStorage,
};
use crate::problem::Problem;
use crate::text::{FileWhen, Text};

/// The bootstrap superuser's password where the scenario says none: it must be no word that logs hold anyway.
const BOOTSTRAP_PASSWORD: &str = "leaseproof-bootstrap";

/// How many characters a cluster's name may have: the paths of its sockets are short.
const LONGEST_NAME: usize = 40;

/// PostgreSQL's major version where the scenario says none.
pub(super) const VERSION: &str = "15";

pub(super) fn vault(book: &Book<'_>) -> VaultPlan {
    let empty = Table::default();
    let table = book.root.table("vault").unwrap_or(&empty);
    let postgresql = table.table("postgresql").map(|stanza| VaultPostgresPlan {
        connection_url: connection_url(book, stanza).unwrap_or_default(),
        ha_enabled: stanza.flag("ha_enabled").is_some_and(|said| said.value),
        origin: stanza.entry("connection_url").map(|entry| entry.at.origin()),
    });
    let storage = match table.text("storage").map(|said| said.value) {
        Some("file") => VaultStorage::File,
        Some("raft") => VaultStorage::Raft,
        Some("postgresql") => VaultStorage::Postgresql,
        _ => VaultStorage::Inmem,
    };
    match (table.entry("postgresql"), table.entry("storage")) {
        (None, Some(said)) if storage == VaultStorage::Postgresql => {
            let missing = Problem::at(&said.node.place, "Vault's storage in PostgreSQL has no [vault.postgresql]");
            book.add(missing.label("expected its connection_url there"));
        }
        (Some(entry), _) if storage != VaultStorage::Postgresql => {
            let other = Problem::at(&entry.at, "[vault.postgresql] is of another storage");
            book.add(other.label("expected with storage = \"postgresql\""));
        }
        _ => {}
    }
    let shared = postgresql.as_ref().is_some_and(|stanza| stanza.ha_enabled);
    if let Some(nodes) = table.whole("nodes").filter(|nodes| nodes.value > 1 && !shared) {
        let alone = Problem::at(&nodes.place, "several Vault servers need a storage that they can share");
        book.add(alone.label("expected with storage = \"postgresql\" and ha_enabled = true"));
    }
    let ttls = ["default_lease_ttl", "max_lease_ttl"].map(|key| table.parsed::<Ttl>(key));
    if let [Some(default), Some(max)] = &ttls
        && default.value > max.value
    {
        let beyond = format!("the default TTL of {} is beyond the maximum of {}", default.value, max.value);
        book.add(Problem::at(&default.place, beyond).label("here"));
    }
    let [default_lease_ttl, max_lease_ttl] = ttls.map(|said| said.map(|said| said.value));
    VaultPlan {
        nodes: table.whole("nodes").and_then(|said| u16::try_from(said.value).ok()).unwrap_or(1),
        storage,
        postgresql,
        tls: tls(table),
        audit: table.flag("audit").is_some_and(|said| said.value),
        default_lease_ttl,
        max_lease_ttl,
        port: port(table),
        origin: book.root.entry("vault").map_or_else(|| book.top.origin(), |entry| entry.node.place.origin()),
    }
}

/// Vault's storage is there before Vault: only the clusters have places then.
fn connection_url(book: &Book<'_>, stanza: &Table) -> Option<String> {
    let node = &stanza.entry("connection_url")?.node;
    let text = Text::written(node.text()?, &node.place);
    places(book.root).check(&text, Language::Ours, book.noted);
    Some(text.text)
}

/// What `${…}` can stand for before Vault runs.
pub(super) fn places(root: &Table) -> Places {
    let attached = root.text("environment").is_some_and(|said| said.value == "attached");
    let there = root.table("attached").and_then(|attached| attached.table("postgres"));
    let servers = |(entry, table): (&Entry, &Table)| {
        let standbys = table.whole("standbys").and_then(|said| u16::try_from(said.value).ok()).unwrap_or(1);
        let alone = !matches!(table.text("layout").map(|said| said.value), Some("haproxy-ha" | "patroni"));
        let endpoints =
            there.and_then(|there| there.table(&entry.key)).map_or(1, |there| there.list("endpoints").len());
        let endpoints = u16::try_from(endpoints.max(1)).unwrap_or(u16::MAX);
        let (servers, reads) = match (attached, alone) {
            (true, _) => (endpoints, endpoints > 1),
            (false, true) => (1, false),
            (false, false) => (standbys + 1, true),
        };
        Servers { cluster: entry.key.clone(), servers, reads }
    };
    Places::of(root.named("postgres").map(servers).collect(), any_tls(root))
}

pub(super) fn clusters(book: &Book<'_>) -> BTreeMap<String, PostgresPlan> {
    if let Some(entry) = book.root.entry("postgres").filter(|_| book.clusters.is_empty()) {
        book.add(Problem::at(&entry.at, "there is no cluster: write [postgres.target]").label("here"));
    }
    book.root.named("postgres").for_each(|(entry, _)| named(book, entry));
    book.root.named("postgres").map(|(entry, table)| (entry.key.clone(), cluster(book, &entry.node, table))).collect()
}

/// Folders, servers and placeholders are named after a cluster.
fn named(book: &Book<'_>, entry: &Entry) {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-');
    if entry.key.is_empty() || entry.key.len() > LONGEST_NAME || !entry.key.chars().all(plain) {
        let problem = Problem::at(&entry.at, format!("`{}` is no name for a cluster", entry.key));
        book.add(problem.label(format!("expected 1 to {LONGEST_NAME} letters, digits, `_` and `-`")));
    }
}

fn cluster(book: &Book<'_>, node: &Node, table: &Table) -> PostgresPlan {
    let is_major = |text: &str| text.len() == 2 && matches!(text.parse(), Ok(10_u8..=99));
    if let Some(version) = table.text("version").filter(|version| !is_major(version.value)) {
        let problem = format!("`{}` is no major version of PostgreSQL", version.value);
        book.add(Problem::at(&version.place, problem).label("expected one as in \"15\""));
    }
    settings::in_one_line(book, table, &["superuser", "password"]);
    PostgresPlan {
        layout: layout(book, table),
        version: owned(table, "version").unwrap_or_else(|| VERSION.to_owned()),
        hba: table.entry("hba").and_then(|entry| {
            let text = Text::read(entry.node.text()?, &entry.node.place, FileWhen::OneLine, Holds::Words, book.noted)?;
            Some(text.text)
        }),
        settings: settings::of(book, table),
        tls: tls(table),
        superuser: owned(table, "superuser").unwrap_or_else(|| "postgres".to_owned()),
        password: Setting::Secret(Secret::new(
            owned(table, "password").unwrap_or_else(|| BOOTSTRAP_PASSWORD.to_owned()),
        )),
        port: port(table),
        clock: clock(book, table),
        // Its password may be the setup's to say.
        replicate_as: None,
        lines: settings::lines(table),
        origin: node.place.origin(),
    }
}

fn layout(book: &Book<'_>, table: &Table) -> Layout {
    let standbys = table.whole("standbys").and_then(|said| u16::try_from(said.value).ok()).unwrap_or(1);
    let replication = match table.text("replication").map(|said| said.value) {
        Some("remote_apply") => Replication::RemoteApply,
        Some("quorum") => Replication::Quorum,
        _ => Replication::Async,
    };
    let strangers = |keys: &[&str], whose: &str, layouts: &str| {
        for entry in keys.iter().filter_map(|key| table.entry(key)) {
            let problem = format!("`{}` is only allowed for clusters {whose}", entry.key);
            book.add(Problem::at(&entry.at, problem).label(format!("expected layout = {layouts}")));
        }
    };
    match table.text("layout").map(|said| said.value) {
        Some("patroni") => {
            if replication == Replication::Quorum
                && let Some(entry) = table.entry("replication")
            {
                let none = "Patroni has no quorum of standbys before its version 4";
                book.add(Problem::at(&entry.node.place, none).label("expected `async` or `remote_apply`"));
            }
            strangers(&["replicate_as", "replicate_password"], "whose standbys leaseproof manages", "\"haproxy-ha\"");
            Layout::Patroni { standbys, replication, timing: timing(book, table) }
        }
        Some("haproxy-ha") => {
            strangers(&["patroni"], "that Patroni manages", "\"patroni\"");
            Layout::HaproxyHa { standbys, replication }
        }
        _ => {
            strangers(&["standbys", "replication"], "with standbys", "\"haproxy-ha\" or \"patroni\"");
            strangers(&["replicate_as", "replicate_password"], "with standbys", "\"haproxy-ha\"");
            strangers(&["patroni"], "that Patroni manages", "\"patroni\"");
            Layout::Standalone
        }
    }
}

/// How far its clock is ahead, in seconds.
fn clock(book: &Book<'_>, table: &Table) -> i64 {
    let seconds = |key: &str| {
        let said = table.parsed::<Ttl>(key)?;
        i64::try_from(said.value.duration().as_secs()).ok()
    };
    let wrong = ["clock_ahead", "clock_behind"].map(|key| table.entry(key));
    match wrong {
        [Some(_), Some(behind)] => {
            book.add(Problem::at(&behind.at, "a clock is ahead or behind, and not both").label("here"));
        }
        [Some(entry), _] | [_, Some(entry)] if table.text("layout").is_some_and(|said| said.value == "patroni") => {
            let other = "a Patroni has its server's clock, and would be wrong itself";
            book.add(Problem::at(&entry.at, other).label("expected with another layout"));
        }
        _ => {}
    }
    seconds("clock_ahead").unwrap_or_default() - seconds("clock_behind").unwrap_or_default()
}

/// `[postgres.<cluster>.patroni]`. Patroni takes no other: patroni/config.py puts its defaults in place of what breaks
/// its rule.
fn timing(book: &Book<'_>, table: &Table) -> PatroniTiming {
    let known = PatroniTiming::default();
    let Some(entry) = table.entry("patroni") else { return known };
    let own = table.table("patroni");
    let of = |key: &str| own.and_then(|own| own.whole(key)).and_then(|said| u32::try_from(said.value).ok());
    let timing = PatroniTiming {
        ttl: of("ttl").unwrap_or(known.ttl),
        loop_wait: of("loop_wait").unwrap_or(known.loop_wait),
        retry_timeout: of("retry_timeout").unwrap_or(known.retry_timeout),
    };
    let least = timing.loop_wait + 2 * timing.retry_timeout;
    if timing.ttl < least {
        let short = format!("a lock of {} s runs out before Patroni has given it up", timing.ttl);
        let rule = format!("expected ttl >= loop_wait + 2 * retry_timeout, which is {least}");
        book.add(Problem::at(&entry.at, short).label(rule));
    }
    timing
}

fn tls(table: &Table) -> bool {
    table.flag("tls").is_some_and(|said| said.value)
}

/// Whether some server of the environment speaks TLS.
fn any_tls(root: &Table) -> bool {
    root.table("vault").is_some_and(tls) || root.named("postgres").any(|(_, table)| tls(table))
}

fn port(table: &Table) -> Option<u16> {
    table.whole("port").and_then(|port| u16::try_from(port.value).ok())
}
