//! Records that are made and taken away again.

use leaseproof_domain::{DnsEvent, ZoneChange, ZoneOutcome, ZoneWrite};
use leaseproof_scenario::PdnsPlan;
use serde_json::{Value, json};

use super::question::Question;
use super::{Desk, DnsTarget, Unasked, api, shows};

/// How long a record that is made here may be kept by who asks for it, in seconds.
const TTL: u64 = 60;

/// Makes a record and takes it away at the plan's pace, each under a name of its own, until it is stopped. A pair that takes
/// longer than the pace makes the next one wait.
pub(super) async fn go_on(plan: &PdnsPlan, target: &DnsTarget, desk: &Desk) {
    let Some(every) = plan.write_every.as_ref().map(|every| every.value.duration()) else { return };
    let mut due = desk.now().after(every);
    for number in 1_u64.. {
        if !desk.wait_until(due).await {
            return;
        }
        let name = format!("leaseproof-{number}.{}", plan.zone);
        for change in [ZoneChange::Create, ZoneChange::Delete] {
            let from = desk.now();
            match write(plan, target, desk, change, &name).await {
                Ok(write) => desk.tell(DnsEvent::Write(write)),
                Err(unasked) => desk.tell_unasked(from, unasked),
            }
        }
        due = due.after(every).max(desk.now());
    }
}

async fn write(
    plan: &PdnsPlan,
    target: &DnsTarget,
    desk: &Desk,
    change: ZoneChange,
    name: &str,
) -> Result<ZoneWrite, Unasked> {
    let start = desk.now();
    let outcome = api::patch(target.api, &target.api_key, &plan.zone, &changes(change, name)).await?;
    let shown = match (&outcome, Question::new(name, "TXT")) {
        (ZoneOutcome::Done, Some(question)) => {
            let answer = question.ask(target.dns, plan.timeout.duration()).await?;
            shows(&answer).map(|there| there == (change == ZoneChange::Create))
        }
        _ => None,
    };
    let outcome = match outcome {
        ZoneOutcome::Done => ZoneOutcome::Done,
        ZoneOutcome::Refused { status, message } => ZoneOutcome::Refused { status, message: desk.scrub(&message) },
        ZoneOutcome::NoAnswer { why } => ZoneOutcome::NoAnswer { why: desk.scrub(&why) },
    };
    Ok(ZoneWrite { change, name: name.to_owned(), start, end: desk.now(), outcome, shown })
}

fn changes(change: ZoneChange, name: &str) -> Value {
    let set = match change {
        ZoneChange::Create => json!({
            "name": name, "type": "TXT", "ttl": TTL, "changetype": "REPLACE",
            "records": [{ "content": "\"leaseproof\"", "disabled": false }],
        }),
        ZoneChange::Delete => json!({ "name": name, "type": "TXT", "changetype": "DELETE" }),
    };
    json!({ "rrsets": [set] })
}
