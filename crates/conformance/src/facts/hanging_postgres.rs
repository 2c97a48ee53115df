use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::fact::{Exception, Otherwise};
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-6",
    says: "300 requests for credentials of a PostgreSQL that hangs do not delay other requests, and end after 90 s with 500",
    shown: "PostgreSQL is frozen (SIGSTOP), 300 issues are sent; meanwhile a secret is written and read and health is requested repeatedly; the status and time of each blocked issue are recorded; then PostgreSQL resumes and an issue works.",
    source: "Vault, the listener's max_request_duration of 90 s; one mutex per connection config",
    ground: Ground::Own(|_| ()),
    slow: false,
    exceptions: &[Exception {
        with: Otherwise::Proxy,
        why: "HAProxy marks a server that hangs as down after two health checks, and closes the connections to it",
    }],
    prove: |context| Box::pin(prove(context)),
};

const STUCK: usize = 300;

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let postgres = context.server();
    context.reader().await?;
    context.issue("reader").await?;
    let vault = context.vault();
    vault.enable_engine("kv", "kv").await?;
    context.environment().freeze(&postgres);
    let patient = context.root(Duration::from_secs(150))?;
    let mut stuck = JoinSet::new();
    for _ in 0..STUCK {
        let (patient, mount) = (patient.clone(), context.mount().to_owned());
        stuck.spawn(async move {
            let begun = Instant::now();
            (patient.issue(&mount, "reader").await, begun.elapsed())
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut slowest = Duration::ZERO;
    for _ in 0..40 {
        let begun = Instant::now();
        vault.write("kv/one", &serde_json::json!({ "word": "one" })).await?;
        vault.read("kv/one").await?;
        vault.health().await?;
        slowest = slowest.max(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let got = format!("{} ms at most", slowest.as_millis());
    context.holds("a write, a read and health, meanwhile", "within 2 s", got, slowest < Duration::from_secs(2));

    let mut took = Vec::new();
    let mut other = Vec::new();
    while let Some(Ok((answer, time))) = stuck.join_next().await {
        match &answer {
            Err(leaseproof_vault::Error::Answer { status: 500, .. }) => took.push(time),
            _ => other.push(answer),
        }
    }
    context.equals("stuck issues that ended with 500", STUCK, took.len());
    if let Some(answer) = other.first() {
        context.answers("one that did not", answer, Expect::status(500));
    }
    let (first, last) =
        (took.iter().min().copied().unwrap_or_default(), took.iter().max().copied().unwrap_or_default());
    let got = format!("after {:.1} to {:.1} s", first.as_secs_f64(), last.as_secs_f64());
    let near = first > Duration::from_secs(85) && last < Duration::from_secs(110);
    context.holds("they end", "after 90 s", got, near);
    context.environment().thaw(&postgres);
    let again = context.issue("reader").await;
    context.answers("creds when PostgreSQL goes on", &again, Expect::status(200));
    Ok(())
}
