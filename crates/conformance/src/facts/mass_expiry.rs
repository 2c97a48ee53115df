use std::time::{Duration, Instant};

use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "CON-3",
    says: "150 leases that expire together are all revoked, one after the other, none is irrevocable and no role stays, and Vault responds to reads in the meantime",
    shown: "150 leases of 12 s with a group's privileges, issued concurrently on one connection: the time from the last end until the last role and lease are gone, the longest read of the connection in that time, and the failed revocations in Vault's log, which would show a lease that cannot be revoked.",
    source: "Vault, vault/expiration.go (fair-share pool of 200 workers)",
    ground: Ground::Own(|_| ()),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const LEASES: usize = 150;
/// How long the last may take to go after its end, in seconds; 200 took 18 s on two cores that were busy with other things.
const DRAIN: f64 = 90.0;
/// How long a read may take in the meantime; one that waited for a revocation would take as long as the drain.
const READ: Duration = Duration::from_secs(3);
const ROLES: &str = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-root-drained-%'";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.sql("CREATE ROLE con_3_group; GRANT SELECT ON things TO con_3_group").await?;
    let statements = format!("{CREATE} GRANT con_3_group TO \"{{{{name}}}}\";");
    context.config("pg", json!({})).await?;
    context.role("drained", json!({ "creation_statements": statements, "default_ttl": "12s" })).await?;
    // So that it is known how a failure would show in the log.
    context.role("stuck", json!({ "default_ttl": "1s", "revocation_statements": "SELECT 1/0;" })).await?;
    let stuck = context.issue("stuck").await?;
    let answers = context.issue_at_once((0..LEASES).map(|_| "drained".to_owned())).await?;
    let ended = Instant::now() + Duration::from_secs(12);
    context.equals("issues that were granted", LEASES, answers.iter().flatten().count());

    drain(context, ended).await?;
    left_in_vault(context).await?;
    let failed = |of: &str| format!("failed to revoke lease: lease_id={of}");
    let lines = context.log_lines_in("vault", &failed(stuck.lease.as_str()), Duration::from_secs(20)).await;
    context.holds(
        "failed revocations in Vault's log, of the lease that cannot be",
        "1 or more",
        lines.len(),
        !lines.is_empty(),
    );
    let lines = context.log_lines("vault", &failed(&format!("{}/creds/drained/", context.mount())));
    context.equals("failed revocations in Vault's log, of the others", 0, lines.len());
    Ok(())
}

/// Observes until the last role is gone.
async fn drain(context: &mut FactContext, ended: Instant) -> Result<(), Obstacle> {
    let mut longest = Duration::ZERO;
    let path = format!("{}/config/pg", context.mount());
    let mut reads = 0;
    let gone = loop {
        let sent = Instant::now();
        let read = context.read(&path).await;
        if read.is_err() {
            context.answers("a read meanwhile", &read, Expect::status(200));
        }
        longest = longest.max(sent.elapsed());
        reads += 1;
        let left = context.value(ROLES).await?;
        let late = Instant::now().saturating_duration_since(ended).as_secs_f64();
        if left.as_deref() == Some("0") || late > DRAIN {
            break late;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    context.value_is("roles that are left", ROLES, "0").await?;
    context.between("seconds from the last end until the last role is gone", 0.0, DRAIN, gone);
    let most = READ.as_millis();
    context.holds(
        format!("the longest of {reads} reads meanwhile, in ms"),
        format!("at most {most}"),
        longest.as_millis(),
        longest <= READ,
    );
    Ok(())
}

async fn left_in_vault(context: &mut FactContext) -> Result<(), Obstacle> {
    // A lease is taken from storage after its role is dropped.
    let begun = Instant::now();
    let mut left = usize::MAX;
    while left > 0 && begun.elapsed() < Duration::from_secs(10) {
        left = context.vault().leases(context.mount(), "drained").await?.len();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    context.equals("leases that are left, irrevocable ones among them", 0, left);
    Ok(())
}
