use std::time::Duration;

use leaseproof_domain::Observer as ObserverKind;

/// How often everything is observed while a run lasts.
pub(crate) const PACE: Duration = ObserverKind::Roles.pace().expect("roles are observed again and again");
/// How often, in an environment that is not leaseproof's: each observation is a request of which its audit log tells.
pub(crate) const ATTACHED_PACE: Duration =
    ObserverKind::Roles.pace_attached().expect("roles are observed again and again");
