//! Checks of the scenario that `--only` or `--skip` left out.

use leaseproof_domain::{NotRequested, RunVerdicts, SelectedBy, Subject};

use crate::figures::count;
use crate::foreign::one_line;

/// One line for each option. Thresholds are named one by one.
pub(crate) fn lines(verdicts: &RunVerdicts) -> Vec<String> {
    let by = |option| verdicts.not_requested.iter().filter(move |left| left.by == option);
    let of = [SelectedBy::Only, SelectedBy::Skip].map(|option| (option, by(option).collect::<Vec<_>>()));
    let lines = of.into_iter().filter(|(_, left)| !left.is_empty()).map(|(option, left)| {
        let mut names: Vec<String> = Vec::new();
        for NotRequested { check, subject, .. } in &left {
            let name = match subject {
                Subject::Metric(metric) => format!("{check} {}", one_line(metric)),
                _ => check.to_string(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let checks = count(left.len() as u64, "check");
        format!("{checks} of the scenario not requested ({option}): {}", names.join(", "))
    });
    lines.collect()
}
