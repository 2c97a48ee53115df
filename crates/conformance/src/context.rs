use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use leaseproof_domain::{Redactor, Secret, Username};
use leaseproof_environment::{Environment, TARGET};
use leaseproof_postgres::{Error as SqlError, Login, Observer, Session};
use leaseproof_vault::{Answer, Client, Error as VaultError, Issued};
use serde_json::{Map, Value, json};

use crate::expect::{Answered, Expect};
use crate::proof::{Obstacle, Step};
use crate::servers::Servers;

/// How long a login or a statement of a fact may take.
const STATEMENT: Duration = Duration::from_secs(30);

/// How long what leads to a server may take to find it again.
const ROUTED: Duration = Duration::from_secs(15);

/// Where one fact is proved: an engine, a database and an account of Vault's that nobody else uses, and the record of
/// what was expected and what came.
///
/// Names are made from the fact's id: `ISS-7` has the mount `iss-7`, the database and Vault's account `iss_7`. The
/// database has one table, `things (id serial, word text)`, with three rows.
pub struct FactContext {
    name: String,
    postgres: u32,
    servers: On,
    redactor: Arc<Redactor>,
    account_password: Secret,
    catalog: Observer,
    steps: Vec<Step>,
}

/// The servers of a context.
pub(crate) enum On {
    Shared(Arc<Servers>),
    Own(Box<Servers>),
}

impl On {
    fn servers(&self) -> &Servers {
        match self {
            Self::Shared(servers) => servers,
            Self::Own(servers) => servers,
        }
    }
}

impl FactContext {
    /// Makes the fact's engine, database and account.
    pub(crate) async fn make(id: &str, postgres: u32, servers: On, redactor: Arc<Redactor>) -> Result<Self, Obstacle> {
        let name = id.to_ascii_lowercase();
        let account = name.replace('-', "_");
        let account_password = Secret::new(format!("Vault-own-{name}-{:016x}", fresh()));
        redactor.add_fixed(account_password.clone());
        let environment = &servers.servers().environment;
        let session = Session::open(&observer(environment, "postgres")).await?;
        session
            .query(&format!("CREATE ROLE {account} SUPERUSER LOGIN PASSWORD '{}'", account_password.expose()))
            .await?;
        session.query(&format!("CREATE DATABASE {account}")).await?;
        session.close().await;
        let session = Session::open(&observer(environment, &account)).await?;
        session
            .script(
                "CREATE TABLE things (id serial PRIMARY KEY, word text);\
                 INSERT INTO things (word) VALUES ('one'), ('two'), ('three')",
            )
            .await?;
        session.close().await;
        environment.vault().enable_engine(&name, "database").await?;
        let catalog = Observer::connect(observer(environment, &account)).await?;
        Ok(Self { name, postgres, servers, redactor, account_password, catalog, steps: Vec::new() })
    }

    pub(crate) fn end(self) -> (Vec<Step>, On) {
        (self.steps, self.servers)
    }

    /// PostgreSQL's major version.
    pub fn postgres(&self) -> u32 {
        self.postgres
    }

    /// The path of the fact's engine.
    pub fn mount(&self) -> &str {
        &self.name
    }

    /// The fact's database, which is also the name of Vault's account in PostgreSQL, a superuser.
    pub fn account(&self) -> String {
        self.name.replace('-', "_")
    }

    /// The password of Vault's account, as it was made.
    pub fn account_password(&self) -> Secret {
        self.account_password.clone()
    }

    /// The PostgreSQL server that is the primary at first, by its name in the environment and in the logs.
    pub fn server(&self) -> String {
        let several = self.servers.servers().environment.member_ports(TARGET).len() > 1;
        if several { format!("postgres.{TARGET}.1") } else { format!("postgres.{TARGET}") }
    }

