use std::sync::Arc;
use std::time::{Duration, Instant};

use leaseproof_domain::UnixMicros;
use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::session::Connection;
use crate::{Error, Login, prepared};

/// How many readings of the clock the best is taken of.
const CLOCK_READINGS: usize = 5;

const VERSION: &str = "SELECT current_setting('server_version_num')::pg_catalog.oid AS version, \
                       pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS sees_passwords";

/// PostgreSQL's clock: at some moment between `sent` and `answered` it stood at `server`.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The time on PostgreSQL's clock.
    pub server: UnixMicros,
    /// Before the question.
    pub sent: Instant,
    /// After the answer.
    pub answered: Instant,
}

/// The harness's own eye on a cluster: one read-only connection, to one database.
///
/// Clones share it. Concurrent calls are sent one behind the other without waiting for answers, and the server answers
/// them in that order; none is part of a transaction that another could get into. Where the connection was lost, the
/// next call makes a new one.
#[derive(Clone)]
pub struct Observer {
    shared: Arc<Shared>,
}

struct Shared {
    login: Login,
    eye: Mutex<Option<Arc<Eye>>>,
}

/// One connection and what is prepared on it.
struct Eye {
    connection: Connection,
    roles: Statement,
    role: Statement,
    privileges: Statement,
}

