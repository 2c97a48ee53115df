use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User, gethostname};
use procfs::process::{MMapPath, Process, all_processes};
use procfs::{Current as _, SharedMemorySegments};

use crate::launch::wait::{TIMEOUT, holds_by};

/// The variable of the marker.
pub(crate) const MARKER: &str = "LEASEPROOF_RUN";

/// What stands in the environment of every process of a run, and is inherited by what they start.
pub(crate) fn marker(run: &str) -> String {
    format!("{MARKER}={run}")
}

/// When a process was started, in clock ticks since boot; none where there is no such process, or only its exit
/// status is left. proc(5), `/proc/<pid>/stat`, fields 3 and 22. It tells a living process from a stranger that was
/// given its id later.
pub fn start_time(pid: u32) -> Option<u64> {
    let stat = Process::new(i32::try_from(pid).ok()?).ok()?.stat().ok()?;
    (!matches!(stat.state, 'Z' | 'X')).then_some(stat.starttime)
}

/// The user that this process runs as: the id and the name.
pub fn this_user() -> (u32, String) {
    let uid = Uid::effective();
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
    (uid.as_raw(), name.unwrap_or_else(|| uid.to_string()))
}

/// The name of this machine.
pub fn this_host() -> String {
    gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Sends a signal to a process; it can only fail because the process is ending right now.
pub(crate) fn send(pid: Pid, signal: Signal) {
    let _ = kill(pid, signal);
}

/// Whether there is such a process, and more of it than its exit status.
pub(crate) fn is_alive(pid: Pid) -> bool {
    u32::try_from(pid.as_raw()).is_ok_and(|pid| start_time(pid).is_some())
}

/// The process of that id.
fn process(pid: Pid) -> Option<Process> {
    Process::new(pid.as_raw()).ok()
}

/// The process that started it, or took it over.
fn parent(process: &Process) -> Option<Process> {
    Process::new(process.stat().ok()?.ppid).ok()
}

/// All processes; those that end meanwhile are left out.
fn all() -> impl Iterator<Item = Process> {
    all_processes().into_iter().flatten().filter_map(Result::ok)
}

/// The processes that a run left, without this one: those with its marker, and PostgreSQL's that work in its folders.
///
/// A PostgreSQL backend overwrites its environment with its title (src/backend/utils/misc/ps_status.c), so it is reported
/// by its program and its working folder, the data directory.
pub(crate) fn of_run(run: &str, folders: &[PathBuf]) -> Vec<Pid> {
    all()
        .filter(|process| process.pid != Pid::this().as_raw())
        .filter(|process| has_marker(process, run) || is_postgres_in(process, folders))
        .map(|process| Pid::from_raw(process.pid))
        .filter(|pid| is_alive(*pid))
        .collect()
}

/// PostgreSQL's processes whose data directory that is.
pub(crate) fn working_in(data: &Path) -> Vec<Pid> {
    let folders = [data.to_owned()];
    all().filter(|process| is_postgres_in(process, &folders)).map(|process| Pid::from_raw(process.pid)).collect()
}

/// Ends those processes, blocking: politely, and by SIGKILL after [`TIMEOUT`]. Gives the names of those that ended and
/// of those that did not.
pub(crate) fn end_run(run: &str, folders: &[PathBuf]) -> (Vec<String>, Vec<String>) {
    let mut ended = BTreeMap::new();
    let mut segments = BTreeSet::new();
    for signal_for in [polite, |_| Some(Signal::SIGKILL)] {
        for pid in of_run(run, folders) {
            ended.entry(pid).or_insert_with(|| name(pid));
            segments.extend(shared_segments(pid));
            if let Some(signal) = signal_for(pid) {
                // It can only fail because the process is ending right now.
                let _ = kill(pid, signal);
            }
        }
        let until = Instant::now() + TIMEOUT;
        holds_by(until, Duration::from_millis(10), || of_run(run, folders).is_empty());
    }
    let left = of_run(run, folders);
    ended.retain(|pid, _| !left.contains(pid));
    if left.is_empty() {
        // Those that ended in good order have removed them themselves.
        segments.into_iter().for_each(|segment| drop(fs::remove_file(segment)));
    }
    (ended.into_values().collect(), left.into_iter().map(name).collect())
}

/// The signal that lets a process take its shared memory with it. A postmaster has SIGQUIT. initdb ends after its step
/// on SIGTERM, and a bootstrap or single-user backend when initdb's pipe to it has ended: that one, and the shell
/// between them, get no signal, which would end the backend on the spot (src/backend/bootstrap/bootstrap.c), or let
/// initdb empty the data directory under it. Nothing else has any, and is killed.
fn polite(pid: Pid) -> Option<Signal> {
    let process = process(pid)?;
    let arguments = process.cmdline().unwrap_or_default();
    let backend = arguments.iter().any(|argument| argument == "--boot" || argument == "--single");
    match program(&process).as_str() {
        "postgres" => (!backend).then_some(Signal::SIGQUIT),
        "initdb" => Some(Signal::SIGTERM),
        _ if parent(&process).is_some_and(|parent| program(&parent) == "initdb") => None,
        _ => Some(Signal::SIGKILL),
    }
}

/// PostgreSQL's segments in /dev/shm that a process has mapped. initdb's backends use them whatever is configured.
fn shared_segments(pid: Pid) -> Vec<PathBuf> {
    let maps = process(pid).and_then(|process| process.maps().ok());
    let paths = maps.into_iter().flatten().filter_map(|map| match map.pathname {
        MMapPath::Path(path) => Some(path),
        _ => None,
    });
    paths.filter(|path| path.to_string_lossy().starts_with("/dev/shm/PostgreSQL.")).collect()
}

/// The names of the processes that a run left.
pub(crate) fn names_of_run(run: &str, folders: &[PathBuf]) -> Vec<String> {
    of_run(run, folders).into_iter().map(name).collect()
}

fn has_marker(process: &Process, run: &str) -> bool {
    let environment = process.environ().unwrap_or_default();
    let marker = environment.get(OsStr::new(MARKER)).map(|value| value.to_string_lossy());
    // A run of several environments tells them apart by a part after its name.
    marker.is_some_and(|value| value.strip_prefix(run).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

/// The file name of the program that a process runs, also after the file was replaced.
fn program(process: &Process) -> String {
    let program = process.exe().unwrap_or_default();
    let name = program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.trim_end_matches(" (deleted)").to_owned()
}

fn is_postgres_in(process: &Process, folders: &[PathBuf]) -> bool {
    let place = process.cwd().unwrap_or_default();
    folders.iter().any(|folder| place.starts_with(folder)) && program(process) == "postgres"
}

fn name(pid: Pid) -> String {
    let name = process(pid).and_then(|process| process.stat().ok()).map(|stat| stat.comm).unwrap_or_default();
    format!("{name} (pid {pid})")
}

/// Removes the System V shared memory segment that a killed postmaster left: its key and id stand in line 7 of
/// postmaster.pid (src/include/utils/pidfile.h), which a postmaster that ended by itself has removed.
pub(crate) fn free_shared_memory(data: &Path) {
    let Ok(pidfile) = fs::read_to_string(data.join("postmaster.pid")) else { return };
    let Some(line) = pidfile.lines().nth(6) else { return };
    let [key, id] = line.split_whitespace().collect::<Vec<_>>()[..] else { return };
    // An id can be given anew: only the segment with this key, which nobody uses, is the one that was left.
    let segments = SharedMemorySegments::current().map(|all| all.0).unwrap_or_default();
    let ours = segments
        .iter()
        .any(|segment| segment.key.to_string() == key && segment.shmid.to_string() == id && segment.nattch == 0);
    if ours {
        let _ = std::process::Command::new("ipcrm").args(["-m", id]).output();
    }
}

#[cfg(test)]
mod tests {

    use super::{of_run, start_time};

    #[test]
    fn this_process_has_a_start_time_and_is_never_its_own_leftover() {
        assert!(start_time(std::process::id()).is_some());
        assert!(start_time(u32::MAX).is_none());
        assert!(of_run("no-such-run", &[]).is_empty());
    }
}
