use std::time::Duration;

use nix::sys::signal::Signal;

use crate::EnvironmentError;
use crate::launch::child::Child;
use crate::launch::context::{LaunchContext, LaunchSpec};
use crate::launch::find::Places;
use crate::launch::folder;
use crate::launch::logs::Output;
use crate::launch::ports::says_taken;
use crate::launch::program::Sought;

pub(crate) const ETCD: Sought = Sought {
    name: "etcd",
    called: "etcd",
    setting: "ETCD_BIN",
    get: "apt-get install etcd-server",
    version: "--version",
};

/// How long it may take until it listens.
const START: Duration = Duration::from_secs(30);
/// How many times it is started where others take its ports first.
const STARTS: u32 = 8;

/// A running etcd of one member.
pub(crate) struct Etcd {
    /// `etcd.<cluster>`.
    pub(crate) name: String,
    /// Where its clients come.
    pub(crate) port: u16,
    pub(crate) output: Output,
    pub(crate) child: Child,
}

impl Etcd {
    pub(super) async fn start(name: String, context: &LaunchContext) -> Result<Self, EnvironmentError> {
        let program = Places::here().named(&ETCD)?;
        let home = context.folder.join(&name);
        folder::make(&home, 0o700, None)?;
        for number in 0..STARTS {
            let (Some(port), Some(peers)) = (context.ports.free(), context.ports.free()) else { break };
            let [clients, peers] = [port, peers].map(|port| format!("http://127.0.0.1:{port}"));
            let cluster = format!("leaseproof={peers}");
            // A folder of its own for each start: its member keeps its addresses there.
            let data = home.join(format!("data-{number}"));
            let words =
                ["--name", "leaseproof", "--log-level", "warn", "--logger", "zap", "--initial-cluster", &cluster]
                    .into_iter()
                    .chain(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
                    .chain(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers, "--data-dir"]);
            let (child, log) = context.start(LaunchSpec {
                name: &name,
                program: program.path.clone(),
                image: None,
                args: words.map(Into::into).chain([data.into()]).collect(),
                env: Vec::new(),
                folder: &home,
                account: None,
                death: Signal::SIGKILL,
                input: None,
            })?;
            let etcd = Self { name: name.clone(), port, output: Output::new(log), child };
            match context.listens(&etcd.name, &etcd.child, port, START).await {
                Err(EnvironmentError::NotStarted { tail, .. }) if says_taken(&tail) => {}
                Err(why) => return Err(why),
                Ok(()) => {
                    context.guard(&etcd.name, &etcd.child);
                    return Ok(etcd);
                }
            }
        }
        Err(EnvironmentError::NoFreePort { server: name, tried: STARTS })
    }
}
