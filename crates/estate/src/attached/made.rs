//! What a set-up would make in an estate that is not leaseproof's: found out before the first step, so that it can be
//! refused where something is there already, and taken away afterwards.

use std::collections::BTreeSet;

use leaseproof_history::MadeThere;
use leaseproof_scenario::{Plan, SetupAction, SetupStep};

use super::AttachError;
use super::statement::{Effect, effect};
use crate::statements::split;

/// What has been made by a step and those before it.
#[derive(Debug, Default)]
struct So {
    made: Vec<MadeThere>,
    known: BTreeSet<MadeThere>,
}

impl So {
    fn add(&mut self, made: MadeThere) {
        if self.known.insert(made.clone()) {
            self.made.push(made);
        }
    }

    fn has_mount_of(&self, path: &str) -> bool {
        let of = |made: &MadeThere| matches!(made, MadeThere::Mount { path: mount } if path.starts_with(&format!("{mount}/")));
        self.known.iter().any(of)
    }
}

/// What each step of the plan's set-up would make, in order.
///
/// # Errors
/// [`AttachError::NotOurs`] for the first step of which nobody could take away what it makes.
pub(super) fn by_step(plan: &Plan) -> Result<Vec<Vec<MadeThere>>, AttachError> {
    let mut so = So::default();
    plan.setup.iter().map(|step| of_step(step, &mut so)).collect()
}

fn of_step(step: &SetupStep, so: &mut So) -> Result<Vec<MadeThere>, AttachError> {
    let refused = |why: String| Err(AttachError::NotOurs { origin: step.origin.clone(), why });
    match &step.action {
        SetupAction::Enable { path, .. } => so.add(MadeThere::Mount { path: path.trim_matches('/').to_owned() }),
        SetupAction::Policy { name, .. } => so.add(MadeThere::Policy { name: name.clone() }),
        SetupAction::Write { path, .. } => match path.strip_prefix("sys/policies/acl/") {
            Some(name) => so.add(MadeThere::Policy { name: name.to_owned() }),
            None if so.has_mount_of(path) => {}
            None => return refused(format!("`{path}` is not below a mount that the set-up makes")),
        },
        SetupAction::Script { .. } => return refused("a script can do anything".to_owned()),
        SetupAction::Sql { text, on, database, .. } => {
            for (_, statement) in split(text) {
                match effect(statement, on, database, &so.known) {
                    Effect::Within => {}
                    Effect::Makes(made) => so.add(made),
                    Effect::Beyond(why) => return refused(why),
                }
            }
        }
    }
    Ok(std::mem::take(&mut so.made))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use std::path::Path;

    use leaseproof_scenario::{LoadOptions, Plan, load};

    use super::by_step;

    fn plan(name: &str) -> Plan {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(name);
        load(&path, &LoadOptions::default()).unwrap()
    }

    #[test]
    fn all_that_a_set_up_makes_is_known_beforehand() {
        let made: Vec<String> = by_step(&plan("powerdns")).unwrap().concat().iter().map(ToString::to_string).collect();
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
        for (name, words) in [("delphi", "ALTER USER postgres"), ("wizard", "a script can do anything")] {
            let why = by_step(&plan(name)).unwrap_err().to_string();
            assert!(why.contains("nothing was made") && why.contains(words), "{name}: {why}");
        }
    }
}
