//! A panic is a bug in leaseproof: it is reported as such, and the process ends with 70 after the clean-up.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::console;
use crate::exit::Exit;

static MET: AtomicBool = AtomicBool::new(false);

/// From now on, a panic is reported as a bug, with its location and what to send to the maintainers.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        MET.store(true, Ordering::SeqCst);
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let words = info.payload_as_str().unwrap_or("no message");
        console::note(format!(
            "leaseproof {}: a bug in leaseproof, at {place}: {words}\n\
             The environment is being removed; `leaseproof clean` removes what might be left. Please report it to the \
             maintainers of leaseproof, with this message, the command line and, if there is one, the run's folder.",
            env!("CARGO_PKG_VERSION"),
        ));
    }));
}

/// Whether any task of the process panicked.
pub(crate) fn met() -> bool {
    MET.load(Ordering::SeqCst)
}

/// Runs `command`; a panic in it, or in a task of it, ends it with [`Exit::Bug`].
pub(crate) fn caught(command: impl FnOnce() -> Exit) -> Exit {
    let exit = std::panic::catch_unwind(std::panic::AssertUnwindSafe(command)).unwrap_or(Exit::Bug);
    if met() { exit.or(Exit::Bug) } else { exit }
}

#[cfg(test)]
mod tests {
    use super::{caught, met};
    use crate::exit::Exit;

    #[test]
    fn a_panic_ends_with_70_and_nothing_else_does() {
        assert_eq!(caught(|| Exit::Undecided), Exit::Undecided);
        assert_eq!(caught(|| panic!("a panic on purpose")), Exit::Bug);
        assert!(!met(), "only the hook of a real process takes note of panics in tasks");
    }
}
