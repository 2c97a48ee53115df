use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::{Client, Error, OwnToken};

/// The least time between two tries.
const LEAST: Duration = Duration::from_millis(500);

/// Vault tells whole seconds: what is within that is the same.
const SLACK: Duration = Duration::from_millis(250);

/// Keeps a client's own token alive for as long as this value lifecycles: it is renewed at half of what is left of it.
#[derive(Debug)]
pub struct Renewal {
    task: JoinHandle<()>,
    trouble: watch::Receiver<Option<String>>,
}

impl Renewal {
    /// Begins. A token that never ends is left alone; one that cannot be renewed is reported when it nears its end.
    pub fn begin(client: Client, token: &OwnToken) -> Self {
        let (reported, trouble) = watch::channel(None);
        let (ttl, renewable) = (token.ttl, token.renewable);
        let task = tokio::spawn(async move {
            if let Some(ttl) = ttl {
                keep(&client, ttl, renewable, &reported).await;
            }
            // The channel stays open: nobody takes its end for news.
            std::future::pending::<()>().await;
        });
        Self { task, trouble }
    }

    /// Why the token could not be renewed, in words; none again once it could.
    pub fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.clone()
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(client: &Client, ttl: Duration, renewable: bool, reported: &watch::Sender<Option<String>>) {
    let mut ends = Instant::now() + ttl;
    loop {
        let left = ends.saturating_duration_since(Instant::now());
        tokio::time::sleep((left / 2).max(LEAST)).await;
        let left = ends.saturating_duration_since(Instant::now());
        let words = |why: String| format!("the harness's own Vault token ends in {} s and {why}", left.as_secs());
        if !renewable {
            reported.send_replace(Some(words(
                "is not renewable: give it one that is, or one that outlives the run".into(),
            )));
            return;
        }
        match client.renew_self().await {
            Ok(None) => return,
            Ok(Some(now)) => {
                ends = Instant::now() + now;
                // A renewal that adds nothing has met the maximum.
                let capped = now <= left + SLACK;
                reported.send_replace(
                    capped.then(|| words("has reached its maximum TTL: it cannot be renewed further".into())),
                );
                if capped {
                    return;
                }
            }
            Err(why) => {
                reported.send_replace(Some(words(format!("could not be renewed: {why}"))));
                if matches!(why, Error::Answer { status: 403, .. }) || left.is_zero() {
                    return;
                }
            }
        }
    }
}
