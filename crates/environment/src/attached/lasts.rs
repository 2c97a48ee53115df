//! Whether the harness's own accounts last as long as a run.

use std::time::{Duration, SystemTime};

use leaseproof_domain::Username;
use leaseproof_postgres::Observer;
use leaseproof_scenario::Plan;
use leaseproof_vault::OwnToken;

use super::AttachError;

/// What a run takes beside its phases: setup, the last observations and the clean-up.
const BESIDE: Duration = Duration::from_secs(30);

/// How long a run of that plan takes at most.
fn needed(plan: &Plan) -> Duration {
    plan.phases.iter().map(|phase| phase.duration.duration() + phase.drain.duration()).sum::<Duration>() + BESIDE
}

/// Refuses a token that ends before the run could, renewed or not.
pub(super) fn token(plan: &Plan, own: &OwnToken) -> Result<(), AttachError> {
    if own.is_batch {
        let is = "is a batch token, which cannot create the run's token".to_owned();
        return Err(AttachError::Unfit { is });
    }
    if let Some(uses) = own.uses {
        let is = format!("may make {uses} more requests (num_uses), and cannot create the run's token");
        return Err(AttachError::Unfit { is });
    }
    match own.lasts {
        Some(left) => enough(plan, "leaseproof's own Vault token", left),
        None => Ok(()),
    }
}

/// Refuses an observer whose VALID UNTIL comes before the run's end could. One whose own role cannot be read is let pass: the
/// observations will say so.
pub(super) async fn observer(plan: &Plan, cluster: &str, user: &str, observer: &Observer) -> Result<(), AttachError> {
    let Ok(Some(role)) = observer.role(&Username::new(user)).await else { return Ok(()) };
    let Some(until) = role.valid_until else { return Ok(()) };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let ends = Duration::from_micros(u64::try_from(until.0).unwrap_or(0));
    let account = format!("postgres.{cluster}: the password of the observer {user} (VALID UNTIL)");
    enough(plan, &account, ends.saturating_sub(now))
}

fn enough(plan: &Plan, account: &str, left: Duration) -> Result<(), AttachError> {
    let needed = needed(plan);
    if left >= needed {
        return Ok(());
    }
    Err(AttachError::EndsTooSoon { account: account.to_owned(), left, needed })
}
