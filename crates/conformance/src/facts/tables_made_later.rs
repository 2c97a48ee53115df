use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "GRA-3",
    says: "A credential with `GRANT … ON ALL TABLES` cannot access a table that is created after the issue (42501); one with default privileges, or a member of a group with access, can",
    shown: "Three credentials, a table from before their issue and one from after it, and a read of each table by each credential.",
    source: "PostgreSQL, GRANT: ALL TABLES are the existing tables; ALTER DEFAULT PRIVILEGES",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const PREPARED: &str = "CREATE ROLE gra_3_owner; CREATE ROLE gra_3_group; GRANT CREATE ON SCHEMA public TO gra_3_owner;\
    ALTER DEFAULT PRIVILEGES FOR ROLE gra_3_owner IN SCHEMA public GRANT SELECT ON TABLES TO gra_3_group;\
    SET ROLE gra_3_owner; CREATE TABLE before (id int)";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.sql(PREPARED).await?;
    context.config("pg", json!({})).await?;
    let all = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{{name}}\";";
    let default =
        "ALTER DEFAULT PRIVILEGES FOR ROLE gra_3_owner IN SCHEMA public GRANT SELECT ON TABLES TO \"{{name}}\";";
    let denied = || Expect::sqlstate("42501").says("permission denied for table after");
    let mut sessions = Vec::new();
    for (role, grants, after) in [
        ("all-tables", all.to_owned(), denied()),
        ("default-privileges", format!("{all} {default}"), Expect::ok()),
        ("group", "GRANT gra_3_group TO \"{{name}}\";".to_owned(), Expect::ok()),
    ] {
        context.role(role, json!({ "creation_statements": format!("{CREATE} {grants}") })).await?;
        sessions.push((role, context.session(&context.issue(role).await?).await?, after));
    }
    context.sql("SET ROLE gra_3_owner; CREATE TABLE after (id int)").await?;
    for (role, session, after) in sessions {
        let read = session.query("SELECT * FROM before").await;
        context.answers(format!("{role}: the table that was there at issue"), &read, Expect::ok());
        let read = session.query("SELECT * FROM after").await;
        context.answers(format!("{role}: the table made afterwards"), &read, after);
    }
    Ok(())
}
