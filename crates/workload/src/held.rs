//! Sessions that are opened while their credential is good, held open, and asked once more after its end.

use std::time::Duration;

use leaseproof_domain::{Event, HeldSession, Micros, Observer, Outcome};
use leaseproof_postgres::{Login, Session};
use postgres_protocol::escape::escape_identifier;

use crate::context::Stopped;
use crate::lifecycle::Lifecycle;
use crate::record::Credential;

/// What `pg_stat_activity` shows of a held session.
const APPLICATION: &str = "leaseproof-held";
/// From one question to the next.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// A session that is held.
pub(crate) struct Held {
    session: Session,
    set_role: Option<String>,
}

impl Lifecycle {
    /// Opens the session that is held, at the first endpoint, where the lifecycle keeps one. Where it cannot be opened, or
    /// cannot set its role, that is a gap in what is seen of sessions.
    pub(crate) async fn hold_session(&self, credential: &mut Credential) -> Option<Held> {
        let plan = self.plan.hold_session.as_ref().filter(|plan| self.choices.keeps(plan.share))?;
        let login = self.logins(credential).into_iter().next()?;
        let from = self.context.now();
        let opened = open(Login { application_name: APPLICATION.to_owned(), ..login }, plan.set_role.as_deref()).await;
        credential.last = credential.last.max(self.context.now());
        match opened {
            Ok(session) => Some(Held { session, set_role: plan.set_role.clone() }),
            Err(error) => {
                self.context.gap(
                    &self.tag.role,
                    Observer::Sessions,
                    from,
                    format!("a session could not be held: {error}"),
                    error.harness(),
                );
                None
            }
        }
    }

    /// Asks the held session after its credential's end, at once and each second, until it has ended or long enough
    /// did not. A credential whose end is not known is not asked about.
    pub(crate) async fn query_held(&self, held: Held, credential: &mut Credential) -> Result<(), Stopped> {
        let Some(since) = credential.ended else { return Ok(()) };
        let last = since.after(self.context.held_for()).after(ASK_EVERY);
        let mut due = credential.last;
        loop {
            self.context.wait_until(due).await?;
            let asked = self.ask_once(&held, credential, since).await;
            due = due.after(ASK_EVERY);
            if asked == Some(false) || due > last {
                return Ok(());
            }
        }
    }

    /// Answers whether the session is still open, where that could be observed.
    async fn ask_once(&self, held: &Held, credential: &Credential, since: Micros) -> Option<bool> {
        let from = self.context.now();
        let query = held.session.query(&self.plan.query).await.map_or_else(|error| error.outcome(), |_| Outcome::Ok);
        if self.plan.rolls_back() && query.failure().is_some() {
            // It did not come to its rollback; where the connection is gone, so is the transaction.
            let _gone = held.session.query("ROLLBACK").await;
        }
        let query = query.reworded(|words| self.context.scrub(words));
        let listed = self.listed(credential, from).await;
        let asked = HeldSession {
            lifecycle: self.tag.lifecycle,
            role: self.tag.role.clone(),
            username: credential.issue.username.clone(),
            oid: credential.oid,
            lease: credential.issue.lease.clone(),
            set_role: held.set_role.clone(),
            since,
            from,
            to: self.context.now(),
            query,
            listed,
        };
        let is_open = asked.is_open();
        self.context.recorder().record(Event::HeldSession(asked));
        is_open
    }

    /// Whether `pg_stat_activity` shows the credential's held session. By OID: its name is gone with its role.
    async fn listed(&self, credential: &Credential, from: Micros) -> Option<bool> {
        let oid = credential.oid?;
        match self.context.observer(&self.tag.role).sessions().await {
            Ok(sessions) => Some(sessions.iter().any(|seen| seen.oid == oid && seen.application == APPLICATION)),
            Err(error) => {
                self.context.gap(&self.tag.role, Observer::Sessions, from, error.to_string(), error.own_fault());
                None
            }
        }
    }
}

async fn open(login: Login, set_role: Option<&str>) -> Result<Session, leaseproof_postgres::Error> {
    let session = Session::open(&login).await?;
    if let Some(group) = set_role {
        session.query(&format!("SET ROLE {}", escape_identifier(group))).await?;
    }
    Ok(session)
}
