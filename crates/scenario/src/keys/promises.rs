//! Keys of what is promised.

use crate::shape::{Is, Shape, key};

pub(super) static PROMISE: Shape = Shape {
    name: "[promise]",
    says: "Promises about the whole environment. leaseproof judges only promises that are made here.",
    keys: &[
        key("audit", Is::Flag, "true: every issue is in the audit log (AUD-1)."),
        key(
            "encrypted",
            Is::Flag,
            "true: every session of a credential and of Vault's own accounts is encrypted (TLS-1).",
        ),
        key("password_in_logs", Is::Word(&["never"]), "`never`: no server log contains a password (PWD-1)."),
        key(
            "orphans",
            Is::Whole(0, i64::MAX),
            "The maximum number of roles without a lease (RUN-2, INV-3), in each cluster.",
        ),
        key(
            "creates",
            Is::Texts(&Is::Text),
            "Groups that creation statements create and credentials share, by name: roles without LOGIN, password and VALID UNTIL, which may stay. Judged with `orphans`.",
        ),
        key(
            "orphans_before",
            Is::Whole(0, i64::MAX),
            "The maximum number of roles that match a username pattern and have no lease before the run starts (RUN-7). They are always reported.",
        ),
        key(
            "unanswered",
            Is::Share,
            "The maximum share of each operation's requests without an answer within the client's timeout, 0 to 1; dropped arrivals count (AVL-1). Default 0.",
        ),
        key("usable_within", Is::Span, "The maximum time from the response to an issue until a login works (INV-1)."),
        key("dead_within", Is::Span, "The maximum time from a lease's expiry until its role is gone (EXP-1, INV-6a)."),
        key(
            "sessions_after_revoke",
            Is::Word(&["survive", "die"]),
            "What happens to open sessions when their credential ends (INV-6b): `survive`: the connection stays open, whatever its queries return; `die`: it is closed within `dead_within`.",
        ),
    ],
};

pub(super) static ACCOUNT: Shape = Shape {
    name: "[account.<name>]",
    says: "Promises about a PostgreSQL account that Vault uses (ACC-1). Only what is promised is judged.",
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
    says: "What each credential of a Vault role gets; everything else is forbidden.",
    keys: &[
        key("mount", Is::Text, "Mount of its secrets engine. Default `database`."),
        key("on", Is::Text, "The cluster that its credentials are for. Default `target`, or the only one."),
        key("database", Is::Text, "The database that its credentials log in to.").needed(),
        key("ttl", Is::Table(&TTL), TTL.says),
        key(
            "grants",
            Is::Texts(&Is::Text),
            "Its privileges, as in SQL between GRANT and TO (GRA-1): `SELECT ON ALL TABLES IN SCHEMA app`; on future objects: `SELECT ON FUTURE TABLES IN SCHEMA app CREATED BY owner`.",
        ),
        key(
            "attributes",
            Is::Texts(&Is::Word(ATTRIBUTES)),
            "Attributes in addition to LOGIN and INHERIT; `NOINHERIT` removes one.",
        ),
        key(
            "member_of",
            Is::Texts(&Is::TextOr(&MEMBER)),
            "Roles that it is a member of: names, or `{ role = \"g\", admin = true }`.",
        ),
        key(
            "connection_limit",
            Is::Whole(-1, i32::MAX as i64),
            "Its CONNECTION LIMIT; -1 is none. Default: not judged.",
        ),
        key(
            "settings",
            Is::Map(&Is::Scalar),
            "Settings that its sessions start with (`ALTER ROLE … SET`); all others are extras.",
        ),
        key(
            "owns",
            Is::Texts(&Is::Text),
            "Objects that it may own, with their kind: `TABLE app.orders`. Any other is an extra.",
        ),
        key(
            "escalations",
            Is::Word(&["forbidden", "allowed"]),
            "Whether ways around the ACLs that no other promise explains are extras: SECURITY DEFINER functions, views that read as their owner, user mappings, SET ROLE, predefined roles, row security that does not apply. Default `forbidden`; `allowed`: listed, not judged.",
        ),
        key(
            "public",
            Is::Word(&["allowed", "forbidden"]),
            "Whether privileges that it has only through PUBLIC's built-in defaults are extras. Default `allowed`: listed, not judged.",
        ),
        key("probes", Is::Switch(&PROBES), PROBES.says),
        key(
            "username",
            Is::Pattern,
            "Regular expression that must match its complete usernames. Default: derived from the connection's template.",
        ),
        key("says", Is::Text, "The runbook's own words for the promise; they must occur there exactly once."),
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
        key("admin", Is::Flag, "WITH ADMIN OPTION: it can grant the membership to others. Default false."),
        key("inherit", Is::Flag, "Whether it inherits the group's privileges. Default: not judged."),
        key("set", Is::Flag, "Whether it can SET ROLE to the group. Default: not judged."),
        key(
            "attributes",
            Is::Texts(&Is::Word(&["SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"])),
            "Attributes of the group that it can use after SET ROLE. Default none.",
        ),
    ],
};

static TTL: Shape = Shape {
    name: "`ttl`",
    says: "Its promised default and maximum TTL (TTL-7, ISS-4, INV-4; with `max` also INV-7).",
    keys: &[key("default", Is::Seconds, "The default TTL."), key("max", Is::Seconds, "The maximum TTL.")],
};

static PROBES: Shape = Shape {
    name: "`probes`",
    says: "How many lifecycles try their privileges with the credential, rolled back (PRB-1, PRB-2); `false` for none.",
    keys: &[
        key(
            "first",
            Is::Whole(0, i64::MAX),
            "The number of first lifecycles, by arrival, that are all probed. Default 20.",
        ),
        key("share", Is::Share, "The share of the later lifecycles that are probed. Default 0.1."),
        key(
            "forbidden",
            Is::Whole(0, 10_000),
            "The number of privileges that are not promised that each probe tries, chosen by the seed. Default 10.",
        ),
    ],
};

pub(super) static THRESHOLD: Shape = Shape {
    name: "[[threshold]]",
    says: "A limit of a metric of the run (THR-1).",
    keys: &[
        key(
            "metric",
            Is::Metric,
            "The metric: `issue.response.p99`, `login.service.max`, `renew.failed`, `issue.unanswered`, `lifecycles.dropped`, `expiry.lag.p99`.",
        )
        .needed(),
        key("limit", Is::Limit, "The limit: `< 250ms` for a time, `<= 1%` or `< 0.01` for a share.").needed(),
        key("phase", Is::Text, "The phase whose lifecycles count. Default: all phases."),
        key("role", Is::Text, "The Vault role whose credentials count. Default: all roles."),
        key(
            "during",
            Is::Word(&["no-fault", "fault"]),
            "The time that counts. A fault window lasts from a fault's beginning until `recovers_within` after it is healed: `no-fault` excludes operations in flight inside it, `fault` includes only those. Default: the whole run.",
        ),
    ],
};

pub(super) static KNOWN: Shape = Shape {
    name: "[[known_issue]]",
    says: "A known issue: it is reported and does not fail the run; the run fails if it no longer occurs (KNO-1).",
    keys: &[
        key("check", Is::Check, "The check that fails because of it.").needed(),
        key("role", Is::Text, "The role that it concerns. Default: any."),
        key("evidence", Is::Text, "A text or code that each finding's evidence must contain."),
        key("because", Is::Text, "The reason for the known issue.").needed(),
    ],
};
