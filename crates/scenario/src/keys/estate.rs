//! Keys of the servers.

use super::EXPECT;
use crate::shape::{Is, Shape, key};

pub(super) static VAULT: Shape = Shape {
    name: "[vault]",
    says: "The Vault under test.",
    keys: &[
        key(
            "nodes",
            Is::Whole(1, 9),
            "How many servers share the storage. Default 1; more need `storage = \"postgresql\"` and `ha_enabled`.",
        ),
        key(
            "storage",
            Is::Word(&["inmem", "file", "raft", "postgresql"]),
            "Where Vault keeps its data. Default `inmem`.",
        ),
        key("postgresql", Is::Table(&STORAGE), STORAGE.says),
        key(
            "tls",
            Is::Flag,
            "Whether it listens with TLS, by a certificate of the run's own authority (`${estate.ca}`). Default false.",
        ),
        key("audit", Is::Flag, "Whether a file audit device is enabled before set-up. Default false."),
        key("default_lease_ttl", Is::Seconds, "The system's default lease TTL. Vault's own is 768h."),
        key("max_lease_ttl", Is::Seconds, "The system's maximum lease TTL. Vault's own is 768h."),
        key("port", Is::Whole(1, 65535), "A fixed port to listen on. Default: a free one."),
        key("expect", Is::Table(&EXPECT), "The failure that the server's start has to end with.")
            .later("servers whose start is expected to fail are"),
    ],
};

static STORAGE: Shape = Shape {
    name: "[vault.postgresql]",
    says: "PostgreSQL as Vault's storage. Vault makes no tables: SQL steps at the beginning of the set-up are done before Vault starts.",
    keys: &[
        key(
            "connection_url",
            Is::Text,
            "Where, as in Vault's storage stanza; `${postgres.storage.write}` is the cluster's host:port. Redacted wherever it is stored.",
        )
        .needed(),
        key("ha_enabled", Is::Flag, "Whether nodes take turns by a lock in the database. Default false, as Vault's own."),
    ],
};

static PATRONI: Shape = Shape {
    name: "[postgres.<cluster>.patroni]",
    says: "Patroni's dynamic settings of the same names; the defaults are its own. ttl is at least loop_wait + 2 * retry_timeout.",
    keys: &[
        key("ttl", Is::Whole(20, 600), "Seconds until the lock of a leader that is gone runs out. Default 30."),
        key("loop_wait", Is::Whole(1, 60), "Seconds between two looks. Default 10."),
        key(
            "retry_timeout",
            Is::Whole(3, 60),
            "Seconds in which etcd and PostgreSQL are tried again before the leader gives up. Default 10.",
        ),
    ],
};

pub(super) static POSTGRES: Shape = Shape {
    name: "[postgres.<cluster>]",
    says: "A PostgreSQL cluster under test, by name: `target`, `storage`, …",
    keys: &[
        key(
            "layout",
            Is::Word(&["standalone", "haproxy-ha", "patroni"]),
            "How many servers, and what stands before them: one, or a primary and its standbys behind HAProxy; with `patroni`, Patroni and etcd choose the primary. Default `standalone`.",
        ),
        key("standbys", Is::Whole(1, 8), "Of clusters with standbys: how many stream. Default 1."),
        key(
            "replication",
            Is::Word(&["async", "remote_apply", "quorum"]),
            "Of clusters with standbys: when a commit is acknowledged: on the primary's disk, when every standby shows it, when more than half have it (not with Patroni). Default `async`.",
        ),
        key(
            "replicate_as",
            Is::Text,
            "Of `haproxy-ha`: the account that standbys replicate with, as an operator has it, from the set-up step on that creates it; new standbys are copied with it too (FLT-2). Default: an account of the harness's own.",
        ),
        key(
            "replicate_password",
            Is::Text,
            "That account's password as the standbys know it. Default: the superuser's, or the one that the set-up writes to a Vault connection of that `username`. Redacted wherever it is stored.",
        ),
        key("patroni", Is::Table(&PATRONI), "Of `patroni`: how soon it sees and decides."),
        key("version", Is::Text, "Major version, as a text: \"15\". Default \"15\"."),
        key(
            "hba",
            Is::Text,
            "File with the lines of pg_hba.conf, or the lines themselves where the text has several. The harness's own line stands before them.",
        ),
        key("settings", Is::Map(&Is::Scalar), "Settings of postgresql.conf."),
        key(
            "tls",
            Is::Flag,
            "Whether its servers offer TLS, by a certificate of the run's own authority (`${estate.ca}`) for `localhost` and 127.0.0.1; only lines with `hostssl` insist on it. Default false.",
        ),
        key("superuser", Is::Text, "The bootstrap superuser's name. Default `postgres`."),
        key(
            "password",
            Is::Text,
            "The bootstrap superuser's password. Default `leaseproof-bootstrap`. Redacted wherever it is stored.",
        ),
        key(
            "clock_ahead",
            Is::Span,
            "How far its servers' clock is ahead of the machine's (libfaketime), in whole seconds.",
        ),
        key("clock_behind", Is::Span, "How far it is behind."),
        key("port", Is::Whole(1, 65535), "A fixed port to listen on. Default: a free one."),
        key("expect", Is::Table(&EXPECT), "The failure that the server's start has to end with.")
            .later("servers whose start is expected to fail are"),
    ],
};
