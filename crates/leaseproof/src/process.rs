//! What tells a living process from a stranger that was given its id later.

use std::fs;

use leaseproof_history::Entry;

/// This process as the owner of a run.
pub(crate) fn harness() -> Entry {
    let pid = std::process::id();
    Entry::Harness { pid, start_time: start_time(pid).unwrap_or(0) }
}

/// This process as the keeper of a detached estate.
pub(crate) fn supervisor() -> Entry {
    let pid = std::process::id();
    Entry::Supervisor { pid, start_time: start_time(pid).unwrap_or(0) }
}

/// Whether that very process still lives.
pub(crate) fn lives(pid: u32, started: u64) -> bool {
    start_time(pid) == Some(started)
}

/// When a process was started, in clock ticks since boot: field 22 of `/proc/<pid>/stat` (proc(5)). None where there is
/// no such process, or only its exit status is left (Z).
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses, and may itself hold spaces and parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18)?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{lives, start_time};

    #[test]
    fn this_process_lives_and_a_stranger_with_its_id_does_not() {
        let pid = std::process::id();
        let started = start_time(pid).unwrap();
        assert!(lives(pid, started));
        assert!(!lives(pid, started + 1));
        assert!(!lives(u32::MAX, started));
    }
}
