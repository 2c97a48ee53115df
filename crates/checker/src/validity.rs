//! Whether the generator kept to its schedule. Where it did not, the figures say nothing of the estate.

use leaseproof_domain::Validity;

use crate::statistics::{Figures, Statistics};
use crate::words;

/// An operation sent within this many microseconds of its intended start is on time, whatever its service time is.
pub(crate) const ALWAYS_ON_TIME: u64 = 10_000;
/// Where an operation takes long, it is on time within this part of its median service time too, of those that were answered.
const SHARE_OF_SERVICE: f64 = 0.05;
/// One late operation in so many is still a valid measurement.
const ONE_IN: u64 = 100;

/// What was sent late, and of how many.
pub(crate) struct Punctuality {
    pub(crate) late: u64,
    pub(crate) timed: u64,
    worst: u64,
}

impl Punctuality {
    pub(crate) fn of(statistics: &Statistics<'_>) -> Self {
        let mut all = Self { late: 0, timed: 0, worst: 0 };
        for figures in statistics.operations.values().chain([&statistics.questions]) {
            let allowed = allowed(figures);
            let late = figures.behind.iter().filter(|behind| **behind > allowed);
            all.late += late.clone().count() as u64;
            all.worst = all.worst.max(late.max().copied().unwrap_or(0));
            all.timed += figures.total();
        }
        all
    }

    /// Invalid where more than one operation in a hundred was late.
    pub(crate) fn validity(&self) -> Validity {
        if self.late * ONE_IN <= self.timed {
            return Validity::Valid;
        }
        let share = self.late as f64 * 100.0 / self.timed as f64;
        Validity::Invalid {
            why: format!(
                "the generator sent {share:.1} % of {} late, the worst {} after its intended start; more than 1 % is too many",
                words::count(self.timed, "operation"),
                words::seconds(self.worst.into()),
            ),
        }
    }
}

/// How late an operation may be because it takes long. Of those that are always on time, none is among the late.
fn allowed(figures: &Figures) -> u64 {
    (figures.service.known_median() as f64 * SHARE_OF_SERVICE) as u64
}
