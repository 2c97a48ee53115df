use std::collections::BTreeSet;
use std::fmt;

use postgres_protocol::escape::escape_identifier;
use tokio_postgres::Row;

use crate::observer::column;
use crate::{Error, Login, Session};

/// The version from which on a membership says whether it inherits and allows SET ROLE, and CREATEROLE is not enough to
/// become a member (release notes of PostgreSQL 16).
const OPTIONS: i32 = 160_000;
/// The first version that has privileges on parameters.
const PARAMETERS: i32 = 150_000;

/// The statements that remove a role and keep what it owns: its objects go to the account that runs them, its privileges
/// are revoked by those who granted them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Who has to run them.
    pub account: String,
    /// The statements, in order.
    pub steps: Vec<RemovalStep>,
    /// Why the account that asked cannot run them, or what keeps the role.
    pub obstacles: Vec<String>,
}

/// Statements that are run in one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovalStep {
    /// The database.
    pub database: String,
    /// The statements, each without a semicolon.
    pub statements: Vec<String>,
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "as {}", self.account)?;
        for (place, step) in self.steps.iter().enumerate() {
            let then = if place == 0 { "" } else { " then" };
            write!(f, "{then} in database {}: {};", step.database, step.statements.join("; "))?;
        }
        Ok(())
    }
}

impl Removal {
    /// The statements for a role; none where there is no such role. The account of `login` reads the catalogs of every
    /// database in which the role has something, and changes nothing. Where that account is not allowed to remove the
    /// role, the statements are those of a superuser.
    ///
    /// # Errors
    /// Where the catalog cannot be read.
    pub async fn of(login: &Login, role: &str) -> Result<Option<Self>, Error> {
        let session = Session::open(login).await?;
        let rows = session.rows(include_str!("removal_role.sql"), &[role]).await?;
        session.close().await;
        let Some(first) = rows.first() else { return Ok(None) };
        let mut removing = Removing::of(first, role)?;
        let mut databases = BTreeSet::new();
        let mut shared = false;
        for row in &rows {
            let Some(database) = column::<Option<String>>(row, "database")? else {
                shared |= column::<Option<bool>>(row, "shared")?.unwrap_or_default();
                continue;
            };
            if !column::<bool>(row, "open")? {
                removing.obstacles.push(format!("database {database} does not accept connections"));
            }
            databases.insert(database);
        }
        if shared && databases.is_empty() {
            databases.insert(login.database.clone());
        }
        let mut found = Vec::new();
        for database in databases {
            let granted = match removing.granted(login, &database).await {
                Ok(granted) => granted,
                Err(why) => {
                    removing.obstacles.push(format!("database {database} cannot be read: {why}"));
                    Vec::new()
                }
            };
            found.push((database, granted));
        }
        Ok(Some(removing.removal(login, found)))
    }
}

/// What a grantor granted on objects of one kind.
struct Granted {
    grantor: String,
    superuser: bool,
    owner: bool,
    is_self: bool,
    /// Whether the account can become the grantor, or can make itself a member.
    settable: bool,
    admin: bool,
    kind: String,
    names: String,
}

/// A role to be removed, and what the account may do with it.
struct Removing {
    role: String,
    oid: String,
    account: String,
    version: i32,
    superuser: bool,
    createrole: bool,
    has_privileges: bool,
    /// The role that the account has to become first, to make itself a member of this one.
    through: Option<String>,
    obstacles: Vec<String>,
}

impl Removing {
    fn of(row: &Row, role: &str) -> Result<Self, Error> {
        let mut removing = Self {
            role: role.to_owned(),
            oid: column(row, "oid")?,
            account: column(row, "account")?,
            version: column(row, "version")?,
            superuser: column(row, "by_superuser")?,
            createrole: column(row, "by_createrole")?,
            has_privileges: column(row, "has_privileges")?,
            through: None,
            obstacles: Vec::new(),
        };
        let is_superuser: bool = column(row, "superuser")?;
        if !removing.superuser && (is_superuser || !removing.may_join(column(row, "admin")?, is_superuser)) {
            let lacks = if is_superuser {
                "only a superuser drops a superuser"
            } else if removing.createrole {
                "it does not have ADMIN OPTION on it"
            } else {
                "it does not have CREATEROLE"
            };
            removing.obstacles.push(format!("{} cannot drop it: {lacks}", removing.account));
        }
        if removing.version >= OPTIONS && !column::<bool>(row, "grants_itself")? {
            removing.through = column(row, "through")?;
            if !removing.superuser && removing.through.is_none() && removing.obstacles.is_empty() {
                removing
                    .obstacles
                    .push(format!("{} has ADMIN OPTION on it only through other roles", removing.account));
            }
        }
        // Before 16 a membership follows the member's own attribute.
        let inherits: bool = column(row, "by_inherit")?;
        if !inherits && !removing.has_privileges && removing.version < OPTIONS {
            removing.obstacles.push(format!("{} has NOINHERIT, and cannot act for it", removing.account));
        }
        Ok(removing)
    }

    /// Whether the account can make itself a member of a role.
    fn may_join(&self, admin: bool, superuser: bool) -> bool {
        self.createrole && !superuser && (admin || self.version < OPTIONS)
    }

