//! The statements that remove a role do remove it, on every version, and keep what it owned.

use leaseproof_postgres::{Login, Removal, Session};
use leaseproof_testkit::postgres::Cluster;

const VERSIONS: [u32; 5] = [14, 15, 16, 17, 18];

/// Accounts: Vault's own, an operator that made it, and an operator of something else.
const ACCOUNTS: &str = "CREATE ROLE operator LOGIN CREATEROLE CREATEDB; CREATE ROLE stranger LOGIN CREATEROLE; \
    CREATE ROLE readers; CREATE ROLE humble LOGIN";

const IN_SHOP: &str = "CREATE SCHEMA app; CREATE TABLE app.orders (id int, note text); \
    CREATE FUNCTION app.f(a int, OUT b text) LANGUAGE sql AS 'SELECT ''x'''; \
    GRANT USAGE, CREATE ON SCHEMA app TO vault WITH GRANT OPTION; \
    GRANT SELECT, UPDATE ON app.orders TO vault WITH GRANT OPTION; \
    GRANT EXECUTE ON FUNCTION app.f(int) TO vault WITH GRANT OPTION; \
    GRANT CONNECT ON DATABASE shop TO vault WITH GRANT OPTION";

/// What Vault's account does for a credential.
const BY_VAULT: &str = "CREATE ROLE \"v-app\" LOGIN PASSWORD 'x'; GRANT CONNECT ON DATABASE shop TO \"v-app\"; \
    GRANT USAGE, CREATE ON SCHEMA app TO \"v-app\"; GRANT SELECT, UPDATE (note) ON app.orders TO \"v-app\"; \
    GRANT EXECUTE ON FUNCTION app.f(int) TO \"v-app\"";

/// What the credential does: it owns what others depend on, and gives rights on.
const BY_IT: &str = "CREATE TABLE app.made (id int); CREATE SEQUENCE app.\"Made, too\"; INSERT INTO app.made VALUES (1); \
    GRANT SELECT ON app.made TO readers; ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO readers";

/// What the superuser gives it beside that.
const BY_SUPERUSER: &str = "GRANT readers TO \"v-app\" WITH ADMIN OPTION; GRANT \"v-app\" TO humble; \
    CREATE VIEW app.depends AS SELECT id FROM app.made; CREATE POLICY p ON app.orders TO \"v-app\", readers; \
    GRANT SELECT (id) ON app.orders TO \"v-app\"; GRANT USAGE ON TYPE app.mood TO \"v-app\"; \
    SELECT lo_create(1600001); GRANT SELECT ON LARGE OBJECT 1600001 TO \"v-app\"; \
    GRANT CREATE ON TABLESPACE pg_default TO \"v-app\"";

struct Place(Cluster);

impl Place {
    /// A cluster in which Vault's account has made a credential, which made a table of its own.
    async fn of(version: u32) -> Option<Self> {
        let place = Self(Cluster::of(version).await?);
        place.run("postgres", "postgres", ACCOUNTS).await;
        place.run("operator", "postgres", "CREATE ROLE vault LOGIN CREATEROLE").await;
        for database in ["shop", "other"] {
            place.run("postgres", "postgres", &format!("CREATE DATABASE {database}")).await;
        }
        place.run("postgres", "shop", IN_SHOP).await;
        place.run("vault", "shop", BY_VAULT).await;
        place.run("v-app", "shop", BY_IT).await;
        let other = "CREATE SCHEMA app; CREATE TABLE app.there (id int); GRANT USAGE ON SCHEMA app TO vault; \
                     GRANT SELECT ON app.there TO vault WITH GRANT OPTION";
        place.run("postgres", "other", other).await;
        place.run("vault", "other", "GRANT SELECT ON app.there TO \"v-app\"").await;
        Some(place)
    }

    fn login(&self, user: &str, database: &str) -> Login {
        self.0.login(database, user)
    }

    async fn run(&self, user: &str, database: &str, sql: &str) {
        let session = Session::open(&self.login(user, database)).await.unwrap();
        for statement in sql.split("; ") {
            session.script(statement).await.unwrap_or_else(|why| panic!("{user} in {database}: {statement}: {why}"));
        }
        session.close().await;
    }

    async fn value(&self, database: &str, sql: &str) -> String {
        let session = Session::open(&self.login("postgres", database)).await.unwrap();
        session.value(sql).await.unwrap().unwrap_or_default()
    }

    async fn removal(&self, by: &str) -> Removal {
        Removal::of(&self.login(by, "postgres"), "v-app").await.unwrap().unwrap()
    }

