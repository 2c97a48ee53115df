use leaseproof_domain::{Event, Finding};
use leaseproof_scenario::PhasePlan;

use super::named::NamedByTime;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::Run;
use crate::saturation::{Backlog, Certainty, FEWEST_ARRIVALS, Growth, RAMP_UP, SHORTEST, Stretch, stretches};

/// The backlog does not grow while arrivals last.
#[derive(Default)]
pub(super) struct Saturation {
    /// The lifecycles of requests that had no answer, by the time at which these were due.
    unanswered: NamedByTime,
}

impl Check for Saturation {
    fn see(&mut self, event: &Event, _: &Run<'_>, _: &mut FindingCollector) {
        if let Event::Operation(record) = event
            && record.lifecycle > 0
            && record.outcome.is_open()
        {
            self.unanswered.add(record.intended, record.lifecycle);
        }
    }

    fn end(&mut self, run: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        if let Some(phase) = unmarked(run).filter(|_| whole.complete) {
            return collector.cannot_say(format!("when phase {phase} began and ended is not in the history"));
        }
        let (judged, short) = stretches(run);
        let short: Vec<String> =
            short.iter().map(|(phase, seconds)| format!("{} has {seconds:.1} s", phase.name)).collect();
        let needed = format!(
            "SAT-1 needs {SHORTEST} s of arrivals after the ramp-up and outside fault windows, and {FEWEST_ARRIVALS} arrivals: \
             with `for = \"{}s\"` a phase is long enough",
            (SHORTEST / (1.0 - RAMP_UP)).ceil()
        );
        if judged.is_empty() {
            return collector.not_judged(format!("no phase is long enough: {needed} ({})", short.join(", ")));
        }
        if !short.is_empty() {
            collector.note(format!("not judged: {} ({needed})", short.join(", ")));
        }
        for stretch in &judged {
            collector.sample();
            for (backlog, certainty, growth) in &stretch.grown {
                if *certainty == Certainty::Possible {
                    collector.cannot_say(unclear(stretch, *backlog, growth));
                    continue;
                }
                collector.find(Finding {
                    what: words(stretch, *backlog, growth),
                    at: Some(stretch.figures.from),
                    promised: Some(stretch.phase.origin.clone()),
                    lifecycles: self.unanswered_in(stretch, *backlog),
                    ..Finding::default()
                });
            }
        }
    }

    fn judges_dropped(&self) -> bool {
        true
    }

    fn without_samples(&self) -> &'static str {
        "no phase without `overload = true` was completed"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}

impl Saturation {
    /// The lifecycles whose requests were due in the stretch and had no answer.
    fn unanswered_in(&self, stretch: &Stretch<'_>, backlog: Backlog) -> Vec<u64> {
        match backlog {
            Backlog::Requests => self.unanswered.within(&(stretch.figures.from..=stretch.figures.to)),
            Backlog::Roles => Vec::new(),
        }
    }
}

/// A phase that is long enough to be judged and of whose arrivals the beginning or the end is not in the history.
fn unmarked<'p>(run: &Run<'p>) -> Option<&'p str> {
    let is_judged = |phase: &&PhasePlan| {
        let seconds = phase.duration.duration().as_secs_f64() * (1.0 - RAMP_UP);
        !phase.overload && seconds >= SHORTEST && seconds * phase.rate >= FEWEST_ARRIVALS
    };
    let marked = |name: &str| run.phases.get(name).is_some_and(|marks| marks.begun.is_some() && marks.over.is_some());
    let mut names = run.plan.phases.iter().filter(is_judged).map(|phase| phase.name.as_str());
    names.find(|name| !marked(name))
}

const fn of(backlog: Backlog) -> &'static str {
    match backlog {
        Backlog::Requests => "requests that were due and not completed",
        Backlog::Roles => "roles whose lease had ended",
    }
}

/// Why it is unknown whether a phase is saturated.
fn unclear(stretch: &Stretch<'_>, backlog: Backlog, growth: &Growth) -> String {
    let Stretch { phase, figures, unanswered_at_end: (unanswered, due), .. } = stretch;
    let Growth { slope, last, .. } = growth;
    let at_end = match (backlog, unanswered) {
        (Backlog::Requests, 1..) => format!("; {unanswered} of the last {due} credentials were not issued"),
        _ => String::new(),
    };
    format!(
        "not judged: the 99 % interval {:.2} to {:.2} does not exclude growth: phase {} had {last:.0} {} at its end, {:.1} \
         credentials/s were requested and {:.1}/s answered{at_end}. Raise `for` of the phase",
        slope.low,
        slope.high,
        phase.name,
        of(backlog),
        figures.offered_per_second,
        figures.completed_per_second,
    )
}

fn words(stretch: &Stretch<'_>, backlog: Backlog, growth: &Growth) -> String {
    let Stretch { phase, figures, longer, .. } = stretch;
    let what = of(backlog);
    let dropped = match figures.dropped_per_second {
        0.0 => String::new(),
        dropped => format!(", {dropped:.1}/s were dropped"),
    };
    let waits = match longer {
        Some((op, first, last)) => format!("; the mean time of {op} was {first:.2} s at first and {last:.2} s at last"),
        None => String::new(),
    };
    let Growth { slope, first, last, .. } = growth;
    format!(
        "phase {} is saturated: {:.1} credentials/s were requested and {:.1}/s answered{dropped}; expected a backlog that \
         does not grow, got {:.2} more {what} each second (99 % interval {:.2} to {:.2}), from {first:.0} to {last:.0}{waits}",
        phase.name, figures.offered_per_second, figures.completed_per_second, slope.median, slope.low, slope.high,
    )
}
