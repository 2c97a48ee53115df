use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "HA-8",
    says: "An active node that was frozen until another took over executes writes that its sockets had received, before it detects that it is no longer active",
    shown: "The active node is frozen; twenty writes that must not be forwarded are sent to it; when the other node is active, the frozen one resumes, and its responses are counted; then one node is active.",
    source: "Measured on Vault 1.21.0: 204 for 7 of 10, 6 of 10, 19 of 20",
    ground: Ground::Own(super::ha::two_nodes),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// How many writes wait.
const WRITES: usize = 20;
/// How long the other node may take to be active, its lock's 15 s and more on a busy machine.
const TAKEN_OVER: Duration = Duration::from_secs(30);

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    context.vault().enable_engine("kv", "kv").await?;
    let ((active, stale), (other, _)) = super::ha::turns(context).await?;
    let stale = stale.without_forwarding();
    context.environment().freeze(&active);
    let mut waiting = JoinSet::new();
    for number in 0..WRITES {
        let stale = stale.clone();
        waiting.spawn(async move { stale.write(&format!("kv/stale-{number}"), &json!({ "word": "late" })).await });
    }
    let creds = super::ha::again(context, "the freeze", TAKEN_OVER).await;
    let now = context.environment().active_vault().await;
    context.environment().thaw(&active);
    creds?;
    context.equals("the active node when it is let go on", other, now?);
    let answers = waiting.join_all().await;
    let carried_out = answers.iter().filter(|answer| answer.is_ok()).count();
    let got = format!("{carried_out} of {WRITES}");
    context.holds("stale writes that it answered 204", "at least one", got, carried_out > 0);
    let one = context.until(TAKEN_OVER, || async { Ok(stale.read("sys/health").await.is_err()) }).await?;
    context.holds("it becomes a standby", "within 30 s", format!("{one:?}"), one.is_some());
    Ok(())
}
