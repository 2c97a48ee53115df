use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Answered, Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "CON-2",
    says: "Concurrent issues on several connections that grant on the same table partly fail, with 500 `tuple concurrently updated` (XX000), and leave no role; those that grant a group do not fail, but their default revocations do, with 400 and the same message, because they touch every table of public; `DROP ROLE` alone does not fail",
    shown: "120 concurrent issues on four connections with a group, and their concurrent revocations, by default and by `DROP ROLE`; 30 issues with a GRANT on one table on one connection, and 120 on four.",
    source: "PostgreSQL, src/backend/access/heap/heapam.c (simple_heap_update), called by src/backend/catalog/aclchk.c",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const CONNECTIONS: usize = 4;
/// Issues at once on four connections, and on one.
const ISSUES: usize = 120;
const ON_ONE: usize = 30;
const DROP: &str = "DROP ROLE IF EXISTS \"{{name}}\";";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.sql("CREATE ROLE con_2_group; GRANT SELECT ON things TO con_2_group").await?;
    for at in 0..CONNECTIONS {
        let connection = format!("pg-{at}");
        context.config(&connection, json!({})).await?;
        for (kind, grant, revocation) in
            [("group", "con_2_group", ""), ("drop", "con_2_group", DROP), ("table", "SELECT ON things", "")]
        {
            let statements = format!("{CREATE} GRANT {grant} TO \"{{{{name}}}}\";");
            let role = json!({
                "db_name": connection, "creation_statements": statements, "revocation_statements": revocation,
            });
            context.role(&format!("{kind}-{at}"), role).await?;
        }
    }
    for (kind, some_fail) in [("group", true), ("drop", false)] {
        let answers = context.issue_at_once(on_four(kind)).await?;
        judge(context, "issues of four connections with a group", 500, &answers, false);
        let leases = answers.into_iter().flatten().map(|issued| issued.lease);
        let answers = context.revoke_at_once(leases).await?;
        let how = if some_fail { "default" } else { "DROP ROLE" };
        judge(context, &format!("their revocations by {how}"), 400, &answers, some_fail);
    }
    on_a_table(context).await
}

async fn on_a_table(context: &mut FactContext) -> Result<(), Obstacle> {
    let answers = context.issue_at_once((0..ON_ONE).map(|_| "table-0".to_owned())).await?;
    judge(context, "issues of one connection with a GRANT on a table", 500, &answers, false);
    let before = answers.iter().flatten().count();
    let answers = context.issue_at_once(on_four("table")).await?;
    judge(context, "issues of four connections with a GRANT on that table", 500, &answers, true);
    let granted = before + answers.iter().flatten().count();
    let roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-root-table-%'";
    context.value_is("roles there are, against issues that were granted", roles, &granted.to_string()).await
}

fn on_four(kind: &'static str) -> impl Iterator<Item = String> {
    (0..ISSUES).map(move |at| format!("{kind}-{}", at % CONNECTIONS))
}

/// Records how many failed, and of those one whose answer is another than that of the race, if there is one.
fn judge<T, E>(context: &mut FactContext, what: &str, status: u16, answers: &[Result<T, E>], some_fail: bool)
where
    Result<T, E>: Answered,
{
    let failed: Vec<_> = answers.iter().filter(|answer| answer.is_err()).collect();
    let expected = if some_fail { "some, and not all" } else { "0" };
    let met = if some_fail { !failed.is_empty() && failed.len() < answers.len() } else { failed.is_empty() };
    context.holds(format!("{what} that failed"), expected, format!("{} of {}", failed.len(), answers.len()), met);
    let raced = Expect::status(status).says("tuple concurrently updated").says("XX000");
    let other = failed.iter().find(|answer| !raced.is_met(&answer.got()));
    if let Some(answer) = other.or(failed.first()) {
        context.answers(format!("what they answered: {what}"), *answer, raced.clone());
    }
}
