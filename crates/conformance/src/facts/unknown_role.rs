use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-7",
    says: "Credentials of a role that does not exist are rejected with 400 `unknown role`",
    shown: "`GET creds/nobody` on an engine that has a connection and another role.",
    source: "Vault, builtin/logical/database/path_creds_create.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let refused = bench.issue("nobody").await;
    bench.answers("creds of a role that does not exist", &refused, Expect::status(400).says("unknown role: nobody"));
    let granted = bench.issue("reader").await;
    bench.answers("creds of the role that does", &granted, Expect::status(200));
    Ok(())
}
