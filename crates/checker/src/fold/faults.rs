use std::collections::BTreeMap;
use std::time::Duration;

use leaseproof_domain::{FaultFigures, FaultMark, FaultPoint, Micros, Operation, OperationRecord, Outcome};
use leaseproof_scenario::{FaultKind, FaultPlan};

use super::life::TokenEnd;

/// The plan's faults, as far as they came to pass, and what went wrong while each was felt.
pub(crate) struct Faults<'p> {
    faults: Vec<Fault<'p>>,
    /// What went wrong while none was felt.
    outside: Errors,
}

/// How many operations went wrong, by what they were and the code they ended with.
type Errors = BTreeMap<(Operation, String), u64>;

/// A fault. It is felt from its beginning until `recovers_within` after its healing.
pub(crate) struct Fault<'p> {
    pub(crate) number: u32,
    pub(crate) plan: &'p FaultPlan,
    pub(crate) begun: Option<Micros>,
    pub(crate) healed: Option<Micros>,
    steps: Vec<(Micros, String)>,
    /// Standbys that could not follow again, in words.
    pub(crate) standbys_lost: Vec<(Micros, String)>,
    /// The start of the last operation that went wrong.
    pub(crate) last_error: Option<Micros>,
    /// The start of the last issue that went wrong.
    last_refusal: Option<Micros>,
    /// The first credential acknowledged that was asked for after that: when it was asked for, and when it came.
    recovered: Option<(Micros, Micros)>,
    /// When the first credential was acknowledged that was asked for after the healing.
    pub(crate) issued: Option<Micros>,
    errors: Errors,
}

impl<'p> Faults<'p> {
    pub(crate) fn new(plans: &'p [FaultPlan]) -> Self {
        let faults = (1..).zip(plans).map(|(number, plan)| Fault {
            number,
            plan,
            begun: None,
            healed: None,
            steps: Vec::new(),
            standbys_lost: Vec::new(),
            last_error: None,
            last_refusal: None,
            recovered: None,
            issued: None,
            errors: Errors::new(),
        });
        Self { faults: faults.collect(), outside: Errors::new() }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Fault<'p>> {
        self.faults.iter()
    }

    pub(crate) fn mark(&mut self, mark: &FaultMark) {
        let Some(fault) = self.faults.iter_mut().find(|fault| fault.number == mark.fault) else { return };
        match mark.point {
            FaultPoint::Begins => fault.begun = Some(mark.at),
            FaultPoint::Healed => fault.healed = Some(mark.at),
            FaultPoint::Step => {}
            FaultPoint::StandbyLost => fault.standbys_lost.push((mark.at, mark.words.clone())),
        }
        if mark.point != FaultPoint::Begins {
            fault.steps.push((mark.at, mark.words.clone()));
        }
    }

    /// Whether any fault is felt at some moment of the span.
    pub(crate) fn felt(&self, from: Micros, to: Micros) -> bool {
        self.faults.iter().any(|fault| fault.is_felt(from, to))
    }

    /// The end of the token that a credential was issued under which was asked for then, as far as that came to pass.
    pub(crate) fn token_end(&self, asked_for: Micros) -> Option<TokenEnd> {
        let expiries = self.faults.iter().filter(|fault| fault.plan.kind == FaultKind::TokenExpiry);
        let mut under = expiries.filter(|fault| fault.healed.is_none_or(|healed| asked_for < healed));
        under.find_map(|fault| Some(TokenEnd { from: fault.begun?, by: fault.healed }))
    }

    /// Whether any fault began by then.
    pub(crate) fn begun_by(&self, at: Micros) -> bool {
        self.faults.iter().any(|fault| fault.begun.is_some_and(|begun| begun <= at))
    }

    /// Why an operation's failure is not judged: a fault is felt that may cause it.
    pub(crate) fn excuse(&self, record: &OperationRecord) -> Option<String> {
        let failure = record.outcome.failure()?;
        // A standby may lag, or be made anew, while a fault is felt: what it knows is not judged.
        let expects = |fault: &&Fault<'_>| record.standby || fault.plan.expect_errors.contains(&failure.code);
        let fault = self.faults.iter().filter(|fault| fault.is_felt(record.start, record.end)).find(expects)?;
        Some(format!("{} in the window of fault {} ({})", failure.code, fault.number, fault.plan.words()))
    }

