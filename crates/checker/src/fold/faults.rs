use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use leaseproof_domain::{
    ActionMark, CauseFault, FaultFigures, FaultMark, FaultPoint, Micros, Operation, OperationRecord, Outcome,
};
use leaseproof_scenario::{ActionPlan, FaultKind, FaultPlan, healed_by};

use super::lifecycle::{EarlyEnd, EndedBy};
use super::source::Source;
use crate::spans::Span;

/// How long after the start of a failed operation an action may have begun that met it.
pub(crate) const MET: Duration = Duration::from_secs(1);

/// The plan's faults and the windows that its actions declare, as far as they came to pass, and what went wrong while
/// each had an open window.
pub(crate) struct Faults<'p> {
    actions: &'p [ActionPlan],
    faults: Vec<Fault<'p>>,
    /// What went wrong outside their windows.
    outside: Errors,
}

/// How many operations went wrong, by what they were and the code they ended with.
type Errors = BTreeMap<(Operation, String), u64>;

/// A fault, or an action's window. Its window lasts from its beginning until `recovers_within` after its healing.
pub(crate) struct Fault<'p> {
    pub(crate) number: u32,
    pub(crate) source: Source<'p>,
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
    /// The end of the last request for a credential that was sent after the healing, however it ended.
    pub(crate) tried: Option<Micros>,
    /// When the first credential was due after the healing.
    pub(crate) due: Option<Micros>,
    /// When the first credential was acknowledged that was asked for after the healing.
    pub(crate) issued: Option<Micros>,
    errors: Errors,
}

impl<'p> Faults<'p> {
    pub(crate) fn new(plans: &'p [FaultPlan], actions: &'p [ActionPlan]) -> Self {
        let new = |number, source| Fault {
            number,
            source,
            begun: None,
            healed: None,
            steps: Vec::new(),
            standbys_lost: Vec::new(),
            last_error: None,
            last_refusal: None,
            recovered: None,
            tried: None,
            due: None,
            issued: None,
            errors: Errors::new(),
        };
        let faults = (1..).zip(plans).map(|(number, plan)| new(number, Source::Fault(plan)));
        let windows = (1..).zip(actions).filter(|(_, plan)| !plan.affects.is_empty());
        let windows = windows.map(|(number, plan)| new(number, Source::Action(plan)));
        Self { actions, faults: faults.chain(windows).collect(), outside: Errors::new() }
    }

