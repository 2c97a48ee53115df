//! Keys of the setup's steps.

use super::EXPECT;
use crate::shape::{Is, Key, Shape, key};

const NAME: Key = key(
    "name",
    Is::Text,
    "A unique name. Paths (`without`, `--set`) and other layers refer to the step by it: `setup.NAME`.",
);
pub(super) const WARNINGS: Key = key(
    "warnings",
    Is::Word(&["report", "fail"]),
    "Whether a warning of Vault or PostgreSQL fails this step. Default: the scenario's own `warnings`.",
);
const EXPECTED: Key = key("expect", Is::Table(&EXPECT), EXPECT_SAYS);
const EXPECT_SAYS: &str = "The failure that the step must end with; a success then fails the run.";

pub(super) const SQL: Key =
    key("sql", Is::Text, "A file whose name ends in .sql, or the statements themselves.").needed();
pub(super) const ON: Key = key("on", Is::Text, "The cluster. Default `target`, or the only one.");
pub(super) const DATABASE: Key = key("database", Is::Text, "The database. Default `postgres`.");
pub(super) const USER: Key = key("user", Is::Text, "The PostgreSQL user. Default: the bootstrap superuser.");
pub(super) const PASSWORD: Key =
    key("password", Is::Text, "That user's password. It is redacted wherever it is stored.");
pub(super) const ENABLE: Key = key("enable", Is::Text, "The engine's type: `database`.").needed();
pub(super) const PATH: Key = key("path", Is::Text, "The path to mount it at. Default: its type.");
pub(super) const WRITE: Key = key("write", Is::Text, "The path.").needed();
pub(super) const DATA: Key = key(
    "data",
    Is::Map(&Is::Datum),
    "The data. `@file` reads a file, `${…}` is replaced by an address of the environment; passwords are redacted wherever they are stored.",
);
pub(super) const POLICY: Key = key("policy", Is::Text, "Its name.").needed();
pub(super) const RULES: Key = key("rules", Is::Text, "Its rules in HCL: `@file`, or the rules themselves.").needed();
pub(super) const SCRIPT: Key = key("script", Is::Text, "A file whose name ends in .sh, or the script itself.").needed();

/// One shape for each action; the first key is the action.
pub(crate) static STEPS: [Shape; 5] = [
    Shape {
        name: "[[setup]] with `sql`",
        says: "Runs SQL, statement by statement, stopping at the first error.",
        keys: &[SQL, ON, DATABASE, USER, PASSWORD, NAME, WARNINGS, EXPECTED],
    },
    Shape {
        name: "[[setup]] with `enable`",
        says: "Enables a secrets engine.",
        keys: &[ENABLE, PATH, NAME, WARNINGS, EXPECTED],
    },
    Shape {
        name: "[[setup]] with `write`",
        says: "Writes to a path, like `vault write`.",
        keys: &[WRITE, DATA, NAME, WARNINGS, EXPECTED],
    },
    Shape {
        name: "[[setup]] with `policy`",
        says: "Writes a policy.",
        keys: &[POLICY, RULES, NAME, WARNINGS, EXPECTED],
    },
    Shape {
        name: "[[setup]] with `script`",
        says: "Runs a shell script with VAULT_ADDR, VAULT_TOKEN and PG* set.",
        keys: &[SCRIPT, NAME, WARNINGS, EXPECTED],
    },
];
