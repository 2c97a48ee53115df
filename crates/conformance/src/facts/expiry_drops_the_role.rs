use std::time::Duration;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "EXP-1",
    says: "When a lease expires, its user is dropped within about a second, and not before the end of the lease",
    shown: "Ten leases of 5 s on an engine with few leases: each user is observed until it is gone; the minimum, median and maximum of the lag are reported.",
    source: "Vault, vault/expiration.go: one timer per lease",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({ "username_template": "exp1-{{random 12}}" })).await?;
    context.role("reader", json!({ "default_ttl": "5s" })).await?;
    let mut ends = Vec::new();
    for _ in 0..10 {
        let issued = context.issue("reader").await?;
        let end = context.vault().lookup_lease(&issued.lease).await?.expire_time;
        let end = end.ok_or_else(|| Obstacle::of("the lease has no end"))?;
        ends.push((issued.username, crate::moments::seconds(end)));
    }
    let mut lags = Vec::new();
    let begun = tokio::time::Instant::now();
    while !ends.is_empty() && begun.elapsed() < Duration::from_secs(60) {
        let mut left = Vec::new();
        for (name, end) in ends {
            if context.role_exists(&name).await? {
                left.push((name, end));
            } else {
                lags.push(context.now().await? - end);
            }
        }
        ends = left;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    context.equals("users that are left", 0, ends.len());
    lags.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (lags.first().copied(), lags.last().copied()) else { return Ok(()) };
    let middle = lags[lags.len() / 2];
    let got = format!("{least:.2} / {middle:.2} / {most:.2} s");
    context.holds(
        "the lag's smallest, middle and largest",
        "none below 0, none above 15 s",
        got,
        least >= -0.05 && most < 15.0,
    );
    Ok(())
}