    /// The faults, and the windows of actions.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Fault<'p>> + Clone {
        self.faults.iter()
    }

    /// The windows of actions.
    pub(crate) fn windows(&self) -> impl Iterator<Item = &Fault<'p>> + Clone {
        self.iter().filter(|fault| fault.source.fault().is_none())
    }

    /// The faults that strike servers.
    pub(crate) fn struck(&self) -> impl Iterator<Item = &Fault<'p>> {
        self.iter().filter(|fault| fault.source.fault().is_some())
    }

    pub(crate) fn mark(&mut self, mark: &FaultMark) {
        let is_it = |fault: &&mut Fault<'p>| fault.number == mark.fault && fault.source.fault().is_some();
        let Some(fault) = self.faults.iter_mut().find(is_it) else { return };
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

    /// An action's window begins with it, and is healed by the end of the action that it names.
    pub(crate) fn mark_action(&mut self, mark: &ActionMark) {
        let healed: Vec<u32> = healed_by(self.actions, mark.action).collect();
        for window in self.faults.iter_mut().filter(|fault| fault.source.fault().is_none()) {
            if mark.end.is_none() && window.number == mark.action {
                window.begun = Some(mark.at);
            } else if mark.end.is_some() && healed.contains(&window.number) {
                window.healed = Some(mark.at);
            }
        }
    }

    /// Whether a fault window is open at some moment of the span, which may affect anything.
    pub(crate) fn in_window(&self, from: Micros, to: Micros) -> bool {
        self.struck().any(|fault| fault.is_in_window(from, to))
    }

    /// Whether a fault window is open, or an action's window is open, at some moment of the span.
    pub(crate) fn in_any_window(&self, from: Micros, to: Micros) -> bool {
        self.iter().any(|fault| fault.is_in_window(from, to))
    }

    /// Whether a fault or an action may make that operation fail at some moment of the span.
    pub(crate) fn in_window_of(&self, op: Operation, from: Micros, to: Micros) -> bool {
        self.iter().any(|fault| fault.source.affects(op) && fault.is_in_window(from, to))
    }

    /// The end of the token that a credential was issued under which was asked for then, as far as that came to pass.
    pub(crate) fn token_end(&self, asked_for: Micros) -> Option<EarlyEnd> {
        let is_expiry = |plan: &FaultPlan| plan.kind == FaultKind::TokenExpiry;
        let expiries = self.iter().filter(|fault| fault.source.fault().is_some_and(is_expiry));
        let mut under = expiries.filter(|fault| fault.healed.is_none_or(|healed| asked_for < healed));
        under.find_map(|fault| Some(EarlyEnd { from: fault.begun?, by: fault.healed, of: EndedBy::Token }))
    }

    /// Whether any fault began by then.
    pub(crate) fn begun_by(&self, at: Micros) -> bool {
        self.struck().any(|fault| fault.begun.is_some_and(|begun| begun <= at))
    }

    /// Why an operation's failure is not judged: a fault window is open, or an action's window is open, that may cause it.
    pub(crate) fn excuse(&self, record: &OperationRecord) -> Option<String> {
        let failure = record.outcome.failure()?;
        // A standby may lag, or be made anew, while a fault window is open: what it knows is not judged.
        let expects = |fault: &&Fault<'_>| {
            let standby = record.standby && fault.source.fault().is_some();
            fault.source.affects(record.op) && (standby || fault.source.expects(&failure.code))
        };
        let fault = self.iter().filter(|fault| fault.is_in_window(record.start, record.end)).find(expects)?;
        Some(format!("{} in the window of {}", failure.code, fault.words()))
    }

    /// Takes in an operation as it ended.
    pub(crate) fn see(&mut self, record: &OperationRecord) {
        if !record.op.expects_success() || record.outcome.harness().is_some() {
            return;
        }
        if record.op == Operation::Issue {
            self.due(record.start, record.end);
            if record.outcome.is_ok() {
                self.faults.iter_mut().for_each(|fault| fault.issued_after_healing(record));
            }
        }
        let code = error(&record.outcome);
        let is_in_window =
            |fault: &&mut Fault<'p>| fault.source.affects(record.op) && fault.is_in_window(record.start, record.end);
        let mut open = self.faults.iter_mut().filter(is_in_window).peekable();
        if let Some(code) = code.as_ref().filter(|_| open.peek().is_none()) {
            *self.outside.entry((record.op, code.clone())).or_default() += 1;
        }
        open.for_each(|fault| fault.see(record, code.as_deref()));
    }

    /// A credential was due then, and its request ended at that moment; one that was dropped ended when it was due.
    pub(crate) fn due(&mut self, at: Micros, end: Micros) {
        let open: Vec<usize> =
            (0..self.faults.len()).filter(|place| self.faults[*place].is_in_window(at, at)).collect();
        for (place, fault) in self.faults.iter_mut().enumerate() {
            // In the window of another one, that one may be the reason why it is not issued.
            let of_another = open.iter().any(|other| *other != place);
            if !of_another && fault.healed.is_some_and(|healed| healed <= at) {
                fault.due = Some(fault.due.map_or(at, |first| first.min(at)));
                fault.tried = fault.tried.max(Some(end));
            }
        }
    }

    /// The fault in whose window a cause begins, and those of the codes that it does not expect.
    pub(crate) fn of_cause(&self, at: Micros, codes: &BTreeSet<String>) -> Option<CauseFault> {
        // The operation that failed may have begun before it.
        let fault = self.struck().find(|fault| fault.is_in_window(at, at.after(MET)))?;
        let plan = fault.source.fault()?;
        Some(CauseFault {
            fault: fault.number,
            what: plan.words(),
            at: fault.begun?,
            origin: plan.origin.clone(),
            not_expected: codes.iter().filter(|code| !fault.source.expects(code)).cloned().collect(),
        })
    }

    /// What went wrong while no fault window was open; nothing in a run that has none.
    pub(crate) fn errors_outside(&self) -> Vec<(Operation, String, u64)> {
        if self.faults.is_empty() { Vec::new() } else { listed(&self.outside) }
    }

    /// The moment by which what is due `within` a time after `at` has to have come: a fault window that is open meanwhile, or an
    /// action's window that affects `op`, gives it that time anew, or as much as `more` says. None where such a one was
    /// never healed.
    pub(crate) fn deadline(
        &self,
        at: Micros,
        within: Duration,
        op: Operation,
        more: impl Fn(Source<'p>) -> Option<Duration>,
    ) -> Option<Micros> {
        let mut deadline = at.after(within);
        loop {
            let open = self.iter().filter(|fault| fault.source.affects(op) && fault.is_in_window(at, deadline));
            let anew = open.map(|fault| Some(fault.over()?.after(more(fault.source).unwrap_or(within))));
            let anew = anew.collect::<Option<Vec<Micros>>>()?.into_iter().max();
            let later = anew.map_or(deadline, |anew| anew.max(deadline));
            if later == deadline {
                return Some(deadline);
            }
            deadline = later;
        }
    }

    pub(crate) fn figures(&self) -> Vec<FaultFigures> {
        self.iter().filter_map(Fault::figures).collect()
    }
}

impl Fault<'_> {
    fn is_in_window(&self, from: Micros, to: Micros) -> bool {
        self.begun.is_some_and(|begun| begun <= to) && self.over().is_none_or(|over| from <= over)
    }

    /// Its window, if it began; one that is not healed has no end.
    pub(crate) fn span(&self) -> Option<Span> {
        Some((self.begun?, self.over().unwrap_or(Micros(u64::MAX))))
    }

    /// The end of its window; none while it is not healed.
    pub(crate) fn over(&self) -> Option<Micros> {
        self.healed.map(|healed| healed.after(self.source.recovers_within().duration()))
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
    }

    fn issued_after_healing(&mut self, record: &OperationRecord) {
        if self.healed.is_some_and(|healed| record.start >= healed) {
            self.issued = Some(self.issued.map_or(record.end, |first| first.min(record.end)));
        }
    }

    /// It in a sentence, with its number.
    pub(crate) fn words(&self) -> String {
        self.source.words(self.number)
    }

    /// What went wrong in its window.
    pub(crate) fn errors(&self) -> Vec<(Operation, String, u64)> {
        listed(&self.errors)
    }

    fn figures(&self) -> Option<FaultFigures> {
        let plan = self.source.fault()?;
        let begun = self.begun.unwrap_or_default();
        let since = |at: Micros| at.0.saturating_sub(begun.0);
        Some(FaultFigures {
            fault: self.number,
            what: plan.words(),
            begun: self.begun,
            steps: self.steps.iter().map(|(at, words)| (since(*at), words.clone())).collect(),
            last_error: self.last_error.map(since),
            recovered: self.recovered().map(since),
            errors: self.errors(),
        })
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
