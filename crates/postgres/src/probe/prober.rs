use std::collections::BTreeMap;
use std::sync::Arc;

use leaseproof_domain::{Grant, Object, ObjectKind, Privilege, ProbeOutcome};
use tokio_postgres::Client;

use super::facts::Facts;
use super::recipe::{Recipe, Way};
use super::sql::names;
use crate::session::Connection;
use crate::{Error, Login};

/// PostgreSQL's answer where a privilege lacks.
const REFUSED: &str = "42501";

/// A probe waits for nobody and keeps nobody waiting. Names are written out whole, policies of rows are no matter, and
/// a role whose transactions begin read-only is still one whose privileges can be asked for.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '200ms'; \
                     SET LOCAL statement_timeout = '2s'; SET LOCAL search_path = pg_catalog; \
                     SET LOCAL row_security = on; SAVEPOINT probe";

/// A session that tries out what its role may do.
///
/// All that it does happens in one transaction, and each statement under a savepoint that the next one rolls back to:
/// nothing is kept, and no lock outlives its statement's successor.
pub struct Prober {
    login: Login,
    connection: Connection,
    facts: Arc<Facts>,
    /// Sessions in other databases, for privileges on those.
    elsewhere: BTreeMap<String, Result<Box<Prober>, Error>>,
    /// What simple probes have shown: they are asked for again as conditions of others.
    known: BTreeMap<(Privilege, Object), Tried>,
}

/// What one statement showed.
#[derive(Clone, Debug)]
enum Tried {
    Passed,
    Refused { message: String },
    Else { sqlstate: String, message: String },
    NoAnswer { why: String },
}

impl Prober {
    /// Logs in, begins the transaction and reads what has to be known of the database.
    ///
    /// # Errors
    /// As [`crate::Session::open`]; [`Error::Answer`] too where the catalog cannot be read.
    pub async fn open(login: &Login) -> Result<Self, Error> {
        Self::open_with(login, None).await
    }

