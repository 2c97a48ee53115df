//! Keys of what is promised.

use crate::shape::{Is, Shape, key};

pub(super) static PROMISE: Shape = Shape {
    name: "[promise]",
    says: "What is promised of the whole estate. What is not said is not judged.",
    keys: &[
        key("audit", Is::Flag, "true: every issue stands in the audit log (AUD-1)."),
        key(
            "encrypted",
            Is::Flag,
            "true: every session of a credential, and every one of Vault's own accounts, is encrypted (TLS-1).",
        ),
        key("password_in_logs", Is::Word(&["never"]), "`never`: no password is in any server's log (PWD-1)."),
        key("orphans", Is::Whole(0, i64::MAX), "How many roles may be without a lease (RUN-2, INV-3)."),
        key(
            "creates",
            Is::Texts(&Is::Text),
            "Groups that creation statements create and credentials share, by name: roles without LOGIN, password and VALID UNTIL, which may stay. Judged with `orphans`.",
        ),
        key(
            "orphans_before",
            Is::Whole(0, i64::MAX),
            "How many roles may match a username pattern and have no lease before the run starts (RUN-7). They are reported in any case.",
        ),
        key(
            "unanswered",
            Is::Share,
            "The share of each operation's requests that may have no answer within the client's time-out, 0 to 1; dropped arrivals are among them (AVL-1). Default 0.",
        ),
        key("usable_within", Is::Span, "From an issue's answer to a login that works (INV-1)."),
        key("dead_within", Is::Span, "From a lease's expiry to its role's end (EXP-1, INV-6a)."),
        key(
            "sessions_after_revoke",
            Is::Word(&["survive", "die"]),
            "What becomes of open sessions when their credential ends (INV-6b): `survive`: the connection stays, whatever its queries answer; `die`: it is ended within `dead_within`.",
        ),
    ],
};

pub(super) static ACCOUNT: Shape = Shape {
    name: "[account.<name>]",
    says: "What is promised of a PostgreSQL account that Vault uses (ACC-1). What is not said is not judged.",
    keys: &[
        key("superuser", Is::Flag, "SUPERUSER"),
        key("createrole", Is::Flag, "CREATEROLE"),
        key("createdb", Is::Flag, "CREATEDB"),
        key("login", Is::Flag, "LOGIN"),
        key("replication", Is::Flag, "REPLICATION"),
        key("bypassrls", Is::Flag, "BYPASSRLS"),
        key("inherit", Is::Flag, "INHERIT"),
    ],
};

pub(super) static ROLE: Shape = Shape {
    name: "[role.<name>]",
    says: "What each credential of a Vault role gets; all else is forbidden.",
    keys: &[
        key("mount", Is::Text, "Mount of its secrets engine. Default `database`."),
        key("on", Is::Text, "The cluster that its credentials are for. Default `target`, or the only one there is."),
        key("database", Is::Text, "The database that its credentials log in to.").needed(),
        key("ttl", Is::Table(&TTL), TTL.says),
        key(
            "grants",
            Is::Texts(&Is::Text),
            "Its privileges as SQL has them between GRANT and TO (GRA-1): `SELECT ON ALL TABLES IN SCHEMA app`; on objects yet to be made: `SELECT ON FUTURE TABLES IN SCHEMA app CREATED BY owner`.",
        ),
        key(
            "attributes",
            Is::Texts(&Is::Word(ATTRIBUTES)),
            "Attributes beyond LOGIN and INHERIT; `NOINHERIT` takes one away.",
        ),
        key(
            "member_of",
            Is::Texts(&Is::TextOr(&MEMBER)),
            "Roles that it is a member of: names, or `{ role = \"g\", admin = true }`.",
        ),
        key(
            "connection_limit",
            Is::Whole(-1, i32::MAX as i64),
            "Its CONNECTION LIMIT; -1 is none. Not judged where it is not said.",
        ),
        key(
            "settings",
            Is::Map(&Is::Scalar),
            "Settings that its sessions begin with (`ALTER ROLE … SET`); all others are extras.",
        ),
        key(
            "owns",
            Is::Texts(&Is::Text),
            "Objects that it may own, with their kind: `TABLE app.orders`. Any other is an extra.",
        ),
        key(
            "escalations",
            Is::Word(&["forbidden", "allowed"]),
            "Whether ways past the ACLs that no other promise explains are extras: SECURITY DEFINER functions, views that read as their owner, user mappings, SET ROLE, predefined roles, row security that does not bind. Default `forbidden`; `allowed`: listed, not judged.",
        ),
        key(
            "public",
            Is::Word(&["allowed", "forbidden"]),
            "Whether privileges that it holds only through PUBLIC's built-in defaults are extras. Default `allowed`: listed, not judged.",
        ),
        key("probes", Is::Switch(&PROBES), PROBES.says),
        key(
            "username",
            Is::Pattern,
            "Regular expression that its usernames match whole. Default: the engine's own template.",
        ),
        key("says", Is::Text, "The runbook's own words for the promise, found there once."),
    ],
};

