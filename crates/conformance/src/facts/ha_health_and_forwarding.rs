use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "HA-2",
    says: "The active node's sys/health returns 200, a standby's 429; a standby forwards requests to the active node, and returns 307 if the client forbids forwarding",
    shown: "Two nodes on one storage; sys/health and creds are requested from each directly, and from both with X-Vault-No-Request-Forwarding too.",
    source: "Vault, HTTP API, /sys/health; http/handler.go",
    ground: Ground::Own(super::ha::two_nodes),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let ((_, active), (_, standby)) = super::ha::turns(context).await?;
    context.answers("sys/health of the active node", &active.read("sys/health").await, Expect::status(200));
    context.answers("sys/health of the standby", &standby.read("sys/health").await, Expect::status(429));
    let creds = context.issue_with(&standby, "reader").await;
    context.answers("creds of the standby", &creds, Expect::status(200));
    let creds = context.issue_with(&standby.without_forwarding(), "reader").await;
    context.answers("creds of the standby, not to be handed on", &creds, Expect::status(307));
    let creds = context.issue_with(&active.without_forwarding(), "reader").await;
    context.answers("creds of the active node, not to be handed on", &creds, Expect::status(200));
    Ok(())
}
