//! `[lifecycle.<name>]`.

use std::collections::HashMap;

use leaseproof_domain::Ttl;

use super::{Book, origin, owned};
use crate::asks::LifecycleSaid;
use crate::node::{Entry, Table};
use crate::plan::{HoldPlan, LifecyclePlan, RenewPlan};
use crate::problem::Problem;
use crate::value::Percent;

pub(super) fn lifecycles(book: &Book<'_>) -> Vec<LifecycleSaid> {
    let max_ttls: HashMap<&str, Ttl> =
        book.root.named("role").filter_map(|(role, table)| max_ttl(role, table)).collect();
    let mut lifecycles: Vec<LifecycleSaid> = book
        .root
        .named("lifecycle")
        .map(|(entry, table)| {
            if let Some(role) = table.entry("role") {
                book.refer_to(&role.node, "promised role", &book.roles);
            }
            lifecycle(book, entry, table, &max_ttls)
        })
        .collect();
    lifecycles.sort_by(|one, other| one.plan.name.cmp(&other.plan.name));
    lifecycles
}

fn lifecycle(book: &Book<'_>, entry: &Entry, table: &Table, max_ttls: &HashMap<&str, Ttl>) -> LifecycleSaid {
    let place = &entry.node.place;
    let renewal = ["lease", "renew"].into_iter().find_map(|key| table.entry(key)).map(|entry| entry.at.origin());
    let lease = table.parsed::<Ttl>("lease");
    let role = owned(table, "role").unwrap_or_default();
    if let (Some(lease), Some(max)) = (&lease, max_ttls.get(role.as_str()))
        && lease.value >= *max
    {
        let beyond = format!("a lease of {} is not below `{role}`'s maximum TTL of {max}", lease.value);
        book.add(Problem::at(&lease.place, beyond).label("here"));
    }
    let plan = LifecyclePlan {
        name: entry.key.clone(),
        role,
        lease: lease.map(|said| said.value),
        query: owned(table, "query").unwrap_or_else(|| "SELECT 1".to_owned()),
        query_origin: table.entry("query").map(|entry| entry.at.origin()),
        renew: table.table("renew").and_then(renew),
        hold_session: table.table("hold_session").and_then(hold_session),
        timeout: table.parsed::<Ttl>("timeout").map(|said| said.value),
        revoke: table.entry("end").map_or(0.0, |entry| revoked(book, entry)),
        origin: place.origin(),
    };
    let kept = table.entry("hold_session").map(|entry| entry.at.origin());
    LifecycleSaid { plan, end: origin(table, "end", place), renewal, kept }
}

fn max_ttl<'a>(role: &'a Entry, table: &Table) -> Option<(&'a str, Ttl)> {
    let max = table.table("ttl")?.parsed::<Ttl>("max")?;
    Some((role.key.as_str(), max.value))
}

fn renew(table: &Table) -> Option<RenewPlan> {
    let at = table.parsed::<Percent>("at")?.value.0;
    Some(RenewPlan { at, share: table.number("share").map_or(1.0, |share| share.value) })
}

fn hold_session(table: &Table) -> Option<HoldPlan> {
    Some(HoldPlan { share: table.number("share")?.value, set_role: owned(table, "set_role") })
}

/// The share of lifecycles that are revoked.
fn revoked(book: &Book<'_>, entry: &Entry) -> f64 {
    let Some(table) = entry.node.table() else { return 0.0 };
    let share = |key| table.number(key).map(|said| said.value);
    match (share("revoke"), share("expire")) {
        (Some(revoke), Some(expire)) => {
            let sum = revoke + expire;
            if (sum - 1.0).abs() > 1e-9 {
                let sum = (sum * 1e6).round() / 1e6;
                let problem = Problem::at(
                    &entry.node.place,
                    format!("`revoke` and `expire` are shares of the lifecycles: expected a sum of 1, got {sum}"),
                );
                book.add(problem.label("here"));
            }
            revoke
        }
        (Some(revoke), None) => revoke,
        (None, Some(expire)) => 1.0 - expire,
        (None, None) => {
            if table.entries.is_empty() {
                let problem = Problem::at(&entry.node.place, "`end` says how lifecycles end").label("empty");
                book.add(problem.help("as in `end = { revoke = 0.6, expire = 0.4 }`"));
            }
            0.0
        }
    }
}
