//! The steps of a lifecycle: each is one request or one round of logins, recorded as it was done.

use std::sync::Arc;
use std::time::Duration;

use leaseproof_domain::{
    Event, Failure, FailureSource, Micros, Observer, Operation, OperationRecord, Outcome, RefusedRequest, RoleRead,
    Secret, Span,
};
use leaseproof_history::Recorder;
use leaseproof_postgres::{Login, Session};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::context::WorkloadContext;
use crate::gauges::Counted;
use crate::lifecycle::Lifecycle;
use crate::record::{Credential, Issue};

/// How long a fresh credential's login waits before it is tried again.
const LOGIN_AGAIN: Duration = Duration::from_millis(100);
/// A password that Vault makes for nobody: its own have no blanks.
const WRONG_PASSWORD: &str = "not the password of anybody";

/// One try to log in.
struct Try {
    start: Micros,
    end: Micros,
    outcome: Outcome,
    /// Whether the login worked and the query did not.
    query_failed: bool,
}

impl Lifecycle {
    /// Asks Vault for a credential; none where it did not answer with one. `waiting` counts the lifecycle among those that
    /// wait for an answer.
    pub(crate) async fn issue(&self, intended: Micros, waiting: Counted) -> Option<Credential> {
        let start = self.context.now();
        let asked = self.context.vault().issue(&self.role.mount, &self.role.name);
        let answer = match &self.plan.timeout {
            // Dropping the request closes its connection: Vault sees its client go and may work on all the same.
            Some(timeout) => tokio::time::timeout(timeout.duration(), asked).await,
            None => Ok(asked.await),
        };
        let end = self.context.now();
        drop(waiting);
        let span = Span { intended, start, end };
        let Ok(answer) = answer else {
            let why = "its client went away before the answer".to_owned();
            self.context.record(self.issue_record(span, Outcome::Indeterminate { why }));
            return None;
        };
        match answer {
            Ok(issued) => {
                // Before anything else: from here on the password may stand in a server's log.
                self.context.learn(issued.username.clone(), issued.password.clone());
                let credential = Credential {
                    issue: Arc::new(Issue {
                        lease: issued.lease,
                        username: issued.username,
                        password: issued.password,
                    }),
                    oid: None,
                    granted: end,
                    seconds: issued.lease_seconds,
                    ended: None,
                    last: end,
                    _live: self.context.gauges().enter_lifecycle(),
                };
                let mut record = credential.record(&self.tag, Operation::Issue, span, Outcome::Ok);
                record.lease_seconds = Some(issued.lease_seconds);
                record.renewable = Some(issued.renewable);
                record.warnings = issued.warnings;
                record.lifecycle_name = Some(self.plan.name.clone());
                self.context.record(record);
                Some(credential)
            }
            Err(error) => {
                self.context.record(self.issue_record(span, error.outcome()));
                None
            }
        }
    }

    /// An issue that came to no credential.
    fn issue_record(&self, span: Span, outcome: Outcome) -> OperationRecord {
        let lifecycle_name = Some(self.plan.name.clone());
        OperationRecord { lifecycle_name, ..self.tag.record(Operation::Issue, span, outcome) }
    }

    /// The credential's first use: its role is read in the catalog while it logs in at every endpoint.
    pub(crate) async fn first_use(&self, credential: &mut Credential) {
        let issued = credential.last;
        let waiting = self.context.gauges().wait();
        let mut logins = JoinSet::new();
        for endpoint in self.logins(credential) {
            let lifecycle = self.clone();
            let template = credential.record(&self.tag, Operation::Login, NOT_YET, Outcome::Ok);
            logins.spawn(async move { lifecycle.first_login(endpoint, template, issued).await });
        }
        self.read_role(credential).await;
        for end in logins.join_all().await {
            credential.last = credential.last.max(end);
        }
        drop(waiting);
    }

    /// Logs in until it works, or until twice `usable_within` is over. Answers when the last try ended.
    async fn first_login(&self, endpoint: Login, template: OperationRecord, issued: Micros) -> Micros {
        let give_up = issued.after(self.context.login_bound());
        let mut intended = issued;
        loop {
            let tried = self.context.log_in(endpoint.clone(), Some(self.plan.query.clone())).await;
            let (ok, end) = (tried.outcome.is_ok(), tried.end);
            self.context.record(self.context.filled(&template, intended, tried, &endpoint));
            if ok {
                return end;
            }
            intended = end.after(LOGIN_AGAIN);
            if intended > give_up || self.context.wait_until(intended).await.is_err() {
                self.context.gauges().count_failure();
                return end;
            }
        }
    }

