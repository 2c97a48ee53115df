//! Detects repeated failures: if every credential fails in the same way, further ones show nothing new.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use leaseproof_checker::GeneratedNames;
use leaseproof_domain::{
    ActionMark, Event, Failure, FailureSource, FaultMark, FaultPoint, Micros, Operation, OperationRecord,
};
use leaseproof_history::Recorder;
use leaseproof_scenario::{EnvironmentKind, Plan, healed_by, numbered};
use tokio_util::sync::CancellationToken;

use crate::stop::Stop;

/// How many consecutive credentials must fail in the same way before the load is ended.
const IN_A_ROW: u64 = 10;
/// How many consecutive revocations may fail in the same way in an environment of others: each leaves a role there.
const REVOCATIONS_IN_A_ROW: u64 = 3;
/// Words of at least this length are treated as generated names: Vault's usernames and lease ids have 20 and 24 random
/// characters.
const INVENTED: usize = 16;
/// How soon a login must work if the scenario promises no time.
const USABLE_WITHIN: Duration = Duration::from_secs(1);
/// SQLSTATE classes of temporary errors: lost connections, conflicts, exhausted resources, a server that shuts down.
const PASSING_CLASSES: [&str; 5] = ["08", "40", "53", "55", "57"];
/// HTTP statuses of temporary errors: not replicated yet, a quota, a gateway, a sealed or a standby node.
const PASSING_STATUS: [&str; 6] = ["412", "429", "472", "502", "503", "504"];

/// Ends a load in which the same failure repeats: of issues and of first logins, and in an environment of others also of
/// revocations.
pub(crate) struct Repeated {
    why: Arc<OnceLock<String>>,
}

impl Repeated {
    /// Watches the recorded events from now on, and cancels the load once a failure of the same kind is consecutive too often.
    pub(crate) fn watch(plan: &Plan, recorder: &Recorder, load: &CancellationToken) -> Self {
        let why = Arc::new(OnceLock::new());
        let (reported, load, tally) = (Arc::clone(&why), load.clone(), Mutex::new(Tally::new(plan)));
        recorder.stream().subscribe(move |event| {
            let words = tally.lock().unwrap_or_else(PoisonError::into_inner).see(event);
            if let Some(words) = words {
                let _first = reported.set(words);
                load.cancel();
            }
        });
        Self { why }
    }

    /// A watcher that never ends the load.
    pub(crate) fn never() -> Self {
        Self { why: Arc::default() }
    }

    /// The reason why the load was ended, if it was ended for this.
    pub(crate) fn stopped(&self) -> Option<Stop> {
        self.why.get().cloned().map(Stop::Repeated)
    }
}

/// Consecutive failures by operation.
struct Tally {
    plan: Plan,
    usable_within: Duration,
    /// Faults that began, with the end of their windows after they are healed.
    windows: BTreeMap<u32, Option<Micros>>,
    /// The windows of the actions that began, like those of faults.
    open: BTreeMap<u32, Option<Micros>>,
    /// Operations whose failure is a declared known issue.
    declared: BTreeSet<Operation>,
    /// Credentials without a successful login yet, with the time of their issue.
    fresh: BTreeMap<u64, Micros>,
    rows: BTreeMap<Operation, Row>,
    names: GeneratedNames,
}

/// A failure that repeats.
struct Row {
    pattern: String,
    first: Failure,
    since: Micros,
    times: u64,
}

impl Tally {
    fn new(plan: &Plan) -> Self {
        let declares = |checks: &[&str]| plan.known_issues.iter().any(|known| checks.contains(&known.check.as_str()));
        let declared = [
            (Operation::Issue, declares(&["ISS-1", "ISS-2", "POL-1"])),
            (Operation::Login, declares(&["LOG-1", "INV-1", "INV-5"])),
            (Operation::Revoke, declares(&["REV-1", "RUN-2"])),
        ];
        Self {
            plan: plan.clone(),
            usable_within: plan.promise.usable_within.as_ref().map_or(USABLE_WITHIN, |said| said.value.duration()),
            windows: BTreeMap::new(),
            open: BTreeMap::new(),
            declared: declared.into_iter().filter_map(|(op, declared)| declared.then_some(op)).collect(),
            fresh: BTreeMap::new(),
            rows: BTreeMap::new(),
            names: GeneratedNames::of(plan),
        }
    }

