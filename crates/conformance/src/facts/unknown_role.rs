use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-7",
    says: "Credentials of a role that does not exist are rejected with 400 `unknown role`",
    shown: "`GET creds/nobody` on an engine that has a connection and another role.",
    source: "Vault, builtin/logical/database/path_creds_create.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let refused = context.issue("nobody").await;
    context.answers("creds of a role that does not exist", &refused, Expect::status(400).says("unknown role: nobody"));
    let granted = context.issue("reader").await;
    context.answers("creds of the role that does", &granted, Expect::status(200));
    Ok(())
}
