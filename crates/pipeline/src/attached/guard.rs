//! Ends a load that exceeds the limits of an attached environment.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use leaseproof_domain::{HarnessFault, LeaseId, Ttl};
use leaseproof_scenario::AttachedPlan;
use leaseproof_vault::Client;
use leaseproof_workload::LoadState;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::display::Display;
use crate::stop::Stop;

/// How often the guard checks the load.
const BEAT: Duration = Duration::from_millis(200);
/// How often it queries Vault for irrevocable leases.
const ASK: Duration = Duration::from_secs(2);

/// Watches an attached environment during the load.
pub(crate) struct Guard {
    task: Option<JoinHandle<()>>,
    why: Arc<OnceLock<String>>,
    ends: Option<Instant>,
    /// That the harness's own token has ended.
    ended: Arc<OnceLock<String>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Guard {
    /// A guard that does nothing.
    pub(crate) fn idle() -> Self {
        Self { task: None, why: Arc::default(), ends: None, ended: Arc::default() }
    }

    /// Starts the guard. It cancels the load if a limit is exceeded or a lease becomes irrevocable.
    pub(crate) fn begin(
        vault: Client,
        allowed: &AttachedPlan,
        progress: watch::Receiver<LoadState>,
        (trouble, display): (watch::Receiver<Option<String>>, Arc<dyn Display>),
        load: CancellationToken,
    ) -> Self {
        let why = Arc::new(OnceLock::new());
        let bounds = Bounds {
            live: allowed.max_live_leases,
            duration: allowed.max_duration,
            ends: Instant::now() + allowed.max_duration.duration(),
        };
        let ended = Arc::new(OnceLock::new());
        let (reported, token_ended, ends) = (Arc::clone(&why), Arc::clone(&ended), Some(bounds.ends));
        let task = tokio::spawn(async move {
            let own = vault.clone();
            let reason = tokio::select! {
                reason = beyond(&bounds, progress) => reason,
                reason = irrevocable(&vault) => reason,
                never = warn(trouble, &*display) => never,
                words = token_ends(&own) => {
                    let _first = token_ended.set(words);
                    return load.cancel();
                }
            };
            let _first = reported.set(reason);
            load.cancel();
        });
        Self { task: Some(task), why, ends, ended }
    }

    /// The latest end of the load, if there is a limit.
    pub(crate) fn ends(&self) -> Option<Instant> {
        self.ends
    }

    /// The reason why the guard ended the load, if it did.
    pub(crate) fn stopped(&self) -> Option<Stop> {
        let ended = self.ended.get().cloned().map(Stop::Harness);
        ended.or_else(|| self.why.get().cloned().map(Stop::Aborted))
    }
}

struct Bounds {
    live: u64,
    duration: Ttl,
    ends: Instant,
}

/// Waits until the load exceeds a limit.
async fn beyond(bounds: &Bounds, progress: watch::Receiver<LoadState>) -> String {
    loop {
        tokio::time::sleep(BEAT).await;
        let live = progress.borrow().live;
        if live > bounds.live {
            return format!(
                "{live} of the run's leases were live at the same time; --max-live-leases allows {}",
                bounds.live
            );
        }
        if Instant::now() >= bounds.ends {
            return format!("the load lasted longer than --max-duration, {}", bounds.duration);
        }
    }
}

/// Waits until a lease becomes irrevocable after the start of the load.
async fn irrevocable(vault: &Client) -> String {
    let mut before: Option<BTreeSet<LeaseId>> = None;
    loop {
        // If Vault does not respond, the watch's own observations report it.
        if let Ok(leases) = vault.irrevocable_leases().await {
            let known = before.get_or_insert_with(|| leases.iter().map(|(lease, _)| lease.clone()).collect());
            if let Some((lease, why)) = leases.iter().find(|(lease, _)| !known.contains(lease)) {
                return format!("the lease {lease} became irrevocable: {why}");
            }
        }
        tokio::time::sleep(ASK).await;
    }
}

/// Waits until Vault rejects the harness's own token as invalid: every lease of the run has then ended with it.
async fn token_ends(vault: &Client) -> String {
    let fault = HarnessFault::Token;
    loop {
        tokio::time::sleep(ASK).await;
        if let Err(error) = vault.own_token().await
            && error.status() == Some(403)
        {
            return format!("{fault}: {error}\n{}", fault.advice());
        }
    }
}

/// Warns each time the harness's own token cannot be renewed. It never ends the load.
async fn warn(mut trouble: watch::Receiver<Option<String>>, display: &dyn Display) -> String {
    while trouble.changed().await.is_ok() {
        if let Some(words) = trouble.borrow_and_update().clone() {
            display.note(&format!("warning: {words}"));
        }
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leaseproof_domain::Ttl;
    use leaseproof_workload::LoadState;
    use tokio::sync::watch;
    use tokio::time::Instant;

    use super::{Bounds, beyond};

    async fn ended(live: u64, duration: Ttl) -> String {
        let (sender, progress) = watch::channel(LoadState::default());
        sender.send_modify(|progress| progress.live = live);
        let bounds = Bounds { live: 5, duration, ends: Instant::now() + duration.duration() };
        tokio::time::timeout(Duration::from_secs(5), beyond(&bounds, progress)).await.unwrap()
    }

    #[tokio::test]
    async fn a_load_that_goes_beyond_its_bounds_is_ended() {
        let words = ended(6, Ttl::from_secs(60)).await;
        assert_eq!(words, "6 of the run's leases were live at the same time; --max-live-leases allows 5");
        let words = ended(5, Ttl::from_secs(1)).await;
        assert_eq!(words, "the load lasted longer than --max-duration, 1s");
    }
}
