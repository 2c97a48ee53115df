mod expect;
mod hint;
mod replication;
mod script;
pub(crate) mod sql;
pub(crate) mod write;

use std::collections::BTreeMap;

use leaseproof_domain::{Event, Micros, Outcome, Redactor, SetupRecord};
use leaseproof_history::Recorder;
use leaseproof_scenario::{Plan, SetupAction, SetupStep};

use crate::cluster::Cluster;
use crate::placeholders::Placeholders;
use crate::site::Site;
use crate::{Estate, EstateError, SetupError, SetupFault};

/// How a step of the set-up failed.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    outcome: Outcome,
    /// Where in the script or file, where that is known.
    place: Option<String>,
}

/// Why a step was not done: a server or script said no, or it cannot be sent.
pub(crate) enum NotDone {
    Refused(Refusal),
    Unsendable(String),
}

impl NotDone {
    pub(crate) fn refused(outcome: Outcome) -> Self {
        Self::Refused(Refusal { outcome, place: None })
    }
}

impl Estate {
    /// Does the plan's set-up, step by step, and records each.
    ///
    /// # Errors
    /// [`SetupError`] for the first step that does not end as the scenario expects; the steps after it are not done.
    pub async fn set_up(&self, plan: &Plan, recorder: Option<&Recorder>) -> Result<(), SetupError> {
        let done_before = steps_before_vault(plan).len();
        for (number, step) in (1_u32..).zip(&plan.setup).skip(done_before) {
            let doing = self.step(number, &step.action);
            recorded(number, step, doing, recorder, &self.site.redactor).await?;
            self.standbys_replicate(number, step, usize::try_from(number) == Ok(plan.setup.len())).await?;
        }
        Ok(())
    }

    async fn step(&self, number: u32, action: &SetupAction) -> Result<(), NotDone> {
        let vault = self.vault();
        let answered = |done: Result<(), leaseproof_vault::Error>| done.map_err(|why| NotDone::refused(why.outcome()));
        match action {
            SetupAction::Sql { file, text, on, database, user, password } => {
                let account = user.as_deref().map(|user| (user, password.as_ref()));
                let text = filled(text, &self.placeholders)?;
                sql::run(&self.clusters, file.as_deref(), &text, (on, database), account, &self.site.redactor).await
            }
            SetupAction::Enable { engine, path } => answered(vault.enable_engine(path, engine).await),
            SetupAction::Write { path, data } => self.write(path, data).await,
            SetupAction::Policy { name, rules } => {
                answered(vault.write_policy(name, &filled(rules, &self.placeholders)?).await)
            }
            SetupAction::Script { text, .. } => self.script(number, text).await,
        }
    }
}

/// A text with the places of this estate.
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
    site: &Site,
) -> Result<(), EstateError> {
    for (number, step) in (1_u32..).zip(steps) {
        let SetupAction::Sql { file, text, on, database, user, password } = &step.action else { continue };
        let account = user.as_deref().map(|user| (user, password.as_ref()));
        let doing = async {
            let text = filled(text, placeholders)?;
            sql::run(clusters, file.as_deref(), &text, (on, database), account, &site.redactor).await
        };
        recorded(number, step, doing, site.recorder.as_ref(), &site.redactor).await.map_err(Box::new)?;
    }
    Ok(())
}

/// Does one step, judges how it ended, and records it.
pub(crate) async fn recorded(
    number: u32,
    step: &SetupStep,
    doing: impl Future<Output = Result<(), NotDone>>,
    recorder: Option<&Recorder>,
    redactor: &Redactor,
) -> Result<(), SetupError> {
    let now = || recorder.map(Recorder::now).unwrap_or_default();
    let start = now();
    let (outcome, judged) = judge(number, step, doing.await, redactor);
    if let Some(recorder) = recorder {
        let expected = judged.is_ok();
        recorder.record(Event::Setup(record(number, step, (start, now()), outcome, expected)));
    }
    judged
}

/// How the step ended, scrubbed, and whether that is how the scenario expects it to end.
fn judge(
    number: u32,
    step: &SetupStep,
    done: Result<(), NotDone>,
    redactor: &Redactor,
) -> (Outcome, Result<(), SetupError>) {
    let fail = |fault, words: String, hint| {
        let words = redactor.scrub(&words).text;
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
            let outcome = Outcome::Indeterminate { why: redactor.scrub(&why).text };
            return (outcome, fail(SetupFault::Unsendable, why, None));
        }
        Err(NotDone::Refused(refusal)) => refusal,
    };
    let outcome = scrubbed(&refusal.outcome, redactor);
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
            let silent = !script && refusal.outcome.is_open();
            let fault = if silent { SetupFault::Unanswered } else { SetupFault::Rejected };
            fail(fault, words, hint::of(&step.action, &refusal.outcome))
        }
    };
    (outcome, judged)
}

fn scrubbed(outcome: &Outcome, redactor: &Redactor) -> Outcome {
    outcome.clone().reworded(|text| redactor.scrub(text).text)
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
        Outcome::Indeterminate { why } | Outcome::Harness { why, .. } => why.clone(),
    }
}
