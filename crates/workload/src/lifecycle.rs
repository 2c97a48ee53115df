//! The script of one lifecycle: what happens to a credential between its issue and its end.
//!
//! A step is either *timed*, due at a point of its lease, or *chained*, due when the step before it ends. A timed step
//! whose predecessor ends after that point becomes a chained one: it could not be sent earlier, and that is the
//! servers' doing and not the generator's.

use std::sync::Arc;
use std::time::Duration;

use leaseproof_domain::{Micros, Operation};
use leaseproof_scenario::{Choices, LifecyclePlan, RolePromise};

use crate::context::{Stopped, WorkloadContext};
use crate::gauges::Counted;
use crate::record::{Credential, Tag};

/// How long after a lease's end its credential is first tried, and how long after that again.
const DEAD_LOGIN_EVERY: Duration = Duration::from_secs(1);

/// One credential's lifecycle: who it is, and what it is to do.
#[derive(Clone)]
pub(crate) struct Lifecycle {
    pub(crate) context: WorkloadContext,
    pub(crate) tag: Tag,
    pub(crate) plan: Arc<LifecyclePlan>,
    pub(crate) role: Arc<RolePromise>,
    pub(crate) choices: Choices,
    /// Whether it tries its role's privileges out.
    pub(crate) probed: bool,
}

impl Lifecycle {
    /// Lifecycles from its arrival to its end, or until no new step may begin.
    pub(crate) async fn live(self, arrival: Micros, waiting: Counted) {
        if let Some(mut credential) = self.issue(arrival, waiting).await {
            let _stopped = self.go_through(&mut credential).await;
        }
        self.context.gauges().count_finished();
    }

    async fn go_through(&self, credential: &mut Credential) -> Result<(), Stopped> {
        self.context.go_on()?;
        self.first_use(credential).await;
        let held = self.hold_session(credential).await;
        self.context.go_on()?;
        self.probe(credential).await;
        let ended = self.to_its_end(credential).await;
        if let Some(held) = held {
            self.query_held(held, credential).await?;
        }
        ended
    }

    async fn to_its_end(&self, credential: &mut Credential) -> Result<(), Stopped> {
        if !self.shorten(credential).await? || !self.renew_late(credential).await? {
            // Whether a renewal without an acknowledgement was done is not known, nor is the lease's end then.
            return self.give_back(credential, credential.last).await;
        }
        let revoked = self.choices.revoked(self.plan.revoke);
        self.relogin(credential, revoked).await?;
        if revoked {
            self.give_back(credential, credential.point(self.choices.revoke_at())).await
        } else {
            self.expire(credential).await
        }
    }

    /// Brings the lease down to the seconds that the scenario wants, at once. False where Vault did not acknowledge it.
    async fn shorten(&self, credential: &mut Credential) -> Result<bool, Stopped> {
        let Some(lease) = self.plan.lease else { return Ok(true) };
        self.context.go_on()?;
        Ok(self.renew(credential, credential.last, Some(lease.secs())).await)
    }

    /// The renewal late in the lease, for the share of lifecycles that have one. False where Vault did not acknowledge it.
    async fn renew_late(&self, credential: &mut Credential) -> Result<bool, Stopped> {
        let Some(renewal) = self.plan.renew.filter(|renewal| self.choices.renews(renewal.share)) else {
            return Ok(true);
        };
        let due = self.wait(credential, credential.point(renewal.at)).await?;
        Ok(self.renew(credential, due, self.plan.lease.map(|lease| lease.secs())).await)
    }

    /// Logs in once more while the lease stands.
    async fn relogin(&self, credential: &mut Credential, revoked: bool) -> Result<(), Stopped> {
        let due = self.wait(credential, credential.point(self.choices.relogin_at(revoked))).await?;
        if due < credential.lease_end() {
            self.log_in_once(credential, Operation::Relogin, due).await;
        }
        Ok(())
    }

    /// Revokes the lease at `due`; once that is acknowledged, the credential has to be refused.
    pub(crate) async fn give_back(&self, credential: &mut Credential, due: Micros) -> Result<(), Stopped> {
        let due = self.wait(credential, due).await?;
        if self.revoke(credential, due).await {
            self.context.go_on()?;
            self.log_in_once(credential, Operation::DeadLogin, credential.last).await;
        }
        Ok(())
    }

    /// Leaves the lease to its end, and tries the credential after it until it is refused and its role is gone, or
    /// both should long have been: a role that stays has to be seen to stay.
    async fn expire(&self, credential: &mut Credential) -> Result<(), Stopped> {
        let end = credential.lease_end();
        let give_up = end.after(self.context.dead_within()).after(DEAD_LOGIN_EVERY);
        let mut due = end.after(DEAD_LOGIN_EVERY);
        let mut refused = false;
        while due <= give_up {
            let intended = self.wait(credential, due).await?;
            refused = refused || self.log_in_once(credential, Operation::DeadLogin, intended).await;
            if refused && self.read_role(credential).await == Some(false) {
                credential.ended = Some(credential.last);
                return Ok(());
            }
            due = due.after(DEAD_LOGIN_EVERY);
        }
        Ok(())
    }

    /// Waits for a step's moment and answers when it is due: then, or when the step before it ended.
    async fn wait(&self, credential: &Credential, moment: Micros) -> Result<Micros, Stopped> {
        let due = moment.max(credential.last);
        self.context.wait_until(due).await?;
        Ok(due)
    }
}
