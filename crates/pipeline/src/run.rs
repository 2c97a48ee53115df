//! The complete flow of a run, from a plan to its verdicts.

use std::sync::Arc;
use std::time::Duration;

use leaseproof_domain::{End, EndReason, Event, HarnessFault, Redactor, RunVerdicts};
use leaseproof_environment::{ClientToken, EnvironmentError};
use leaseproof_history::{Ledger, NewRun, Recorder, Recording, RunFolder};
use leaseproof_live::LiveMetrics;
use leaseproof_scenario::{EnvironmentKind, Plan};
use leaseproof_timeline::Moments;
use leaseproof_watch::{ReleaseWait, Watch};
use leaseproof_workload::LoadState;
use tokio::time::Instant;

use crate::artifacts::{self, Stood};
use crate::display::Display;
use crate::ending::Ending;
use crate::environment::RunEnvironment;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::judgment;
use crate::repeated::Repeated;
use crate::stop::Stop;
use crate::{glue, process};

/// How many of the last log lines are shown for a lost server.
const LAST_LINES: usize = 10;
/// How long after a failure the end of a server may be detected.
const NOTICE: Duration = Duration::from_secs(1);
/// How often the run's record is checked.
const RECORD_PACE: Duration = Duration::from_millis(200);
/// If no role or lease goes away for this time, Vault revokes nothing more: it retries a failed revocation after 10 to
/// 30 s (vault/expiration.go, revokeExponentialBackoff).
const RELEASE_STALL: Duration = Duration::from_secs(35);
/// How long the run waits for Vault to revoke what was left, as long as it makes progress.
const RELEASE_LONGEST: Duration = Duration::from_secs(15 * 60);
/// How long the run waits if no check depends on it.
const RELEASE_SHORTEST: Duration = Duration::from_secs(10);

/// A finished run.
pub struct Run {
    /// Its folder, with all files that could be written.
    pub folder: RunFolder,
    /// Its verdicts. If a file of the folder is not complete, the outcome says that.
    pub verdicts: RunVerdicts,
}

/// Plan → environment → workload, observed → history → verdicts → files.
///
/// `keep_going` continues the load even if the same failure repeats. A signal ends the run early; it is judged all the same.
///
/// # Errors
/// [`Error`] if the folder cannot be written, or holds too little for a judgment.
pub async fn run(
    plan: &Plan,
    folder: RunFolder,
    interrupt: &Interrupt,
    display: &Arc<dyn Display>,
    keep_going: bool,
) -> Result<Run, Error> {
    let unwritable = |error: leaseproof_history::Error| Error::machine(&error).unless_harness(&error);
    let ledger = Ledger::create(&folder.ledger(), folder.name()).map_err(unwritable)?;
    ledger.add(process::harness()).map_err(unwritable)?;
    ledger.add(process::started(&plan.name)).map_err(unwritable)?;
    let (recorder, recording) = Recorder::create(&folder.history(), new_run(plan, &folder)).map_err(unwritable)?;
    artifacts::write_plan(&folder, plan)?;
    artifacts::write_run(&folder, plan, recorder.clock().epoch(), &Stood::default())?;

    let redactor = Arc::new(Redactor::new());
    let live = LiveRun {
        plan,
        folder: &folder,
        ledger: &ledger,
        recorder: &recorder,
        recording: &recording,
        redactor,
        interrupt,
        display,
        keep_going,
    };
    let (stopped, left) = live.run().await;

    let reason = stopped.as_ref().map_or(EndReason::Completed, Stop::reason);
    let cause = stopped.as_ref().map(|stop| {
        let mut cause = stop.cause(&last_lines(stop, &folder));
        if let Stop::Environment(words) = stop {
            cause.origin = cause.origin.or_else(|| plan.line_of_failed_start(words));
        }
        cause
    });
    recorder.record(Event::End(End { at: recorder.now(), reason, cause, left_behind: left.clone() }));
    let closed = if left.is_none() { ledger.closed() } else { Ok(()) };
    let recorded = recording.close().err().map(|error| Stop::unwritten(&error));
    let unwritten = stopped.as_ref().filter(|stop| matches!(stop, Stop::Unwritten(_))).or(recorded.as_ref());
    let ending = Ending { stopped: stopped.as_ref(), unwritten, left: left.as_deref() };
    closed.map_err(|error| ending.without_verdicts(&unwritable(error)))?;

    let stage = display.stage("judging the run");
    let mut judged = judgment::judge(&folder).map_err(|error| ending.without_verdicts(&error))?;
    if let Some(stop) = ending.unrecorded() {
        // The history's last line may not have been written; only this process can report that.
        (judged.verdicts.end, judged.verdicts.cause) = (Some(stop.reason()), Some(stop.cause(&[])));
        judged.verdicts.outcome = ending.not_saved();
    }
    let written = artifacts::write_judged(&folder, &judged);
    drop(stage);
    if let Err(error) = written {
        display.note(&format!("the run's files are not complete: {error}"));
        judged.verdicts.outcome = ending.not_saved();
        // Those files that can be written have the outcome too.
        let _first_error_is_shown = artifacts::write_judged(&folder, &judged);
    }
    Ok(Run { folder, verdicts: judged.verdicts })
}

