use nix::unistd::{Uid, User};

use crate::EnvironmentError;

/// The account that PostgreSQL runs as where the harness is root, which PostgreSQL refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// User id.
    pub(crate) uid: u32,
    /// Its primary group.
    pub(crate) gid: u32,
}

impl Account {
    /// None where the harness is no root and PostgreSQL runs as the same user; otherwise `postgres`, or `nobody`.
    ///
    /// # Errors
    /// [`EnvironmentError::NoAccount`] where there is neither.
    pub(crate) fn unprivileged() -> Result<Option<Self>, EnvironmentError> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
            .ok_or(EnvironmentError::NoAccount)
    }
}
