//! Keys of the operator's actions during the load.

use super::EXPECT;
use super::setup::{DATA, DATABASE, ENABLE, ON, PASSWORD, PATH, POLICY, RULES, SCRIPT, SQL, USER, WARNINGS, WRITE};
use crate::plan::Affected;
use crate::shape::{Is, Key, Shape, key};

const NAME: Key = key(
    "name",
    Is::Text,
    "A unique name. Reports show it, and `until`, `without`, `--set` (`action.NAME`) and other layers refer to the action by it.",
)
.needed();
const PHASE: Key = key("phase", Is::Text, "The phase in which the action begins.").needed();
const AT: Key = key("at", Is::Span, "The time from the start of the phase.").needed();
const EXPECTED: Key =
    key("expect", Is::Table(&EXPECT), "The failure that the action must end with (ACT-1). Default: it must succeed.");
const AFFECTS: Key = key(
    "affects",
    Is::Texts(&Is::Word(&Affected::NAMES)),
    "Operations that may fail in the action's window, from its beginning until `recovers_within` after the end of `until`. Inside it, these operations are reported but not judged if they have no answer or one of `expect_errors`. Default: none; the action must not break any promise.",
);
const EXPECT_ERRORS: Key = key(
    "expect_errors",
    Is::Texts(&Is::Text),
    "With `affects`: the errors of these operations: HTTP statuses (`500`) and SQLSTATEs (`28P01`).",
);
const UNTIL: Key = key(
    "until",
    Is::Text,
    "With `affects`: the name of the later action whose end heals the effect. It is taken even if the load ends before. Default: this action.",
);
const RECOVERS_WITHIN: Key = key(
    "recovers_within",
    Is::Span,
    "With `affects`: how long the window lasts after the healing; with `issue`, credentials must be issued again within this time (FLT-1). Default 10s.",
);
const DEAD_WITHIN: Key = key(
    "dead_within",
    Is::Span,
    "The maximum lifetime of a credential after the window in which its lease ended, and after the action that ends it. Default: the promise's `dead_within`.",
);
const ENDS: Key = key(
    "ends_leases_of",
    Is::Texts(&Is::Text),
    "The promised roles whose live credentials the action ends: each must be gone `dead_within` later, and its logins rejected (ACT-2). Their later operations are reported but not judged.",
);

/// The shape of an action with that key: the keys of the action itself, then those that all actions have.
macro_rules! shape {
    ($name:literal, $says:literal, [$($own:expr),+ $(,)?]) => {
        Shape {
            name: $name,
            says: $says,
            keys: &[
                $($own,)+ NAME, PHASE, AT, WARNINGS, EXPECTED, AFFECTS, EXPECT_ERRORS, UNTIL, RECOVERS_WITHIN, DEAD_WITHIN,
                ENDS,
            ],
        }
    };
}

/// One shape for each kind of action; the first key is the kind.
pub(crate) static ACTIONS: [Shape; 8] = [
    shape!(
        "[[action]] with `sql`",
        "Runs SQL during the load, statement by statement, stopping at the first error.",
        [SQL, ON, DATABASE, USER, PASSWORD,]
    ),
    shape!("[[action]] with `enable`", "Enables a secrets engine during the load.", [ENABLE, PATH,]),
    shape!(
        "[[action]] with `disable`",
        "Disables the secrets engine at a path during the load: Vault revokes its leases.",
        [key("disable", Is::Text, "The path that the engine is mounted at.").needed()]
    ),
    shape!("[[action]] with `write`", "Writes to a path during the load, like `vault write`.", [WRITE, DATA,]),
    shape!(
        "[[action]] with `delete`",
        "Deletes what is at a path during the load, like `vault delete`.",
        [key("delete", Is::Text, "The path.").needed()]
    ),
    shape!(
        "[[action]] with `revoke_prefix`",
        "Revokes all leases whose id begins with a prefix, like `vault lease revoke -prefix`.",
        [key("revoke_prefix", Is::Text, "The prefix: `database/creds/app`.").needed()]
    ),
    shape!("[[action]] with `policy`", "Writes a policy during the load.", [POLICY, RULES,]),
    shape!(
        "[[action]] with `script`",
        "Runs a shell script with VAULT_ADDR, VAULT_TOKEN and PG* set during the load.",
        [SCRIPT]
    ),
];
