use std::rc::Rc;

use leaseproof_domain::{
    Finding, LeaseId, Micros, Operation, OperationRecord, Outcome, ProbeRecord, UnixMicros, Username,
};

use super::step::{Gone, ObservationTime, Step};

use super::{Track, because};

/// An observation of the lifecycle's own role.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) observation: ObservationTime,
    /// The role's VALID UNTIL; none where there was no such role.
    pub(crate) seen: Option<Option<UnixMicros>>,
}

/// When a lease ends, as far as the harness can know: between the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) earliest: Micros,
    pub(crate) latest: Micros,
}

impl EarlyEnd {
    /// The end of a lease that ends early, or by itself before.
    fn cut(self, term: Term, certain: bool) -> Term {
        let by = self.by.filter(|_| certain);
        Term { earliest: term.earliest.min(self.from), latest: by.map_or(term.latest, |by| term.latest.min(by)) }
    }
}

/// The end of a credential before its lease's own: Vault ends its lease then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EarlyEnd {
    /// From when on it may have ended.
    pub(crate) from: Micros,
    /// When it certainly had; none where that is not known yet.
    pub(crate) by: Option<Micros>,
    /// What ended it.
    pub(crate) of: EndedBy,
}

/// What ends a credential early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedBy {
    /// The end of the token that it was issued under.
    Token,
    /// The action of that number.
    Action(u32),
}

/// One credential from its issue to its end.
#[derive(Clone, Debug)]
pub(crate) struct Lifecycle {
    /// Its number, in order of arrival from 1.
    pub(crate) number: u64,
    pub(crate) role: Rc<str>,
    /// The name of its lifecycle in the scenario, where the history says it.
    pub(crate) name: Option<Rc<str>>,
    /// The phase in which it arrived.
    pub(crate) phase: Rc<str>,
    pub(crate) lease: Option<LeaseId>,
    pub(crate) username: Option<Username>,
    pub(crate) oid: Option<u32>,
    /// In the order in which they ended.
    pub(crate) steps: Vec<Step>,
    pub(crate) reads: Vec<Read>,
    /// Privileges that it tried out.
    pub(crate) probes: Vec<ProbeRecord>,
    /// The first observation of all roles after the issue's answer, where it did not show the role.
    pub(crate) missed: Option<ObservationTime>,
    /// The end of an observation of Vault's leases that no longer listed this one.
    pub(crate) unlisted: Option<Micros>,
    /// What the observations of all roles showed of its role; set when the lifecycle is judged.
    pub(crate) track: Option<Track>,
    /// Why Vault could not revoke its lease, where it could not.
    pub(crate) not_revoked: Option<Rc<str>>,
    /// Where it ended early: with the token that it was issued under, or by an action that declares it.
    pub(crate) early_end: Option<EarlyEnd>,
}

impl Lifecycle {
    pub(crate) fn new(number: u64, role: Rc<str>, phase: Rc<str>) -> Self {
        Self {
            number,
            role,
            name: None,
            phase,
            lease: None,
            username: None,
            oid: None,
            steps: Vec::new(),
            reads: Vec::new(),
            probes: Vec::new(),
            missed: None,
            unlisted: None,
            track: None,
            not_revoked: None,
            early_end: None,
        }
    }

    pub(crate) fn add(&mut self, record: &OperationRecord, endpoint: Option<Rc<str>>) {
        self.lease = self.lease.take().or_else(|| record.lease.clone());
        self.username = self.username.take().or_else(|| record.username.clone());
        self.oid = self.oid.or(record.oid);
        self.name = self.name.take().or_else(|| record.lifecycle_name.as_deref().map(Rc::from));
        self.steps.push(Step {
            op: record.op,
            start: record.start,
            end: record.end,
            outcome: record.outcome.clone(),
            lease_seconds: record.lease_seconds,
            increment_seconds: record.increment_seconds,
            renewable: record.renewable,
            warned: !record.warnings.is_empty(),
            endpoint,
            standby: record.standby,
            query_failed: record.query_failed,
        });
    }

