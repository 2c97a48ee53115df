//! The files of a run's folder, except the history and the logs.

use std::fs;
use std::path::Path;

use leaseproof_domain::{Micros, RunVerdicts, UnixMicros};
use leaseproof_files::{PLAN, RECORD};
use leaseproof_history::RunFolder;
use leaseproof_scenario::Plan;
use serde_json::json;

use crate::error::Error;
use crate::judgment::JudgedRun;

/// How much of the end of a log is read for its last lines, in bytes.
const LOG_END: u64 = 64 << 10;

/// The plan, without its secrets.
pub(crate) fn write_plan(folder: &RunFolder, plan: &Plan) -> Result<(), Error> {
    let text = plan.to_json();
    if text.len() as u64 > PLAN {
        let words = "the scenario's files are too large in total: the plan, which contains all of them, has";
        return Err(Error::input(format!("{words} {} bytes; the limit is {PLAN} bytes", text.len())));
    }
    write(&folder.plan(), text)
}

/// What is known after the servers have started.
#[derive(Default)]
pub(crate) struct Stood {
    /// Each server with its version.
    pub(crate) servers: Vec<String>,
    /// The time from the start of the run until all servers responded.
    pub(crate) after: Option<Micros>,
}

/// `run.json`: the scenario, the machine, the seed. It is written again after the servers have started.
pub(crate) fn write_run(folder: &RunFolder, plan: &Plan, epoch: UnixMicros, stood: &Stood) -> Result<(), Error> {
    let run = json!({
        "run": folder.name(),
        "scenario": plan.name,
        "title": plan.title,
        "environment": plan.environment.as_str(),
        "seed": plan.seed,
        "leaseproof": env!("CARGO_PKG_VERSION"),
        "epoch_unix_micros": epoch,
        "servers": stood.servers,
        "ready_after_micros": stood.after,
        "machine": {
            "os": std::env::consts::OS,
            "arch": std::env::consts::ARCH,
            "kernel": first_line("/proc/sys/kernel/osrelease"),
            "cpus": std::thread::available_parallelism().map_or(0, usize::from),
            "memory": first_line("/proc/meminfo").and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())),
        },
    });
    write(&folder.run_json(), format!("{run:#}\n"))
}

/// The servers' versions from run.json.
pub fn read_servers(folder: &RunFolder) -> Vec<String> {
    let run = leaseproof_files::read(&folder.run_json(), RECORD)
        .ok()
        .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let servers = run.as_ref().and_then(|run| run.get("servers")?.as_array());
    servers.into_iter().flatten().filter_map(|server| server.as_str().map(str::to_owned)).collect()
}

/// Writes all files of a judgment. If one file cannot be written, the others are still written.
///
/// # Errors
/// [`Error::Machine`] with the first file that could not be written, or [`Error::Harness`].
pub fn write_judged(folder: &RunFolder, judged: &JudgedRun) -> Result<(), Error> {
    let verdicts = &judged.verdicts;
    let written = [
        write(&folder.verdicts(), leaseproof_report::verdicts_json(verdicts)),
        write(&folder.junit(), leaseproof_report::junit(verdicts)),
        write(&folder.summary(), leaseproof_report::summary(verdicts)),
        write(&folder.latency(), &judged.latencies),
        write(&folder.seconds(), &judged.seconds),
    ];
    written.into_iter().collect()
}

/// The verdicts in the folder, if they exist and can be read.
pub fn read_verdicts(folder: &RunFolder) -> Option<RunVerdicts> {
    serde_json::from_slice(&leaseproof_files::read(&folder.verdicts(), RECORD).ok()?).ok()
}

/// The last lines of a server's stored log, which contains no secrets.
pub(crate) fn last_log_lines(folder: &RunFolder, server: &str, lines: usize) -> Vec<String> {
    let log = folder.logs().join(format!("{server}.log"));
    leaseproof_files::last_lines(&log, lines, LOG_END).unwrap_or_default()
}

fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    leaseproof_files::write(path, content)
        .map_err(|error| Error::machine(format!("cannot write {}: {error}", path.display())).unless_harness(&error))
}

fn first_line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.lines().next()?.to_owned())
}