/// What is asked: a prepared statement, or the text of one whose parameters are texts.
#[derive(Clone, Copy)]
enum Question<'a> {
    Prepared(Prepared, &'a [&'a (dyn ToSql + Sync)]),
    Text(&'a str, &'a [&'a str]),
}

/// The statements that are prepared once a connection.
#[derive(Clone, Copy)]
pub(crate) enum Prepared {
    Roles,
    Role,
    Privileges,
}

impl Observer {
    /// Logs in. It needs an account that may read the whole catalog; a superuser sees all of it.
    ///
    /// # Errors
    /// [`Error::Answer`] where the server refuses, [`Error::NoAnswer`] where it does not answer.
    pub async fn connect(login: Login) -> Result<Self, Error> {
        let eye = Eye::open(&login).await?;
        Ok(Self { shared: Arc::new(Shared { login, eye: Mutex::new(Some(Arc::new(eye))) }) })
    }

    /// An observer that logs in with its first observation: for a database that the setup has yet to make.
    pub fn lazy(login: Login) -> Self {
        Self { shared: Arc::new(Shared { login, eye: Mutex::default() }) }
    }

    /// An observer of another database of the same cluster, by the same account; it logs in with its first observation.
    #[must_use]
    pub fn in_database(&self, database: &str) -> Self {
        Self::lazy(Login { database: database.to_owned(), ..self.shared.login.clone() })
    }

    /// The server's `server_version_num`, e.g. 150018.
    ///
    /// # Errors
    /// As [`Observer::connect`].
    pub async fn version(&self) -> Result<u32, Error> {
        let rows = self.select(VERSION, &[]).await?;
        column(single(&rows)?, "version")
    }

    /// Whether the account has the privileges of a role; a superuser has those of every role.
    ///
    /// # Errors
    /// As [`Observer::connect`]; [`Error::Answer`] also where there is no such role.
    pub async fn has_privileges_of(&self, role: &str) -> Result<bool, Error> {
        let rows = self.select("SELECT pg_catalog.pg_has_role($1, 'USAGE') AS has", &[role]).await?;
        column(single(&rows)?, "has")
    }

    /// The server's clock: the reading of a few that had the shortest way.
    ///
    /// # Errors
    /// As [`Observer::connect`].
    pub async fn clock(&self) -> Result<Clock, Error> {
        let mut readings = Vec::with_capacity(CLOCK_READINGS);
        for _ in 0..CLOCK_READINGS {
            let sent = Instant::now();
            let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now";
            let rows = self.select(sql, &[]).await?;
            let server = UnixMicros(column(single(&rows)?, "now")?);
            readings.push(Clock { server, sent, answered: Instant::now() });
        }
        let way = |clock: &Clock| clock.answered.duration_since(clock.sent);
        Ok(readings.into_iter().min_by_key(way).expect("at least one reading was made"))
    }

    pub(crate) fn login(&self) -> &Login {
        &self.shared.login
    }

    /// Runs one of the prepared statements.
    pub(crate) async fn prepared(&self, which: Prepared, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.observation(Question::Prepared(which, values)).await
    }

    /// Runs a statement that is asked for seldom; its parameters are texts.
    pub(crate) async fn select(&self, sql: &str, values: &[&str]) -> Result<Vec<Row>, Error> {
        self.observation(Question::Text(sql, values)).await
    }

    /// Observes, and observes once more if the connection turns out to be lost: every statement only reads.
    async fn observation(&self, question: Question<'_>) -> Result<Vec<Row>, Error> {
        let timeout = self.shared.login.timeout;
        let (eye, fresh) = self.eye().await?;
        match eye.ask(question, timeout).await {
            Err(error) if is_end(&error) => {
                self.forget(&eye).await;
                // A connection made for this very question, or one that hangs, would not do better at once.
                if fresh || !eye.connection.client.is_closed() {
                    return Err(error);
                }
                let (eye, _) = self.eye().await?;
                eye.ask(question, timeout).await
            }
            answer => answer,
        }
    }

    /// The connection, and whether it was made just now.
    async fn eye(&self) -> Result<(Arc<Eye>, bool), Error> {
        let mut slot = self.shared.eye.lock().await;
        if let Some(eye) = slot.as_ref().filter(|eye| !eye.connection.client.is_closed()) {
            return Ok((Arc::clone(eye), false));
        }
        *slot = None;
        let eye = Arc::new(Eye::open(&self.shared.login).await?);
        *slot = Some(Arc::clone(&eye));
        Ok((eye, true))
    }

    async fn forget(&self, lost: &Arc<Eye>) {
        let mut slot = self.shared.eye.lock().await;
        if slot.as_ref().is_some_and(|eye| Arc::ptr_eq(eye, lost)) {
            *slot = None;
        }
    }
}

/// Whether the connection is of no more use: it ended, was ended (57P01 to 57P03), or hangs.
fn is_end(error: &Error) -> bool {
    match error {
        Error::NoAnswer { .. } | Error::Harness { .. } => true,
        Error::Answer { sqlstate, .. } => matches!(sqlstate.as_str(), "57P01" | "57P02" | "57P03"),
    }
}

impl Eye {
    async fn open(login: &Login) -> Result<Self, Error> {
        let mut config = login.config();
        // It cannot write. The plans are few, always the same, and too short to be worth compiling; a statement that
        // nobody waits for any more is ended by the server; and with this search_path the server's own descriptions
        // of objects name their schema.
        config.options(format!(
            "-c default_transaction_read_only=on -c jit=off -c plan_cache_mode=force_generic_plan \
             -c search_path=pg_catalog -c statement_timeout={}",
            login.timeout.as_millis()
        ));
        let connection = Connection::open(login, &config).await?;
        let prepare = |sql| connection.within(login.timeout, connection.client.prepare(sql));
        let rows = connection.within(login.timeout, connection.client.query_typed(VERSION, &[])).await?;
        let [all, one] = prepared::roles(column(single(&rows)?, "sees_passwords")?);
        let (roles, role) = (prepare(&all).await?, prepare(&one).await?);
        let sql = prepared::privileges(column(single(&rows)?, "version")?);
        let privileges = connection.within(login.timeout, connection.client.prepare(&sql)).await?;
        Ok(Self { connection, roles, role, privileges })
    }

    async fn ask(&self, question: Question<'_>, timeout: Duration) -> Result<Vec<Row>, Error> {
        match question {
            Question::Prepared(which, values) => {
                let statement = match which {
                    Prepared::Roles => &self.roles,
                    Prepared::Role => &self.role,
                    Prepared::Privileges => &self.privileges,
                };
                self.connection.within(timeout, self.connection.client.query(statement, values)).await
            }
            Question::Text(sql, values) => self.connection.rows(timeout, sql, values).await,
        }
    }
}

/// The value of a column.
pub(crate) fn column<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, Error> {
    row.try_get(name).map_err(|error| Error::column(name, error))
}

fn single(rows: &[Row]) -> Result<&Row, Error> {
    rows.first()
        .ok_or_else(|| Error::NoAnswer { why: "the server returned no row where there is always one".to_owned() })
}
