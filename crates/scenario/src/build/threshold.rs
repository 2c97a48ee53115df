//! `[[threshold]]`.

use leaseproof_domain::Metric;

use super::{Book, owned};
use crate::node::{Node, Table};
use crate::plan::ThresholdPlan;
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
    Some(ThresholdPlan {
        metric,
        comparison: limit.value.comparison,
        limit: bound,
        text: owned(table, "limit")?,
        without_faults: table.entry("during").is_some(),
        origin: node.place.origin(),
    })
}
