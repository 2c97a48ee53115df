use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Socket};

use crate::{Error, Login};

/// How long a close waits until the server has been told.
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
        let messages = self.connection.within(self.timeout, self.connection.client.simple_query(sql)).await?;
        let rows = messages.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
            _ => None,
        });
        Ok(rows.unwrap_or(0))
    }

    /// Sends one statement and answers the first value of the first row it returns; none for a NULL, or no row.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn value(&self, sql: &str) -> Result<Option<String>, Error> {
        let messages = self.connection.within(self.timeout, self.connection.client.simple_query(sql)).await?;
        Ok(messages
            .iter()
            .find_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row.try_get(0).ok().flatten().map(str::to_owned)),
                _ => None,
            })
            .flatten())
    }

    /// Sends a script as it is. The server runs its statements in order and stops at the first error, which rolls back
    /// those before it unless the script commits in between.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn script(&self, sql: &str) -> Result<(), Error> {
        self.connection.within(self.timeout, self.connection.client.batch_execute(sql)).await
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

/// A driver's client and the task that moves its bytes. The task ends with it.
pub(crate) struct Connection {
    pub(crate) client: Client,
    task: Task,
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
            match &login.encryption {
                None => Ok(Self::of(config.connect(NoTls).await?)),
                Some(encryption) => match config.connect(encryption.connector()).await {
                    Ok(connected) => Ok(Self::of(connected)),
                    Err(error) => Err(match encryption.told(&error, &login.host) {
                        Some(why) => Error::NoAnswer { why },
                        None => error.into(),
                    }),
                },
            }
        };
        tokio::time::timeout(login.timeout, opened).await.map_err(|_| Error::timed_out(login.timeout))?
    }

    fn of<T>((client, connection): (Client, tokio_postgres::Connection<Socket, T>)) -> Self
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // What ends a connection is told to the statements that wait on it; notices are nobody's.
        Self { client, task: Task(tokio::spawn(async move { drop(connection.await) })) }
    }

    /// The statement's answer, if it comes in time.
    pub(crate) async fn within<T>(
        &self,
        timeout: Duration,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(timeout, statement).await {
            Ok(answer) => answer.map_err(Error::from),
            Err(_) => Err(Error::timed_out(timeout)),
        }
    }

    /// Without its client the task sends Terminate and ends by itself.
    pub(crate) async fn close(self) {
        let Self { client, mut task } = self;
        drop(client);
        let _late = tokio::time::timeout(GOODBYE, &mut task.0).await;
    }
}