    /// Starts a PostgreSQL server again that was ended, and waits until what leads to it lets logins through: a proxy
    /// finds out a little later.
    ///
    /// # Errors
    /// An obstacle where it does not come up, or nothing leads to it.
    pub async fn start_again(&mut self, server: &str) -> Result<(), Obstacle> {
        self.environment().start_again(server).await?;
        let until = Instant::now() + ROUTED;
        loop {
            let login = observer(&self.servers.servers().environment, "postgres");
            match Session::open(&login).await {
                Ok(session) => {
                    session.close().await;
                    return Ok(());
                }
                Err(why) if Instant::now() >= until => return Err(why.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// PostgreSQL's port.
    pub fn port(&self) -> u16 {
        self.servers.servers().environment.endpoints(TARGET).first().map_or(0, |(_, port)| *port)
    }

    /// Vault with its root token. A request may take as long as Vault lets one run (90 s).
    pub fn vault(&self) -> Client {
        self.servers.servers().environment.vault()
    }

    /// Vault, without a token, where a request may take that long and no longer.
    ///
    /// # Errors
    /// Never in practice: the address is the environment's own.
    pub fn client(&self, timeout: Duration) -> Result<Client, VaultError> {
        Client::new(self.vault().address(), timeout)
    }

    /// Vault with its root token, where a request may take that long.
    ///
    /// # Errors
    /// Never in practice: the address is the environment's own.
    pub fn root(&self, timeout: Duration) -> Result<Client, VaultError> {
        let environment = self.servers.servers().environment.exports();
        let token = environment.into_iter().find(|(name, _)| name == "VAULT_TOKEN").map(|(_, value)| value);
        Ok(self.client(timeout)?.with_token(Secret::new(token.unwrap_or_default())))
    }

    /// Vault's address with another port, for a link in between.
    ///
    /// # Errors
    /// Never in practice.
    pub fn client_through(&self, port: u16, timeout: Duration) -> Result<Client, VaultError> {
        Client::new(&format!("http://127.0.0.1:{port}"), timeout)
    }

    /// The port that Vault listens on.
    pub fn vault_port(&self) -> u16 {
        self.vault().address().rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0)
    }

    /// The servers, where they are the fact's own: for killing, freezing, starting again.
    ///
    /// # Panics
    /// On shared servers.
    pub fn environment(&mut self) -> &mut Environment {
        match &mut self.servers {
            On::Own(servers) => &mut servers.environment,
            On::Shared(_) => panic!("{} shares its servers and may not disturb them", self.name),
        }
    }

    /// Follows the log of a server that was started again.
    ///
    /// # Panics
    /// On shared servers.
    pub fn follow_logs(&mut self) {
        match &mut self.servers {
            On::Own(servers) => servers.logs.follow(&mut servers.environment),
            On::Shared(_) => panic!("{} shares its servers and may not disturb them", self.name),
        }
    }

    /// The audit log, where the ground has one.
    pub fn audit_log(&self) -> Option<PathBuf> {
        self.servers.servers().environment.audit_log()
    }

    /// Lines of a server's log (`vault`, `postgres.target`) that hold `text`. A line may come a moment after the
    /// answer to what caused it.
    pub fn log_lines(&self, server: &str, text: &str) -> Vec<String> {
        self.servers.servers().logs.with(server, text)
    }

    /// Observations of PostgreSQL's catalog with the harness's own account, in the fact's database.
    pub fn catalog(&self) -> &Observer {
        &self.catalog
    }

    /// Whether there is a role of that name.
    ///
    /// # Errors
    /// [`Obstacle::Postgres`].
    pub async fn role_exists(&self, name: &Username) -> Result<bool, Obstacle> {
        Ok(self.catalog.role(name).await?.is_some())
    }

    /// Runs SQL in the fact's database with the harness's own account, a superuser.
    ///
    /// # Errors
    /// As PostgreSQL answers.
    pub async fn sql(&self, text: &str) -> Result<(), SqlError> {
        let session = Session::open(&self.superuser(&self.account())).await?;
        let done = session.script(text).await;
        session.close().await;
        done
    }

    /// The first value of the first row of a statement, asked as [`FactContext::sql`] asks.
    ///
    /// # Errors
    /// As PostgreSQL answers.
    pub async fn value(&self, sql: &str) -> Result<Option<String>, SqlError> {
        let session = Session::open(&self.superuser(&self.account())).await?;
        let value = session.value(sql).await;
        session.close().await;
        value
    }

    /// How the harness's own superuser logs in to a database.
    pub fn superuser(&self, database: &str) -> Login {
        observer(&self.servers.servers().environment, database)
    }

    /// How anybody logs in to the fact's database.
    pub fn login(&self, user: &str, password: &Secret) -> Login {
        Login {
            user: user.to_owned(),
            password: Some(password.clone()),
            application_name: self.name.clone(),
            timeout: STATEMENT,
            ..self.superuser(&self.account())
        }
    }

    /// Logs in with a credential.
    ///
    /// # Errors
    /// As PostgreSQL answers.
    pub async fn session(&self, issued: &Issued) -> Result<Session, SqlError> {
        Session::open(&self.login(issued.username.as_str(), &issued.password)).await
    }

    /// Reads a path with the root token.
    ///
    /// # Errors
    /// As Vault answers.
    pub async fn read(&self, path: &str) -> Result<Answer, VaultError> {
        self.vault().read(path).await
    }

    /// Writes a connection of the fact's engine: SCRAM, every role allowed, the fact's database by the fact's account.
    /// Keys of `changes` replace those; a null takes one away.
    ///
    /// # Errors
    /// As Vault answers.
    pub async fn config(&self, name: &str, changes: Value) -> Result<Answer, VaultError> {
        let data = merged(self.config_data(), changes);
        self.vault().write(&format!("{}/config/{name}", self.name), &data).await
    }

    /// What [`FactContext::config`] writes.
    pub fn config_data(&self) -> Value {
        self.config_data_through(self.port())
    }

    /// The same, with PostgreSQL reached by another port: a link's.
    pub fn config_data_through(&self, port: u16) -> Value {
        let account = self.account();
        json!({
            "plugin_name": "postgresql-database-plugin",
            "connection_url": format!("postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{port}/{account}?sslmode=disable"),
            "username": account,
            "password": self.account_password.expose(),
            "password_authentication": "scram-sha-256",
            "allowed_roles": "*",
        })
    }

    /// Writes a role of the fact's engine on the connection `pg`: one that may read `things`, for an hour, a day at
    /// most. Keys of `changes` replace those; a null takes one away.
    ///
    /// # Errors
    /// As Vault answers.
    pub async fn role(&self, name: &str, changes: Value) -> Result<Answer, VaultError> {
        let data = merged(Self::role_data(), changes);
        self.vault().write(&format!("{}/roles/{name}", self.name), &data).await
    }

    /// What [`FactContext::role`] writes.
    pub fn role_data() -> Value {
        json!({
            "db_name": "pg",
            "creation_statements": format!("{CREATE} GRANT SELECT ON things TO \"{{{{name}}}}\";"),
            "default_ttl": "1h",
            "max_ttl": "24h",
        })
    }

    /// The connection `pg` and the role `reader`, as [`FactContext::config`] and [`FactContext::role`] write them.
    ///
    /// # Errors
    /// As Vault answers.
    pub async fn reader(&self) -> Result<(), VaultError> {
        self.config("pg", json!({})).await?;
        self.role("reader", json!({})).await.map(drop)
    }

    /// Asks for a credential of a role of the fact's engine. Its password is scrubbed from all that is recorded.
    ///
    /// # Errors
    /// As Vault answers.
    pub async fn issue(&self, role: &str) -> Result<Issued, VaultError> {
        self.issue_with(&self.vault(), role).await
    }

    /// The same, by another client.
    ///
    /// # Errors
    /// As Vault answers.
    pub async fn issue_with(&self, client: &Client, role: &str) -> Result<Issued, VaultError> {
        let issued = client.issue(&self.name, role).await?;
        self.learn(&issued);
        Ok(issued)
    }

    /// From now on the credential's password is scrubbed from all that is recorded.
    pub(crate) fn learn(&self, issued: &Issued) {
        self.redactor.add_fixed(issued.password.clone());
    }

    /// Records what a server answered to `what`, and what it had to.
    pub fn answers(&mut self, what: impl Into<String>, answer: &impl Answered, expect: Expect) {
        let got = answer.got();
        let met = expect.is_met(&got);
        self.step(what.into(), expect.words(), got.words(), met);
    }

    /// Records that two values are the same, or not.
    pub fn equals<T: PartialEq + Display>(&mut self, what: impl Into<String>, expected: T, got: T) {
        let met = expected == got;
        self.step(what.into(), expected.to_string(), got.to_string(), met);
    }

    /// Records anything else: what was expected in words, what came, and whether that is it.
    pub fn holds(&mut self, what: impl Into<String>, expected: impl Into<String>, got: impl Display, met: bool) {
        self.step(what.into(), expected.into(), got.to_string(), met);
    }

    fn step(&mut self, what: String, expected: String, got: String, met: bool) {
        let scrubbed = |text: String| self.redactor.scrub(&text).text;
        let step = Step { what: scrubbed(what), expected: scrubbed(expected), got: scrubbed(got), met };
        self.steps.push(step);
    }
}

/// A role that can log in until its lease is over.
pub(crate) const CREATE: &str =
    "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';";

/// `data` with the keys of `changes`; a null takes its key away.
fn merged(data: Value, changes: Value) -> Value {
    let (Value::Object(mut data), Value::Object(changes)) = (data, changes) else {
        return Value::Object(Map::new());
    };
    for (key, value) in changes {
        if value.is_null() {
            data.remove(&key);
        } else {
            data.insert(key, value);
        }
    }
    Value::Object(data)
}

fn observer(environment: &Environment, database: &str) -> Login {
    Login { timeout: STATEMENT, ..environment.observer_login(TARGET, database) }
}

/// A number that does not come again, for a password that has to be distinguished from all others.
fn fresh() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}
