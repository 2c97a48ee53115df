//! The figures of a run by window: phase × role × in or outside a fault window. What is asked of several windows is merged,
//! and nothing is lost by that: histograms of the same bounds are added.

use leaseproof_domain::{DnsEvent, Event, OperationRecord};
use leaseproof_scenario::{During, ThresholdPlan};

use crate::statistics::Statistics;
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

    fn has(&self, window: &Window) -> bool {
        let during = match self.during {
            During::Run => true,
            During::NoFault => !window.in_fault,
            During::Fault => window.in_fault,
        };
        during
            && self.phase.is_none_or(|phase| phase == window.phase)
            && self.role.is_none_or(|role| role == window.role)
    }
}

/// The figures of each window.
pub(crate) struct Windows<'p> {
    timeouts: Timeouts<'p>,
    // A scenario has a handful of them: looking through is faster than a key that has to be made for each event.
    windows: Vec<(Window, Statistics)>,
}

impl<'p> Windows<'p> {
    pub(crate) fn new(timeouts: Timeouts<'p>) -> Self {
        Self { timeouts, windows: Vec::new() }
    }

    /// Counts an event in its window.
    pub(crate) fn see(&mut self, event: &Event, in_fault: bool) {
        let (phase, role) = match event {
            Event::Operation(OperationRecord { phase, role, .. }) => (phase.as_str(), role.as_str()),
            Event::Shed(shed) => (shed.phase.as_str(), shed.role.as_str()),
            Event::Dns(DnsEvent::Query(_)) => ("", ""),
            _ => return,
        };
        let place = self.place(phase, role, in_fault);
        self.windows[place].1.see(event, &self.timeouts);
    }

    /// The expiry lags of a window.
    pub(crate) fn expiry_lag(&mut self, phase: &str, role: &str, in_fault: bool) -> &mut Times {
        let place = self.place(phase, role, in_fault);
        &mut self.windows[place].1.expiry_lag
    }

    fn place(&mut self, phase: &str, role: &str, in_fault: bool) -> usize {
        let is_it = |(window, _): &(Window, Statistics)| {
            window.in_fault == in_fault && window.role == role && window.phase == phase
        };
        self.windows.iter().position(is_it).unwrap_or_else(|| {
            let window = Window { phase: phase.to_owned(), role: role.to_owned(), in_fault };
            self.windows.push((window, Statistics::default()));
            self.windows.len() - 1
        })
    }

    /// The figures of all windows that are asked for, as one.
    pub(crate) fn merged(&self, selection: Selection<'_>) -> Statistics {
        let mut all = Statistics::default();
        for (window, statistics) in &self.windows {
            if selection.has(window) {
                all.add(statistics);
            }
        }
        all
    }
}