fn new_run(plan: &Plan, folder: &RunFolder) -> NewRun {
    NewRun {
        run: folder.name().to_owned(),
        scenario: plan.name.clone(),
        seed: plan.seed,
        leaseproof: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn last_lines(stop: &Stop, folder: &RunFolder) -> Vec<String> {
    let Stop::Lost(lost) = stop else { return Vec::new() };
    artifacts::last_log_lines(folder, &lost.server, LAST_LINES)
}

/// The part of a run that has servers.
struct LiveRun<'a> {
    plan: &'a Plan,
    folder: &'a RunFolder,
    ledger: &'a Ledger,
    recorder: &'a Recorder,
    recording: &'a Recording,
    redactor: Arc<Redactor>,
    interrupt: &'a Interrupt,
    display: &'a Arc<dyn Display>,
    /// Whether the load continues even if the same failure repeats.
    keep_going: bool,
}

impl LiveRun<'_> {
    /// Starts the environment, runs the load, and stops everything in all cases. Returns the cause of an early end, and
    /// what is left behind.
    async fn run(&self) -> (Option<Stop>, Option<String>) {
        let mut environment = match RunEnvironment::unless_asked(self.plan, self.interrupt, self.start()).await {
            Ok(Ok(environment)) => environment,
            // Servers that had been started ended together with the stage; a login to Vault is in the ledger.
            Ok(Err(stop)) => return (Some(stop), leaseproof_environment::left_by_login(self.folder.name())),
            Err(cut) => return (Some(cut.into()), leaseproof_environment::left_by_login(self.folder.name())),
        };
        let (watch, stop) = self.watched(&mut environment).await;
        let _stage = self.display.stage("stopping the environment");
        let left = environment.tear_down(self.interrupt).await;
        let finished = match watch {
            Some(watch) => watch.finish().await.err().map(Stop::from),
            None => None,
        };
        (stop.or(finished), left)
    }

    async fn start(&self) -> Result<RunEnvironment, Stop> {
        let _stage = self.display.stage("starting the environment");
        let (plan, run) = (self.plan, self.folder.name());
        Ok(RunEnvironment::start(plan, run, self.recorder, self.ledger, &self.redactor).await?)
    }

    /// Everything between start and stop.
    async fn watched(&self, environment: &mut RunEnvironment) -> (Option<Watch>, Option<Stop>) {
        let stage = self.display.stage("starting the observation");
        let started = async {
            let config = glue::watch_config(self.plan, environment, self.folder).await?;
            Ok::<_, Stop>(Watch::start(config, self.recorder, &self.redactor).await?)
        };
        let watch = match self.interrupt.unless_asked(started).await.map_err(Stop::from).flatten() {
            Ok(watch) => watch,
            Err(stop) => return (None, Some(stop)),
        };
        drop(stage);
        let lost = self.lost(environment.lost());
        let stop = self.unless_lost(lost, self.work(environment, &watch)).await.err();
        watch.stop_observing().await;
        if let Some(Stop::Lost(lost)) = &stop {
            self.recorder.record(Event::ServerLost(lost.clone()));
        }
        (Some(watch), stop)
    }

    /// Waits for a problem that ends the run: a lost server, or a run's record that cannot be written.
    async fn lost(&self, server: impl Future<Output = Stop>) -> Stop {
        let record = async {
            loop {
                if let Some(error) = self.recording.failure() {
                    return Stop::unwritten(&error);
                }
                tokio::time::sleep(RECORD_PACE).await;
            }
        };
        tokio::select! {
            biased;
            stop = server => stop,
            stop = record => stop,
        }
    }

    /// Runs `stage` unless a server is lost. A stage may fail because of a lost server that is detected a moment later.
    async fn unless_lost(
        &self,
        lost: impl Future<Output = Stop>,
        stage: impl Future<Output = Result<(), Stop>>,
    ) -> Result<(), Stop> {
        tokio::pin!(lost);
        let failed = tokio::select! {
            biased;
            stop = &mut lost => return Err(stop),
            done = stage => match done {
                Err(stop @ (Stop::Environment(_) | Stop::Setup(_) | Stop::Harness(_))) => stop,
                other => return other,
            },
        };
        Err(tokio::time::timeout(NOTICE, lost).await.unwrap_or(failed))
    }

    /// The setup, the load with its faults and actions, and the end of all leases.
    async fn work(&self, environment: &mut RunEnvironment, watch: &Watch) -> Result<(), Stop> {
        let (plan, recorder) = (self.plan, self.recorder);
        // Before the first observation, which begins the observations of roles and leases.
        let metrics = LiveMetrics::subscribe(recorder.stream());
        let token = RunEnvironment::unless_asked(self.plan, self.interrupt, self.prepare(environment, watch)).await??;
        self.interrupt.unless_asked(self.start_powerdns(environment)).await??;
        let targets = glue::targets(plan, environment, token.client.clone()).await?;

        let (sender, receiver) = tokio::sync::watch::channel(LoadState::default());
        let stage = self.display.workload(receiver.clone(), metrics);
        let cancel = self.interrupt.token().child_token();
        let guard = environment.guard(plan, receiver, self.display, &cancel);
        let repeated = if self.keep_going { Repeated::never() } else { Repeated::watch(plan, recorder, &cancel) };
        let dns = glue::dns(plan, environment);
        let over = cancel.child_token();
        let moments = Moments::follow(recorder, over.clone());
        let worked = async {
            let finished =
                leaseproof_workload::run(plan, targets, recorder, &self.redactor, sender, cancel.clone()).await;
            over.cancel();
            finished
        };
        let questions = async {
            if let Some((pdns, target)) = &dns {
                leaseproof_workload::ask_dns(pdns, target, recorder, &self.redactor, over.clone()).await;
            }
        };
        let disturbed = async {
            let done = environment.disturb(plan, recorder, &moments).await;
            // The scenario's requirements cannot be met: ending the load.
            done.inspect_err(|_| cancel.cancel())
        };
        let (finished, disturbed, ()) =
            self.interrupt.unless_urged(async { tokio::join!(worked, disturbed, questions) }).await?;
        disturbed?;
        drop(stage);

        let stage = self.plan.pdns.as_ref().map(|_| self.display.stage("stopping PowerDNS"));
        self.interrupt.unless_urged(environment.end_powerdns()).await?.map_err(Stop::during_load)?;
        drop(stage);
        let waits = release_wait(plan, guard.ends());
        let accessor = token.accessor();
        let released = self.release(environment, watch, &accessor, &waits);
        let released = self.interrupt.unless_urged(released).await?;
        if let Some(stop) = guard.stopped().or_else(|| repeated.stopped()) {
            return Err(stop);
        }
        let cut = released?;
        if finished.interrupted || cut { Err(Stop::Asked) } else { Ok(()) }
    }

    /// The setup steps, the run's own token, the clocks, and a first observation.
    async fn prepare(&self, environment: &mut RunEnvironment, watch: &Watch) -> Result<ClientToken, Stop> {
        let after = Some(self.recorder.now());
        let stage = self.display.stage("running the setup");
        let (shown, steps) = (Arc::downgrade(&stage), self.plan.setup.len());
        self.recorder.stream().subscribe(move |event| {
            if let Event::Setup(record) = &**event
                && let Some(stage) = shown.upgrade()
            {
                stage.say(format!("running the setup: {} of {steps} steps done", record.step));
            }
        });
        environment.set_up(self.plan, self.folder.name(), self.recorder, self.ledger, self.interrupt).await?;
        glue::databases(self.plan, environment).await?;
        let stood = Stood { servers: glue::versions(self.plan, environment).await?, after };
        artifacts::write_run(self.folder, self.plan, self.recorder.clock().epoch(), &stood)
            .map_err(|error| Stop::unwritten_file(error, self.folder))?;
        let token = environment.client_token(self.plan, self.ledger).await?;
        environment.measure_clocks(self.recorder).await?;
        watch.baseline().await?;
        Ok(token)
    }

    /// The live PowerDNS, if the scenario has one. After the first observation, because its credentials belong to the run.
    async fn start_powerdns(&self, environment: &mut RunEnvironment) -> Result<(), Stop> {
        let _stage = self.plan.pdns.as_ref().map(|_| self.display.stage("starting PowerDNS"));
        Ok(environment.start_powerdns(self.plan, self.ledger).await?)
    }

    /// Observes what is left after the drain, and again after the run's token was revoked with every lease. Returns
    /// whether a signal ended that wait.
    async fn release(
        &self,
        environment: &RunEnvironment,
        watch: &Watch,
        accessor: &str,
        waits: &ReleaseWait,
    ) -> Result<bool, Stop> {
        let stage = self.display.stage("revoking every lease");
        // In an environment that leaseproof started, the environment keeps the accounts.
        let attached = self.plan.environment == EnvironmentKind::Attached;
        let own = |fault: Option<HarnessFault>| {
            fault.filter(|fault| attached || !matches!(fault, HarnessFault::Token | HarnessFault::Observer))
        };
        let unseen = |error: leaseproof_watch::Error| Stop::because_of(own(error.own_fault()), error);
        let undone = |error: EnvironmentError| Stop::because_of(own(error.own_fault()), error);
        watch.residue(&self.interrupt.token()).await.map_err(unseen)?;
        watch.stop_observing().await;
        if let Err(stop) = environment.release(accessor).await.map_err(undone) {
            // The load is complete, and what was observed of it is judged, unless the reason is a lost server.
            let why = stop.of_release(attached)?;
            if let Ok(lost) = tokio::time::timeout(NOTICE, environment.lost()).await {
                return Err(lost);
            }
            self.display.note(&why);
            return Ok(self.interrupt.signal().is_some());
        }
        let tell =
            |roles, leases| stage.say(format!("revoking every lease: {leases} leases and {roles} roles are left"));
        let cut = watch.released(waits, &self.interrupt.token(), tell).await.map_err(unseen)?;
        environment.measure_clocks(self.recorder).await.map_err(undone)?;
        Ok(cut)
    }
}

/// How long to wait until everything left after the drain is gone, if the load must be over by `ends`.
fn release_wait(plan: &Plan, ends: Option<Instant>) -> ReleaseWait {
    let asked = plan.asks.iter().any(|ask| matches!(ask.check.as_str(), "RUN-2" | "INV-3"));
    let until_end = ends.map(|ends| ends.saturating_duration_since(Instant::now()).saturating_sub(NOTICE));
    let longest = if asked { RELEASE_LONGEST.min(until_end.unwrap_or(RELEASE_LONGEST)) } else { RELEASE_SHORTEST };
    ReleaseWait { stall: RELEASE_STALL, longest: longest.max(RELEASE_SHORTEST) }
}
