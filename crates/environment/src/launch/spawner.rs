use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{OnceLock, mpsc};
use std::thread;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};

use crate::launch::limits;

/// How much the servers yield to the harness where both want the same core: a load generator that has to queue behind
/// the servers it loads sends late, and measures itself. Niceness, as in nice(2); nobody needs a right for it.
const NICENESS: i32 = 5;

struct Request {
    command: Command,
    answer: mpsc::Sender<io::Result<Child>>,
}

/// Starts a process that gets `death` when the harness ends, whatever ends it.
///
/// `PR_SET_PDEATHSIG` (prctl(2)) is bound to the *thread* that spawned the child and fires when that thread ends:
/// every child is spawned by one thread that exists as long as the process. A change of user clears it: the closure
/// runs after the command's own uid and gid are set, right before the exec.
pub(crate) fn spawn(mut command: Command, death: Signal) -> io::Result<Child> {
    let parent = Pid::this();
    let limits = limits::of_servers();
    let bind = move || {
        set_pdeathsig(death)?;
        if let Some((soft, hard)) = limits {
            let _ = setrlimit(Resource::RLIMIT_NOFILE, soft, hard);
        }
        // It can only fail where a limit forbids it, and then nothing is lost but some punctuality.
        let _ = rustix::process::nice(NICENESS);
        // The harness may have ended before the line above.
        if getppid() == parent { Ok(()) } else { Err(io::Error::from(io::ErrorKind::BrokenPipe)) }
    };
    // SAFETY: between fork and exec only prctl(2), setrlimit(2), setpriority(2) and getppid(2) are called, all async-signal-safe; nothing is
    // allocated and no lock is taken.
    #[allow(unsafe_code, reason = "std has no safe way to set the parent-death signal of a child")]
    unsafe {
        command.pre_exec(bind);
    }
    let (answer, answered) = mpsc::channel();
    let gone = || io::Error::other("the thread that starts processes is gone");
    thread_of_all().send(Request { command, answer }).map_err(|_| gone())?;
    answered.recv().map_err(|_| gone())?
}

fn thread_of_all() -> &'static mpsc::Sender<Request> {
    static THREAD: OnceLock<mpsc::Sender<Request>> = OnceLock::new();
    THREAD.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        let serve = move || {
            for Request { mut command, answer } in requests {
                if let Err(mpsc::SendError(Ok(mut orphan))) = answer.send(command.spawn()) {
                    // Nobody waits for it any more.
                    let _ = orphan.kill();
                    let _ = orphan.wait();
                }
            }
        };
        thread::Builder::new()
            .name("spawner".to_owned())
            .spawn(serve)
            .expect("the thread that starts processes is among the first of a run");
        sender
    })
}
