use std::time::{Duration, Instant};

use leaseproof_environment::STORAGE;
use leaseproof_postgres::Session;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "HA-6",
    says: "A node that cannot read its leases from the storage when it becomes active seals itself, and the other node takes over again",
    shown: "Row security on Vault's table makes reads of leases fail; the active node steps down; after the new one is sealed, reads work again; the first one issues credentials and revokes an earlier lease.",
    source: "Vault, vault/expiration.go, Restore: an error shuts the core down",
    ground: Ground::Own(super::ha::two_nodes),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// Reads of leases fail while `fails` is on. Without sequential scans nothing else is observed by the way.
const FAILING: &str = "CREATE TABLE storage_fails (fails boolean NOT NULL);
    INSERT INTO storage_fails VALUES (false);
    GRANT SELECT ON storage_fails TO vault_storage;
    CREATE FUNCTION readable(path text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF path LIKE '/sys/expire/id/%' AND (SELECT fails FROM storage_fails) THEN RAISE 'the storage fails'; END IF;
        RETURN true;
    END $$;
    CREATE POLICY readable ON vault_kv_store USING (readable(path)) WITH CHECK (true);
    ALTER TABLE vault_kv_store ENABLE ROW LEVEL SECURITY;
    ALTER ROLE vault_storage SET enable_seqscan = off;";
const TIMEOUT: Duration = Duration::from_secs(40);
/// The node that stepped down waits 10 s before it asks for the lock again; the dead one's lasts 15 s.
const TAKEN_OVER: Duration = Duration::from_secs(45);

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let before = context.issue("reader").await?;
    let session = Session::open(&context.environment().observer_login(STORAGE, "postgres")).await?;
    session.script(FAILING).await?;
    let ((first, active), (_, other)) = super::ha::turns(context).await?;

    session.query("UPDATE storage_fails SET fails = true").await?;
    let reported = active.write("sys/step-down", &json!({})).await;
    context.answers("sys/step-down", &reported, Expect::status(204));
    let begun = Instant::now();
    let mut sealed = false;
    while !sealed && begun.elapsed() < TIMEOUT {
        tokio::time::sleep(Duration::from_millis(20)).await;
        sealed = other.health().await.is_ok_and(|health| health.sealed);
    }
    session.query("UPDATE storage_fails SET fails = false").await?;
    session.close().await;
    context.equals("the node that became active is sealed", true, sealed);

    let creds = super::ha::again(context, "reads that work again", TAKEN_OVER).await?;
    if creds.is_none() {
        return Ok(());
    }
    let now = context.environment().active_vault().await?;
    context.equals("the active node", first, now);
    let revoked = context.vault().revoke(&before.lease).await;
    context.answers("revoke of an earlier lease", &revoked, Expect::status(204));
    Ok(())
}
