//! `--only` and `--skip`: which of the requested checks a run judges.

use std::collections::BTreeSet;

use leaseproof_domain::CheckId;
use leaseproof_scenario::Plan;

use crate::failure::Failure;

/// Removes the checks that are not judged from the plan. They are not counted, and neither are the known issues that
/// refer to them.
pub(crate) fn select(plan: &mut Plan, only: &[String], skip: &[String]) -> Result<(), Failure> {
    let (only, skip) = (ids(plan, only)?, ids(plan, skip)?);
    let judged = |check: CheckId| (only.is_empty() || only.contains(&check)) && !skip.contains(&check);
    plan.asks.retain(|ask| judged(ask.check));
    plan.known.retain(|known| judged(known.check));
    Ok(())
}

fn ids(plan: &Plan, texts: &[String]) -> Result<BTreeSet<CheckId>, Failure> {
    texts.iter().map(|text| id(plan, text)).collect()
}

fn id(plan: &Plan, text: &str) -> Result<CheckId, Failure> {
    let check: CheckId = text.trim().parse().map_err(Failure::usage)?;
    if plan.asks.iter().any(|ask| ask.check == check) {
        return Ok(check);
    }
    let asked: BTreeSet<CheckId> = plan.asks.iter().map(|ask| ask.check).collect();
    let asked: Vec<&str> = asked.into_iter().map(CheckId::as_str).collect();
    Err(Failure::usage(format!(
        "the scenario {} has no promise that adds {check}; its checks are {}",
        plan.name,
        asked.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use leaseproof_scenario::{LoadOptions, Plan};

    use super::select;

    fn plan() -> Plan {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/powerdns");
        leaseproof_scenario::load(Path::new(path), &LoadOptions::default()).unwrap()
    }

    fn asked(plan: &Plan) -> Vec<&'static str> {
        plan.asks.iter().map(|ask| ask.check.as_str()).collect()
    }

    #[test]
    fn only_and_skip_leave_what_they_say() {
        let mut plan = plan();
        let all = plan.asks.len();
        select(&mut plan, &[], &["gra-1".into()]).unwrap();
        assert_eq!(plan.asks.len(), all - 1);
        select(&mut plan, &["REV-1".into(), "INV-2".into()], &[]).unwrap();
        assert_eq!(asked(&plan), ["REV-1", "INV-2"]);
    }

    #[test]
    fn an_id_that_nothing_answers_to_is_told() {
        let words = |only: &str| select(&mut plan(), &[only.into()], &[]).unwrap_err().words;
        assert_eq!(words("GRA-l"), "there is no check `GRA-l`; did you mean `GRA-1`?");
        assert!(
            words("KNO-1").starts_with("the scenario powerdns has no promise that adds KNO-1"),
            "{}",
            words("KNO-1")
        );
    }
}
