//! Two stories as one run: each in a cluster of its own, with the same OIDs and the same names of roles.

use leaseproof_domain::{Event, Subject};
use serde_json::Value;

use crate::story::{ROLE, Story};

/// The cluster and the Vault role of the second story.
pub const SECOND: &str = "second";
pub const SECOND_ROLE: &str = "app-role-2";
/// What is added to the second story's numbers of lifecycles and of sets of privileges.
const MORE: u64 = 1_000;

impl Story {
    /// The run of both: what this one says of `target`, and what the other one says of `second`. The check of a role is
    /// asked of both roles.
    pub fn beside(mut self, other: &Self) -> Self {
        let cluster = self.plan.postgres["target"].clone();
        self.plan.postgres.insert(SECOND.to_owned(), cluster);
        let mut role = self.plan.roles[0].clone();
        (role.name, role.on) = (SECOND_ROLE.to_owned(), SECOND.to_owned());
        self.plan.roles.push(role);
        let of_role = |subject: &Subject| matches!(subject, Subject::Role(name) if name == ROLE);
        let asked: Vec<_> = self.plan.asks.iter().filter(|ask| of_role(&ask.subject)).cloned().collect();
        for mut ask in asked {
            ask.subject = Subject::Role(SECOND_ROLE.to_owned());
            self.plan.asks.push(ask);
        }
        let own = self.timed().into_iter().map(|(at, event)| (at, in_cluster(event, "target")));
        let mut all: Vec<(u64, Event)> = own.collect();
        for (at, event) in other.timed() {
            match in_cluster(moved(event), SECOND) {
                Event::Header(_) | Event::End(_) | Event::Phase(_) | Event::Account(_) | Event::LeasesBefore { .. } => {
                }
                Event::Residue { released, roles, leases, .. } => add_residue(&mut all, released, roles, leases),
                event => all.push((at, event)),
            }
        }
        all.sort_by_key(|(at, _)| *at);
        self.retell(all);
        self
    }
}

/// Both clusters are observed once the load is over.
fn add_residue(
    all: &mut [(u64, Event)],
    released: bool,
    more_roles: Vec<leaseproof_domain::RoleSeen>,
    more_leases: Vec<leaseproof_domain::LeaseId>,
) {
    for (_, event) in all {
        if let Event::Residue { released: is_released, roles, leases, .. } = event
            && *is_released == released
        {
            roles.extend(more_roles.clone());
            leases.extend(more_leases.clone());
        }
    }
}

/// The event, seen in that cluster.
fn in_cluster(mut event: Event, cluster: &str) -> Event {
    let named = match &mut event {
        Event::Roles(seen) => &mut seen.cluster,
        Event::Privileges(read) => &mut read.cluster,
        Event::Sessions(seen) => &mut seen.cluster,
        Event::Dependencies(seen) => &mut seen.cluster,
        Event::WatchGap(gap) => &mut gap.cluster,
        Event::Baseline(seen) => &mut seen.cluster,
        Event::Objects { cluster, .. } => cluster,
        Event::Residue { roles, .. } => {
            roles.iter_mut().for_each(|role| cluster.clone_into(&mut role.cluster));
            return event;
        }
        _ => return event,
    };
    cluster.clone_into(named);
    event
}

/// The same of other lifecycles, of the other Vault role.
fn moved(event: Event) -> Event {
    let mut value = serde_json::to_value(event).unwrap();
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

fn change(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let is_set = fields.get("event").is_some_and(|event| event == "privilege_set");
            for (name, field) in fields {
                let is_number = name == "lifecycle" || name == "set" || (is_set && name == "id");
                match field.as_u64().filter(|number| is_number && (name != "lifecycle" || *number > 0)) {
                    Some(number) => *field = (number + MORE).into(),
                    None if name == "request" => {
                        *field = format!("{SECOND}-{}", field.as_str().unwrap_or_default()).into()
                    }
                    None => change(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(change),
        Value::String(text) if text == ROLE => SECOND_ROLE.clone_into(text),
        Value::String(text) if text == "postgres.target" => *text = format!("postgres.{SECOND}"),
        Value::String(text) => {
            let (of, path) = (format!("/creds/{ROLE}"), format!("/creds/{SECOND_ROLE}"));
            *text = text.replace(&of, &path);
        }
        _ => {}
    }
}