    /// Returns the reason to end the load, if there is one.
    fn see(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Fault(mark) => self.fault(mark),
            Event::Action(mark) => self.action(mark),
            Event::Operation(record) if record.lifecycle > 0 => return self.operation(record),
            _ => {}
        }
        None
    }

    fn fault(&mut self, mark: &FaultMark) {
        let within = numbered(&self.plan.faults, mark.fault).map(|fault| fault.recovers_within.duration());
        let until = match mark.point {
            FaultPoint::Begins => None,
            FaultPoint::Healed => Some(mark.at.after(within.unwrap_or_default())),
            _ => return,
        };
        self.windows.insert(mark.fault, until);
    }

    fn action(&mut self, mark: &ActionMark) {
        if mark.end.is_none() {
            self.open.insert(mark.action, None);
            return;
        }
        for healed in healed_by(&self.plan.actions, mark.action) {
            if let (Some(window), Some(action)) = (self.open.get_mut(&healed), numbered(&self.plan.actions, healed)) {
                *window = Some(mark.at.after(action.recovers_within.duration()));
            }
        }
    }

    fn is_in_window(&self, op: Operation, at: Micros) -> bool {
        let open = self.open.iter().filter_map(|(number, until)| {
            numbered(&self.plan.actions, *number).is_some_and(|action| action.affects(op)).then_some(until)
        });
        self.windows.values().chain(open).any(|until| until.is_none_or(|until| at <= until))
    }

    /// How many consecutive failures of an operation end the load; none where it does not end for them.
    fn limit(&self, op: Operation) -> Option<u64> {
        match op {
            Operation::Issue | Operation::Login => Some(IN_A_ROW),
            // What an action has ended cannot be revoked.
            Operation::Revoke if self.plan.environment == EnvironmentKind::Attached => {
                let none_ended = self.plan.actions.iter().all(|action| action.ends_leases_of.is_empty());
                none_ended.then_some(REVOCATIONS_IN_A_ROW)
            }
            _ => None,
        }
    }

    fn operation(&mut self, record: &OperationRecord) -> Option<String> {
        let op = record.op;
        self.limit(op)?;
        if record.outcome.is_ok() {
            self.rows.remove(&op);
            match op {
                Operation::Issue => drop(self.fresh.insert(record.lifecycle, record.end)),
                Operation::Login => drop(self.fresh.remove(&record.lifecycle)),
                _ => {}
            }
            return None;
        }
        if self.is_in_window(op, record.end) {
            self.rows.remove(&op);
            return None;
        }
        let failure = record.outcome.failure().filter(|failure| lasts(failure) && !self.declared.contains(&op))?;
        if op == Operation::Login {
            // A first login is tried again until it works: it has failed once the promised time is over.
            let issued = *self.fresh.get(&record.lifecycle)?;
            if record.start < issued.after(self.usable_within) {
                return None;
            }
            self.fresh.remove(&record.lifecycle);
        }
        self.count(record, failure)
    }

    /// The common part of failures of one kind: their messages without generated names.
    fn kind(&self, failure: &Failure) -> String {
        let words = self.names.without_details(&failure.to_string());
        let parts = words.split(|c: char| !c.is_alphanumeric());
        parts.filter(|part| part.len() < INVENTED).collect::<Vec<_>>().join(" ")
    }

    fn count(&mut self, record: &OperationRecord, failure: &Failure) -> Option<String> {
        let limit = self.limit(record.op)?;
        let pattern = self.kind(failure);
        let row = self.rows.entry(record.op).or_insert_with(|| Row::new(&pattern, failure, record.start));
        if row.pattern != pattern {
            *row = Row::new(&pattern, failure, record.start);
        }
        row.times += 1;
        (row.times == limit).then(|| {
            let wrong = self.plan.wrong_key(&row.first.message, None);
            let wrong = wrong.map(|wrong| format!("\n{}: {wrong}", wrong.origin)).unwrap_or_default();
            let why = match record.op {
                Operation::Revoke => "every failed revocation leaves a role in an environment of others",
                _ => "more of it would show nothing new",
            };
            format!(
                "{} failed {limit} consecutive times with the same error, since {}: {}{wrong}\nthe load was ended because \
                 {why}; --keep-going runs it completely",
                words(record.op),
                row.since,
                row.first
            )
        })
    }
}

