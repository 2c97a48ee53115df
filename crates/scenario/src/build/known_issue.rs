//! `[[known_issue]]`.

use std::collections::BTreeSet;

use leaseproof_domain::CheckId;

use super::{Book, owned};
use crate::node::Node;
use crate::plan::{KnownIssuePlan, Plan};
use crate::problem::Problem;

pub(super) fn known_issues(book: &Book<'_>) -> Vec<KnownIssuePlan> {
    book.root
        .list("known_issue")
        .iter()
        .filter_map(|node| {
            let table = node.table()?;
            if let Some(role) = table.entry("role") {
                book.refer_to(&role.node, "promised role", &book.roles);
            }
            Some(KnownIssuePlan {
                check: table.parsed::<CheckId>("check")?.value,
                role: owned(table, "role"),
                evidence: owned(table, "evidence"),
                because: owned(table, "because")?,
                origin: node.place.origin(),
            })
        })
        .collect()
}

/// A failure can be known only of a check that is asked.
pub(super) fn all_asked(book: &Book<'_>, plan: &Plan) {
    let asked: BTreeSet<CheckId> = plan.asks.iter().map(|ask| ask.check).collect();
    for table in book.root.list("known_issue").iter().filter_map(Node::table) {
        let Some(check) = table.parsed::<CheckId>("check") else { continue };
        if !asked.contains(&check.value) {
            let problem = Problem::at(&check.place, format!("no promise of the scenario asks for {}", check.value));
            book.add(problem.label("it cannot fail, and so cannot be known to"));
        }
    }
}
