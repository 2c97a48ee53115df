use leaseproof_domain::{CredentialEnd, Micros};

use crate::fold::{Gone, Lifecycle, Run, Step, Term};

/// What became of an acknowledged credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its revocation was acknowledged, or it went after one was asked for.
    Revoked,
    /// It went after its lease's end.
    Expired,
    /// Its lease had not ended when it was last looked for.
    Live,
    /// Its lease had ended, and its role was still there while Vault held the lease.
    Retried,
    /// It is not known whether it was revoked, or until when it was renewed, and its role was not seen to go.
    Indeterminate,
    /// Nobody observed after its end.
    Unseen,
    /// It went before its end, and nobody asked for that.
    Lost {
        /// The first observation without it.
        at: Micros,
    },
    /// Its lease had ended and Vault had let go of it, and its role was still there.
    LeftBehind {
        /// An observation that showed it after that.
        at: Micros,
    },
}

impl Fate {
    /// How it counts in totals and in lists.
    pub(super) const fn end(self) -> CredentialEnd {
        match self {
            Self::Revoked => CredentialEnd::Revoked,
            Self::Expired => CredentialEnd::Expired,
            Self::Live => CredentialEnd::Live,
            Self::Retried => CredentialEnd::Retried,
            Self::Indeterminate | Self::Unseen => CredentialEnd::Indeterminate,
            Self::Lost { .. } => CredentialEnd::Lost,
            Self::LeftBehind { .. } => CredentialEnd::LeftBehind,
        }
    }

    /// None for a lifecycle that was never acknowledged.
    pub(super) fn of(lifecycle: &Lifecycle, run: &Run<'_>) -> Option<Self> {
        lifecycle.acknowledged()?;
        let revocation = lifecycle.revocation();
        if revocation.is_some_and(Step::is_ok) {
            return Some(Self::Revoked);
        }
        let term = lifecycle.last_term();
        Some(match lifecycle.gone() {
            Some(gone) => Self::of_gone(gone, revocation, term),
            None if revocation.is_some_and(Step::is_indeterminate) => Self::Indeterminate,
            None => term.map_or(Self::Indeterminate, |term| Self::of_standing(lifecycle, term, run)),
        })
    }

    fn of_gone(gone: Gone, revocation: Option<&Step>, term: Option<Term>) -> Self {
        let at = gone.observation.to;
        if term.is_none_or(|term| at >= term.earliest) {
            Self::Expired
        } else if revocation.is_some_and(|revocation| at >= revocation.start) {
            Self::Revoked
        } else {
            Self::Lost { at: gone.observation.from }
        }
    }

    fn of_standing(lifecycle: &Lifecycle, term: Term, run: &Run<'_>) -> Self {
        let Some(observation) = run.last_observation() else {
            return if term.earliest > run.now { Self::Live } else { Self::Unseen };
        };
        if term.latest >= observation.from {
            return Self::Live;
        }
        let appeared = lifecycle.track.as_ref().is_some_and(|track| track.appeared.is_some());
        if !appeared || !run.leases_observed {
            return Self::Unseen;
        }
        let let_go = lifecycle.unlisted.is_some_and(|to| to < observation.from);
        if let_go && lifecycle.lease.as_ref().is_none_or(|lease| !run.is_listed(lease)) {
            return Self::LeftBehind { at: observation.from };
        }
        Self::Retried
    }
}
