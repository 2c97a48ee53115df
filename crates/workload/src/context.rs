use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use leaseproof_domain::{
    self as events, Event, HarnessFault, HarnessTrouble, Micros, Operation, OperationRecord, Redactor, Secret,
    Username, WatchGap,
};
use leaseproof_history::Recorder;
use leaseproof_postgres::{Login, Observer};
use leaseproof_scenario::{Plan, SessionFate};
use leaseproof_vault as vault;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio_util::sync::CancellationToken;

use crate::gauges::Gauges;
use crate::trial::Trial;

/// How soon a credential has to work where the scenario does not say.
const USABLE_WITHIN: Duration = Duration::from_secs(1);
/// How soon an expired credential has to be refused where the scenario does not say.
const DEAD_WITHIN: Duration = Duration::from_secs(10);

/// How long a held session is asked where it is not promised to end.
const SURVIVES_FOR: Duration = Duration::from_secs(1);

/// Where the load goes.
pub struct Targets {
    /// Vault, with the run's own token.
    pub vault: vault::Client,
    /// Where the credentials of each Vault role work.
    pub roles: BTreeMap<String, RoleTarget>,
}

/// Where the credentials of a Vault role work.
pub struct RoleTarget {
    /// The cluster, e.g. `target`.
    pub cluster: String,
    /// A login without user and password for every endpoint that its credentials have to work at: where writes go first,
    /// then where reads of standbys go.
    pub endpoints: Vec<Login>,
    /// The harness's own connection to the cluster.
    pub observer: Observer,
}

/// What every lifecycle of a run shares.
#[derive(Clone)]
pub(crate) struct WorkloadContext {
    shared: Arc<Shared>,
    /// Set when no new step may begin: the run was cancelled, or the phase's drain is over.
    pub(crate) stop: CancellationToken,
}

struct Shared {
    targets: Targets,
    recorder: Recorder,
    redactor: Arc<Redactor>,
    gauges: Gauges,
    usable_within: Duration,
    dead_within: Duration,
    /// What is tried of each role, once that is known.
    trials: Mutex<BTreeMap<String, Arc<Trial>>>,
    /// Whether sessions are promised to end with their credential.
    sessions_die: bool,
}

/// The run is over, or the phase: no new step begins.
#[derive(Debug)]
pub(crate) struct Stopped;

impl WorkloadContext {
    pub(crate) fn new(
        plan: &Plan,
        targets: Targets,
        recorder: &Recorder,
        redactor: &Arc<Redactor>,
        stop: CancellationToken,
    ) -> Self {
        let promise = &plan.promise;
        let shared = Shared {
            targets,
            recorder: recorder.clone(),
            redactor: Arc::clone(redactor),
            gauges: Gauges::default(),
            usable_within: promise.usable_within.as_ref().map_or(USABLE_WITHIN, |said| said.value.duration()),
            trials: Mutex::default(),
            sessions_die: promise.sessions_after_revoke.as_ref().is_some_and(|said| said.value == SessionFate::Die),
            dead_within: promise.dead_within.as_ref().map_or(DEAD_WITHIN, |said| said.value.duration()),
        };
        Self { shared: Arc::new(shared), stop }
    }

