//! Which leases there are before the first credential is requested, and which of them may own a role that was there.

use std::collections::BTreeSet;

use leaseproof_domain::{LeaseBefore, LeaseId, OtherLeases, Username};
use leaseproof_vault::{Client, Error};

/// How many leases from before the run are looked up one by one: each is a request.
const LOOKED_UP: usize = 1000;
/// Vault's answer for a lease that it does not have.
const INVALID_LEASE: u16 = 400;

/// Looks up leases one by one, up to a limit, as far as the token is allowed to.
pub(crate) struct LeasesBefore<'a> {
    vault: &'a Client,
    /// The roles that leases may own.
    suspects: &'a [Username],
    /// How many more are looked up.
    left: usize,
    /// Whether there are such roles, and the token is allowed to.
    may: bool,
}

impl<'a> LeasesBefore<'a> {
    pub(crate) fn of(vault: &'a Client, suspects: &'a [Username]) -> Self {
        Self { vault, suspects, left: LOOKED_UP, may: !suspects.is_empty() }
    }

    /// The leases of the promised roles.
    pub(crate) async fn promised(&mut self, leases: &BTreeSet<LeaseId>) -> Vec<LeaseBefore> {
        let mut before = Vec::with_capacity(leases.len());
        for lease in leases {
            before.extend(self.look_up(lease.clone()).await);
        }
        before
    }

    /// The leases of other Vault roles that may own one of these roles.
    pub(crate) async fn others(&mut self, promised: &[(String, String)]) -> OtherLeases {
        let mut others = OtherLeases::default();
        if self.suspects.is_empty() {
            return others;
        }
        let roles = match self.vault.database_roles_with_leases().await {
            Ok(roles) => roles,
            Err(why) => return OtherLeases { unlisted: Some(why.to_string()), ..others },
        };
        let is_promised =
            |mount: &str, role: &str| promised.iter().any(|(of, name)| of.trim_matches('/') == mount && name == role);
        for (mount, role) in roles {
            if is_promised(&mount, &role) || !self.suspects.iter().any(|suspect| suspect.may_be_of(&role)) {
                continue;
            }
            let leases = match self.vault.leases(&mount, &role).await {
                Ok(leases) => leases,
                Err(why) => return OtherLeases { unlisted: Some(why.to_string()), ..others },
            };
            for lease in leases {
                if self.left == 0 {
                    let why = format!("more than {LOOKED_UP} leases may own one of these roles");
                    return OtherLeases { unlisted: Some(why), ..others };
                }
                others.leases.extend(self.look_up(lease).await);
            }
        }
        others
    }

    /// The lease with its times, as far as they can be looked up; none if it ended meanwhile.
    async fn look_up(&mut self, lease: LeaseId) -> Option<LeaseBefore> {
        let mut before = LeaseBefore { lease, issued: None, expires: None, renewed: false };
        if self.left == 0 || !self.may {
            self.left = self.left.saturating_sub(1);
            return Some(before);
        }
        self.left -= 1;
        match self.vault.lookup_lease(&before.lease).await {
            Ok(info) => {
                before.issued = Some(info.issue_time);
                before.expires = info.expire_time;
                before.renewed = info.renewed;
            }
            Err(Error::Answer { status: INVALID_LEASE, .. }) => return None,
            Err(_) => self.may = false,
        }
        Some(before)
    }
}
