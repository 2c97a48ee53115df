//! The figures of a run by window: phase × role × in or outside a fault window. What is asked of several windows is merged,
//! and nothing is lost by that: histograms of the same bounds are added.

use std::time::Duration;

use leaseproof_domain::{DnsEvent, Event, Operation, SecondFigures};
use leaseproof_scenario::{During, ThresholdPlan};

use crate::seconds::Seconds;
use crate::statistics::{Figures, Statistics};
use crate::timeouts::Timeouts;
use crate::times::Times;

/// Where a figure belongs. What belongs to no lifecycle has neither phase nor role.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Window {
    phase: String,
    role: String,
    in_fault: bool,
}

/// Which windows are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Selection<'a> {
    pub(crate) phase: Option<&'a str>,
    pub(crate) role: Option<&'a str>,
    pub(crate) during: During,
}

impl<'a> Selection<'a> {
    pub(crate) fn of(threshold: &'a ThresholdPlan) -> Self {
        Self { phase: threshold.phase.as_deref(), role: threshold.role.as_deref(), during: threshold.during }
    }

    /// Whether what is done for a role in a phase is asked for, in or outside a fault window.
    pub(crate) fn has(&self, phase: &str, role: &str, in_fault: bool) -> bool {
        let during = match self.during {
            During::Run => true,
            During::NoFault => !in_fault,
            During::Fault => in_fault,
        };
        during && self.phase.is_none_or(|own| own == phase) && self.role.is_none_or(|own| own == role)
    }
}

/// The figures of each window.
pub(crate) struct Windows<'p> {
    timeouts: Timeouts<'p>,
    // A scenario has a handful of them: looking through is faster than a key that has to be made for each event.
    windows: Vec<(Window, Statistics)>,
    seconds: Seconds,
}

impl<'p> Windows<'p> {
    pub(crate) fn new(timeouts: Timeouts<'p>) -> Self {
        Self { timeouts, windows: Vec::new(), seconds: Seconds::new(timeouts.client()) }
    }

    /// Counts an event in its window. What failed on the harness's own side is no figure of the environment.
    pub(crate) fn see(&mut self, event: &Event, in_fault: bool) {
        match event {
            Event::Operation(record) if record.outcome.harness().is_none() => {
                let is_open = record.outcome.is_open();
                let least = if is_open { self.timeouts.operation(record) } else { Duration::ZERO };
                self.at(&record.phase, &record.role, in_fault).operation(record, least);
                self.seconds.operation(record, least);
            }
            Event::Dropped(dropped) => {
                let least = self.timeouts.dropped(dropped);
                self.at(&dropped.phase, &dropped.role, in_fault).dropped(least);
                self.seconds.dropped(dropped, least);
            }
            Event::Dns(DnsEvent::Query(query)) => self.at("", "", in_fault).query(query),
            _ => {}
        }
    }

    /// The expiry lags of a window.
    pub(crate) fn expiry_lag(&mut self, phase: &str, role: &str, in_fault: bool) -> &mut Times {
        &mut self.at(phase, role, in_fault).expiry_lag
    }

    fn at(&mut self, phase: &str, role: &str, in_fault: bool) -> &mut Statistics {
        let is_it = |(window, _): &(Window, Statistics)| {
            window.in_fault == in_fault && window.role == role && window.phase == phase
        };
        let place = self.windows.iter().position(is_it).unwrap_or_else(|| {
            let window = Window { phase: phase.to_owned(), role: role.to_owned(), in_fault };
            self.windows.push((window, Statistics::default()));
            self.windows.len() - 1
        });
        &mut self.windows[place].1
    }

    /// The figures second by second.
    pub(crate) fn seconds(self) -> Vec<SecondFigures> {
        self.seconds.figures()
    }

    /// How many requests of an operation were due in a phase for a role.
    pub(crate) fn due(&self, op: Operation, phase: &str, role: &str) -> u64 {
        let windows = self.windows.iter().filter(|(window, _)| window.phase == phase && window.role == role);
        windows.filter_map(|(_, statistics)| statistics.operations.get(&op)).map(Figures::due).sum()
    }

    /// How many arrivals of a phase for a role were dropped outside fault windows.
    pub(crate) fn dropped_outside_faults(&self, phase: &str, role: &str) -> u64 {
        let selection = Selection { phase: Some(phase), role: Some(role), during: During::NoFault };
        self.selected(selection).map(|statistics| statistics.dropped).sum()
    }

    /// The figures of all windows that are asked for, as one.
    pub(crate) fn merged(&self, selection: Selection<'_>) -> Statistics {
        let mut all = Statistics::default();
        self.selected(selection).for_each(|statistics| all.add(statistics));
        all
    }

    fn selected(&self, selection: Selection<'_>) -> impl Iterator<Item = &Statistics> {
        let has = move |window: &Window| selection.has(&window.phase, &window.role, window.in_fault);
        self.windows.iter().filter(move |(window, _)| has(window)).map(|(_, statistics)| statistics)
    }
}
