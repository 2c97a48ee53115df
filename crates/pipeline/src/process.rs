//! Distinguishes a running process from another one that later got the same id.

use leaseproof_environment::{start_time, this_host, this_user};
use leaseproof_history::Entry;

/// This process as the owner of a run, for the ledger.
pub fn harness() -> Entry {
    let pid = std::process::id();
    Entry::Harness { pid, start_time: start_time(pid).unwrap_or(0) }
}

/// This process as the supervisor of a detached environment, for the ledger.
pub fn supervisor() -> Entry {
    let pid = std::process::id();
    Entry::Supervisor { pid, start_time: start_time(pid).unwrap_or(0) }
}

/// Who starts a run, and for which scenario or command.
pub fn started(scenario: &str) -> Entry {
    let (uid, user) = this_user();
    let folder = std::env::current_dir().unwrap_or_default();
    Entry::Started { scenario: scenario.to_owned(), folder, user, uid, host: this_host() }
}

/// Whether exactly that process is still running: `started` is its start time in clock ticks since boot (proc_pid_stat(5)).
pub fn is_running(pid: u32, started: u64) -> bool {
    start_time(pid) == Some(started)
}

#[cfg(test)]
mod tests {
    use leaseproof_environment::start_time;

    use super::is_running;

    #[test]
    fn this_process_is_running_and_another_one_with_its_id_is_not() {
        let pid = std::process::id();
        let started = start_time(pid).unwrap();
        assert!(is_running(pid, started));
        assert!(!is_running(pid, started + 1));
        assert!(!is_running(u32::MAX, started));
    }
}
