//! What the agent's policy has to refuse.

use std::collections::BTreeSet;

use leaseproof_domain::{DnsEvent, Outcome, PolicyProbe};
use leaseproof_scenario::PdnsPlan;

use super::{Desk, DnsTarget};

/// Reads every path once with the agent's token. Reading changes nothing but where a path is one of credentials: their
/// lease goes with the token.
pub(super) async fn try_out(plan: &PdnsPlan, target: &DnsTarget, desk: &Desk) {
    for path in paths(plan, &target.mount) {
        if desk.stop.is_cancelled() {
            return;
        }
        let start = desk.now();
        let asked = target.agent.read(&path).await;
        let end = desk.now();
        let outcome = asked.map_or_else(|error| error.outcome(), |_| Outcome::Ok).reworded(|words| desk.scrub(words));
        desk.tell(DnsEvent::Policy(PolicyProbe { path, start, end, outcome }));
    }
}

/// The scenario's paths, and what lies beside the agent's own: its role's definition, another role's credentials, and what
/// whoever may read it could change the estate with.
fn paths(plan: &PdnsPlan, mount: &str) -> BTreeSet<String> {
    let role = &plan.role;
    let ours = [
        format!("{mount}/roles/{role}"),
        format!("{mount}/static-creds/{role}"),
        format!("{mount}/creds/{role}-of-nobody"),
        "sys/policies/acl".to_owned(),
        "sys/mounts".to_owned(),
        "sys/auth".to_owned(),
    ];
    ours.into_iter().chain(plan.forbidden.iter().cloned()).collect()
}
