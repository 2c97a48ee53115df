//! Keys of what is done to the environment.

use strum::VariantNames as _;

use crate::plan::FaultName;
use crate::shape::{Is, Shape, key};

pub(super) static CLIENT: Shape = Shape {
    name: "[client]",
    says: "The client that requests credentials.",
    keys: &[
        key("policies", Is::Texts(&Is::Text), "The Vault policies of the run's token; it has no others (POL-1)."),
        key(
            "forbidden",
            Is::Text,
            "A path that the token must not be able to access (POL-1). Default `sys/policies/acl`.",
        ),
        key("timeout", Is::Span, "The request timeout. Default 10s."),
        key(
            "in_flight",
            Is::Whole(1, 100_000),
            "The maximum number of lifecycles with a request in flight; further arrivals are dropped. Default 500.",
        ),
    ],
};

pub(super) static LIFECYCLE: Shape = Shape {
    name: "[lifecycle.<name>]",
    says: "A lifecycle: what is done with a credential.",
    keys: &[
        key("role", Is::Text, "The promised role that it requests credentials of.").needed(),
        key(
            "lease",
            Is::Seconds,
            "A first renewal with this increment shortens the lease to seconds. Default: the lease stays as issued.",
        ),
        key("query", Is::Text, "The query after each login. Default `SELECT 1`."),
        key("renew", Is::Table(&RENEW), RENEW.says),
        key("hold_session", Is::Table(&HOLD_SESSION), HOLD_SESSION.says),
        key(
            "timeout",
            Is::Span,
            "The lifecycle's timeout for an issue, after which the client disconnects; Vault may continue. Default: the client's `timeout`.",
        ),
        key("end", Is::Table(&END), END.says).needed(),
    ],
};

static RENEW: Shape = Shape {
    name: "`renew`",
    says: "The share of lifecycles that renew, and when.",
    keys: &[
        key("at", Is::Percent, "The point of the lease at which it is renewed: \"75%\".").needed(),
        key("share", Is::Share, "Share of lifecycles that renew, 0 to 1. Default 1."),
    ],
};

static HOLD_SESSION: Shape = Shape {
    name: "`hold_session`",
    says: "The share of lifecycles that hold their first session open, to run a query in it after the credential's end (INV-6b).",
    keys: &[
        key("share", Is::Share, "Share of lifecycles that hold a session, 0 to 1.").needed(),
        key("set_role", Is::Text, "A group to which the held session does SET ROLE. Default: none."),
    ],
};

static END: Shape = Shape {
    name: "`end`",
    says: "How lifecycles end; the two shares add up to 1.",
    keys: &[
        key("revoke", Is::Share, "Share of lifecycles that are revoked. Default: the rest."),
        key("expire", Is::Share, "Share of lifecycles that are left to expire. Default: the rest."),
    ],
};

pub(super) static PHASE: Shape = Shape {
    name: "[[phase]]",
    says: "A phase of load (open model): arrivals at a constant rate that do not wait for responses.",
    keys: &[
        key("name", Is::Text, "Its name.").needed(),
        key("rate", Is::Rate, "The arrival rate per second: `8/s`, `0.5/s`.").needed(),
        key("for", Is::Span, "The duration of the arrivals.").needed(),
        key("mix", Is::Map(&Is::Whole(0, 1_000_000)), "Lifecycles and their weights.").needed(),
        key("drain", Is::Span, "How long lifecycles may continue after the last arrival. Default 30s."),
        key(
            "overload",
            Is::Flag,
            "true: the phase deliberately requests more than the environment can do, so its backlog may grow (SAT-1). Default false.",
        ),
    ],
};

pub(super) static FAULT: Shape = Shape {
    name: "[[fault]]",
    says: "Fault injection during a phase. Inside the fault window, from its beginning until `recovers_within` after it is healed, an operation that fails without an answer or with one of the expected errors is reported but not judged; acknowledged credentials must not be lost (FLT-1, INV-2).",
    keys: &[
        key("phase", Is::Text, "The phase in which the fault begins.").needed(),
        key("at", Is::Span, "The time from the start of the phase.").needed(),
        key(
            "kind",
            Is::Word(FaultName::VARIANTS),
            "The kind of fault. `kill` (SIGKILL) and `restart`: the server stops and is started again. `freeze`: SIGSTOP, then SIGCONT. `failover`: the primary is killed and the first standby promoted; the old primary becomes its standby. `switchover`: the same with an orderly stop of the primary. `step-down`, `seal`: of Vault. `partition`: no data passes between `on` and `to`, and connections stay open; `cut`: they are closed, and each new one immediately; `latency`: all data is delayed by `by`, in both directions. `quota`: Vault accepts `rate` requests per second and returns 429 for the others. `flood`: a client takes every connection that the cluster has for ordinary accounts. `token-expiry`: the token of the credentials' client expires and Vault revokes its leases; when healed, the client gets another token. `disk-full`: PostgreSQL's data is on a small file system, mounted for it (as root), which is filled. `terminate-sessions`: every session of the cluster's primary but the harness's own is terminated, once.",
        )
        .needed(),
        key(
            "on",
            Is::Text,
            "The server: `vault` (its active node), `vault.2`, `vault.*` (every node), `postgres.target` (its primary), `postgres.target.2`. For a link: the connecting side, `client` (the credentials' clients) or `vault`.",
        )
        .needed(),
        key("to", Is::Text, "For a link: the other side, `vault` or `postgres.target`. From `vault`, `${postgres.target.write}` in the setup leads to the link; the harness's own connections never use it."),
        key("by", Is::Span, "For `latency`: the added delay, in each direction."),
        key("share", Is::Share, "For `loss`: the share of lost packets, 0 to 1."),
        key("rate", Is::Rate, "For `quota`: the number of requests per second that Vault accepts: `2/s`."),
        key("mount", Is::Text, "For `quota`: the mount that it applies to. Default: that of the first promised role."),
        key("for", Is::Span, "How long the fault lasts before it is healed; for a failover, the time until a standby is promoted. Default: none."),
        key("lag", Is::Span, "For a failover: how long before it the standby is disconnected from its primary. Default: none."),
        key(
            "expect_errors",
            Is::Texts(&Is::Text),
            "Errors that the fault may cause: SQLSTATEs (`57P01`) and HTTP statuses (`500`). Default: none.",
        ),
        key("recovers_within", Is::Span, "The maximum time after the healing until credentials must be issued again (FLT-1). Default 10s."),
        key(
            "dead_within",
            Is::Span,
            "How long after the window a credential may still exist if its lease ended inside the window: Vault retries a failed revocation after 10 s, 20 s, 40 s … plus some delay. Default: the promise's `dead_within`.",
        ),
    ],
};