impl Row {
    fn new(pattern: &str, first: &Failure, since: Micros) -> Self {
        Self { pattern: pattern.to_owned(), first: first.clone(), since, times: 0 }
    }
}

/// Whether a failure is permanent until the setup changes, and not an effect of the load or of an unavailable server.
fn lasts(failure: &Failure) -> bool {
    let passing = |code: &str| PASSING_CLASSES.iter().any(|class| code.starts_with(class));
    match failure.source {
        FailureSource::Postgres => !passing(&failure.code),
        FailureSource::Vault => {
            let inner = failure.message.split("SQLSTATE ").skip(1);
            let away = ["deadline exceeded", "connection refused", "connection reset", "EOF"];
            !PASSING_STATUS.contains(&failure.code.as_str())
                && !inner.into_iter().any(passing)
                && !away.iter().any(|words| failure.message.contains(words))
        }
    }
}

fn words(op: Operation) -> &'static str {
    match op {
        Operation::Issue => "issuing a credential",
        Operation::Revoke => "the revocation of a credential",
        _ => "the first login of a credential",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use leaseproof_domain::{
        CheckId, Event, Failure, FailureSource, FaultMark, FaultPoint, Micros, Operation, OperationRecord, Origin,
        Outcome, Span,
    };
    use leaseproof_scenario::{EnvironmentKind, KnownIssuePlan, LoadOptions, Plan};

    use super::Tally;

    const S: u64 = 1_000_000;

    fn plan() -> Plan {
        scenario("powerdns")
    }

    fn scenario(name: &str) -> Plan {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios")).join(name);
        leaseproof_scenario::load(&path, &LoadOptions::default()).unwrap()
    }

    fn done(lifecycle: u64, op: Operation, start: u64, outcome: Outcome) -> Event {
        let span = Span { intended: Micros(start), start: Micros(start), end: Micros(start + 1_000) };
        Event::Operation(OperationRecord::new(lifecycle, "app", "steady", op, span, outcome))
    }

    fn failed(source: FailureSource, code: &str, message: String) -> Outcome {
        Outcome::Failed(Failure { source, code: code.into(), message })
    }

    fn rejected(lifecycle: u64, code: &str, message: &str) -> Event {
        let message = format!("role \"v-token-app-{lifecycle:0>20}-170000000{lifecycle}\": {message}");
        done(lifecycle, Operation::Issue, lifecycle * S, failed(FailureSource::Vault, code, message))
    }

    /// At which of the events the load is ended.
    fn ended(plan: &Plan, events: impl IntoIterator<Item = Event>) -> Option<usize> {
        let mut tally = Tally::new(plan);
        events.into_iter().position(|event| tally.see(&event).is_some())
    }

    #[test]
    fn the_same_failure_ten_times_in_a_row_ends_the_load() {
        let plan = plan();
        let row = |code: &'static str, message: &'static str| {
            (0..12).map(move |lifecycle| rejected(lifecycle + 1, code, message))
        };
        assert_eq!(ended(&plan, row("500", "syntax error (SQLSTATE 42601)")), Some(9));
        // One that worked in between begins the row anew; so does another failure.
        for other in [done(99, Operation::Issue, S, Outcome::Ok), rejected(99, "403", "permission denied")] {
            let broken = row("500", "syntax error (SQLSTATE 42601)").enumerate();
            let events =
                broken.flat_map(|(place, event)| (place == 4).then(|| other.clone()).into_iter().chain([event]));
            assert_eq!(ended(&plan, events), None);
        }
        // What comes from load, or from a server that is away, passes.
        for (code, message) in [
            ("500", "remaining connection slots are reserved (SQLSTATE 53300)"),
            ("500", "context deadline exceeded"),
            ("429", "request path \"database/creds/app\": rate limit quota exceeded"),
            ("503", "Vault is sealed"),
        ] {
            assert_eq!(ended(&plan, row(code, message)), None, "{code} {message}");
        }
    }

    #[test]
    fn revocations_end_a_load_in_an_environment_of_others_only() {
        let mut plan = plan();
        let failing = |lifecycle: u64| {
            let words =
                "failed to revoke entry: permission denied for sequence orders_id_seq (SQLSTATE 42501)".to_owned();
            done(lifecycle, Operation::Revoke, lifecycle * S, failed(FailureSource::Vault, "400", words))
        };
        assert_eq!(ended(&plan, (1..=12).map(failing)), None);
        plan.environment = EnvironmentKind::Attached;
        assert_eq!(ended(&plan, (1..=12).map(failing)), Some(2));
        let with_one_that_works = [failing(1), failing(2), done(3, Operation::Revoke, 3 * S, Outcome::Ok), failing(4)];
        assert_eq!(ended(&plan, with_one_that_works), None);
        let mut tally = Tally::new(&plan);
        let words = (1..=3).find_map(|lifecycle| tally.see(&failing(lifecycle))).unwrap();
        assert!(words.starts_with("the revocation of a credential failed 3 consecutive times"), "{words}");
        // What an action ends cannot be revoked.
        plan.actions = scenario("mount-disabled").actions;
        assert_eq!(ended(&plan, (1..=12).map(failing)), None);
    }

    #[test]
    fn the_words_say_what_since_when_and_how_to_go_on() {
        let mut tally = Tally::new(&plan());
        let words = (1..=10).find_map(|lifecycle| tally.see(&rejected(lifecycle, "500", "syntax error"))).unwrap();
        assert!(
            words.starts_with("issuing a credential failed 10 consecutive times with the same error, since 1.000 s"),
            "{words}"
        );
        assert!(words.contains("HTTP 500: role") && words.contains("--keep-going"), "{words}");
    }

    #[test]
    fn a_login_counts_once_its_credential_should_have_worked() {
        let plan = plan();
        let refused = |lifecycle, at| {
            done(lifecycle, Operation::Login, at, failed(FailureSource::Postgres, "28P01", "no entry".to_owned()))
        };
        // Ten tries of one credential are one failure.
        let tries = (0..40).map(|number| refused(1, S + number * S / 10));
        assert_eq!(ended(&plan, [done(1, Operation::Issue, S, Outcome::Ok)].into_iter().chain(tries)), None);
        let lifecycles = |after: u64| {
            (1..=12).flat_map(move |lifecycle| {
                [
                    done(lifecycle, Operation::Issue, lifecycle * S, Outcome::Ok),
                    refused(lifecycle, lifecycle * S + after),
                ]
            })
        };
        assert_eq!(ended(&plan, lifecycles(2 * S)), Some(19));
        // A standby that does not know them yet.
        assert_eq!(ended(&plan, lifecycles(S / 10)), None);
    }

    #[test]
    fn what_a_fault_may_cause_or_the_scenario_declares_ends_nothing() {
        let row = || (0..12).map(|lifecycle| rejected(lifecycle + 1, "500", "syntax error"));
        let mark = |point| Event::Fault(FaultMark { fault: 1, point, at: Micros(0), words: "so".into() });
        let plan = plan();
        assert_eq!(ended(&plan, [mark(FaultPoint::Begins)].into_iter().chain(row())), None);
        // It is healed and its window is over.
        let healed = [mark(FaultPoint::Begins), mark(FaultPoint::Healed)];
        assert_eq!(ended(&plan, healed.into_iter().chain(row())), Some(11));
        let mut declared = plan.clone();
        let origin = Origin { file: "scenario.toml".into(), line: 1, column: 1 };
        let (role, evidence, because) = (None, None, "so".to_owned());
        declared.known_issues.push(KnownIssuePlan { check: CheckId::of("ISS-1"), role, evidence, because, origin });
        assert_eq!(ended(&declared, row()), None);
    }
}
