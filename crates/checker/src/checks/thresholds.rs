use leaseproof_domain::{Event, Finding, Metric, Micros, MoreThan, Operation, OperationRecord, Quantity, Subject};
use leaseproof_scenario::{Ask, Comparison, During, LifecyclePlan, Plan, ThresholdPlan};

use super::due;
use super::expiry::{expect_end, expiry_lag, left_to_expire};
use super::named::Named;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};
use crate::statistics::{Figures, Statistics};
use crate::times::{Figure, Times};
use crate::windows::Selection;

/// A declared threshold holds.
pub(super) struct Thresholds {
    thresholds: Vec<Bounded>,
}

/// A threshold, and what it is about.
struct Bounded {
    plan: ThresholdPlan,
    /// The lifecycles with a request beyond the limit.
    beyond: Named,
    /// Credentials that were left to expire, if their lag is limited.
    to_expire: u64,
}

impl Bounded {
    fn new(plan: ThresholdPlan) -> Self {
        Self { plan, beyond: Named::default(), to_expire: 0 }
    }

    /// Whether what is done for a role in a phase counts, in or outside a fault window.
    fn counts(&self, phase: &str, role: &str, in_fault: bool) -> bool {
        Selection::of(&self.plan).has(phase, role, in_fault)
    }

    /// Whether the request is one of those that can cross the limit: it took too long, failed, or had no answer.
    fn is_beyond(&self, record: &OperationRecord) -> bool {
        let upper = matches!(self.plan.comparison, Comparison::Below | Comparison::AtMost);
        let is_open = record.outcome.is_open();
        let since = match self.plan.metric {
            Metric::Response(op, _) if op == record.op => record.intended,
            Metric::Service(op, _) if op == record.op => record.start,
            Metric::Failed(op) if op == record.op => return upper && !record.outcome.is_ok(),
            Metric::Unanswered(op) if op == record.op => return upper && is_open,
            _ => return false,
        };
        // What had no answer took longer than its client waited.
        if is_open { upper } else { self.is_crossed_by(since, record.end) }
    }

    fn is_crossed_by(&self, from: Micros, to: Micros) -> bool {
        !compare(self.plan.comparison, to.0.saturating_sub(from.0) as f64, self.plan.limit)
    }
}

impl Thresholds {
    /// A metric may be limited twice, once from each side, and all thresholds of the command line have one line: the one
    /// of the ask's subject and line is meant, else those of its line, else those of its metric.
    pub(super) fn new(ask: &Ask, plan: &Plan) -> Self {
        let own_line = |threshold: &ThresholdPlan| threshold.origin == ask.origin;
        let own_subject = |threshold: &ThresholdPlan| Subject::Metric(threshold.subject()) == ask.subject;
        let own_metric = |threshold: &ThresholdPlan| match &ask.subject {
            Subject::Metric(name) => *name == threshold.metric.to_string(),
            _ => true,
        };
        let meant = |is_meant: &dyn Fn(&ThresholdPlan) -> bool| -> Vec<ThresholdPlan> {
            plan.thresholds.iter().filter(|threshold| is_meant(threshold)).cloned().collect()
        };
        let mut thresholds = meant(&|threshold| own_line(threshold) && own_subject(threshold));
        if thresholds.is_empty() {
            thresholds = meant(&own_line);
        }
        if thresholds.is_empty() {
            thresholds = meant(&|threshold| own_subject(threshold) || own_metric(threshold));
        }
        Self { thresholds: thresholds.into_iter().map(Bounded::new).collect() }
    }
}

