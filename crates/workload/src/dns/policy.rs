//! What the agent's policy has to refuse.

use leaseproof_domain::{DnsEvent, Outcome, PolicyProbe};
use leaseproof_scenario::PdnsPlan;

use super::{Desk, DnsTarget};

/// Reads every path once with the agent's token. Reading changes nothing but where a path is one of credentials: their
/// lease goes with the token.
pub(super) async fn try_out(plan: &PdnsPlan, target: &DnsTarget, desk: &Desk) {
    for path in plan.refused_paths(&target.mount) {
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
