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
            "The number of servers that share the storage. Default 1; more need `storage = \"postgresql\"` and `ha_enabled`.",
        ),
        key("storage", Is::Word(&["inmem", "file", "raft", "postgresql"]), "Vault's storage backend. Default `inmem`."),
        key("postgresql", Is::Table(&STORAGE), STORAGE.says),
        key(
            "tls",
            Is::Flag,
            "Whether it listens with TLS, with a certificate of the run's own authority (`${environment.ca}`). Default false.",
        ),
        key("audit", Is::Flag, "Whether a file audit device is enabled before the setup. Default false."),
        key("default_lease_ttl", Is::Seconds, "The system's default lease TTL. Vault's own is 768h."),
        key("max_lease_ttl", Is::Seconds, "The system's maximum lease TTL. Vault's own is 768h."),
        key("port", Is::Whole(1, 65535), "A fixed port to listen on. Default: a free port."),
        key("expect", Is::Table(&EXPECT), "The failure that the server's start must end with.")
            .later("servers whose start must fail are"),
    ],
};

static STORAGE: Shape = Shape {
    name: "[vault.postgresql]",
    says: "PostgreSQL as Vault's storage. Vault does not create its tables: SQL steps at the beginning of the setup run before Vault starts.",
    keys: &[
        key(
            "connection_url",
            Is::Text,
            "The connection URL, as in Vault's storage stanza; `${postgres.storage.write}` is the cluster's host:port. It is redacted wherever it is stored.",
        )
        .needed(),
        key("ha_enabled", Is::Flag, "Whether Vault's high availability is enabled, with a lock in the database. Default false, as in Vault."),
    ],
};

static PATRONI: Shape = Shape {
    name: "[postgres.<cluster>.patroni]",
    says: "Patroni's dynamic settings with the same names and defaults. ttl must be at least loop_wait + 2 * retry_timeout.",
    keys: &[
        key("ttl", Is::Whole(20, 600), "Seconds until the lock of a lost leader expires. Default 30."),
        key("loop_wait", Is::Whole(1, 60), "Seconds between two checks. Default 10."),
        key(
            "retry_timeout",
            Is::Whole(3, 60),
            "Seconds for which etcd and PostgreSQL are retried before the leader steps down. Default 10.",
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
            "The layout: one server, or a primary and its standbys behind HAProxy; with `patroni`, Patroni and etcd choose the primary. Default `standalone`.",
        ),
        key("standbys", Is::Whole(1, 8), "For clusters with standbys: their number. Default 1."),
        key(
            "replication",
            Is::Word(&["async", "remote_apply", "quorum"]),
            "For clusters with standbys: when a commit is acknowledged: after the primary's flush, after all standbys have applied it, or after more than half of the servers have it (not with Patroni). Default `async`.",
        ),
        key(
            "replicate_as",
            Is::Text,
            "For `haproxy-ha`: the account that standbys replicate with, as an operator would configure it. It is used as soon as a setup step has created it, also to copy rebuilt standbys (FLT-2). Default: an account of the harness.",
        ),
        key(
            "replicate_password",
            Is::Text,
            "That account's password in the standbys' configuration. Default: the superuser's, or the one that the setup writes to a Vault connection with that `username`. It is redacted wherever it is stored.",
        ),
        key("patroni", Is::Table(&PATRONI), "For `patroni`: its timing."),
        key("version", Is::Text, "Major version, as a text: \"15\". Default \"15\"."),
        key(
            "hba",
            Is::Text,
            "File with the lines of pg_hba.conf, or the lines themselves if the text has several. The harness's own line comes before them.",
        ),
        key("settings", Is::Map(&Is::Scalar), "Settings of postgresql.conf."),
        key(
            "tls",
            Is::Flag,
            "Whether its servers accept TLS, with a certificate of the run's own authority (`${environment.ca}`) for `localhost` and 127.0.0.1; only `hostssl` lines require TLS. Default false.",
        ),
        key("superuser", Is::Text, "The bootstrap superuser's name. Default `postgres`."),
        key(
            "password",
            Is::Text,
            "The bootstrap superuser's password. Default `leaseproof-bootstrap`. It is redacted wherever it is stored.",
        ),
        key(
            "clock_ahead",
            Is::Span,
            "How far its servers' clock is ahead of the machine's clock (libfaketime), in whole seconds.",
        ),
        key("clock_behind", Is::Span, "How far its servers' clock is behind the machine's clock."),
        key("port", Is::Whole(1, 65535), "A fixed port to listen on. Default: a free port."),
        key("expect", Is::Table(&EXPECT), "The failure that the server's start must end with.")
            .later("servers whose start must fail are"),
    ],
};