    /// Takes in an operation as it ended.
    pub(crate) fn see(&mut self, record: &OperationRecord) {
        if !record.op.expects_success() || record.outcome.harness().is_some() {
            return;
        }
        let code = error(&record.outcome);
        let mut felt = self.faults.iter_mut().filter(|fault| fault.is_felt(record.start, record.end)).peekable();
        if let Some(code) = code.as_ref().filter(|_| felt.peek().is_none()) {
            *self.outside.entry((record.op, code.clone())).or_default() += 1;
        }
        felt.for_each(|fault| fault.see(record, code.as_deref()));
    }

    /// What went wrong while no fault was felt; nothing in a run that has none.
    pub(crate) fn errors_outside(&self) -> Vec<(Operation, String, u64)> {
        if self.faults.is_empty() { Vec::new() } else { listed(&self.outside) }
    }

    /// The moment by which what is due `within` a time after `at` has to have come: a fault that is felt meanwhile
    /// gives it that time anew, or as much as `more` says. None where such a fault was never healed.
    pub(crate) fn deadline(
        &self,
        at: Micros,
        within: Duration,
        more: impl Fn(&FaultPlan) -> Option<Duration>,
    ) -> Option<Micros> {
        let mut deadline = at.after(within);
        loop {
            let felt = self.faults.iter().filter(|fault| fault.is_felt(at, deadline));
            let anew = felt.map(|fault| Some(fault.over()?.after(more(fault.plan).unwrap_or(within))));
            let anew = anew.collect::<Option<Vec<Micros>>>()?.into_iter().max();
            let later = anew.map_or(deadline, |anew| anew.max(deadline));
            if later == deadline {
                return Some(deadline);
            }
            deadline = later;
        }
    }

    pub(crate) fn figures(&self) -> Vec<FaultFigures> {
        self.faults.iter().map(Fault::figures).collect()
    }
}

impl Fault<'_> {
    fn is_felt(&self, from: Micros, to: Micros) -> bool {
        self.begun.is_some_and(|begun| begun <= to) && self.over().is_none_or(|over| from <= over)
    }

    /// When it is felt no more; none while it is not healed.
    pub(crate) fn over(&self) -> Option<Micros> {
        self.healed.map(|healed| healed.after(self.plan.recovers_within.duration()))
    }

    /// When a credential was acknowledged that was asked for after the last issue that went wrong, or after its
    /// beginning.
    pub(crate) fn recovered(&self) -> Option<Micros> {
        self.recovered.map(|(_, end)| end)
    }

    fn see(&mut self, record: &OperationRecord, error: Option<&str>) {
        let Some(code) = error else {
            if record.op == Operation::Issue {
                self.issued(record);
            }
            return;
        };
        *self.errors.entry((record.op, code.to_owned())).or_default() += 1;
        self.last_error = self.last_error.max(Some(record.start));
        if record.op == Operation::Issue {
            self.last_refusal = self.last_refusal.max(Some(record.start));
            self.recovered = self.recovered.filter(|(start, _)| Some(*start) > self.last_refusal);
        }
    }

    fn issued(&mut self, record: &OperationRecord) {
        if self.recovered.is_none() && Some(record.start) > self.begun && Some(record.start) > self.last_refusal {
            self.recovered = Some((record.start, record.end));
        }
        if self.issued.is_none() && self.healed.is_some_and(|healed| record.start >= healed) {
            self.issued = Some(record.end);
        }
    }

    fn figures(&self) -> FaultFigures {
        let begun = self.begun.unwrap_or_default();
        let since = |at: Micros| at.0.saturating_sub(begun.0);
        FaultFigures {
            fault: self.number,
            what: self.plan.words(),
            begun: self.begun,
            steps: self.steps.iter().map(|(at, words)| (since(*at), words.clone())).collect(),
            last_error: self.last_error.map(since),
            recovered: self.recovered().map(since),
            errors: listed(&self.errors),
        }
    }
}

/// The code that an operation ended with which went wrong.
fn error(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Ok | Outcome::Harness { .. } => None,
        Outcome::Failed(failure) => Some(failure.code.clone()),
        Outcome::Indeterminate { .. } => Some("no answer".to_owned()),
    }
}

fn listed(errors: &Errors) -> Vec<(Operation, String, u64)> {
    errors.iter().map(|((op, code), count)| (*op, code.clone(), *count)).collect()
}
