//! Keys of the images of an environment of containers.

use crate::shape::{Is, Shape, key};

pub(super) static CONTAINERS: Shape = Shape {
    name: "[containers]",
    says: "The images of an environment of containers, if they are not the official ones. LEASEPROOF_VAULT_IMAGE, LEASEPROOF_POSTGRES_IMAGE, LEASEPROOF_HAPROXY_IMAGE and LEASEPROOF_PDNS_IMAGE override them.",
    keys: &[
        key("vault", Is::Text, "Vault's image. Default `hashicorp/vault` in the newest version under test."),
        key(
            "postgres",
            Is::Map(&Is::Text),
            "PostgreSQL's images by major version: `{ 15 = \"registry.example/postgres:15\" }`. Default `postgres:<version>`.",
        ),
        key("haproxy", Is::Text, "HAProxy's image. Default `haproxy:2.6`."),
        key("pdns", Is::Text, "PowerDNS's image. Default `powerdns/pdns-auth-49`."),
    ],
};