    /// The same context, with an end of its own that comes with this one's at the latest.
    pub(crate) fn child(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), stop: self.stop.child_token() }
    }

    pub(crate) fn vault(&self) -> &vault::Client {
        &self.shared.targets.vault
    }

    /// The observer of the cluster that the role's credentials are for.
    pub(crate) fn observer(&self, role: &str) -> &Observer {
        &self.target(role).observer
    }

    pub(crate) fn endpoints(&self, role: &str) -> &[Login] {
        &self.target(role).endpoints
    }

    /// Each role of a lifecycle has one: both are from one plan.
    fn target(&self, role: &str) -> &RoleTarget {
        &self.shared.targets.roles[role]
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.shared.recorder
    }

    /// Looks for a credential's password from now on.
    pub(crate) fn learn(&self, username: Username, password: Secret) {
        off_the_runtime(|| self.shared.redactor.add_password(username, password));
    }

    /// What is tried of a role, once a lifecycle has found that out.
    pub(crate) fn trial(&self, role: &str) -> Option<Arc<Trial>> {
        self.shared.trials.lock().unwrap_or_else(PoisonError::into_inner).get(role).cloned()
    }

    /// Keeps what is to be tried of a role, unless another lifecycle was there first. Answers with what is kept.
    pub(crate) fn keep_trial(&self, role: &str, trial: Trial) -> Arc<Trial> {
        let mut trials = self.shared.trials.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(trials.entry(role.to_owned()).or_insert_with(|| Arc::new(trial)))
    }

    pub(crate) fn gauges(&self) -> &Gauges {
        &self.shared.gauges
    }

    /// How long a fresh credential's login is tried.
    pub(crate) fn login_bound(&self) -> Duration {
        2 * self.shared.usable_within
    }

    pub(crate) fn dead_within(&self) -> Duration {
        self.shared.dead_within
    }

    /// How long after its credential's end a held session is asked.
    pub(crate) fn held_for(&self) -> Duration {
        if self.shared.sessions_die { self.shared.dead_within } else { SURVIVES_FOR }
    }

    pub(crate) fn now(&self) -> Micros {
        self.shared.recorder.now()
    }

    /// Whether a new step may begin.
    pub(crate) fn go_on(&self) -> Result<(), Stopped> {
        if self.stop.is_cancelled() { Err(Stopped) } else { Ok(()) }
    }

    /// Waits for a moment of the run; a moment that is past does not wait.
    pub(crate) async fn wait_until(&self, moment: Micros) -> Result<(), Stopped> {
        self.go_on()?;
        if moment <= self.now() {
            return Ok(());
        }
        let instant = tokio::time::Instant::from_std(self.shared.recorder.clock().instant(moment));
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Stopped),
            () = tokio::time::sleep_until(instant) => Ok(()),
        }
    }

    pub(crate) fn scrub(&self, text: &str) -> String {
        off_the_runtime(|| self.shared.redactor.scrub(text).text)
    }

    /// Keeps that `observer` could not observe the role's cluster from `from` until now, and what the harness lacked
    /// where that is why.
    pub(crate) fn gap(
        &self,
        role: &str,
        observer: events::Observer,
        from: Micros,
        why: String,
        fault: Option<HarnessFault>,
    ) {
        let (cluster, why, to) = (self.target(role).cluster.clone(), self.scrub(&why), self.now());
        if let Some(fault) = fault {
            self.trouble(from, fault, &why);
        }
        self.recorder().record(Event::WatchGap(WatchGap { cluster, observer, from, to, why }));
    }

    /// Keeps that something other than an operation failed on the harness's own side.
    pub(crate) fn trouble(&self, from: Micros, fault: HarnessFault, why: &str) {
        let (why, to) = (self.scrub(why), self.now());
        self.recorder().record(Event::Harness(HarnessTrouble { from, to, fault, why }));
    }

    /// Keeps an operation, its servers' words scrubbed.
    pub(crate) fn record(&self, mut record: OperationRecord) {
        record.outcome = record.outcome.reworded(|words| self.scrub(words));
        for warning in &mut record.warnings {
            *warning = self.scrub(warning);
        }
        if record.op.expects_success() && !record.outcome.is_ok() && !is_retried(&record) {
            self.shared.gauges.count_failure();
        }
        self.shared.recorder.record(Event::Operation(record));
    }
}

/// Does work that may take milliseconds without making this thread's other tasks late: now and then the redactor builds
/// its search anew, and a log's collector may be at it.
fn off_the_runtime<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// A first login is tried until it works: one try that does not is no failure yet.
fn is_retried(record: &OperationRecord) -> bool {
    record.op == Operation::Login
}
