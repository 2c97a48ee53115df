//! Servers in containers: each one a container on the host's network, with the run's private folder mounted at its own
//! path, so that addresses, data, sockets and the audit log are where they are for processes.
//!
//! A container is started through the engine's own client, which stays for as long as the container runs: it carries
//! its output, its input and its status, as a process of ours does. What the engine calls `run`, `kill`, `pause`,
//! `unpause` and `rm` is in docker(1).

mod engine;
mod images;
mod left;

use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use leaseproof_history::Entry;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid};

pub use self::images::{FoundImage, find_images};
pub(crate) use self::images::{Images, check};
pub(crate) use self::left::{of_run, remove_all, remove_run, strays};
use crate::EnvironmentError;
use crate::launch::child::{Enclosure, Launch};
use crate::launch::launcher::{Launched, Launcher};
use crate::launch::program::{PDNS, PostgresPrograms, Program};

/// What the name of every container of ours begins with.
const PREFIX: &str = "leaseproof-";
/// The label that says of which run a container is.
const RUN: &str = "leaseproof.run";
/// The label that says which process made it: `<pid>:<start time>`, as in a ledger.
const HARNESS: &str = "leaseproof.harness";
/// The label that says who made it: the user's id on the machine of that name, `0@build-7`. An engine may be shared.
const MAKER: &str = "leaseproof.maker";
/// The label that says what it is: `vault`, `postgres.<cluster>`.
const SERVER: &str = "leaseproof.server";
/// How much of the processor the servers get beside the harness where both want it (`--cpu-shares`; 1024 is what
/// everybody else has): about what niceness 5 means for processes.
const SHARES: &str = "335";
/// What PostgreSQL's parallel queries may share (`--shm-size`); Docker's own default is 64 MB.
const SHARED_MEMORY: &str = "256m";

/// A container that was started, by its name.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    name: String,
}

impl Enclosure for Container {
    /// Blocking, about 50 ms. It can only fail because the container is ending right now.
    fn signal(&self, signal: Signal) {
        let _ = match signal {
            Signal::SIGSTOP => engine::ask(&["pause", &self.name]),
            Signal::SIGCONT => engine::ask(&["unpause", &self.name]),
            other => engine::ask(&["kill", "--signal", other.as_str(), &self.name]),
        };
    }

    /// Removes it, whatever it does, with its own volumes.
    fn remove(&self) {
        let _ = engine::remove(&self.name);
    }
}

/// Programs of images, in containers.
pub(crate) struct Containers(pub(crate) Images);

impl Launcher for Containers {
    fn vault(&self) -> Result<Program, EnvironmentError> {
        Ok(self.0.program("vault", &self.0.vault))
    }

    fn haproxy(&self) -> Result<Program, EnvironmentError> {
        Ok(self.0.program("haproxy", &self.0.haproxy))
    }

    fn postgres(&self, major: &str) -> Result<PostgresPrograms, EnvironmentError> {
        Ok(self.0.postgres(major))
    }

    fn powerdns(&self) -> Result<Program, EnvironmentError> {
        Ok(self.0.program(PDNS.name, &self.0.pdns))
    }

    fn within(&self, run: &str, server: &str, program: &str) -> Option<String> {
        let client = engine::client();
        let client = client.display();
        let all = format!("'{client}' ps -q --filter label={RUN}={run} --filter label={SERVER}={server}");
        Some(format!("'{client}' exec \"$({all})\" {program}"))
    }

    fn variables(&self) -> Vec<(String, OsString)> {
        engine::environment()
    }

    /// Makes of the start of a program the start of a container of its image, in the ledger first.
    fn prepare(&self, launch: Launch, of: &Launched<'_>) -> Result<Launch, EnvironmentError> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let Some(image) = of.image else { return Ok(launch) };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{}-{number}", of.run, plain(of.name));
        of.ledger.add(Entry::Container { name: name.clone() })?;
        let account = account_in_containers(&launch);
        let mut args = words(&["run", "--rm", "--pull", "never", "--network", "host", "--shm-size", SHARED_MEMORY]);
        args.extend(words(&["--cpu-shares", SHARES, "--user", &account, "--name", &name]));
        for (label, value) in
            [(RUN, of.run), (HARNESS, &engine::this_process()), (MAKER, &engine::this_maker()), (SERVER, of.name)]
        {
            args.extend(words(&["--label", &format!("{label}={value}")]));
        }
        // initdb asks who it is (src/bin/initdb/initdb.c, get_id): the accounts are this machine's.
        for file in ["/etc/passwd", "/etc/group"] {
            args.extend(words(&["--volume", &format!("{file}:{file}:ro")]));
        }
        args.extend(["--volume".into(), mounted(of.folder), "--workdir".into(), launch.folder.into()]);
        // An engine that is ended under its containers forgets the volumes that it made for them; nothing of ours is there.
        for folder in self.0.volumes(image) {
            args.extend(words(&["--tmpfs", folder]));
        }
        // A value is in the client's environment, never among its arguments, where everybody could read it.
        let given = launch.env.iter().filter(|(variable, _)| variable != "PATH");
        args.extend(given.flat_map(|(variable, _)| words(&["--env", variable])));
        if launch.input.is_some() {
            args.push("--interactive".into());
        }
        args.extend(["--entrypoint".into(), launch.program.into(), image.into()]);
        args.extend(launch.args);
        // The client hands SIGTERM and SIGQUIT on to the container (docker run, `--sig-proxy`), and cannot SIGKILL.
        let death = if launch.death == Signal::SIGKILL { Signal::SIGTERM } else { launch.death };
        Ok(Launch {
            program: engine::client(),
            args,
            env: launch.env.into_iter().chain(engine::environment()).collect(),
            folder: "/".into(),
            account: None,
            death,
            input: launch.input,
            enclosure: Some(Box::new(Container { name })),
        })
    }
}

/// `uid:gid` of that program; in a container as outside, so that the files are the same account's.
fn account_in_containers(launch: &Launch) -> String {
    match launch.account {
        Some(account) => format!("{}:{}", account.uid, account.gid),
        None => format!("{}:{}", Uid::effective(), Gid::effective()),
    }
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// A folder at its own path.
fn mounted(folder: &Path) -> OsString {
    let mut text = folder.as_os_str().to_owned();
    text.push(":");
    text.push(folder);
    text
}

/// A name as the engine takes it: letters, digits, `_`, `.` and `-`.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_container_is_named_after_its_server() {
        assert_eq!(plain("initdb of postgres.target"), "initdb-of-postgres.target");
        assert_eq!(plain("vault.1"), "vault.1");
    }
}
