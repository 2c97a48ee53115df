//! The servers of an environment: PostgreSQL alone and in clusters, HAProxy, Patroni and etcd, PgBouncer, Vault, PowerDNS,
//! and what stands between them and their clients.

pub(crate) mod base_backup;
pub(crate) mod cluster;
pub(crate) mod configuration;
pub(crate) mod disk;
pub(crate) mod flood;
pub(crate) mod front;
pub(crate) mod haproxy;
pub(crate) mod keeper;
pub(crate) mod link;
pub(crate) mod links;
pub(crate) mod patroni;
pub(crate) mod pooler;
pub(crate) mod powerdns;
pub(crate) mod proxy;
pub(crate) mod replication;
pub(crate) mod server;
pub(crate) mod skew;
pub(crate) mod tampering;
pub(crate) mod upstream;
pub(crate) mod vault;
