//! SQL of a setup in a cluster that is not leaseproof's, statement by statement: what is made is known by its OID before
//! it is committed, and what reaches out of its database is rolled back.

use leaseproof_domain::{Redactor, ServerNote};
use leaseproof_history::{MadeThere, Proof};
use leaseproof_postgres::{Error, Login, Session, literal};
use postgres_protocol::escape::escape_identifier;

use super::statement::{Effect, Statement, renamed};
use super::traces::Traces;
use crate::setup::{Done, NotDone, sql};

/// Changes of catalogs that all databases of the cluster share, in this session's transaction. Comments and
/// dependencies of objects in one database are in such catalogs too.
const SHARED: &str = "SELECT coalesce(string_agg(c.relname || '=' || n, ' ' ORDER BY c.relname), '') \
    FROM pg_catalog.pg_class c, LATERAL (SELECT pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) \
    + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS n) s \
    WHERE c.relisshared AND c.relkind = 'r' AND n > 0 AND c.relname NOT IN ('pg_shdepend', 'pg_shdescription')";

/// A text of SQL, and where it runs.
pub(super) struct Script<'a> {
    /// As whom.
    pub(super) login: &'a Login,
    /// The file that it is from.
    pub(super) file: Option<&'a str>,
    pub(super) text: &'a str,
    pub(super) statements: &'a [Statement],
    /// The run's name.
    pub(super) run: &'a str,
    pub(super) traces: &'a Traces,
    pub(super) redactor: &'a Redactor,
}

impl Script<'_> {
    /// Runs it on one session, up to the first error, or to where `ended` says that nobody wants the rest.
    pub(super) async fn run(&self, ended: &(dyn Fn() -> bool + Sync)) -> Done {
        let session = Session::open(self.login).await.map_err(|why| NotDone::refused(why.outcome()))?;
        let counted = session.value("SHOW track_counts").await.map_err(|why| NotDone::refused(why.outcome()))?;
        if counted.as_deref() != Some("on") {
            let why = "track_counts is off: PostgreSQL cannot say whether a statement reaches out of its database";
            return Err(NotDone::Unsendable(why.to_owned()));
        }
        let mut in_transaction = false;
        let mut notes = Vec::new();
        for (number, statement) in self.statements.iter().enumerate() {
            if ended() {
                return Err(NotDone::Unsendable("the run was asked to end".to_owned()));
            }
            let text = &self.text[statement.place.clone()];
            let done = match &statement.effect {
                Effect::Transaction { opens, commits } => {
                    let put_off = if in_transaction && *commits { put_off(&session).await } else { Ok(()) };
                    in_transaction = *opens;
                    match put_off {
                        Ok(()) => session.script(text).await.map_err(Undone::Error),
                        failed => failed,
                    }
                }
                Effect::MakesDatabase(made) => self.make_database(&session, text, made, number).await,
                effect if in_transaction => self.one(&session, text, effect).await,
                effect => {
                    let done = self.alone(&session, text, effect).await;
                    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
                    let ended = session.script(end).await.map_err(Undone::Error);
                    done.and(ended)
                }
            };
            notes.extend(sql::noted(&session, self.file, self.text, (text, statement.place.start)));
            if let Err(why) = done {
                return Err(self.not_done(why, text, statement.place.start, notes));
            }
        }
        session.close().await;
        Ok(notes)
    }

    /// One statement, in a transaction of its own that is still to be committed.
    async fn alone(&self, session: &Session, text: &str, effect: &Effect) -> Result<(), Undone> {
        session.script("BEGIN").await?;
        self.one(session, text, effect).await?;
        if *effect == Effect::Within { put_off(session).await } else { Ok(()) }
    }

    /// One statement, in a transaction.
    async fn one(&self, session: &Session, text: &str, effect: &Effect) -> Result<(), Undone> {
        // A backslash is what the grammar takes it for, whatever the server's or the role's settings say.
        session.script("SET standard_conforming_strings = on").await?;
        let before = session.value(SHARED).await?;
        session.script(text).await?;
        match effect {
            Effect::Within => {
                let after = session.value(SHARED).await?;
                if before == after { Ok(()) } else { Err(Undone::Beyond(after.unwrap_or_default())) }
            }
            Effect::MakesRole(made) => {
                let MadeThere::Role { name, .. } = made else { return Ok(()) };
                let oid = format!("SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {}", literal(name));
                self.proof(session, made, &oid).await
            }
            Effect::OnOurs | Effect::MakesDatabase(_) | Effect::Transaction { .. } => Ok(()),
        }
    }

    /// CREATE DATABASE runs in no transaction: the database gets its name once its OID is in the ledger. Until then it
    /// has one with the run's name in it, that nobody else gives.
    async fn make_database(
        &self,
        session: &Session,
        text: &str,
        made: &MadeThere,
        number: usize,
    ) -> Result<(), Undone> {
        let MadeThere::Database { name, .. } = made else { return Ok(()) };
        let first = format!("leaseproof-{}-{number}", self.run);
        let create = renamed(text, &first).ok_or_else(|| Undone::Beyond("pg_database".to_owned()))?;
        self.traces.proof(made, Proof::MadeAs { name: first.clone() }).map_err(Undone::Ledger)?;
        session.script(&create).await?;
        session.script("BEGIN").await?;
        let oid = format!("SELECT oid FROM pg_catalog.pg_database WHERE datname = {}", literal(&first));
        self.proof(session, made, &oid).await?;
        session
            .script(&format!("ALTER DATABASE {} RENAME TO {}", escape_identifier(&first), escape_identifier(name)))
            .await?;
        Ok(session.script("COMMIT").await?)
    }

    async fn proof(&self, session: &Session, made: &MadeThere, oid: &str) -> Result<(), Undone> {
        let oid = session.value(oid).await?.and_then(|oid| oid.parse().ok());
        let oid = oid.ok_or_else(|| Undone::NoOid(format!("{made} has no OID after it was made")))?;
        self.traces.proof(made, Proof::Oid { oid }).map_err(Undone::Ledger)
    }

    fn not_done(&self, why: Undone, statement: &str, place: usize, notes: Vec<ServerNote>) -> NotDone {
        match why {
            Undone::Error(why) => sql::refused(&why, self.file, self.text, (statement, place), notes, self.redactor),
            Undone::Ledger(why) => NotDone::because_of(&why.into()),
            Undone::NoOid(why) => NotDone::Unsendable(why),
            Undone::Beyond(catalogs) => NotDone::Unsendable(format!(
                "the statement at byte {place} of {} changed {catalogs}, which all databases of the cluster share: it was \
                 rolled back",
                self.file.unwrap_or("the step")
            )),
        }
    }
}

/// Why a statement has no effect.
enum Undone {
    Error(Error),
    /// It changed those catalogs.
    Beyond(String),
    /// What tells it from others cannot be written.
    Ledger(leaseproof_history::Error),
    /// What it made is not there.
    NoOid(String),
}

impl From<Error> for Undone {
    fn from(why: Error) -> Self {
        Self::Error(why)
    }
}

/// Does now what constraint triggers would do at the commit, so that it is seen before.
async fn put_off(session: &Session) -> Result<(), Undone> {
    let before = session.value(SHARED).await?;
    session.script("SET CONSTRAINTS ALL IMMEDIATE").await?;
    let after = session.value(SHARED).await?;
    if before == after { Ok(()) } else { Err(Undone::Beyond(after.unwrap_or_default())) }
}