    /// Runs the statements as that account, and makes sure that the role is gone and nothing else.
    async fn remove(&self, by: &str, removal: &Removal, version: u32) {
        let members = "SELECT string_agg(roleid::regrole || ' ' || member::regrole, ',' ORDER BY 1) FROM pg_auth_members \
                       WHERE NOT 'v-app'::regrole IN (roleid, member, grantor)";
        let before = self.value("postgres", members).await;
        for step in &removal.steps {
            // The order and the session are those of a script for psql.
            let session = Session::open(&self.login(by, &step.database)).await.unwrap();
            for statement in &step.statements {
                session
                    .script(statement)
                    .await
                    .unwrap_or_else(|why| panic!("{version}, {by}: {statement}: {why}\n{removal}"));
            }
            session.close().await;
        }
        let there = "SELECT count(*) FROM pg_roles WHERE rolname = 'v-app'";
        assert_eq!(self.value("postgres", there).await, "0", "{version}, {by}: {removal}");
        let members = members.split(" WHERE ").next().unwrap();
        assert_eq!(self.value("postgres", members).await, before, "{version}, {by}: {removal}");
        assert_eq!(self.value("shop", "SELECT count(*) FROM app.made").await, "1", "{version}, {by}: {removal}");
        let owner = "SELECT relowner::regrole FROM pg_class WHERE oid = 'app.made'::regclass";
        assert_eq!(self.value("shop", owner).await, by, "{version}: {removal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_removes_a_role_with_everything_on_every_version() {
    for version in VERSIONS {
        let Some(place) = Place::of(version).await else { continue };
        place.run("postgres", "shop", "CREATE TYPE app.mood AS ENUM ('well')").await;
        place.run("postgres", "shop", BY_SUPERUSER).await;
        // Before 16 no grantor of a membership keeps a role from being dropped.
        if version >= 16 {
            place.run("v-app", "postgres", "GRANT readers TO stranger").await;
        }
        place.run("postgres", "postgres", "CREATE DATABASE its OWNER \"v-app\"").await;
        if version >= 15 {
            place.run("postgres", "postgres", "GRANT SET ON PARAMETER work_mem TO \"v-app\"").await;
        }
        let removal = place.removal("postgres").await;
        assert!(removal.obstacles.is_empty() && removal.account == "postgres", "{version}: {removal:?}");
        // What DROP ROLE alone says of it.
        let session = Session::open(&place.login("postgres", "postgres")).await.unwrap();
        let why = session.script("DROP ROLE \"v-app\"").await.unwrap_err();
        assert_eq!(why.sqlstate(), Some("2BP01"), "{version}");
        place.remove("postgres", &removal, version).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_that_made_it_and_the_one_that_made_that_remove_it() {
    for version in VERSIONS {
        for by in ["vault", "operator"] {
            let Some(place) = Place::of(version).await else { continue };
            let removal = place.removal(by).await;
            assert!(removal.obstacles.is_empty() && removal.account == by, "{version}: {removal:?}");
            place.remove(by, &removal, version).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_account_cannot_do_is_named_and_a_superuser_can_do_it() {
    for version in VERSIONS {
        let Some(place) = Place::of(version).await else { continue };
        let stranger = place.removal("stranger").await;
        let refused = stranger.obstacles == ["stranger cannot drop it: it does not have ADMIN OPTION on it"];
        assert!(if version < 16 { stranger.obstacles.is_empty() } else { refused }, "{version}: {stranger:?}");
        let humble = place.removal("humble").await;
        assert_eq!(humble.obstacles[0], "humble cannot drop it: it does not have CREATEROLE", "{version}");
        assert_eq!(humble.account, "a superuser", "{version}");
        // An owner's grant, which its own maker cannot revoke.
        place.run("postgres", "other", "GRANT INSERT ON app.there TO \"v-app\"").await;
        let vault = place.removal("vault").await;
        let why = ["vault cannot revoke what postgres granted on TABLE app.there"];
        assert_eq!(vault.obstacles, why, "{version}");
        place.run("postgres", "postgres", "ALTER DATABASE other ALLOW_CONNECTIONS false").await;
        let closed = place.removal("postgres").await;
        assert_eq!(closed.obstacles[0], "database other does not accept connections", "{version}");
        place.run("postgres", "postgres", "ALTER DATABASE other ALLOW_CONNECTIONS true").await;
        assert!(vault.to_string().contains("SET ROLE \"vault\"; REVOKE ALL ON"), "{version}: {vault}");
        place.remove("postgres", &vault, version).await;
        assert_eq!(Removal::of(&place.login("postgres", "postgres"), "v-app").await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_holds_nothing_is_dropped() {
    let place = Place(Cluster::start().await);
    place.run("postgres", "postgres", "CREATE ROLE \"a\"\"b\"").await;
    let removal = Removal::of(&place.login("postgres", "postgres"), "a\"b").await.unwrap().unwrap();
    assert_eq!(removal.to_string(), "as postgres in database postgres: DROP ROLE \"a\"\"b\";");
}
