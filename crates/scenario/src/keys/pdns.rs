//! Keys of a live PowerDNS.

use crate::plan::AfterRendering;
use crate::shape::{Is, Shape, key};

pub(super) static PDNS: Shape = Shape {
    name: "[pdns]",
    says: "A live PowerDNS that logs in with an issued credential. `vault agent` renders its configuration with its own token; it gets DNS queries during the whole load.",
    keys: &[
        key("role", Is::Text, "The promised role whose credentials it logs in with.").needed(),
        key(
            "template",
            Is::Text,
            "File with the template of PowerDNS's gpgsql settings, in the template language of `vault agent`, or the template itself if the text has several lines.",
        )
        .needed(),
        key(
            "env",
            Is::Map(&Is::Text),
            "The agent's environment variables, for `env` in the template. `${postgres.target.host}` and the like are replaced.",
        ),
        key("policies", Is::Texts(&Is::Text), "The Vault policies of the agent's token; it has no others (DNS-4).")
            .needed(),
        key(
            "forbidden",
            Is::Texts(&Is::Text),
            "Paths that the agent's token must not be able to access (DNS-4), in addition to those that leaseproof always tries.",
        ),
        key(
            "after_rendering",
            Is::Word(&AfterRendering::NAMES),
            "What the agent does after each rendering. `cycle`, the default: `pdns_control cycle`, which restarts PowerDNS. `nothing`: PowerDNS is not restarted.",
        ),
        key("zone", Is::Text, "The zone in which records are created and deleted (DNS-3).").needed(),
        key("query", Is::Text, "The DNS query: `www.example.test A`.").needed(),
        key("answers", Is::Text, "The response code that every answer must have (DNS-1). Default `NOERROR`."),
        key("rate", Is::Rate, "Queries per second, each sent at its intended start.").needed(),
        key("timeout", Is::Span, "The timeout of a query. Default 1s."),
        key(
            "cycle_within",
            Is::Span,
            "The window after a rendering in which queries may fail (DNS-1), and after which the server must use the new credential and not the old one (DNS-2).",
        )
        .needed(),
        key(
            "write_every",
            Is::Span,
            "How often a record is created and deleted through PowerDNS's HTTP interface (DNS-3). Default: never.",
        ),
    ],
};
