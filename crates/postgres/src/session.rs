use std::fmt;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use leaseproof_domain::ServerNote;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Row, SimpleQueryMessage};

use crate::capped::{Capped, CappedTls, Oversize};
use crate::notes::Notes;
use crate::{Error, Login};

/// How long a close waits until the server has been reported.
const GOODBYE: Duration = Duration::from_secs(1);

/// One login of a client. Dropping it cuts the connection; [`Session::close`] says goodbye.
pub struct Session {
    connection: Connection,
    timeout: Duration,
}

impl Session {
    /// Logs in.
    ///
    /// # Errors
    /// [`Error::Answer`] where the server refuses (28P01, 3D000, 53300, 57P03, …), [`Error::NoAnswer`] where it cannot
    /// be reached or does not answer in time.
    pub async fn open(login: &Login) -> Result<Self, Error> {
        let connection = Connection::open(login, &login.config()).await?;
        Ok(Self { connection, timeout: login.timeout })
    }

    /// Sends one statement and answers how many rows its last command returned or changed. After
    /// [`Error::NoAnswer`] the session is of no more use.
    ///
    /// # Errors
    /// [`Error::Answer`] where the server refuses, [`Error::NoAnswer`] where the connection ends or time is up.
    pub async fn query(&self, sql: &str) -> Result<u64, Error> {
        let mut rows = 0;
        let count = |message| {
            if let SimpleQueryMessage::CommandComplete(changed) = message {
                rows = changed;
            }
        };
        self.each(sql, count).await?;
        Ok(rows)
    }

    /// Sends one statement and answers the first value of the first row it returns; none for a NULL, or no row.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn value(&self, sql: &str) -> Result<Option<String>, Error> {
        let mut first = None;
        let take = |message| {
            if let SimpleQueryMessage::Row(row) = message {
                first.get_or_insert_with(|| row.try_get(0).ok().flatten().map(str::to_owned));
            }
        };
        self.each(sql, take).await?;
        Ok(first.flatten())
    }

    /// Sends one statement and takes its answer message by message: no row is kept, however many there are.
    async fn each(&self, sql: &str, mut take: impl FnMut(SimpleQueryMessage)) -> Result<(), Error> {
        let answer = async {
            let mut messages = pin!(self.connection.client.simple_query_raw(sql).await?);
            while let Some(message) = messages.try_next().await? {
                take(message);
            }
            Ok(())
        };
        self.connection.within(self.timeout, answer).await
    }

    /// Sends a script as it is. The server runs its statements in order and stops at the first error, which rolls back
    /// those before it unless the script commits in between.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn script(&self, sql: &str) -> Result<(), Error> {
        self.connection.within(self.timeout, self.connection.client.batch_execute(sql)).await
    }

    /// Sends one query with texts for its parameters and answers its rows.
    pub(crate) async fn rows(&self, sql: &str, values: &[&str]) -> Result<Vec<Row>, Error> {
        self.connection.rows(self.timeout, sql, values).await
    }

    /// The warnings and notices since the last call, or since the login.
    pub fn take_notes(&self) -> Vec<ServerNote> {
        self.connection.notes.take()
    }

    /// Ends the session in order.
    pub async fn close(self) {
        self.connection.close().await;
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("closed", &self.connection.client.is_closed()).finish_non_exhaustive()
    }
}

/// A connection to the server's port. Its small packets go out at once, as the driver's own connections do.
async fn reach(login: &Login) -> Result<TcpStream, Error> {
    let reached = TcpStream::connect((login.host.as_str(), login.port)).await;
    let stream = reached.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
    stream.map_err(|error| Error::unanswered(&error, format!("error connecting to server: {error}")))
}

/// A driver's client and the task that moves its bytes. The task ends with it.
pub(crate) struct Connection {
    pub(crate) client: Client,
    notes: Notes,
    task: Task,
    oversize: Oversize,
}

/// A task that is aborted when nobody wants it any more.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connection {
    pub(crate) async fn open(login: &Login, config: &Config) -> Result<Self, Error> {
        let opened = async {
            let oversize = Oversize::default();
            let stream = reach(login).await?;
            let Some(encryption) = &login.encryption else {
                let capped = Capped::new(stream, oversize.clone());
                return Ok(Self::of(config.connect_raw(capped, NoTls).await?, oversize));
            };
            let tls = encryption.connector(&login.host)?;
            match config.connect_raw(stream, CappedTls { tls, oversize: oversize.clone() }).await {
                Ok(connected) => Ok(Self::of(connected, oversize)),
                Err(error) => Err(match encryption.reported(&error, &login.host) {
                    Some(why) => Error::NoAnswer { why },
                    None => error.into(),
                }),
            }
        };
        tokio::time::timeout(login.timeout, opened).await.map_err(|_| Error::timed_out(login.timeout))?
    }

    fn of<S, T>((client, mut connection): (Client, tokio_postgres::Connection<S, T>), oversize: Oversize) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let notes = Notes::default();
        let heard = notes.clone();
        // Statements that wait on a connection receive the reason why it ended.
        let moving = async move {
            while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(said) = message {
                    heard.add(&said);
                }
            }
        };
        Self { client, notes, task: Task(tokio::spawn(moving)), oversize }
    }

    /// The statement's answer, if it comes in time.
    pub(crate) async fn within<T>(
        &self,
        timeout: Duration,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(timeout, statement).await {
            Ok(answer) => answer.map_err(|error| match self.oversize.words() {
                Some(why) => Error::NoAnswer { why },
                None => error.into(),
            }),
            Err(_) => Err(Error::timed_out(timeout)),
        }
    }

    /// Sends one query with texts for its parameters and answers its rows.
    pub(crate) async fn rows(&self, timeout: Duration, sql: &str, values: &[&str]) -> Result<Vec<Row>, Error> {
        let values: Vec<(&(dyn ToSql + Sync), Type)> =
            values.iter().map(|value| (value as &(dyn ToSql + Sync), Type::TEXT)).collect();
        self.within(timeout, self.client.query_typed(sql, &values)).await
    }

    /// Without its client the task sends Terminate and ends by itself.
    pub(crate) async fn close(self) {
        let Self { client, mut task, .. } = self;
        drop(client);
        let _late = tokio::time::timeout(GOODBYE, &mut task.0).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leaseproof_domain::HarnessFault;

    use super::Session;
    use crate::{Error, Login};

    #[tokio::test]
    async fn a_host_that_is_not_resolved_is_distinguished_from_one_where_nobody_listens() {
        let login = |host: &str| Login {
            host: host.to_owned(),
            port: 1,
            database: "app".to_owned(),
            user: "v-1".to_owned(),
            password: None,
            application_name: "test".to_owned(),
            timeout: Duration::from_secs(20),
            encryption: None,
        };
        let unresolved = Session::open(&login("no-such-host.invalid")).await.unwrap_err();
        assert_eq!(unresolved.harness(), Some(HarnessFault::NameResolution), "{unresolved}");
        let refused = Session::open(&login("127.0.0.1")).await.unwrap_err();
        assert!(matches!(refused, Error::NoAnswer { .. }), "{refused}");
    }
}
