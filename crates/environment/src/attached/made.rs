//! What a setup would make in an environment that is not leaseproof's: found out before the first step, so that it can be
//! refused where something is there already, and taken away afterwards.

use std::collections::BTreeSet;

use leaseproof_history::MadeThere;
use leaseproof_scenario::{Plan, SetupAction, SetupStep};

use super::statement::{Effect, Refused, Scope, Statement, first_words, read};
use super::{AttachError, engine};
use crate::placeholders::Placeholders;

/// What one step of the setup would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StepEffect {
    /// What it makes, in order.
    pub(super) makes: Vec<MadeThere>,
    /// Its SQL, placeholders filled in.
    pub(super) text: String,
    /// The statements of that.
    pub(super) statements: Vec<Statement>,
}

/// What each step of the plan's setup would do, in order.
///
/// # Errors
/// [`AttachError::NotOurs`] for the first step of which nobody could take away what it makes.
pub(super) fn by_step(plan: &Plan, placeholders: &Placeholders) -> Result<Vec<StepEffect>, AttachError> {
    let mut known = BTreeSet::new();
    let steps = plan.setup.iter().map(|step| of_step(step, placeholders, &mut known));
    let steps = steps.collect::<Result<Vec<_>, AttachError>>()?;
    if let Some(attached) = &plan.attached {
        engine::within(plan, attached, placeholders, &known)?;
    }
    Ok(steps)
}

/// All that the plan's setup would make, in order.
pub(super) fn all(plan: &Plan, placeholders: &Placeholders) -> Result<Vec<MadeThere>, AttachError> {
    Ok(by_step(plan, placeholders)?.into_iter().flat_map(|step| step.makes).collect())
}

fn of_step(
    step: &SetupStep,
    placeholders: &Placeholders,
    known: &mut BTreeSet<MadeThere>,
) -> Result<StepEffect, AttachError> {
    let refused = |why: String| Err(AttachError::NotOurs { origin: step.origin.clone(), why });
    let mut effect = StepEffect::default();
    let mut makes = |made: MadeThere, known: &mut BTreeSet<MadeThere>| {
        if known.insert(made.clone()) {
            effect.makes.push(made);
        }
    };
    match &step.action {
        SetupAction::Enable { path, .. } => makes(MadeThere::Mount { path: path.trim_matches('/').to_owned() }, known),
        SetupAction::Policy { name, .. } => makes(MadeThere::Policy { name: name.clone() }, known),
        SetupAction::Write { path, .. } => match path.strip_prefix("sys/policies/acl/") {
            Some(name) => makes(MadeThere::Policy { name: name.to_owned() }, known),
            None if has_mount_of(known, path) => {}
            None => return refused(format!("`{path}` is not below a mount that the setup creates")),
        },
        SetupAction::Script { .. } => return refused("a script can do anything".to_owned()),
        SetupAction::Disable { .. } | SetupAction::Delete { .. } | SetupAction::RevokePrefix { .. } => {
            return refused("a setup must not delete or revoke".to_owned());
        }
        SetupAction::Sql { file, text, on, database, .. } => {
            effect.text = match placeholders.fill(text) {
                Ok(text) => text,
                Err(why) => return refused(why.to_string()),
            };
            match read(
                &effect.text,
                &mut Scope { on, database, made: known, is_of_vault: false, has_own_account: false },
            ) {
                Ok(statements) => effect.statements = statements,
                Err(why) => return refused(words(file.as_deref(), &effect.text, &why)),
            }
            effect.makes.extend(effect.statements.iter().filter_map(|statement| match &statement.effect {
                Effect::MakesRole(made) | Effect::MakesDatabase(made) => Some(made.clone()),
                _ => None,
            }));
        }
    }
    Ok(effect)
}

fn has_mount_of(known: &BTreeSet<MadeThere>, path: &str) -> bool {
    let of =
        |made: &MadeThere| matches!(made, MadeThere::Mount { path: mount } if path.starts_with(&format!("{mount}/")));
    known.iter().any(of)
}

/// Where in the script, which statement, and why. Never more of it than its first words: a password comes later.
fn words(file: Option<&str>, text: &str, Refused { at, why }: &Refused) -> String {
    let code = text[*at..].lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("--"));
    let code = code.unwrap_or_default();
    let at = code.as_ptr() as usize - text.as_ptr() as usize;
    let line = text[..at].matches('\n').count() + 1;
    format!("{}:{line}: `{}`: {why}", file.unwrap_or("statement"), first_words(code))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use std::path::Path;

    use leaseproof_scenario::{LoadOptions, Plan, load};

    use super::{all, words};
    use crate::attached::statement::Refused;
    use crate::placeholders::Placeholders;

    fn plan(name: &str) -> Plan {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(name);
        load(&path, &LoadOptions::default()).unwrap()
    }

    #[test]
    fn all_that_a_set_up_makes_is_known_beforehand() {
        let made: Vec<String> =
            all(&plan("powerdns"), &Placeholders::default()).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            made,
            [
                "database powerdns of postgres.target",
                "role vaultuser of postgres.target",
                "role netdata of postgres.target",
                "mount database",
                "policy powerdns-client"
            ]
        );
    }

    #[test]
    fn what_could_not_be_taken_away_is_refused() {
        for (name, words) in [("delphi", "`ALTER USER postgres`"), ("wizard", "a script can do anything")] {
            let why = all(&plan(name), &Placeholders::default()).unwrap_err().to_string();
            assert!(why.contains("nothing was created") && why.contains(words), "{name}: {why}");
        }
    }

    #[test]
    fn a_refusal_shows_the_line_and_no_password() {
        let text = "SELECT 1;\n-- why\nALTER ROLE theirs PASSWORD 'S3CRET';";
        let refused = Refused { at: 9, why: "no".to_owned() };
        assert_eq!(words(Some("a.sql"), text, &refused), "a.sql:3: `ALTER ROLE theirs`: no");
        let refused = Refused { at: 0, why: "no".to_owned() };
        assert_eq!(words(None, "SELECT f('S3CRET')", &refused), "statement:1: `SELECT`: no");
    }
}
