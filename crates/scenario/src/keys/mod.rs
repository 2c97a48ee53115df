//! Every key of a scenario file: what it is, what it means. The one source of the check, of the JSON Schema and of
//! the list that docs/scenario.md is held against.

mod attached;
mod containers;
mod estate;
mod lie;
mod pdns;
mod promises;
mod setup;
mod work;

use crate::shape::{Is, Shape, key};

pub(crate) use setup::STEPS;

/// The whole file.
pub(crate) static ROOT: Shape = Shape {
    name: "the scenario",
    says: "A leaseproof scenario: an estate in which Vault hands out PostgreSQL credentials, what is promised of it, and what is done to it.",
    keys: &[
        key(
            "extends",
            Is::Text,
            "Folder (or file) of a scenario that this one takes over whole; this file says only what differs.",
        ),
        key(
            "without",
            Is::Texts(&Is::Text),
            "What the extended scenario says and this one does not: `role.x.ttl.max`, `setup.write.database/roles/x.max_ttl`, `phase.steady`.",
        ),
        key("title", Is::Text, "The scenario in one line.").needed(),
        key("runbook", Is::Text, "The document that it follows, a Markdown file beside it."),
        key(
            "seed",
            Is::Whole(0, i64::MAX),
            "Seed of every choice: which life renews, which is revoked, when. Default 0.",
        ),
        key(
            "estate",
            Is::Word(&["processes", "containers", "attached"]),
            "Where the servers run. Default `processes`: children of leaseproof on loopback. `containers`: containers of this machine's engine. `attached`: where [attached] says.",
        ),
        key(
            "warnings",
            Is::Word(&["report", "fail"]),
            "Whether a warning of Vault or PostgreSQL fails the step of the set-up that it answers. Default `report`.",
        ),
        key("vault", Is::Table(&estate::VAULT), estate::VAULT.says),
        key("postgres", Is::Named(&estate::POSTGRES), estate::POSTGRES.says).needed(),
        key("pdns", Is::Table(&pdns::PDNS), pdns::PDNS.says),
        key("containers", Is::Table(&containers::CONTAINERS), containers::CONTAINERS.says),
        key("attached", Is::Table(&attached::ATTACHED), attached::ATTACHED.says),
        key("setup", Is::Steps(&STEPS), "What the operator does, in order; one action a step."),
        key("client", Is::Table(&work::CLIENT), work::CLIENT.says),
        key("promise", Is::Table(&promises::PROMISE), promises::PROMISE.says),
        key("account", Is::Named(&promises::ACCOUNT), promises::ACCOUNT.says),
        key("role", Is::Named(&promises::ROLE), promises::ROLE.says),
        key("life", Is::Named(&work::LIFE), work::LIFE.says),
        key("phase", Is::Many(&work::PHASE, Some("name")), work::PHASE.says),
        key("fault", Is::Many(&work::FAULT, None), work::FAULT.says),
        key("lie", Is::Many(&lie::LIE, None), lie::LIE.says),
        key("threshold", Is::Many(&promises::THRESHOLD, Some("metric")), promises::THRESHOLD.says),
        key("known", Is::Many(&promises::KNOWN, None), promises::KNOWN.says),
        key("profile", Is::Profiles, "Overlays of the whole file by name, one of which `--profile` lays over it."),
    ],
};

/// A step's failure that has to come.
pub(crate) static EXPECT: Shape = Shape {
    name: "`expect`",
    says: "The failure that this has to end with; a success is then what fails the run.",
    keys: &[
        key("status", Is::Whole(100, 599), "HTTP status that Vault answers with."),
        key("sqlstate", Is::SqlState, "SQLSTATE that PostgreSQL answers with, five characters."),
        key("says", Is::Text, "A part of the server's words."),
    ],
};
