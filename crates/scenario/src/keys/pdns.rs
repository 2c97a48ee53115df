//! Keys of a live PowerDNS.

use crate::plan::AfterRendering;
use crate::shape::{Is, Shape, key};

pub(super) static PDNS: Shape = Shape {
    name: "[pdns]",
    says: "A live PowerDNS that logs in with an issued credential. `vault agent` renders its configuration under a token of its own; it is asked throughout the run.",
    keys: &[
        key("role", Is::Text, "The promised role whose credentials it logs in with.").needed(),
        key(
            "template",
            Is::Text,
            "File with the template of PowerDNS's gpgsql settings, in the language of `vault agent`, or the template itself where the text has several lines.",
        )
        .needed(),
        key(
            "env",
            Is::Map(&Is::Text),
            "The agent's environment, for `env` in the template. `${postgres.target.host}` and the like are filled in.",
        ),
        key("policies", Is::Texts(&Is::Text), "The Vault policies that the agent's token gets, and no other (DNS-4).")
            .needed(),
        key(
            "forbidden",
            Is::Texts(&Is::Text),
            "Paths that the agent's token has to be refused at (DNS-4), beside what leaseproof asks for itself.",
        ),
        key(
            "after_rendering",
            Is::Word(&AfterRendering::NAMES),
            "What the agent does after each rendering. `cycle`, the default: `pdns_control cycle`, which starts PowerDNS anew. `nothing`: PowerDNS stays as it is.",
        ),
        key("zone", Is::Text, "The zone that records are made in and taken away from (DNS-3).").needed(),
        key("query", Is::Text, "What is asked for: `www.example.test A`.").needed(),
        key("answers", Is::Text, "The response code that every answer has to have (DNS-1). Default `NOERROR`."),
        key("rate", Is::Rate, "Questions a second, sent when they are due whatever the answers do.").needed(),
        key("timeout", Is::Span, "How long an answer is waited for. Default 1s."),
        key(
            "cycle_within",
            Is::Span,
            "How long after a rendering questions may fail (DNS-1), and within which the new credential is taken into use and the old one let go (DNS-2).",
        )
        .needed(),
        key(
            "write_every",
            Is::Span,
            "How often a record is made and taken away through PowerDNS's HTTP interface (DNS-3). Default: not at all.",
        ),
    ],
};