impl Check for Thresholds {
    fn see(&mut self, event: &Event, run: &Run<'_>, _: &mut FindingCollector) {
        let Event::Operation(record) = event else { return };
        if record.lifecycle == 0 || record.outcome.harness().is_some() {
            return;
        }
        for threshold in self.thresholds.iter_mut().filter(|threshold| threshold.is_beyond(record)) {
            let in_fault = run.faults.in_window_of(record.op, record.start, record.end);
            if threshold.counts(&record.phase, &record.role, in_fault) {
                threshold.beyond.add(record.lifecycle);
            }
        }
    }

    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let lag = expiry_lag(lifecycle, run);
        for threshold in &mut self.thresholds {
            let in_fault = lag.is_some_and(|lag| run.faults.in_window_of(Operation::Revoke, lag.from, lag.to));
            let is_lag = matches!(threshold.plan.metric, Metric::ExpiryLag(_));
            if is_lag && threshold.counts(&lifecycle.phase, &lifecycle.role, in_fault) {
                threshold.to_expire += u64::from(left_to_expire(lifecycle).is_some());
                if lag.is_some_and(|lag| threshold.is_crossed_by(lag.from, lag.to)) {
                    threshold.beyond.add(lifecycle.number);
                }
            }
            if threshold.plan.during == During::Fault || !threshold.counts(&lifecycle.phase, &lifecycle.role, false) {
                continue;
            }
            match threshold.plan.metric {
                Metric::ExpiryLag(_) => expect_end(lifecycle, run, collector),
                metric => metric.operation().into_iter().for_each(|op| {
                    if op != Operation::Issue {
                        due::expect(op, lifecycle, run, collector);
                    }
                }),
            }
        }
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        let [Bounded { plan: threshold, .. }] = &*self.thresholds else { return Some(Selection::default()) };
        (threshold.during != During::Fault).then(|| Selection::of(threshold))
    }

    /// A dropped arrival has a response time and no answer; it has no service time, and nothing after its issue.
    fn judges_dropped(&self) -> bool {
        let judges = |metric| match metric {
            Metric::Dropped => true,
            Metric::Response(op, _) | Metric::Failed(op) | Metric::Unanswered(op) => op == Operation::Issue,
            Metric::Service(..) | Metric::ExpiryLag(_) => false,
        };
        self.thresholds.iter().all(|threshold| judges(threshold.plan.metric))
    }

    fn end(&mut self, run: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        for threshold in &self.thresholds {
            judge(threshold, &whole.windows.merged(Selection::of(&threshold.plan)), run.plan, collector);
        }
    }

    /// Late requests wait longer, run into their time-out and pile up at the cap; what share of them fails does not depend
    /// on that.
    fn rests_on_timing(&self) -> Option<bool> {
        let timing = |metric: Metric| metric.is_time() || matches!(metric, Metric::Dropped | Metric::Unanswered(_));
        Some(self.thresholds.iter().any(|threshold| timing(threshold.plan.metric)))
    }

    fn raise(&self) -> &'static [&'static str] {
        match self.thresholds.first().map(|threshold| (threshold.plan.during, threshold.plan.metric)) {
            Some((During::Fault, _)) => &[],
            Some((_, Metric::ExpiryLag(_))) => &["end.expire", "rate", "for"],
            Some((_, metric)) => match metric.operation() {
                Some(Operation::Renew) => &["renew.share", "rate", "for"],
                Some(Operation::Revoke) => &["end.revoke", "rate", "for"],
                _ => &["rate", "for"],
            },
            None => &["rate", "for"],
        }
    }

    fn without_samples(&self) -> &'static str {
        "the metric has no samples"
    }
}

fn judge(bounded: &Bounded, statistics: &Statistics, plan: &Plan, collector: &mut FindingCollector) {
    let threshold = &bounded.plan;
    let (metric, subject) = (threshold.metric, threshold.subject());
    let times = times_of(metric, statistics);
    let (shown, holds, samples) = match (quantity_of(metric), times) {
        (Some(quantity), Some(times)) => {
            let figure = times.figure(quantity);
            (shown(figure), holds(threshold, figure), times.count())
        }
        _ => {
            let (share, samples) = share_of(metric, statistics);
            (format!("{:.2} %", share * 100.0), Some(compare(threshold.comparison, share, threshold.limit)), samples)
        }
    };
    if samples == 0 {
        return collector.lacks_samples(format!("{subject} has no samples"));
    }
    collector.samples(samples);
    if let Some(times) = times {
        let due =
            metric.operation().and_then(|op| statistics.operations.get(&op)).map_or(bounded.to_expire, Figures::due);
        collector.measured(times.summary(), statistics.measured_of(due));
    }
    let of = answered(metric, statistics).map_or_else(String::new, |of| format!(": {of}"));
    match holds {
        Some(true) if let Some(failed) = only_failures(metric, statistics) => collector.cannot_say(format!(
            "{subject} is {shown}, but {failed} failed: their times say nothing about requests that succeed"
        )),
        Some(true) => collector.note(format!("{subject} is {shown}; the limit is {}{of}", threshold.text)),
        Some(false) => {
            let what = format!("expected {subject} {}, got {shown}{of}", threshold.text);
            let (promised, lifecycles) = (Some(threshold.origin.clone()), bounded.beyond.numbers());
            collector.find(Finding { what, promised, lifecycles, ..Finding::default() });
        }
        None => collector.cannot_say(format!(
            "{subject} is {shown}{of}; whether it is {} is unknown, {}",
            threshold.text,
            remedy(threshold, plan)
        )),
    }
}

