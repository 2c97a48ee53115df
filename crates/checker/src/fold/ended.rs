//! Lifecycles that have ended, and roles that belong to none.

use std::rc::Rc;

use leaseproof_domain::FLOOD_ACCOUNT;

use super::{KEPT, Lifecycle, Orphan, Run, Track};

impl Run<'_> {
    /// The next lifecycle that has ended long enough ago, with what was seen of it.
    pub(crate) fn next_ended(&mut self) -> Option<Lifecycle> {
        loop {
            let (until, _) = *self.ended.front()?;
            if until >= self.now {
                return None;
            }
            let (_, number) = self.ended.pop_front()?;
            if let Some(lifecycle) = self.close(number) {
                return Some(lifecycle);
            }
        }
    }

    /// The next lifecycle of those that are left, in order of arrival.
    pub(crate) fn next_left(&mut self) -> Option<Lifecycle> {
        let (number, _) = self.lifecycles.first_key_value()?;
        self.close(*number)
    }

    /// The roles that belong to no acknowledged issue; asked for once all lifecycles were judged. An issue stands in the
    /// history only when it has ended: where that is not `complete`, one that was under way may have made a late role.
    pub(crate) fn unclaimed(&mut self, complete: bool) -> Vec<Orphan> {
        let last_observation = self.last_observation();
        let tracks = std::mem::take(&mut self.tracks);
        self.tracks.last_observation = last_observation;
        self.tracks.appeared = tracks.appeared;
        // Credentials of a live server's agent are no lifecycle's, and have a lease all the same. Groups are none at all.
        let others = |track: &Track| {
            let own = track.name.as_str() == FLOOD_ACCOUNT;
            !own && !self.dns.owns(&track.name) && !self.groups.is_shared(&track.name)
        };
        let unclaimed = tracks.unclaimed().filter(others).collect();
        let mut orphans = self.issues.explain(unclaimed, last_observation, self.dns.last_rendered());
        if !complete {
            let longest = self.plan.client.timeout.duration() + KEPT;
            for orphan in &mut orphans {
                orphan.explained |= orphan.appeared.to.after(longest) >= self.now;
            }
        }
        orphans
    }

    /// Ends a lifecycle, with what was seen of it.
    pub(crate) fn close(&mut self, number: u64) -> Option<Lifecycle> {
        let mut lifecycle = self.lifecycles.remove(&number)?;
        self.awaited.remove(&number);
        if let Some(lease) = &lifecycle.lease {
            self.lease_owners.remove(lease);
        }
        if let Some(username) = &lifecycle.username {
            let role = username.of_role();
            self.owners.remove(&*role);
            lifecycle.track = self.tracks.take(&role);
            lifecycle.oid = lifecycle.oid.or(lifecycle.track.as_ref().map(|track| track.oid));
            if let Some(why) = lifecycle.not_revoked.as_ref().filter(|_| lifecycle.gone().is_none()) {
                self.unrevoked.stands(role.into_owned(), Rc::clone(why));
            }
        }
        Some(lifecycle)
    }
}
