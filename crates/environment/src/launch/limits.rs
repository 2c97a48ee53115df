//! How many files the harness may have open: each login and each request takes one.

use std::sync::OnceLock;

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// The soft limit that the harness was started with; its servers are started with it too.
static INHERITED: OnceLock<rlim_t> = OnceLock::new();

/// Raises the soft limit of open files to the hard one, for this process alone. Answers how many may be open now; none where
/// the system does not say.
pub fn raise_file_limit() -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    INHERITED.get_or_init(|| soft);
    // Where it is not allowed the limit stays what it is.
    let raised = setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    Some(if raised { hard } else { soft })
}

/// The limits that a server is to have.
pub(crate) fn of_servers() -> Option<(rlim_t, rlim_t)> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    Some(((*INHERITED.get()?).min(hard), hard))
}

#[cfg(test)]
mod tests {
    use nix::sys::resource::{Resource, getrlimit};

    use super::{of_servers, raise_file_limit};

    #[test]
    fn the_harness_has_all_that_it_may_have_and_its_servers_what_it_was_given() {
        let (before, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(raise_file_limit(), Some(hard));
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (hard, hard));
        assert_eq!(of_servers(), Some((before, hard)));
    }
}
