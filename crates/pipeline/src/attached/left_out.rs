//! Checks that cannot be made in an attached environment.

use leaseproof_scenario::{LeftOut, Plan};

/// Removes the checks that cannot be made there from the plan. They are reported, and never count as passed.
pub(super) fn leave_out(plan: &mut Plan, probes: bool) {
    let quiet = plan.attached.as_ref().is_some_and(|attached| attached.quiet);
    for ask in std::mem::take(&mut plan.asks) {
        match why(ask.check.as_str(), probes, quiet) {
            None => plan.asks.push(ask),
            Some(why) if plan.left_out.iter().all(|left| left.check != ask.check) => {
                plan.left_out.push(LeftOut { check: ask.check, why: why.to_owned() });
            }
            Some(_) => {}
        }
    }
    let asked: Vec<_> = plan.asks.iter().map(|ask| ask.check).collect();
    let (known, moot): (Vec<_>, Vec<_>) =
        std::mem::take(&mut plan.known_issues).into_iter().partition(|known| asked.contains(&known.check));
    plan.known_issues = known;
    plan.asks.retain(|ask| ask.check.as_str() != "KNO-1" || moot.iter().all(|known| known.origin != ask.origin));
    if !probes {
        plan.roles.iter_mut().for_each(|role| role.probes = None);
    }
}

fn why(check: &str, probes: bool, quiet: bool) -> Option<&'static str> {
    match check {
        "AUD-1" => Some("Vault's audit log is not on this machine"),
        "PWD-1" => Some("the server logs are not on this machine"),
        "PRB-1" | "PRB-2" | "PWD-2" if !probes => Some("skipped: probes need --probes"),
        "RUN-2" | "INV-3" | "INV-11" if !quiet => {
            Some("others may request credentials during the run; if nobody does, set `quiet = true` in [attached]")
        }
        _ => None,
    }
}
