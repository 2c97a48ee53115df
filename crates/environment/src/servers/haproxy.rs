use std::time::Duration;

use nix::sys::signal::Signal;

use crate::EnvironmentError;
use crate::launch::child::Child;
use crate::launch::context::{LaunchContext, LaunchSpec};
use crate::launch::folder;
use crate::launch::logs::Output;
use crate::launch::ports::says_taken;

/// How long HAProxy may take until it listens.
const START: Duration = Duration::from_secs(15);
/// How many times it is started where others take its ports first.
const STARTS: u32 = 8;

/// What every configuration begins with.
pub(crate) const PREAMBLE: &str = "# Written by leaseproof.\n\
     global\n  maxconn 2000\n  log stdout format raw local0\n\
     defaults\n  mode tcp\n  log global\n  timeout connect 2s\n  timeout client 1h\n  timeout server 1h\n  timeout check 400ms\n";

/// A running HAProxy.
pub(crate) struct Haproxy {
    /// `haproxy.<cluster>`, `haproxy.vault`.
    pub(crate) name: String,
    pub(crate) ports: Vec<u16>,
    pub(crate) output: Output,
    pub(crate) child: Child,
}

impl Haproxy {
    /// Starts one that listens on that many ports, the first of which may be fixed, with the configuration that is
    /// written for them.
    pub(crate) async fn start(
        name: &str,
        fixed: Option<u16>,
        ports: usize,
        configuration: impl Fn(&[u16]) -> String,
        context: &LaunchContext,
    ) -> Result<Self, EnvironmentError> {
        let program = context.launcher.haproxy()?;
        let home = context.folder.join(name);
        folder::make(&home, 0o700, None)?;
        let file = home.join("haproxy.cfg");
        for _ in 0..STARTS {
            let ports = fixed.into_iter().map(Some).chain(std::iter::repeat_with(|| context.ports.free())).take(ports);
            let ports = ports.collect::<Option<Vec<u16>>>().ok_or_else(|| no_port(name))?;
            folder::write(&file, &configuration(&ports), 0o600, None)?;
            let (child, log) = context.start(LaunchSpec {
                name,
                program: program.path.clone(),
                image: program.image.clone(),
                args: vec!["-db".into(), "-f".into(), file.clone().into()],
                env: Vec::new(),
                folder: &home,
                account: None,
                death: Signal::SIGKILL,
                input: None,
            })?;
            let haproxy = Self { name: name.to_owned(), ports, output: Output::new(log), child };
            match context.listens(name, &haproxy.child, haproxy.ports[0], START).await {
                Err(EnvironmentError::NotStarted { tail, .. }) if says_taken(&tail) => {}
                Err(why) => return Err(why),
                Ok(()) => {
                    context.guard(name, &haproxy.child);
                    return Ok(haproxy);
                }
            }
        }
        Err(no_port(name))
    }
}

fn no_port(name: &str) -> EnvironmentError {
    EnvironmentError::NoFreePort { server: name.to_owned(), tried: STARTS }
}
