mod expect;
mod hint;
mod notes;
pub(crate) mod operator;
mod output;
mod script;
pub(crate) mod sql;
pub(crate) mod write;

use std::collections::BTreeMap;

use leaseproof_domain::{Event, ObservedNote, Outcome, Redactor, ServerNote, SetupRecord};
use leaseproof_history::Recorder;
use leaseproof_scenario::{Plan, SetupAction, SetupStep};
use leaseproof_vault::Answer;

use crate::launch::context::LaunchContext;
use crate::placeholders::Placeholders;
use crate::servers::cluster::Cluster;
use crate::{EnvironmentError, SetupError, SetupFault};

/// How a step of the setup failed.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    outcome: Outcome,
    /// Where in the script or file, where that is known.
    place: Option<String>,
    /// What servers said before.
    notes: Vec<ServerNote>,
}

/// What servers said to a step that was done, or why it was not done.
pub(crate) type Done = Result<Vec<ServerNote>, NotDone>;

/// Why a step was not done: a server or script said no, or it cannot be sent.
pub(crate) enum NotDone {
    Refused(Refusal),
    Unsendable(String),
}

impl NotDone {
    pub(crate) fn refused(outcome: Outcome) -> Self {
        Self::Refused(Refusal { outcome, place: None, notes: Vec::new() })
    }

    /// A step that cannot be sent because of that error, which may show that leaseproof itself ran out of something.
    pub(crate) fn because_of(error: &EnvironmentError) -> Self {
        match error.harness() {
            Some(fault) => Self::refused(Outcome::Harness { fault, why: error.to_string() }),
            None => Self::Unsendable(error.to_string()),
        }
    }
}

/// A text with the places of this environment.
pub(crate) fn filled(text: &str, placeholders: &Placeholders) -> Result<String, NotDone> {
    placeholders.fill(text).map_err(|why| NotDone::Unsendable(why.to_string()))
}

/// The steps that are done before Vault starts: where Vault keeps its data in PostgreSQL, the SQL at the beginning.
pub(crate) fn steps_before_vault(plan: &Plan) -> &[SetupStep] {
    let sql = |step: &&SetupStep| matches!(step.action, SetupAction::Sql { .. });
    let count = plan.setup.iter().take_while(sql).count();
    if plan.vault.postgresql.is_some() { &plan.setup[..count] } else { &[] }
}

/// Does those steps.
pub(crate) async fn before_vault(
    steps: &[SetupStep],
    clusters: &BTreeMap<String, Cluster>,
    placeholders: &Placeholders,
    context: &LaunchContext,
) -> Result<(), EnvironmentError> {
    for (number, step) in (1_u32..).zip(steps) {
        let superuser = |on: &str| clusters.get(on).map(sql::superuser);
        let doing = sql::run(&step.action, superuser, placeholders, &context.redactor);
        recorded(number, step, doing, context.recorder.as_ref(), &context.redactor).await.map_err(Box::new)?;
    }
    Ok(())
}

/// Does one step, judges how it ended, and records it.
pub(crate) async fn recorded(
    number: u32,
    step: &SetupStep,
    doing: impl Future<Output = Done>,
    recorder: Option<&Recorder>,
    redactor: &Redactor,
) -> Result<Vec<ObservedNote>, SetupError> {
    let now = || recorder.map(Recorder::now).unwrap_or_default();
    let start = now();
    let (notes, outcome, judged) = ended(number, step, doing.await, redactor);
    if let Some(recorder) = recorder {
        recorder.record(Event::Setup(SetupRecord {
            step: number,
            action: step.words(),
            origin: step.origin.clone(),
            start,
            end: now(),
            outcome,
            expected: judged.is_ok(),
            notes: notes.clone(),
        }));
    }
    judged.map(|()| notes::observed(step, notes))
}

/// What servers noted, how the step ended, and whether that is how the scenario expects it to end; all scrubbed.
pub(crate) fn ended(
    number: u32,
    step: &SetupStep,
    mut done: Done,
    redactor: &Redactor,
) -> (Vec<ServerNote>, Outcome, Result<(), SetupError>) {
    let notes = match &mut done {
        Ok(notes) | Err(NotDone::Refused(Refusal { notes, .. })) => std::mem::take(notes),
        Err(NotDone::Unsendable(_)) => Vec::new(),
    };
    let notes: Vec<ServerNote> = notes.into_iter().map(|note| note.map(|text| clean(step, redactor, text))).collect();
    let (outcome, judged) = judge(number, step, done.map(drop), &notes, redactor);
    (notes, outcome, judged)
}

/// How the step ended, scrubbed, and whether that is how the scenario expects it to end.
fn judge(
    number: u32,
    step: &SetupStep,
    done: Result<(), NotDone>,
    notes: &[ServerNote],
    redactor: &Redactor,
) -> (Outcome, Result<(), SetupError>) {
    let fail = |fault, words: String, hint| {
        let words = notes::with(&clean(step, redactor, &words), notes);
        Err(SetupError {
            step: number,
            origin: step.origin.clone(),
            action: step.words(),
            fault,
            words,
            hint,
            wrong: None,
            harness: None,
        })
    };
    let refusal = match done {
        Ok(()) => {
            let Some(expect) = &step.expect else { return (Outcome::Ok, notes::allowed(step, notes, fail)) };
            let words = format!("expected {}; it was done", expect::words(expect));
            return (Outcome::Ok, fail(SetupFault::NotAsExpected, words, None));
        }
        Err(NotDone::Unsendable(why)) => {
            let outcome = Outcome::Indeterminate { why: clean(step, redactor, &why) };
            return (outcome, fail(SetupFault::Unsendable, why, None));
        }
        Err(NotDone::Refused(refusal)) => refusal,
    };
    let outcome = refusal.outcome.clone().reworded(|text| clean(step, redactor, text));
    let place = refusal.place.as_deref().map(|place| format!("\n{place}")).unwrap_or_default();
    let words = format!("{}{place}", said(&refusal.outcome));
    if let Some(fault) = refusal.outcome.harness() {
        // No server was asked, so this is no failure that a scenario can expect.
        let failed = fail(SetupFault::Unanswered, words, None);
        return (outcome, failed.map_err(|error| SetupError { harness: Some(fault), ..error }));
    }
    let judged = match &step.expect {
        Some(expect) if expect::matches(expect, &refusal.outcome) => Ok(()),
        Some(expect) => {
            let words = format!("expected {}; it said {words}", expect::words(expect));
            fail(SetupFault::NotAsExpected, words, None)
        }
        None => {
            let script = matches!(step.action, SetupAction::Script { .. });
            let silent = !script && refusal.outcome.is_open();
            let fault = if silent { SetupFault::Unanswered } else { SetupFault::Rejected };
            fail(fault, words, hint::of(&step.action, &refusal.outcome))
        }
    };
    (outcome, judged)
}

/// What was said of a step, without secrets: the run's, and what may be one in the step itself.
fn clean(step: &SetupStep, redactor: &Redactor, text: &str) -> String {
    step.scrub(&redactor.scrub(text).text)
}

/// Vault's answer to a step.
pub(crate) fn answered(answer: Result<Answer, leaseproof_vault::Error>) -> Done {
    let answer = answer.map_err(|why| NotDone::refused(why.outcome()))?;
    Ok(answer.warnings.into_iter().map(ServerNote::vault).collect())
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok => "yes".to_owned(),
        Outcome::Failed(failure) => failure.to_string(),
        Outcome::Indeterminate { why } | Outcome::Harness { why, .. } => why.clone(),
    }
}