    /// Observations of the credential's role on behalf of the lifecycle. Answers whether there is one, where that could be seen.
    pub(crate) async fn read_role(&self, credential: &mut Credential) -> Option<bool> {
        let from = self.context.now();
        let read = self.context.observer(&self.tag.role).role(&credential.issue.username).await;
        let to = self.context.now();
        credential.last = credential.last.max(to);
        let there = read.as_ref().ok().map(Option::is_some);
        match read {
            Ok(role) => {
                credential.oid = role.as_ref().map(|role| role.oid).or(credential.oid);
                let username = credential.issue.username.clone();
                let read = RoleRead { lifecycle: self.tag.lifecycle, from, to, username, role };
                self.context.recorder().record(Event::RoleRead(read));
            }
            Err(error) => {
                self.context.gap(&self.tag.role, Observer::RoleRead, from, error.to_string(), error.own_fault())
            }
        }
        there
    }

    /// Renews the lease by `increment` seconds (none: Vault's own choice), and reads the role where that was
    /// acknowledged. Answers whether it was.
    pub(crate) async fn renew(&self, credential: &mut Credential, intended: Micros, increment: Option<u64>) -> bool {
        let waiting = self.context.gauges().wait();
        let start = self.context.now();
        let answer = self.context.vault().renew(&credential.issue.lease, increment).await;
        let end = self.context.now();
        drop(waiting);
        credential.last = end;
        let outcome = answer.as_ref().map_or_else(|error| error.outcome(), |_| Outcome::Ok);
        let mut record = credential.record(&self.tag, Operation::Renew, Span { intended, start, end }, outcome);
        record.increment_seconds = increment;
        let acknowledged = answer.is_ok();
        if let Ok(renewed) = answer {
            credential.granted = end;
            credential.seconds = renewed.lease_seconds;
            record.lease_seconds = Some(renewed.lease_seconds);
            record.renewable = Some(renewed.renewable);
            record.warnings = renewed.warnings;
        }
        self.context.record(record);
        if acknowledged {
            self.read_role(credential).await;
        }
        acknowledged
    }

    /// Gives the lease back, synchronously. Answers whether that was acknowledged.
    pub(crate) async fn revoke(&self, credential: &mut Credential, intended: Micros) -> bool {
        let waiting = self.context.gauges().wait();
        let start = self.context.now();
        let answer = self.context.vault().revoke(&credential.issue.lease).await;
        let end = self.context.now();
        drop(waiting);
        credential.last = end;
        let outcome = match answer {
            Ok(204) => Outcome::Ok,
            // 202 is Vault's answer to an asynchronous revocation: queued, not done.
            Ok(status) => Outcome::Failed(Failure {
                source: FailureSource::Vault,
                code: status.to_string(),
                message: "a synchronous revocation is acknowledged with 204".to_owned(),
            }),
            Err(error) => error.outcome(),
        };
        let acknowledged = outcome.is_ok();
        if acknowledged {
            credential.ended = Some(end);
        }
        self.context.record(credential.record(&self.tag, Operation::Revoke, Span { intended, start, end }, outcome));
        acknowledged
    }

    /// Logs in once at every endpoint, and queries where the login is one that has to work. Answers whether every
    /// endpoint refused it; an endpoint that did not answer did not refuse.
    pub(crate) async fn log_in_once(&self, credential: &mut Credential, op: Operation, intended: Micros) -> bool {
        let query = op.expects_success().then(|| self.plan.query.clone());
        let waiting = self.context.gauges().wait();
        let mut logins = JoinSet::new();
        for endpoint in self.logins(credential) {
            let context = self.context.clone();
            let query = query.clone();
            let template = credential.record(&self.tag, op, NOT_YET, Outcome::Ok);
            logins.spawn(async move {
                let tried = context.log_in(endpoint.clone(), query).await;
                let (refused, end) = (tried.outcome.failure().is_some(), tried.end);
                context.record(context.filled(&template, intended, tried, &endpoint));
                (refused, end)
            });
        }
        let mut all_refused = true;
        for (refused, end) in logins.join_all().await {
            all_refused &= refused;
            credential.last = credential.last.max(end);
        }
        drop(waiting);
        all_refused
    }