    /// The lifecycle's steps of one kind.
    pub(crate) fn steps_of(&self, op: Operation) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.op == op)
    }

    /// When the credential was asked for.
    pub(crate) fn asked_for(&self) -> Option<Micros> {
        self.steps_of(Operation::Issue).next().map(|step| step.start)
    }

    /// The issue, where it was answered with a credential.
    pub(crate) fn acknowledged(&self) -> Option<&Step> {
        self.steps_of(Operation::Issue).find(|step| step.is_ok())
    }

    /// The revocation, however it ended. One that came after the credential's early end revoked nothing.
    pub(crate) fn revocation(&self) -> Option<&Step> {
        self.steps_of(Operation::Revoke).find(|step| step.is_ok() || !self.outlived_its_early_end(step.start))
    }

    /// The moment from which the credential may be gone because its revocation was asked for, or it ended early.
    pub(crate) fn untouched_until(&self) -> Micros {
        let revoked = self.revocation().map_or(Micros(u64::MAX), |step| step.start);
        self.early_end.map_or(revoked, |end| revoked.min(end.from))
    }

    /// Whether it may have ended early by then.
    pub(crate) fn outlived_its_early_end(&self, at: Micros) -> bool {
        self.early_end.is_some_and(|end| at >= end.from)
    }

    /// The lease's end in force at some moment of the observation. None where it cannot be known: no acknowledged issue, a
    /// renewal without an answer, or one that was answered only after the lease that it renewed could have ended.
    pub(crate) fn term(&self, observation: ObservationTime) -> Option<Term> {
        let term = self.granted(observation)?;
        let end = self.early_end.filter(|end| observation.to >= end.from);
        Some(end.map_or(term, |end| end.cut(term, !self.may_outlive_its_early_end())))
    }

    /// The same, as if the credential had not ended early.
    fn granted(&self, observation: ObservationTime) -> Option<Term> {
        self.acknowledged()?;
        let is_grant = |step: &Step| matches!(step.op, Operation::Issue | Operation::Renew);
        let in_force = |step: &Step| is_grant(step) && step.is_ok() && step.end < observation.from;
        let first = self.steps.iter().rposition(in_force).unwrap_or(0);
        let mut term: Option<Term> = None;
        for (place, step) in self.steps.iter().enumerate().skip(first) {
            if !is_grant(step) || step.start > observation.to || self.is_refused_after_its_end(step) {
                continue;
            }
            match &step.outcome {
                Outcome::Ok if self.crosses_an_end(place) => return None,
                Outcome::Indeterminate { .. } | Outcome::Harness { .. } => return None,
                Outcome::Failed(_) => {}
                Outcome::Ok => {
                    let lease = step.lease_seconds?.saturating_mul(1_000_000);
                    let (earliest, latest) = (step.start.0.saturating_add(lease), step.end.0.saturating_add(lease));
                    let known = term.unwrap_or(Term { earliest: Micros(earliest), latest: Micros(latest) });
                    term = Some(Term {
                        earliest: known.earliest.min(Micros(earliest)),
                        latest: known.latest.max(Micros(latest)),
                    });
                }
            }
        }
        term
    }

    /// The end of its lease after all its renewals, as if it had not ended early.
    pub(crate) fn lease_end_without_early_end(&self) -> Option<Term> {
        self.granted(ObservationTime { from: Micros(u64::MAX), to: Micros(u64::MAX) })
    }

    /// Whether its issue may have been under way while it ended early. Vault ends the leases that it knows of then: one
    /// that it writes down a moment later stays until its own end (seen with Vault 1.21, a credential that was asked for
    /// 32 ms before its token was refused).
    pub(crate) fn may_outlive_its_early_end(&self) -> bool {
        self.acknowledged().is_some_and(|issue| self.outlived_its_early_end(issue.end))
    }

    /// Whether the step is a renewal after its early end, which prolonged nothing.
    fn is_refused_after_its_end(&self, step: &Step) -> bool {
        step.op == Operation::Renew && !step.is_ok() && self.outlived_its_early_end(step.start)
    }

    /// Whether the step of that place is a renewal that was acknowledged only after the lease that it renewed could
    /// have ended. Vault acknowledges it and lets the lease expire all the same where its timer came first: such a
    /// renewal was seen to be answered, and its role dropped 0.2 to 0.4 s later.
    fn crosses_an_end(&self, place: usize) -> bool {
        let step = &self.steps[place];
        let is_grant = |step: &&Step| matches!(step.op, Operation::Issue | Operation::Renew) && step.is_ok();
        let Some(renewed) = self.steps[..place].iter().rfind(is_grant) else { return false };
        let lease = renewed.lease_seconds.unwrap_or(0).saturating_mul(1_000_000);
        step.op == Operation::Renew && step.end.0 >= renewed.start.0.saturating_add(lease)
    }

    /// Whether any of its renewals crossed the end of the lease that it renewed, so that it is not known whether that
    /// lease went on.
    pub(crate) fn was_renewed_across_an_end(&self) -> bool {
        (0..self.steps.len()).any(|place| self.steps[place].is_ok() && self.crosses_an_end(place))
    }

    /// The lease's end after all its renewals.
    pub(crate) fn last_term(&self) -> Option<Term> {
        self.term(ObservationTime { from: Micros(u64::MAX), to: Micros(u64::MAX) })
    }

    /// Whether the credential was certainly in force during the whole observation: issued before it, its lease not ended and
    /// its revocation not begun after it.
    pub(crate) fn in_force(&self, observation: ObservationTime) -> bool {
        self.acknowledged().is_some_and(|issue| issue.end < observation.from) && self.not_ended(observation.to)
    }

    /// Whether neither the lease's end nor its revocation can have come by `at`.
    pub(crate) fn not_ended(&self, at: Micros) -> bool {
        at < self.untouched_until() && self.earliest_end(at).is_some_and(|earliest| at < earliest)
    }

    /// The earliest end of the lease in force at that moment. It can be known where [`Lifecycle::term`] cannot: a renewal
    /// without an answer was granted, and then from its sending on at the earliest, or it was not.
    fn earliest_end(&self, at: Micros) -> Option<Micros> {
        self.acknowledged()?;
        let is_grant = |step: &Step| matches!(step.op, Operation::Issue | Operation::Renew);
        let in_force = |step: &Step| is_grant(step) && step.is_ok() && step.end < at;
        let first = self.steps.iter().rposition(in_force).unwrap_or(0);
        let mut earliest: Option<Micros> = None;
        for (place, step) in self.steps.iter().enumerate().skip(first) {
            if !is_grant(step) || step.start > at || step.failure().is_some() {
                continue;
            }
            if self.crosses_an_end(place) {
                return None;
            }
            let seconds = if step.is_ok() { step.lease_seconds? } else { step.increment_seconds? };
            let end = Micros(step.start.0.saturating_add(seconds.saturating_mul(1_000_000)));
            earliest = Some(earliest.map_or(end, |known| known.min(end)));
        }
        earliest
    }

    /// That the observations of all roles no longer showed the role, or never did.
    pub(crate) fn gone(&self) -> Option<Gone> {
        let tracked = self.track.as_ref().filter(|track| track.appeared.is_some());
        match tracked {
            Some(track) => track.gone,
            None => self.missed.map(|observation| Gone { seen_from: None, observation }),
        }
    }

    /// Every reading of the role's VALID UNTIL, from observations of it alone and of all roles.
    pub(crate) fn valid_untils(&self) -> impl Iterator<Item = (ObservationTime, Option<UnixMicros>)> {
        let own = self.reads.iter().filter_map(|read| read.seen.map(|seen| (read.observation, seen)));
        own.chain(self.track.iter().flat_map(|track| track.valid_until.iter().copied()))
    }

    /// A finding on this lifecycle: what, and when.
    pub(crate) fn finding(&self, at: Micros, what: String) -> Finding {
        Finding {
            what,
            lease: self.lease.clone(),
            username: self.username.clone(),
            oid: self.oid,
            at: Some(at),
            ..Finding::default()
        }
    }

    /// The end of a sentence that says why its role still exists; empty where that is not known.
    pub(crate) fn why_not_revoked(&self) -> String {
        because(self.not_revoked.as_deref())
    }

    /// The credential's name in a sentence.
    pub(crate) fn name(&self) -> &str {
        self.username.as_ref().map_or("the credential", Username::as_str)
    }
}