/// Attributes of a PostgreSQL role, and their opposites.
pub(crate) const ATTRIBUTES: &[&str] = &[
    "SUPERUSER",
    "CREATEROLE",
    "CREATEDB",
    "LOGIN",
    "REPLICATION",
    "BYPASSRLS",
    "INHERIT",
    "NOSUPERUSER",
    "NOCREATEROLE",
    "NOCREATEDB",
    "NOLOGIN",
    "NOREPLICATION",
    "NOBYPASSRLS",
    "NOINHERIT",
];

static MEMBER: Shape = Shape {
    name: "a membership",
    says: "A role that it is a member of, with the membership's options.",
    keys: &[
        key("role", Is::Text, "The group.").needed(),
        key("admin", Is::Flag, "WITH ADMIN OPTION: it may hand the membership on. Default false."),
        key("inherit", Is::Flag, "Whether it has the group's privileges without asking. Not judged where not said."),
        key("set", Is::Flag, "Whether it may SET ROLE to the group. Not judged where not said."),
    ],
};

static TTL: Shape = Shape {
    name: "`ttl`",
    says: "Its promised default and maximum TTL (TTL-7, ISS-4, INV-4; INV-7 where `max` is said).",
    keys: &[key("default", Is::Seconds, "The default TTL."), key("max", Is::Seconds, "The maximum TTL.")],
};

static PROBES: Shape = Shape {
    name: "`probes`",
    says: "How many lives try their privileges out as the credential, rolled back (PRB-1, PRB-2); `false` for none.",
    keys: &[
        key("first", Is::Whole(0, i64::MAX), "The first lives that do, by arrival. Default 20."),
        key("share", Is::Share, "The share of the later lives that do. Default 0.1."),
        key(
            "forbidden",
            Is::Whole(0, 10_000),
            "How many privileges that are not promised each of them tries, drawn by the seed. Default 10.",
        ),
    ],
};

pub(super) static THRESHOLD: Shape = Shape {
    name: "[[threshold]]",
    says: "A bound on a figure of the run (THR-1).",
    keys: &[
        key(
            "metric",
            Is::Metric,
            "The figure: `issue.response.p99`, `login.service.max`, `renew.failed`, `issue.unanswered`, `lives.shed`, `expiry.lag.p99`.",
        )
        .needed(),
        key("limit", Is::Limit, "The bound: `< 250ms` for a time, `<= 1%` or `< 0.01` for a share.").needed(),
        key(
            "during",
            Is::Word(&["no-fault", "fault"]),
            "Which time counts. A fault is felt from its beginning until `recovers_within` after its healing: `no-fault` leaves out what was under way then, `fault` leaves out everything else. Default: the whole run.",
        ),
    ],
};

pub(super) static KNOWN: Shape = Shape {
    name: "[[known]]",
    says: "A defect that the scenario's document is known to have: reported, does not fail the run, and fails it once it is gone (KNO-1).",
    keys: &[
        key("check", Is::Check, "The check that fails for it.").needed(),
        key("role", Is::Text, "The role that it concerns. Default: any."),
        key("evidence", Is::Text, "A text or code that each finding's evidence holds."),
        key("because", Is::Text, "Why it is as it is.").needed(),
    ],
};
