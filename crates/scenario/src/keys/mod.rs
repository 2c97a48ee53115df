//! Every key of a scenario file: what it is, what it means. The one source of the check, of the JSON Schema and of
//! the list that docs/scenario.md is held against.

mod action;
mod attached;
mod containers;
mod environment;
mod pdns;
mod promises;
mod setup;
mod tamper;
mod work;

use crate::shape::{Is, Shape, key};

pub(crate) use action::ACTIONS;
pub(crate) use setup::STEPS;

/// The whole file.
pub(crate) static ROOT: Shape = Shape {
    name: "the scenario",
    says: "A leaseproof scenario: an environment in which Vault issues PostgreSQL credentials, its setup, the promises about it, and the load.",
    keys: &[
        key(
            "extends",
            Is::Text,
            "Folder (or file) of the scenario that this one is based on; this file has only the differences.",
        ),
        key(
            "without",
            Is::Texts(&Is::Text),
            "Parts of the extended scenario to remove: `role.x.ttl.max`, `setup.write.database/roles/x.max_ttl`, `phase.steady`.",
        ),
        key("title", Is::Text, "The scenario in one line.").needed(),
        key("runbook", Is::Text, "The document that it follows, a Markdown file in its folder."),
        key(
            "seed",
            Is::Whole(0, i64::MAX),
            "Seed of all random choices: which lifecycles renew, which are revoked, when. Default 0.",
        ),
        key(
            "environment",
            Is::Word(&["processes", "containers", "attached"]),
            "The environment. Default `processes`: child processes of leaseproof on loopback. `containers`: containers of the local engine. `attached`: the running servers in [attached].",
        ),
        key(
            "warnings",
            Is::Word(&["report", "fail"]),
            "Whether a warning of Vault or PostgreSQL fails the setup step that caused it. Default `report`.",
        ),
        key("vault", Is::Table(&environment::VAULT), environment::VAULT.says),
        key("postgres", Is::Named(&environment::POSTGRES), environment::POSTGRES.says).needed(),
        key("pdns", Is::Table(&pdns::PDNS), pdns::PDNS.says),
        key("containers", Is::Table(&containers::CONTAINERS), containers::CONTAINERS.says),
        key("attached", Is::Table(&attached::ATTACHED), attached::ATTACHED.says),
        key("setup", Is::Steps(&STEPS), "The operator's steps, in order; each step is one action."),
        key("client", Is::Table(&work::CLIENT), work::CLIENT.says),
        key("promise", Is::Table(&promises::PROMISE), promises::PROMISE.says),
        key("account", Is::Named(&promises::ACCOUNT), promises::ACCOUNT.says),
        key("role", Is::Named(&promises::ROLE), promises::ROLE.says),
        key("lifecycle", Is::Named(&work::LIFECYCLE), work::LIFECYCLE.says),
        key("phase", Is::Many(&work::PHASE, Some("name")), work::PHASE.says),
        key("fault", Is::Many(&work::FAULT, None), work::FAULT.says),
        key(
            "action",
            Is::Steps(&ACTIONS),
            "What an operator does during the load, at a time in a phase. By default an action must not break any promise.",
        ),
        key("tamper", Is::Many(&tamper::TAMPER, None), tamper::TAMPER.says),
        key("threshold", Is::Many(&promises::THRESHOLD, Some("metric")), promises::THRESHOLD.says),
        key("known_issue", Is::Many(&promises::KNOWN, None), promises::KNOWN.says),
        key("profile", Is::Profiles, "Named overlays of the file; `--profile` applies one of them."),
    ],
};

/// A step's failure that has to come.
pub(crate) static EXPECT: Shape = Shape {
    name: "`expect`",
    says: "The failure that this must end with; a success then fails the run.",
    keys: &[
        key("status", Is::Whole(100, 599), "Vault's HTTP status."),
        key("sqlstate", Is::SqlState, "PostgreSQL's SQLSTATE, five characters."),
        key("says", Is::Text, "A part of the server's message."),
    ],
};
