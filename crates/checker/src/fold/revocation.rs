//! What becomes of the leases that are left when the run's token is revoked.

use leaseproof_domain::{Event, Micros, RevocationFigures, RoleSeen};

use crate::timeouts::micros;

/// How what was left went, observation by observation.
#[derive(Default)]
pub(crate) struct Revocation {
    /// The last observation before the token was revoked, and how many roles and leases it showed.
    begun: Option<(Micros, u64, u64)>,
    /// The fewest roles and leases together, and the first observation that showed so few.
    fewest: Option<(Micros, u64)>,
    end: Option<Left>,
}

struct Left {
    roles: u64,
    leases: u64,
    shrinking: bool,
}

impl Revocation {
    pub(super) fn see(&mut self, event: &Event) {
        match event {
            Event::Residue { to, released: false, roles, leases, .. } => {
                let (roles, leases) = (credentials(roles), leases.len() as u64);
                self.begun = Some((*to, roles, leases));
                self.fewest = Some((*to, roles + leases));
            }
            Event::Revoking { to, roles, leases, .. } => self.observation(*to, roles + leases),
            Event::Residue { to, released: true, roles, leases, shrinking, .. } => {
                let (roles, leases) = (credentials(roles), leases.len() as u64);
                self.observation(*to, roles + leases);
                self.end = Some(Left { roles, leases, shrinking: *shrinking });
            }
            _ => {}
        }
    }

    fn observation(&mut self, at: Micros, left: u64) {
        if self.fewest.is_none_or(|(_, fewest)| left < fewest) {
            self.fewest = Some((at, left));
        }
    }

    /// When the last of what went had gone.
    pub(crate) fn stopped_at(&self) -> Option<Micros> {
        self.fewest.map(|(at, _)| at)
    }

    /// The figures; none where nothing was left, or nobody observed.
    pub(crate) fn figures(&self) -> Option<RevocationFigures> {
        let (begun, roles, leases) = self.begun.filter(|(_, roles, leases)| roles + leases > 0)?;
        let end = self.end.as_ref()?;
        let took = self.stopped_at()?.since(begun);
        let gone = roles.saturating_sub(end.roles) as f64;
        Some(RevocationFigures {
            roles,
            leases,
            took: micros(took),
            roles_per_second: if took.is_zero() { 0.0 } else { gone / took.as_secs_f64() },
            roles_left: end.roles,
            leases_left: end.leases,
            shrinking: end.shrinking,
        })
    }
}

/// How many of the roles are no groups, which stay.
fn credentials(roles: &[RoleSeen]) -> u64 {
    roles.iter().filter(|role| !role.is_group()).count() as u64
}
