use leaseproof_domain::{Finding, Metric, Subject};
use leaseproof_scenario::{Ask, Comparison, During, Plan, ThresholdPlan};

use crate::check::{Check, Whole};
use crate::fold::Run;
use crate::sheet::Sheet;
use crate::statistics::{Statistics, Times};

/// A declared threshold holds.
pub(super) struct Thr1 {
    thresholds: Vec<ThresholdPlan>,
}

impl Thr1 {
    /// A metric may be bounded twice, once from each side: the ask's own line tells which bound is meant.
    pub(super) fn new(ask: &Ask, plan: &Plan) -> Self {
        let own: Vec<_> = plan.thresholds.iter().filter(|threshold| threshold.origin == ask.origin).cloned().collect();
        let named = |threshold: &&ThresholdPlan| match &ask.subject {
            Subject::Metric(name) => threshold.metric.to_string() == *name,
            _ => true,
        };
        let thresholds = if own.is_empty() { plan.thresholds.iter().filter(named).cloned().collect() } else { own };
        Self { thresholds }
    }
}

impl Check for Thr1 {
    fn end(&mut self, _: &Run<'_>, whole: &Whole<'_>, sheet: &mut Sheet) {
        for threshold in &self.thresholds {
            let statistics = match threshold.during {
                During::Run => whole.statistics,
                During::NoFault => whole.undisturbed,
                During::Fault => whole.struck,
            };
            judge(threshold, statistics, sheet);
        }
    }

    fn without_samples(&self) -> &'static str {
        "the metric has no samples"
    }
}

fn judge(threshold: &ThresholdPlan, statistics: &Statistics, sheet: &mut Sheet) {
    let metric = threshold.metric;
    let times = times_of(metric, statistics);
    let (value, samples) = match (metric, times) {
        (Metric::Response(_, quantity) | Metric::Service(_, quantity) | Metric::ExpiryLag(quantity), Some(times)) => {
            (times.value(quantity) as f64, times.count())
        }
        _ => share_of(metric, statistics),
    };
    if samples == 0 {
        return sheet.cannot_say(format!("{metric} has no samples"));
    }
    sheet.samples(samples);
    if let Some(times) = times {
        sheet.measured(times.summary());
    }
    let holds = match threshold.comparison {
        Comparison::Below => value < threshold.limit,
        Comparison::AtMost => value <= threshold.limit,
        Comparison::Above => value > threshold.limit,
        Comparison::AtLeast => value >= threshold.limit,
    };
    if !holds {
        let seen = if metric.is_time() { format!("{:.3} ms", value / 1e3) } else { format!("{:.2} %", value * 100.0) };
        let what = format!("{metric} is {seen}; it has to be {}", threshold.text);
        sheet.find(Finding { what, promised: Some(threshold.origin.clone()), ..Finding::default() });
    }
}

/// The distribution that a metric of time is a figure of.
fn times_of(metric: Metric, statistics: &Statistics) -> Option<&Times> {
    match metric {
        Metric::Response(op, _) => statistics.operations.get(&op).map(|figures| &figures.response),
        Metric::Service(op, _) => statistics.operations.get(&op).map(|figures| &figures.service),
        Metric::ExpiryLag(_) => Some(&statistics.expiry_lag),
        Metric::Failed(_) | Metric::Shed => None,
    }
}

/// The share that a metric is, and of how many; nothing of nothing for a metric of time that has no samples.
fn share_of(metric: Metric, statistics: &Statistics) -> (f64, u64) {
    let (part, whole) = match metric {
        Metric::Failed(op) => statistics
            .operations
            .get(&op)
            .map_or((0, 0), |figures| (figures.failed + figures.indeterminate, figures.total())),
        Metric::Shed => (statistics.shed, statistics.shed + statistics.arrived),
        Metric::Response(..) | Metric::Service(..) | Metric::ExpiryLag(_) => (0, 0),
    };
    (part as f64 / whole.max(1) as f64, whole)
}
