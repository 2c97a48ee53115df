mod expect;
mod hint;
mod script;
mod sql;
mod write;

use leaseproof_domain::{Event, Failure, Micros, Outcome, SetupRecord};
use leaseproof_history::Recorder;
use leaseproof_scenario::{Plan, SetupAction, SetupStep};

use crate::{Estate, SetupError, SetupFault};

/// How a step of the set-up failed.
#[derive(Clone, Debug)]
struct Refusal {
    outcome: Outcome,
    /// Where in the script or file, where that is known.
    place: Option<String>,
}

/// Why a step was not done: a server or script said no, or it cannot be sent.
enum NotDone {
    Refused(Refusal),
    Unsendable(String),
}

impl NotDone {
    fn refused(outcome: Outcome) -> Self {
        Self::Refused(Refusal { outcome, place: None })
    }
}

impl Estate {
    /// Does the plan's set-up, step by step, and records each.
    ///
    /// # Errors
    /// [`SetupError`] for the first step that does not end as the scenario expects; the steps after it are not done.
    pub async fn set_up(&self, plan: &Plan, recorder: Option<&Recorder>) -> Result<(), SetupError> {
        let now = || recorder.map(Recorder::now).unwrap_or_default();
        for (number, step) in (1_u32..).zip(&plan.setup) {
            let start = now();
            let done = self.step(number, &step.action).await;
            let (outcome, judged) = self.judge(number, step, done);
            if let Some(recorder) = recorder {
                let expected = judged.is_ok();
                recorder.record(Event::Setup(record(number, step, (start, now()), outcome, expected)));
            }
            judged?;
        }
        Ok(())
    }

    async fn step(&self, number: u32, action: &SetupAction) -> Result<(), NotDone> {
        let vault = self.vault();
        let answered = |done: Result<(), leaseproof_vault::Error>| done.map_err(|why| NotDone::refused(why.outcome()));
        match action {
            SetupAction::Sql { file, text, on, database, user, password } => {
                let account = user.as_deref().map(|user| (user, password.as_ref()));
                self.sql(file.as_deref(), text, (on, database), account).await
            }
            SetupAction::Enable { engine, path } => answered(vault.enable_engine(path, engine).await),
            SetupAction::Write { path, data } => self.write(path, data).await,
            SetupAction::Policy { name, rules } => answered(vault.write_policy(name, rules).await),
            SetupAction::Script { text, .. } => self.script(number, text).await,
        }
    }

    /// How the step ended, scrubbed, and whether that is how the scenario expects it to end.
    fn judge(&self, number: u32, step: &SetupStep, done: Result<(), NotDone>) -> (Outcome, Result<(), SetupError>) {
        let fail = |fault, words: String, hint| {
            let words = self.site.redactor.scrub(&words).text;
            Err(SetupError {
                step: number,
                origin: step.origin.clone(),
                action: words_of(&step.action),
                fault,
                words,
                hint,
            })
        };
        let refusal = match done {
            Ok(()) => {
                let Some(expect) = &step.expect else { return (Outcome::Ok, Ok(())) };
                let words = format!("expected {}; it was done", expect::words(expect));
                return (Outcome::Ok, fail(SetupFault::NotAsExpected, words, None));
            }
            Err(NotDone::Unsendable(why)) => {
                let outcome = Outcome::Indeterminate { why: self.site.redactor.scrub(&why).text };
                return (outcome, fail(SetupFault::Unsendable, why, None));
            }
            Err(NotDone::Refused(refusal)) => refusal,
        };
        let outcome = self.scrubbed(&refusal.outcome);
        let place = refusal.place.as_deref().map(|place| format!("\n{place}")).unwrap_or_default();
        let words = format!("{}{place}", said(&refusal.outcome));
        let judged = match &step.expect {
            Some(expect) if expect::matches(expect, &refusal.outcome) => Ok(()),
            Some(expect) => {
                let words = format!("expected {}; it said {words}", expect::words(expect));
                fail(SetupFault::NotAsExpected, words, None)
            }
            None => {
                let script = matches!(step.action, SetupAction::Script { .. });
                let silent = !script && matches!(refusal.outcome, Outcome::Indeterminate { .. });
                let fault = if silent { SetupFault::Unanswered } else { SetupFault::Rejected };
                fail(fault, words, hint::of(&step.action, &refusal.outcome))
            }
        };
        (outcome, judged)
    }

    fn scrubbed(&self, outcome: &Outcome) -> Outcome {
        let scrub = |text: &str| self.site.redactor.scrub(text).text;
        match outcome {
            Outcome::Ok => Outcome::Ok,
            Outcome::Failed(failure) => {
                Outcome::Failed(Failure { message: scrub(&failure.message), ..failure.clone() })
            }
            Outcome::Indeterminate { why } => Outcome::Indeterminate { why: scrub(why) },
        }
    }
}

fn record(step: u32, of: &SetupStep, (start, end): (Micros, Micros), outcome: Outcome, expected: bool) -> SetupRecord {
    SetupRecord { step, action: words_of(&of.action), origin: of.origin.clone(), start, end, outcome, expected }
}

/// What a step does, in a few words.
fn words_of(action: &SetupAction) -> String {
    match action {
        SetupAction::Sql { file, on, database, .. } => {
            format!("sql {} on postgres.{on}, database {database}", file.as_deref().unwrap_or("statement"))
        }
        SetupAction::Enable { engine, path } => format!("enable {engine} at {path}"),
        SetupAction::Write { path, .. } => format!("write {path}"),
        SetupAction::Policy { name, .. } => format!("policy {name}"),
        SetupAction::Script { file, .. } => format!("script {}", file.as_deref().unwrap_or("in the scenario")),
    }
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok => "yes".to_owned(),
        Outcome::Failed(failure) => failure.to_string(),
        Outcome::Indeterminate { why } => why.clone(),
    }
}
