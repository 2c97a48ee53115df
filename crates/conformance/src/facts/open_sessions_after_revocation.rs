use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-9",
    says: "An open session survives the revocation of its user: with the user's own grants its queries fail with 42501; after SET ROLE to a group it can still read, and pg_stat_activity shows it without a name",
    shown: "Two sessions of credentials, one with a grant and one with a group set by SET ROLE, read before and after their revocation; pg_stat_activity is queried by their user's OID; then both are ended.",
    source: "PostgreSQL, src/backend/utils/init/miscinit.c: a session's role is looked up at its start; vault issues 8668 and 699",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const READ: &str = "SELECT count(*) FROM things";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let group = format!("{}_group", context.account());
    context.reader().await?;
    context.sql(&format!("CREATE ROLE {group} NOLOGIN; GRANT SELECT ON things TO {group}")).await?;
    let member = format!("{CREATE} GRANT {group} TO \"{{{{name}}}}\";");
    context.role("member", json!({ "creation_statements": member })).await?;
    for (role, set_role, after) in [
        ("reader", None, Expect::sqlstate("42501").says("permission denied for table things")),
        ("member", Some(format!("SET ROLE {group}")), Expect::ok()),
    ] {
        let issued = context.issue(role).await?;
        let oid =
            context.value(&format!("SELECT oid FROM pg_roles WHERE rolname = '{}'", issued.username.as_str())).await?;
        let oid = oid.ok_or_else(|| Obstacle::of("the user is not there"))?;
        let session = context.session(&issued).await?;
        if let Some(set_role) = &set_role {
            session.query(set_role).await?;
        }
        let read = session.query(READ).await;
        context.answers(format!("a read of `{role}` before"), &read, Expect::ok());
        let revoked = context.vault().revoke(&issued.lease).await;
        context.answers("the revocation", &revoked, Expect::status(204));
        let read = session.query(READ).await;
        context.answers(format!("a read of `{role}` after"), &read, after);
        let seen = format!("SELECT coalesce(usename, 'no name') FROM pg_stat_activity WHERE usesysid = {oid}");
        context.value_is("its session in pg_stat_activity", &seen, "no name").await?;
        session.close().await;
    }
    Ok(())
}
