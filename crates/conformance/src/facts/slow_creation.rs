use std::time::Duration;

use leaseproof_vault::Issued;
use serde_json::json;

use crate::context::CREATE;
use crate::moments::seconds;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "LOG-6",
    says: "If an issue or a renewal takes longer than 5 s, or waits that long for others on its connection, logins fail before the lease ends: VALID UNTIL counts from the request, the lease from the response",
    shown: "A creation of 7 s, and behind it on the same connection an issue and a renewal; rolvaliduntil of each against expire_time of its lease, and logins between the two; an issue and a renewal on a connection without that queue.",
    source: "Vault, builtin/logical/database/path_creds_create.go (the expiration is computed before the connection's lock)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// How long the slow creation takes.
const SLOW: f64 = 7.0;
/// The lead that the queued ones give it, so that it is first.
const LEAD: Duration = Duration::from_millis(500);
/// Leases' TTL: what is left of a login at the end of 7 s is this and 5 s less those.
const TTL: &str = "4s";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    context.config("idle", json!({})).await?;
    context
        .role(
            "slow",
            json!({ "default_ttl": TTL, "creation_statements": format!("{CREATE} SELECT pg_sleep({SLOW});") }),
        )
        .await?;
    context.role("quick", json!({ "default_ttl": TTL })).await?;
    context.role("long", json!({})).await?;
    context.role("idle", json!({ "default_ttl": TTL, "db_name": "idle" })).await?;
    let renewed = context.issue("long").await?;

    let vault = context.vault();
    let queued = async {
        tokio::time::sleep(LEAD).await;
        tokio::join!(context.issue("quick"), vault.renew(&renewed.lease, Some(4)))
    };
    let (slow, (quick, renewal)) = tokio::join!(context.issue("slow"), queued);
    context.answers("creds whose creation takes 7 s", &slow, Expect::status(200));
    context.answers("creds that wait behind it", &quick, Expect::status(200));
    context.answers("a renewal that waits behind it", &renewal, Expect::status(200));
    let (Ok(slow), Ok(quick)) = (slow, quick) else { return Ok(()) };
    let idle = context.issue("idle").await?;

    let least = -(SLOW - 5.0);
    let late_by_queue = least + LEAD.as_secs_f64();
    let mut dead = 0.0_f64;
    for (what, issued, from, to) in [
        ("the slow one", &slow, least - 3.0, least + 0.1),
        ("the one that waited", &quick, late_by_queue - 4.0, late_by_queue + 0.5),
        ("the one whose renewal waited", &renewed, late_by_queue - 4.0, late_by_queue + 0.5),
        ("one that did not wait", &idle, 0.0, 5.1),
    ] {
        let (until, end) = ends(context, issued).await?;
        context.between(format!("VALID UNTIL minus the end of the lease of {what}"), from, to, until - end);
        if from < 0.0 {
            dead = dead.max(until);
        }
    }
    context.past(dead).await?;
    for (what, issued) in
        [("the slow one", &slow), ("the one that waited", &quick), ("the one whose renewal waited", &renewed)]
    {
        let login = context.session(issued).await;
        context.answers(format!("a login of {what} past its VALID UNTIL"), &login, Expect::sqlstate("28P01"));
        let lease = context.vault().lookup_lease(&issued.lease).await;
        let left = lease.map_or(-1, |lease| lease.ttl_seconds);
        context.holds(format!("seconds that the lease of {what} still has"), "0 or more", left, left >= 0);
    }
    Ok(())
}

/// VALID UNTIL of a credential and the end of its lease, in seconds since 1970.
async fn ends(context: &FactContext, issued: &Issued) -> Result<(f64, f64), Obstacle> {
    let lease = context.vault().lookup_lease(&issued.lease).await?;
    let end = lease.expire_time.ok_or_else(|| Obstacle::of("its lease never ends"))?;
    Ok((context.valid_until(&issued.username).await?, seconds(end)))
}