    /// Logs in with a password that is not the credential's: it has to be refused.
    pub(crate) async fn log_in_with_a_wrong_password(&self, login: &Login, credential: &Credential) {
        let wrong = Login { password: Some(Secret::new(WRONG_PASSWORD)), ..login.clone() };
        let template = credential.record(&self.tag, Operation::Refused, NOT_YET, Outcome::Ok);
        let tried = self.context.log_in(wrong.clone(), None).await;
        let mut record = self.context.filled(&template, tried.start, tried, &wrong);
        record.refused = Some(RefusedRequest::WrongPassword);
        self.context.record(record);
    }

    pub(crate) fn logins(&self, credential: &Credential) -> Vec<Login> {
        let issue = &credential.issue;
        let login = |endpoint: &Login| Login {
            user: issue.username.as_str().to_owned(),
            password: Some(issue.password.clone()),
            ..endpoint.clone()
        };
        self.context.endpoints(&self.role.name).iter().map(login).collect()
    }
}

/// The times of a record that is yet to be filled.
const NOT_YET: Span = Span { intended: Micros(0), start: Micros(0), end: Micros(0) };

impl WorkloadContext {
    fn filled(&self, template: &OperationRecord, intended: Micros, tried: Try, login: &Login) -> OperationRecord {
        let first = self.endpoints(&template.role).first();
        OperationRecord {
            intended,
            start: tried.start,
            end: tried.end,
            outcome: tried.outcome,
            query_failed: tried.query_failed,
            endpoint: Some(login.endpoint()),
            standby: first.is_some_and(|first| first.endpoint() != login.endpoint()),
            ..template.clone()
        }
    }

    /// Logs in and makes the query, where there is one.
    ///
    /// It runs on a thread of its own: a SCRAM login costs the client some milliseconds of hashing without a pause
    /// (4,096 rounds), which would make other lifecycles on this thread late.
    async fn log_in(&self, login: Login, query: Option<String>) -> Try {
        let recorder = self.recorder().clone();
        self.apart(log_in(recorder, login, query)).await.unwrap_or_else(|| {
            let now = self.now();
            let outcome = Outcome::Indeterminate { why: "the harness ended before the login did".to_owned() };
            Try { start: now, end: now, outcome, query_failed: false }
        })
    }

    /// Does work on a thread of its own. None where the harness ended before it did.
    pub(crate) async fn apart<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let runtime = Handle::current();
        // Where nobody waits for it any more it ends at once, and does not hold up the runtime's own end.
        let given_up = CancellationToken::new();
        let _gives_up = given_up.clone().drop_guard();
        let task = tokio::task::spawn_blocking(move || runtime.block_on(given_up.run_until_cancelled_owned(work)));
        match task.await {
            Ok(done) => done,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => None,
        }
    }
}

/// How a query ended that failed: the login before it worked.
fn of_query(error: &leaseproof_postgres::Error) -> Outcome {
    match error {
        leaseproof_postgres::Error::NoAnswer { why } => {
            Outcome::Indeterminate { why: format!("no answer from PostgreSQL to the query: {why}") }
        }
        other => other.outcome(),
    }
}

async fn log_in(recorder: Recorder, login: Login, query: Option<String>) -> Try {
    let start = recorder.now();
    let session = Session::open(&login).await;
    let (outcome, session) = match (session, query) {
        (Ok(session), Some(query)) => {
            let answer = session.query(&query).await;
            (answer.map_or_else(|error| of_query(&error), |_| Outcome::Ok), Some(session))
        }
        (Ok(session), None) => (Outcome::Ok, Some(session)),
        (Err(error), _) => (error.outcome(), None),
    };
    let end = recorder.now();
    let query_failed = session.is_some() && outcome.failure().is_some();
    if let Some(session) = session {
        // The answer is read; taking leave is nobody's latency.
        tokio::spawn(session.close());
    }
    Try { start, end, outcome, query_failed }
}
