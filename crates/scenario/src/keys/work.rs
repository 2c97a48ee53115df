//! Keys of what is done to the estate.

use crate::plan::FaultKind;
use crate::shape::{Is, Shape, key};

pub(super) static CLIENT: Shape = Shape {
    name: "[client]",
    says: "What the credentials' client may do.",
    keys: &[
        key("policies", Is::Texts(&Is::Text), "The Vault policies that the run's token gets, and no other (POL-1)."),
        key("forbidden", Is::Text, "A path that the token has to be refused at (POL-1). Default `sys/policies/acl`."),
        key("timeout", Is::Span, "How long a request may take before its client goes away. Default 10s."),
        key(
            "in_flight",
            Is::Whole(1, 100_000),
            "How many lives may be between two answers at once; an arrival beyond is shed. Default 500.",
        ),
    ],
};

pub(super) static LIFE: Shape = Shape {
    name: "[life.<name>]",
    says: "What is done with a credential.",
    keys: &[
        key("role", Is::Text, "The promised role that it takes credentials of.").needed(),
        key(
            "lease",
            Is::Seconds,
            "A first renewal with this increment brings the lease down to seconds. Default: the lease stays as issued.",
        ),
        key("query", Is::Text, "The query that each login makes. Default `SELECT 1`."),
        key("renew", Is::Table(&RENEW), RENEW.says),
        key("keep_session", Is::Table(&KEEP_SESSION), KEEP_SESSION.says),
        key(
            "patience",
            Is::Span,
            "How long the client waits for an issue's answer before it goes away, as one with a short time-out does; Vault may work on. Default: the client's `timeout`.",
        ),
        key("end", Is::Table(&END), END.says).needed(),
    ],
};

static RENEW: Shape = Shape {
    name: "`renew`",
    says: "Which share of lives renew, and when.",
    keys: &[
        key("at", Is::Percent, "The point of the lease at which it is renewed: \"75%\".").needed(),
        key("share", Is::Share, "Share of lives that renew, 0 to 1. Default 1."),
    ],
};

static KEEP_SESSION: Shape = Shape {
    name: "`keep_session`",
    says: "Which share of lives keep their first session open, to ask it once more after the credential's end (INV-6b).",
    keys: &[
        key("share", Is::Share, "Share of lives that keep a session, 0 to 1.").needed(),
        key("set_role", Is::Text, "A group that the kept session sets its role to (SET ROLE). Default: none."),
    ],
};

static END: Shape = Shape {
    name: "`end`",
    says: "How lives end; the two shares are 1 together.",
    keys: &[
        key("revoke", Is::Share, "Share of lives that are revoked. Default: the rest."),
        key("expire", Is::Share, "Share of lives that are left to expire. Default: the rest."),
    ],
};

pub(super) static PHASE: Shape = Shape {
    name: "[[phase]]",
    says: "A stretch of load: arrivals at a constant rate that do not wait for answers.",
    keys: &[
        key("name", Is::Text, "Its name.").needed(),
        key("rate", Is::Rate, "Arrivals a second: `8/s`, `0.5/s`.").needed(),
        key("for", Is::Span, "How long arrivals come.").needed(),
        key("mix", Is::Map(&Is::Whole(0, 1_000_000)), "Lives and their weights.").needed(),
        key("drain", Is::Span, "How long lives may go on after the last arrival. Default 30s."),
        key(
            "overload",
            Is::Flag,
            "true: the phase is meant to ask for more than the environment can do, so its backlog may grow (SAT-1). Default false.",
        ),
    ],
};

pub(super) static FAULT: Shape = Shape {
    name: "[[fault]]",
    says: "Something is done to a server while a phase lasts, and healed. From its beginning until `recovers_within` after its healing an operation without an answer, or with one of the expected errors, is told and not judged; nothing that was acknowledged may be lost all the same (FLT-1, INV-2).",
    keys: &[
        key("phase", Is::Text, "The phase in which it strikes.").needed(),
        key("at", Is::Span, "How long after the phase's start.").needed(),
        key(
            "kind",
            Is::Word(&FaultKind::NAMES),
            "What happens. `kill` (SIGKILL) and `restart`: the server ends and is started again. `freeze`: SIGSTOP, then SIGCONT. `failover`: the primary is killed and the first standby promoted; the old primary becomes its standby. `switchover`: the same with a primary that is stopped in order. `step-down`, `seal`: of Vault. `partition`: between `on` and `to` nothing is handed on, and connections stay open; `cut`: they are closed, and each new one at once; `latency`: what passes comes `by` later, both ways. `quota`: Vault lets `rate` requests a second pass and answers the others 429. `flood`: a client takes every connection that the cluster has for ordinary accounts. `token-expiry`: the token of the credentials' client expires and Vault ends its leases with it; healing, the client takes another one. `disk-full`: PostgreSQL's data are on a small file system, mounted for it (as root), which is filled.",
        )
        .needed(),
        key(
            "on",
            Is::Text,
            "To which server: `vault` (its active node), `vault.2`, `vault.*` (every node), `postgres.target` (its primary), `postgres.target.2`. Of a link: who connects, `client` (the credentials' clients) or `vault`.",
        )
        .needed(),
        key("to", Is::Text, "Of a link: where to, `vault` or `postgres.target`. From `vault` it is what `${postgres.target.write}` of the set-up leads to; the harness's own connections never pass it."),
        key("by", Is::Span, "Of `latency`: how much later each piece is handed on, both ways."),
        key("share", Is::Share, "Of `loss`: the share of the pieces that are lost, 0 to 1."),
        key("rate", Is::Rate, "Of `quota`: how many requests a second Vault lets pass: `2/s`."),
        key("mount", Is::Text, "Of `quota`: the mount that it is for. Default: that of the first promised role."),
        key("for", Is::Span, "How long it lasts before it is healed; of a failover, before a standby is promoted. Default: not at all."),
        key("lag", Is::Span, "Of a failover: how long before it the standby is cut off from its primary. Default: not at all."),
        key(
            "expect_errors",
            Is::Texts(&Is::Text),
            "Codes of errors that it is allowed to cause: SQLSTATEs (`57P01`) and HTTP statuses (`500`). Default: none.",
        ),
        key("recovers_within", Is::Span, "How long after its healing credentials have to be issued again (FLT-1). Default 10s."),
        key(
            "dead_within",
            Is::Span,
            "How long after that a credential may last whose lease ended meanwhile: Vault tries a revocation that failed again after 10 s, 20 s, 40 s … and some more. Default: the promise's `dead_within`.",
        ),
    ],
};
