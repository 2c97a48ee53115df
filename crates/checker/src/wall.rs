//! Times on a server's clock, compared with bounds on the harness's clock.

use std::borrow::Cow;

use leaseproof_domain::{Finding, Micros, UnixMicros};

use crate::collector::FindingCollector;
use crate::fold::{Between, Clocks};

/// A moment of a server's clock and where it has to lie.
pub(crate) struct WallMoment {
    /// Whose clock it is on: `vault`, `postgres.target`.
    pub(crate) server: Cow<'static, str>,
    pub(crate) wall: UnixMicros,
    /// Microseconds of the run; both bounds are allowed.
    pub(crate) not_before: i128,
    pub(crate) not_after: i128,
    /// What its distance is distinguished from.
    pub(crate) reference: Micros,
}

/// On which side of its bounds a moment lies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Early,
    Late,
}

impl WallMoment {
    /// None where it may lie within its bounds.
    fn side(&self, at: Between) -> Option<Side> {
        if at.latest < self.not_before {
            Some(Side::Early)
        } else if at.earliest > self.not_after {
            Some(Side::Late)
        } else {
            None
        }
    }
}

/// Keeps what lies outside its bounds until the run's last clock reading: that can only widen what is allowed.
#[derive(Default)]
pub(crate) struct WallBounds {
    doubtful: Vec<(WallMoment, Finding)>,
    unread: Option<Cow<'static, str>>,
}

impl WallBounds {
    /// Whether the moment lies within its bounds as far as is known by now.
    pub(crate) fn holds(clocks: &Clocks, moment: &WallMoment) -> bool {
        clocks.on_harness(&moment.server, moment.wall).is_some_and(|at| moment.side(at).is_none())
    }

    /// `finding` is of the lifecycle that the moment belongs to, without its words.
    pub(crate) fn judge(&mut self, clocks: &Clocks, moment: WallMoment, finding: impl FnOnce() -> Finding) {
        match clocks.on_harness(&moment.server, moment.wall) {
            None => self.unread = Some(moment.server),
            Some(at) if moment.side(at).is_some() => self.doubtful.push((moment, finding())),
            Some(_) => {}
        }
    }

    /// Writes the findings. `words` receives the side and the distance from the reference in microseconds.
    pub(crate) fn settle(
        &mut self,
        clocks: &Clocks,
        collector: &mut FindingCollector,
        words: impl Fn(&WallMoment, Side, i128) -> String,
    ) {
        for (moment, mut finding) in std::mem::take(&mut self.doubtful) {
            let Some(at) = clocks.on_harness(&moment.server, moment.wall) else { continue };
            if let Some(side) = moment.side(at) {
                let distance = (at.earliest + at.latest) / 2 - i128::from(moment.reference.0);
                finding.what = words(&moment, side, distance);
                collector.find(finding);
            }
        }
        if let Some(server) = &self.unread {
            collector.cannot_say(format!("the clock of {server} was not measured before"));
        }
    }
}