    /// As [`Prober::open`], with facts that were read before.
    ///
    /// # Errors
    /// As [`crate::Session::open`].
    pub async fn open_with(login: &Login, facts: Option<Arc<Facts>>) -> Result<Self, Error> {
        let connection = Connection::open(login, &login.config()).await?;
        connection.within(login.timeout, connection.client.batch_execute(BEGIN)).await?;
        let facts = match facts {
            Some(facts) => facts,
            None => Arc::new(Facts::read(&connection, login.timeout).await?),
        };
        let (elsewhere, known) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { login: login.clone(), connection, facts, elsewhere, known })
    }

    /// What is known of the database.
    pub fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// Tries one privilege.
    pub async fn probe(&mut self, grant: &Grant) -> ProbeOutcome {
        if grant.grantable {
            let why = "GRANT locks the object's row in the catalog, and may collide with one under way";
            return ProbeOutcome::Unproved { why: why.to_owned() };
        }
        let object = &grant.object;
        if object.kind == ObjectKind::Database {
            if object.name != self.facts.database {
                return self.probe_elsewhere(grant).await;
            }
            if grant.privilege == Privilege::Connect {
                // Here it is logged in.
                return ProbeOutcome::Allowed;
            }
        }
        if let Some(schema) = &object.schema
            && let Some(blocked) = self.without_schema(schema).await
        {
            return blocked;
        }
        match Recipe::of(grant, &self.facts) {
            Recipe::Unproved { why } => ProbeOutcome::Unproved { why },
            Recipe::Ways(ways) => self.try_ways(grant, ways).await,
        }
    }

    /// Ends the sessions in order.
    pub async fn close(self) {
        for prober in self.elsewhere.into_values().flatten() {
            Box::pin(prober.close()).await;
        }
        // A transaction that nobody commits is rolled back.
        self.connection.close().await;
    }

    /// Whether objects of the schema cannot be reached at all.
    async fn without_schema(&mut self, schema: &str) -> Option<ProbeOutcome> {
        let object = Object { kind: ObjectKind::Schema, schema: None, name: schema.to_owned(), column: None };
        match self.simply(Privilege::Usage, &object).await? {
            Tried::Refused { message } => Some(ProbeOutcome::Blocked { sqlstate: REFUSED.to_owned(), message }),
            Tried::NoAnswer { why } => Some(ProbeOutcome::Indeterminate { why }),
            Tried::Passed | Tried::Else { .. } => None,
        }
    }

    async fn try_ways(&mut self, grant: &Grant, ways: Vec<Way>) -> ProbeOutcome {
        let mut inconclusive = None;
        for way in ways {
            let tried = self.try_simply(grant, &way).await;
            match self.conclude(grant, &way, tried).await {
                ProbeOutcome::Unproved { why } => _ = inconclusive.get_or_insert(why),
                outcome => return outcome,
            }
        }
        ProbeOutcome::Unproved { why: inconclusive.unwrap_or_else(|| "there is no statement that tests it".to_owned()) }
    }

    /// What an outcome says of the privilege, seen beside the other privileges on the object.
    async fn conclude(&mut self, grant: &Grant, way: &Way, tried: Tried) -> ProbeOutcome {
        let object = &grant.object;
        match tried {
            Tried::NoAnswer { why } => ProbeOutcome::Indeterminate { why },
            Tried::Else { sqlstate, message } => ProbeOutcome::Unproved { why: format!("{sqlstate}: {message}") },
            Tried::Passed => {
                for other in &way.also_by {
                    if !matches!(self.simply(*other, object).await, Some(Tried::Refused { .. })) {
                        let why = format!("the only harmless statement also succeeds with {other}");
                        return ProbeOutcome::Unproved { why };
                    }
                }
                ProbeOutcome::Allowed
            }
            Tried::Refused { message } if !is_about(object, &message, &self.facts) => {
                if way.is_the_use {
                    return ProbeOutcome::Blocked { sqlstate: REFUSED.to_owned(), message };
                }
                ProbeOutcome::Unproved { why: format!("the statement that tests it needs more privileges: {message}") }
            }
            Tried::Refused { message } => {
                for other in &way.needs {
                    if !matches!(self.simply(*other, object).await, Some(Tried::Passed)) {
                        let why = format!("the statement also requires {other}");
                        return ProbeOutcome::Unproved { why };
                    }
                }
                ProbeOutcome::Refused { sqlstate: REFUSED.to_owned(), message }
            }
        }
    }

    /// Tries a privilege whose outcome needs no other's. None where there is no way to.
    async fn simply(&mut self, privilege: Privilege, object: &Object) -> Option<Tried> {
        let grant = Grant { privilege, object: object.clone(), grantable: false };
        let way = Recipe::of(&grant, &self.facts).simple()?;
        let tried = self.try_simply(&grant, &way).await;
        // Refused for want of something else, it says nothing.
        match &tried {
            Tried::Refused { message } if !is_about(object, message, &self.facts) => None,
            _ => Some(tried),
        }
    }

    async fn try_simply(&mut self, grant: &Grant, way: &Way) -> Tried {
        if !way.also_by.is_empty() {
            return self.send(way).await;
        }
        let key = (grant.privilege, grant.object.clone());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let tried = self.send(way).await;
        self.known.insert(key, tried.clone());
        tried
    }

    async fn send(&self, way: &Way) -> Tried {
        let mode = if way.read_only { "SET LOCAL transaction_read_only = on; " } else { "" };
        let sql = format!("ROLLBACK TO SAVEPOINT probe; {mode}{}", way.sql);
        let client: &Client = &self.connection.client;
        match self.connection.within(self.login.timeout, client.batch_execute(&sql)).await {
            Ok(()) => Tried::Passed,
            Err(Error::NoAnswer { why } | Error::Harness { why, .. }) => Tried::NoAnswer { why },
            Err(Error::Answer { sqlstate, message, .. }) => match sqlstate.as_str() {
                REFUSED => Tried::Refused { message },
                // Ended by somebody: administrator, idle time-out, shutdown.
                "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Tried::NoAnswer { why: message },
                _ if way.passed.contains(&&*sqlstate) => Tried::Passed,
                _ => Tried::Else { sqlstate, message },
            },
        }
    }

    /// A privilege on another database: CONNECT is had by logging in there, the others are tried there.
    async fn probe_elsewhere(&mut self, grant: &Grant) -> ProbeOutcome {
        let database = &grant.object.name;
        if !self.elsewhere.contains_key(database) {
            let login = Login { database: database.clone(), ..self.login.clone() };
            let opened = Box::pin(Self::open(&login)).await.map(Box::new);
            self.elsewhere.insert(database.clone(), opened);
        }
        match self.elsewhere.get_mut(database) {
            Some(Ok(prober)) => Box::pin(prober.probe(grant)).await,
            Some(Err(Error::Answer { sqlstate, message, .. })) => {
                if sqlstate == REFUSED && grant.privilege == Privilege::Connect {
                    return ProbeOutcome::Refused { sqlstate: sqlstate.clone(), message: message.clone() };
                }
                ProbeOutcome::Unproved { why: format!("no login there: {sqlstate}: {message}") }
            }
            Some(Err(Error::NoAnswer { why } | Error::Harness { why, .. })) => {
                ProbeOutcome::Indeterminate { why: why.clone() }
            }
            None => ProbeOutcome::Indeterminate { why: "the session there is gone".to_owned() },
        }
    }
}

/// Whether a refusal is about the object itself, and not about its schema or what it rests on.
fn is_about(object: &Object, message: &str, facts: &Facts) -> bool {
    match object.kind {
        ObjectKind::Function => facts.function(object).is_some_and(|function| names(message, &function.name)),
        _ => names(message, &object.name),
    }
}