    async fn granted(&self, login: &Login, database: &str) -> Result<Vec<Granted>, Error> {
        let parameters =
            "    UNION ALL\n    SELECT 'PARAMETER', parname, 10::oid, paracl FROM pg_catalog.pg_parameter_acl\n";
        let sql = include_str!("removal.sql")
            .replace("{parameters}", if self.version >= PARAMETERS { parameters } else { "" })
            .replace("{set}", if self.version >= OPTIONS { "SET" } else { "MEMBER" });
        let session = Session::open(&Login { database: database.to_owned(), ..login.clone() }).await?;
        let rows = session.rows(&sql, &[&self.oid]).await?;
        session.close().await;
        let granted = |row: &Row| {
            Ok(Granted {
                grantor: column(row, "grantor")?,
                superuser: column(row, "superuser")?,
                owner: column(row, "owner")?,
                is_self: column(row, "self")?,
                settable: column(row, "settable")?,
                admin: column(row, "admin")?,
                kind: column(row, "kind")?,
                names: column(row, "names")?,
            })
        };
        rows.iter().map(granted).collect()
    }

    fn removal(mut self, login: &Login, mut found: Vec<(String, Vec<Granted>)>) -> Removal {
        let mut obstacles = std::mem::take(&mut self.obstacles);
        let may_drop = obstacles.is_empty();
        for granted in found.iter().flat_map(|(_, granted)| granted).filter(|_| !self.superuser && may_drop) {
            let Granted { grantor, kind, names, .. } = granted;
            if !granted.is_self && !granted.settable && !self.may_join(granted.admin, granted.superuser) {
                obstacles.push(format!("{} cannot revoke what {grantor} granted on {kind} {names}", self.account));
            }
        }
        obstacles.dedup();
        // What the account cannot do a superuser can.
        let account = if obstacles.is_empty() { self.account.clone() } else { "a superuser".to_owned() };
        if !obstacles.is_empty() {
            self.superuser = true;
            found.iter_mut().flat_map(|(_, granted)| granted).for_each(|granted| granted.is_self = false);
        }
        // What is granted on the cluster's own objects is revoked in the first database.
        let of_cluster = |granted: &Granted| ["DATABASE", "TABLESPACE", "PARAMETER"].contains(&granted.kind.as_str());
        found.iter_mut().skip(1).for_each(|(_, granted)| granted.retain(|granted| !of_cluster(granted)));
        let joins = if found.is_empty() { Vec::new() } else { self.joins(&found) };
        let mut steps: Vec<RemovalStep> = Vec::new();
        for (database, granted) in &found {
            let role = escape_identifier(&self.role);
            let mut statements = self.revocations(granted);
            statements.push(format!("REASSIGN OWNED BY {role} TO CURRENT_USER"));
            statements.push(format!("DROP OWNED BY {role}"));
            steps.push(RemovalStep { database: database.clone(), statements });
        }
        if steps.is_empty() {
            steps.push(RemovalStep { database: login.database.clone(), statements: Vec::new() });
        }
        let leaves = joins.iter().filter(|role| **role != self.role);
        let leaves: Vec<String> =
            leaves.map(|role| format!("REVOKE {} FROM CURRENT_USER", escape_identifier(role))).collect();
        if let Some(first) = steps.first_mut() {
            first.statements.splice(0..0, joins.iter().map(|role| self.join(role)));
        }
        if let Some(last) = steps.last_mut() {
            last.statements.push(format!("DROP ROLE {}", escape_identifier(&self.role)));
            last.statements.extend(leaves);
        }
        Removal { account, steps, obstacles }
    }

    /// The roles that the account becomes a member of, in order: the grantors, the creator of the role, the role.
    fn joins<'a>(&'a self, found: &'a [(String, Vec<Granted>)]) -> Vec<&'a str> {
        if self.superuser {
            return Vec::new();
        }
        let all = found.iter().flat_map(|(_, granted)| granted);
        let grantors =
            all.filter(|granted| !granted.is_self && !granted.settable).map(|granted| granted.grantor.as_str());
        let own = [self.through.as_deref(), Some(self.role.as_str())].into_iter().flatten();
        let mut joins: Vec<&str> = Vec::new();
        for role in grantors.chain(own.filter(|_| !self.has_privileges)) {
            if !joins.contains(&role) {
                joins.push(role);
            }
        }
        joins
    }

    /// DROP OWNED revokes what the owner of an object granted. What another role granted, with its grant option, that role
    /// has to revoke; and so has an owner whose privileges the account does not have.
    fn revocations(&self, granted: &[Granted]) -> Vec<String> {
        let mut statements = Vec::new();
        let mut grantors: Vec<&str> = granted.iter().map(|granted| granted.grantor.as_str()).collect();
        grantors.dedup();
        for grantor in grantors {
            let of_grantor = granted.iter().filter(|granted| granted.grantor == grantor);
            let explicit: Vec<&Granted> = of_grantor.filter(|granted| !self.superuser || !granted.owner).collect();
            let Some(first) = explicit.first() else { continue };
            if !first.is_self {
                statements.push(format!("SET ROLE {}", escape_identifier(grantor)));
            }
            for Granted { kind, names, .. } in &explicit {
                statements.push(format!("REVOKE ALL ON {kind} {names} FROM {} CASCADE", escape_identifier(&self.role)));
            }
            if !first.is_self {
                statements.push("RESET ROLE".to_owned());
            }
        }
        statements
    }

    fn join(&self, role: &str) -> String {
        let options = if self.version >= OPTIONS { " WITH INHERIT TRUE, SET TRUE" } else { "" };
        format!("GRANT {} TO CURRENT_USER{options}", escape_identifier(role))
    }
}
