//! Sessions that are opened while their credential is good, kept open, and asked once more after its end.

use std::time::Duration;

use leaseproof_domain::{Event, KeptSession, Micros, Observer, Outcome};
use leaseproof_postgres::{Login, Session};
use postgres_protocol::escape::escape_identifier;

use crate::context::Stopped;
use crate::life::Life;
use crate::record::Credential;

/// What `pg_stat_activity` shows of a kept session.
const APPLICATION: &str = "leaseproof-kept";
/// From one question to the next.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// A session that is kept.
pub(crate) struct Kept {
    session: Session,
    set_role: Option<String>,
}

impl Life {
    /// Opens the session that is kept, at the first endpoint, where the lifecycle keeps one. Where it cannot be opened, or
    /// cannot set its role, that is a gap in what is seen of sessions.
    pub(crate) async fn keep_session(&self, credential: &mut Credential) -> Option<Kept> {
        let plan = self.plan.keep_session.as_ref().filter(|plan| self.choices.keeps(plan.share))?;
        let login = self.logins(credential).into_iter().next()?;
        let from = self.context.now();
        let opened = open(Login { application_name: APPLICATION.to_owned(), ..login }, plan.set_role.as_deref()).await;
        credential.last = credential.last.max(self.context.now());
        match opened {
            Ok(session) => Some(Kept { session, set_role: plan.set_role.clone() }),
            Err(error) => {
                self.context.gap(
                    &self.tag.role,
                    Observer::Sessions,
                    from,
                    format!("a session could not be kept: {error}"),
                    error.harness(),
                );
                None
            }
        }
    }

    /// Asks the kept session after its credential's end, at once and each second, until it has ended or long enough
    /// did not. A credential whose end is not known is not asked about.
    pub(crate) async fn ask_kept(&self, kept: Kept, credential: &mut Credential) -> Result<(), Stopped> {
        let Some(since) = credential.ended else { return Ok(()) };
        let last = since.after(self.context.kept_for()).after(ASK_EVERY);
        let mut due = credential.last;
        loop {
            self.context.wait_until(due).await?;
            let asked = self.ask_once(&kept, credential, since).await;
            due = due.after(ASK_EVERY);
            if asked == Some(false) || due > last {
                return Ok(());
            }
        }
    }

    /// Answers whether the session is still open, where that could be observed.
    async fn ask_once(&self, kept: &Kept, credential: &Credential, since: Micros) -> Option<bool> {
        let from = self.context.now();
        let query = kept.session.query(&self.plan.query).await.map_or_else(|error| error.outcome(), |_| Outcome::Ok);
        if self.plan.rolls_back() && query.failure().is_some() {
            // It did not come to its rollback; where the connection is gone, so is the transaction.
            let _gone = kept.session.query("ROLLBACK").await;
        }
        let query = query.reworded(|words| self.context.scrub(words));
        let listed = self.listed(credential, from).await;
        let asked = KeptSession {
            life: self.tag.life,
            role: self.tag.role.clone(),
            username: credential.issue.username.clone(),
            oid: credential.oid,
            lease: credential.issue.lease.clone(),
            set_role: kept.set_role.clone(),
            since,
            from,
            to: self.context.now(),
            query,
            listed,
        };
        let is_open = asked.is_open();
        self.context.recorder().record(Event::KeptSession(asked));
        is_open
    }

    /// Whether `pg_stat_activity` shows the credential's kept session. By OID: its name is gone with its role.
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