/// Why longer times are not known, and which key makes them known.
fn remedy(threshold: &ThresholdPlan, plan: &Plan) -> String {
    let of_role = |lifecycle: &LifecyclePlan| threshold.role.as_deref().is_none_or(|role| role == lifecycle.role);
    let is_issue = threshold.metric.operation() == Some(Operation::Issue);
    // Lifecycles with a timeout of their own for an issue.
    let hasty =
        plan.lifecycles.iter().filter(|lifecycle| is_issue && lifecycle.timeout.is_some() && of_role(lifecycle));
    let hasty: Vec<String> = hasty.map(|lifecycle| format!("[lifecycle.{}]", lifecycle.name)).collect();
    match threshold.metric {
        Metric::ExpiryLag(_) => "because the run ended before: raise `drain` of the phase above the limit".to_owned(),
        _ if hasty.is_empty() => {
            "because no request waited longer: raise `timeout` in [client] above the limit".to_owned()
        }
        _ => format!(
            "because no request waited longer: raise `timeout` of {} and `timeout` in [client] above the limit",
            hasty.join(" and ")
        ),
    }
}

/// A figure in words: `> 10 s` where it is only known to be larger.
fn shown(figure: Figure) -> String {
    if figure.is_exact() { format!("{:.3} ms", figure.least as f64 / 1e3) } else { MoreThan(figure.least).to_string() }
}

/// Whether a figure keeps to its bound; none where what is known of it does not tell. What has no answer took longer
/// than was waited for it.
fn holds(threshold: &ThresholdPlan, figure: Figure) -> Option<bool> {
    let (least, limit) = (figure.least as f64, threshold.limit);
    let most = figure.most.map_or(f64::INFINITY, |most| most as f64);
    if figure.is_exact() {
        return Some(compare(threshold.comparison, least, limit));
    }
    let upper = matches!(threshold.comparison, Comparison::Below | Comparison::AtMost);
    match (least >= limit, compare(Comparison::Below, most, limit)) {
        (true, _) => Some(!upper),
        (_, true) => Some(upper),
        _ => None,
    }
}

fn compare(comparison: Comparison, value: f64, limit: f64) -> bool {
    match comparison {
        Comparison::Below => value < limit,
        Comparison::AtMost => value <= limit,
        Comparison::Above => value > limit,
        Comparison::AtLeast => value >= limit,
    }
}

/// Where a metric of time has failures alone, how many. An operation that is meant to fail has none.
fn only_failures(metric: Metric, statistics: &Statistics) -> Option<String> {
    let op = metric.operation().filter(|op| metric.is_time() && op.expects_success())?;
    let figures = statistics.operations.get(&op).filter(|figures| figures.ok == 0 && figures.failed > 0)?;
    Some(match figures.due() {
        1 => "the only request".to_owned(),
        _ if figures.failed == figures.due() => format!("all {} requests", figures.failed),
        due => format!("{} of {due} requests", figures.failed),
    })
}

/// How many of an operation's due requests were answered and how many failed, in words; none where all succeeded.
fn answered(metric: Metric, statistics: &Statistics) -> Option<String> {
    let op = metric.operation()?;
    let figures = statistics.operations.get(&op)?;
    let mut parts = Vec::new();
    if figures.unanswered() > 0 {
        parts.push(format!("{} of {} due were answered", figures.ok + figures.failed, figures.due()));
        parts.push(format!("{} had no answer", figures.indeterminate));
    }
    if figures.dropped > 0 {
        parts.push(format!("{} were dropped", figures.dropped));
    }
    if figures.failed > 0 && metric.is_time() && op.expects_success() {
        parts.push(format!("{} of {} failed", figures.failed, figures.due()));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

const fn quantity_of(metric: Metric) -> Option<Quantity> {
    match metric {
        Metric::Response(_, quantity) | Metric::Service(_, quantity) | Metric::ExpiryLag(quantity) => Some(quantity),
        Metric::Failed(_) | Metric::Unanswered(_) | Metric::Dropped => None,
    }
}

/// The distribution that a metric of time is a figure of.
fn times_of(metric: Metric, statistics: &Statistics) -> Option<&Times> {
    match metric {
        Metric::Response(op, _) => statistics.operations.get(&op).map(|figures| &figures.response),
        Metric::Service(op, _) => statistics.operations.get(&op).map(|figures| &figures.service),
        Metric::ExpiryLag(_) => Some(&statistics.expiry_lag),
        Metric::Failed(_) | Metric::Unanswered(_) | Metric::Dropped => None,
    }
}

/// The share that a metric is, and of how many; nothing of nothing for a metric of time that has no samples.
fn share_of(metric: Metric, statistics: &Statistics) -> (f64, u64) {
    let of = |op, part: fn(&Figures) -> u64| {
        statistics.operations.get(&op).map_or((0, 0), |figures| (part(figures), figures.due()))
    };
    let (part, whole) = match metric {
        Metric::Failed(op) => of(op, |figures| figures.failed + figures.unanswered()),
        Metric::Unanswered(op) => of(op, Figures::unanswered),
        Metric::Dropped => (statistics.dropped, statistics.dropped + statistics.arrived),
        Metric::Response(..) | Metric::Service(..) | Metric::ExpiryLag(_) => (0, 0),
    };
    (part as f64 / whole.max(1) as f64, whole)
}
