use leaseproof_domain::{Micros, OperationRecord, Outcome};

use super::{ObservationTime, Track};

/// Issues that may have made a role whose name was never reported.
#[derive(Default)]
pub(crate) struct Issues {
    /// Starts of the issues without an answer: Vault may still work on one long after its client went away.
    unanswered: Vec<Micros>,
    /// The spans of the refused ones: a role that is seen meanwhile has to be gone after the refusal.
    refused: Vec<ObservationTime>,
}

/// A role that no acknowledged issue accounts for.
#[derive(Clone, Debug)]
pub(crate) struct Orphan {
    pub(crate) track: Track,
    /// The first observation that showed it.
    pub(crate) appeared: ObservationTime,
    /// Whether an issue that was under way, or has no answer, can have made it.
    pub(crate) explained: bool,
}

impl Issues {
    pub(crate) fn see(&mut self, record: &OperationRecord) {
        match record.outcome {
            Outcome::Ok => {}
            Outcome::Failed(_) => self.refused.push(ObservationTime { from: record.start, to: record.end }),
            Outcome::Indeterminate { .. } | Outcome::Harness { .. } => self.unanswered.push(record.start),
        }
    }

    /// Each issue without an answer accounts for one role at most, and for none that stood before it was sent. Which
    /// role is whose cannot be reported: the earliest role gets the earliest issue, which leaves the fewest without.
    ///
    /// So does one that a live server's agent may have had under way since `agent`, when its token was taken away.
    pub(crate) fn explain(
        &self,
        mut roles: Vec<Track>,
        last_observation: Option<ObservationTime>,
        agent: Option<Micros>,
    ) -> Vec<Orphan> {
        roles.sort_by_key(|track| (track.appeared.map(|observation| observation.to), track.oid));
        let mut unanswered: Vec<Micros> = self.unanswered.iter().copied().chain(agent).collect();
        unanswered.sort();
        let mut next = 0;
        let mut orphans = Vec::new();
        for track in roles {
            let Some(appeared) = track.appeared else { continue };
            let last_seen =
                track.gone.map_or(last_observation.map(|observation| observation.from), |gone| gone.seen_from);
            let last_seen = last_seen.unwrap_or(appeared.from);
            let mut explained = self.refused.iter().any(|issue| issue.from <= appeared.to && issue.to >= last_seen);
            if !explained && unanswered.get(next).is_some_and(|start| *start <= appeared.to) {
                next += 1;
                explained = true;
            }
            orphans.push(Orphan { track, appeared, explained });
        }
        orphans
    }
}
