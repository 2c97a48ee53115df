//! Keys of the set-up's steps.

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

/// One shape for each action; the first key is the action.
pub(crate) static STEPS: [Shape; 5] = [
    Shape {
        name: "[[setup]] with `sql`",
        says: "Runs SQL, statement by statement, stopping at the first error.",
        keys: &[
            key("sql", Is::Text, "A file whose name ends in .sql, or the statements themselves.").needed(),
            key("on", Is::Text, "The cluster. Default `target`, or the only one."),
            key("database", Is::Text, "The database. Default `postgres`."),
            key("user", Is::Text, "The PostgreSQL user. Default: the bootstrap superuser."),
            key("password", Is::Text, "That user's password. It is redacted wherever it is stored."),
            NAME,
            WARNINGS,
            EXPECTED,
        ],
    },
    Shape {
        name: "[[setup]] with `enable`",
        says: "Enables a secrets engine.",
        keys: &[
            key("enable", Is::Text, "The engine's type: `database`.").needed(),
            key("path", Is::Text, "The path to mount it at. Default: its type."),
            NAME,
            WARNINGS,
            EXPECTED,
        ],
    },
    Shape {
        name: "[[setup]] with `write`",
        says: "Writes to a path, like `vault write`.",
        keys: &[
            key("write", Is::Text, "The path.").needed(),
            key(
                "data",
                Is::Map(&Is::Datum),
                "The data. `@file` reads a file, `${…}` is replaced by a place in the environment; passwords are redacted wherever they are stored.",
            ),
            NAME,
            WARNINGS,
            EXPECTED,
        ],
    },
    Shape {
        name: "[[setup]] with `policy`",
        says: "Writes a policy.",
        keys: &[
            key("policy", Is::Text, "Its name.").needed(),
            key("rules", Is::Text, "Its rules in HCL: `@file`, or the rules themselves.").needed(),
            NAME,
            WARNINGS,
            EXPECTED,
        ],
    },
    Shape {
        name: "[[setup]] with `script`",
        says: "Runs a shell script with VAULT_ADDR, VAULT_TOKEN and PG* set.",
        keys: &[
            key("script", Is::Text, "A file whose name ends in .sh, or the script itself.").needed(),
            NAME,
            WARNINGS,
            EXPECTED,
        ],
    },
];
