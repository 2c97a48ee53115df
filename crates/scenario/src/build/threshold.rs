//! `[[threshold]]`.

use leaseproof_domain::Metric;

use super::{Book, owned};
use crate::node::{Node, Table};
use crate::plan::{During, ThresholdPlan};
use crate::problem::Problem;
use crate::value::{Bound, Limit};

pub(super) fn thresholds(book: &Book<'_>) -> Vec<ThresholdPlan> {
    let tables = book.root.list("threshold").iter().filter_map(|node| Some((node, node.table()?)));
    tables.filter_map(|(node, table)| threshold(book, node, table)).collect()
}

fn threshold(book: &Book<'_>, node: &Node, table: &Table) -> Option<ThresholdPlan> {
    let metric = table.parsed::<Metric>("metric")?.value;
    let limit = table.parsed::<Limit>("limit")?;
    let bound = match (limit.value.bound, metric.is_time()) {
        (Bound::Time(time), true) => time.duration().as_micros() as f64,
        (Bound::Share(share), false) => share,
        (Bound::Share(_), true) => {
            book.add(
                Problem::at(&limit.place, format!("{metric} is a time")).label("expected a time, as in `< 250ms`"),
            );
            return None;
        }
        (Bound::Time(_), false) => {
            book.add(Problem::at(&limit.place, format!("{metric} is a share")).label("expected a share, as in `< 1%`"));
            return None;
        }
    };
    refer(book, table);
    Some(ThresholdPlan {
        metric,
        comparison: limit.value.comparison,
        limit: bound,
        text: owned(table, "limit")?,
        during: during(book, table),
        phase: owned(table, "phase"),
        role: owned(table, "role"),
        origin: node.place.origin(),
    })
}

/// A phase and a role that do not exist have no samples.
fn refer(book: &Book<'_>, table: &Table) {
    if let Some(phase) = table.entry("phase") {
        book.refer_to(&phase.node, "phase", &book.phases);
    }
    if let Some(role) = table.entry("role") {
        book.refer_to(&role.node, "promised role", &book.roles);
    }
}

fn during(book: &Book<'_>, table: &Table) -> During {
    let Some(entry) = table.entry("during") else { return During::Run };
    if owned(table, "during").as_deref() == Some("no-fault") {
        return During::NoFault;
    }
    let affects = |node: &Node| node.table().is_some_and(|table| table.entry("affects").is_some());
    if book.root.list("fault").is_empty() && !book.root.list("action").iter().any(affects) {
        let none = "the scenario has no [[fault]] and no [[action]] with `affects`, so no time is one of a fault";
        book.add(Problem::at(&entry.node.place, none).label("no samples will come"));
    }
    During::Fault
}
