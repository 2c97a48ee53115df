//! `--only` and `--skip`: which of the requested checks a run judges.

use std::collections::BTreeSet;

use leaseproof_domain::{CheckId, NotRequested, Origin, SelectedBy};
use leaseproof_scenario::{Ask, Plan};

use crate::failure::Failure;

/// Removes the checks that are not judged from the plan, with the known issues that refer to them; reports list them as not
/// requested. A threshold of the same command line is always judged.
pub(crate) fn select(plan: &mut Plan, only: &[String], skip: &[String]) -> Result<(), Failure> {
    let (only, skip) = (ids(plan, only)?, ids(plan, skip)?);
    if let Some(both) = only.intersection(&skip).next() {
        return Err(Failure::usage(format!("{both} is in --only and in --skip: remove it from one of them")));
    }
    let given: BTreeSet<Origin> =
        plan.thresholds.iter().filter(|one| one.is_of_command_line()).map(|one| one.origin.clone()).collect();
    let left_out_by = |ask: &Ask| match ask.check {
        check if check.as_str() == "THR-1" && given.contains(&ask.origin) => None,
        check if skip.contains(&check) => Some(SelectedBy::Skip),
        check if !only.is_empty() && !only.contains(&check) => Some(SelectedBy::Only),
        _ => None,
    };
    let asks = std::mem::take(&mut plan.asks);
    let (left, kept): (Vec<&Ask>, Vec<&Ask>) = asks.iter().partition(|ask| left_out_by(ask).is_some());
    let left: BTreeSet<CheckId> = left.into_iter().map(|ask| ask.check).collect();
    // Whether a known issue still occurs can be said only if its own check is judged, and of THR-1 every threshold.
    let judged: BTreeSet<CheckId> =
        kept.into_iter().map(|ask| ask.check).filter(|check| !left.contains(check)).collect();
    let of_known = |ask: &Ask| {
        let known =
            plan.known_issues.iter().find(|known| ask.check.as_str() == "KNO-1" && known.origin == ask.origin)?;
        let by = if skip.contains(&known.check) { SelectedBy::Skip } else { SelectedBy::Only };
        (!judged.contains(&known.check)).then_some(by)
    };
    let by: Vec<Option<SelectedBy>> = asks.iter().map(|ask| left_out_by(ask).or_else(|| of_known(ask))).collect();
    for (ask, by) in asks.into_iter().zip(by) {
        let Some(by) = by else {
            plan.asks.push(ask);
            continue;
        };
        let Ask { check, subject, origin: promised } = ask;
        plan.not_requested.push(NotRequested { check, subject, by, promised });
    }
    plan.known_issues.retain(|known| judged.contains(&known.check));
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

    use leaseproof_domain::{CheckId, Subject};
    use leaseproof_scenario::{Ask, KnownIssuePlan, LoadOptions, Plan};

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

    fn with_thresholds() -> Plan {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/variants/disturbed");
        let thresholds = vec!["login.response.p50 < 1ms".to_owned(), "renew.failed <= 1%".to_owned()];
        leaseproof_scenario::load(Path::new(path), &LoadOptions { thresholds, ..LoadOptions::default() }).unwrap()
    }

    /// The metrics of the thresholds that are judged, and of those that are not, with the option that left them out.
    fn metrics(only: &[String], skip: &[String]) -> (Vec<String>, Vec<String>) {
        let mut plan = with_thresholds();
        let all = plan.asks.len();
        select(&mut plan, only, skip).unwrap();
        assert_eq!(plan.asks.len() + plan.not_requested.len(), all);
        let judged = plan.asks.iter().filter(|ask| ask.check.as_str() == "THR-1");
        let left = plan.not_requested.iter().filter(|left| left.check.as_str() == "THR-1");
        (
            judged.map(|ask| ask.subject.to_string()).collect(),
            left.map(|left| format!("{} {}", left.by, left.subject)).collect(),
        )
    }

    #[test]
    fn a_threshold_of_the_command_line_is_judged_whatever_is_selected() {
        let given = ["metric login.response.p50", "metric renew.failed"];
        let own = metrics(&[], &[]).0.into_iter().filter(|metric| !given.contains(&metric.as_str()));
        let own: Vec<String> = own.collect();
        assert!(!own.is_empty());
        for (only, skip, by) in
            [(vec!["RUN-2".to_owned()], vec![], "--only"), (vec![], vec!["THR-1".to_owned()], "--skip")]
        {
            let (judged, left) = metrics(&only, &skip);
            assert_eq!(judged, given, "{by}");
            assert_eq!(left, own.iter().map(|metric| format!("{by} {metric}")).collect::<Vec<_>>());
        }
        assert_eq!(metrics(&["THR-1".to_owned()], &[]), (metrics(&[], &[]).0, vec![]));
    }

    #[test]
    fn a_check_in_both_options_is_refused() {
        let words = select(&mut plan(), &["GRA-1".into(), "REV-1".into()], &["gra-1".into()]).unwrap_err().words;
        assert_eq!(words, "GRA-1 is in --only and in --skip: remove it from one of them");
    }

    #[test]
    fn a_known_issue_goes_with_its_check() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/powerdns");
        let mut plan = leaseproof_scenario::load(Path::new(path), &LoadOptions::default()).unwrap();
        let (check, origin) = (CheckId::of("GRA-1"), plan.roles[0].origin.clone());
        plan.known_issues.push(KnownIssuePlan {
            check,
            role: None,
            evidence: None,
            because: "so".into(),
            origin: origin.clone(),
        });
        plan.asks.push(Ask { check: CheckId::of("KNO-1"), subject: Subject::Environment, origin });
        let selected = |only: &[String], skip: &[String]| {
            let mut plan = plan.clone();
            select(&mut plan, only, skip).unwrap();
            (asked(&plan).contains(&"KNO-1"), plan.known_issues.len())
        };
        assert_eq!(selected(&[], &["GRA-1".into()]), (false, 0));
        assert_eq!(selected(&["GRA-1".into(), "KNO-1".into()], &[]), (true, 1));
        assert_eq!(selected(&["GRA-1".into()], &[]), (false, 1));
        assert_eq!(selected(&["REV-1".into(), "KNO-1".into()], &[]), (false, 0));
    }

    #[test]
    fn a_known_issue_of_thresholds_needs_all_of_them() {
        let mut plan = with_thresholds();
        let (check, origin) = (CheckId::of("THR-1"), plan.roles[0].origin.clone());
        plan.known_issues.push(KnownIssuePlan {
            check,
            role: None,
            evidence: None,
            because: "so".into(),
            origin: origin.clone(),
        });
        plan.asks.push(Ask { check: CheckId::of("KNO-1"), subject: Subject::Environment, origin });
        for (only, skip, kept) in [
            (vec![], vec![], true),
            (vec!["THR-1".to_owned(), "KNO-1".to_owned()], vec![], true),
            (vec![], vec!["THR-1".to_owned()], false),
            (vec!["RUN-2".to_owned(), "KNO-1".to_owned()], vec![], false),
        ] {
            let mut plan = plan.clone();
            select(&mut plan, &only, &skip).unwrap();
            let asked = asked(&plan);
            let got = (asked.contains(&"THR-1"), asked.contains(&"KNO-1"), plan.known_issues.len());
            assert_eq!(got, (true, kept, usize::from(kept)), "--only {only:?} --skip {skip:?}");
        }
    }

    #[test]
    fn an_id_that_nothing_answers_to_is_reported() {
        let words = |only: &str| select(&mut plan(), &[only.into()], &[]).unwrap_err().words;
        assert_eq!(words("GRA-l"), "there is no check `GRA-l`; did you mean `GRA-1`?");
        assert!(
            words("KNO-1").starts_with("the scenario powerdns has no promise that adds KNO-1"),
            "{}",
            words("KNO-1")
        );
    }
}
