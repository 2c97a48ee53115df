//! Databases and roles.

use std::collections::BTreeMap;
use std::time::Duration;

use leaseproof_history::{MadeThere, Proof};
use leaseproof_postgres::{Error, Login, Removal, Session, literal};
use postgres_protocol::escape::escape_identifier;

use super::{Found, Left, Own, Servers, ThingState, command};
use crate::attached::credential::CredentialLeft;
use crate::attached::identity::nowhere;
use crate::attached::login::Cluster;
use crate::attached::traces::Made;
use crate::launch::wait::Tries;

/// How long PostgreSQL may take to make a database.
const SETTLED: Duration = Duration::from_secs(60);
/// How often it is asked.
const AGAIN: Duration = Duration::from_millis(100);

/// Takes them away in that order, those that are the run's.
pub(super) async fn take_away(
    all: &[&Made],
    servers: &Servers<'_>,
    dry_run: bool,
    gone: &mut impl FnMut(&MadeThere, Option<&MadeThere>),
) -> Vec<Left> {
    let mut left = Vec::new();
    for name in clusters_of(all) {
        let of_cluster: Vec<&Made> = all.iter().filter(|made| cluster_of(&made.what) == name).copied().collect();
        let Opened { login, session, same_timeline, place } = match open(name, servers).await {
            Ok(opened) => opened,
            Err(why) => {
                left.extend(of_cluster.iter().map(|made| why.of(made)));
                continue;
            }
        };
        let mut here: Vec<Left> = Vec::new();
        for made in &of_cluster {
            match find(made, &session, same_timeline).await {
                Found::Ours(own) => {
                    here.extend(own.foreign(&made.what));
                    if dry_run {
                        here.push(own.stays(&made.what, "it would be removed"));
                        continue;
                    }
                    match remove(&own.now, &of_cluster, &session).await {
                        Ok(()) => gone(&made.what, Some(&own.now)),
                        Err(why) => here.push(stays(&own, &made.what, &why.to_string(), &login).await),
                    }
                }
                Found::Gone => gone(&made.what, None),
                Found::Another(why) => {
                    here.push(Left::strange(&made.what, why));
                    gone(&made.what, None);
                }
                Found::Changed(why) => here.push(Left::changed(&made.what, why)),
                Found::Unknown(why) => here.push(Left::of(&made.what, why)),
            }
        }
        left.extend(here.into_iter().map(|left| left.at(&place)));
        session.close().await;
    }
    left
}

/// All of them stay, because those mounts do; and with them the roles that Vault made there.
pub(super) async fn needed(all: &[&Made], servers: &Servers<'_>, mounts: &str) -> Vec<Left> {
    let mut left: Vec<Left> = Vec::new();
    for name in clusters_of(all) {
        let of_cluster: Vec<&Made> = all.iter().filter(|made| cluster_of(&made.what) == name).copied().collect();
        let why = format!("it is kept: Vault needs it to revoke what is left below {mounts}");
        let Opened { login, session, same_timeline, place } = match open(name, servers).await {
            Ok(opened) => opened,
            Err(why) => {
                left.extend(of_cluster.iter().map(|made| why.of(made)));
                continue;
            }
        };
        let mut here = Vec::new();
        let mut known = credentials(&of_cluster, &session).await;
        // Before PostgreSQL 16 no catalog tells who made a role that holds nothing in the setup's databases.
        for CredentialLeft { role, oid, lease, .. } in servers.issued.on(name, &session).await {
            known.entry(role).or_insert_with(|| Credential { oid, place: format!("its lease is {lease}") });
        }
        for (role, Credential { oid, place: held }) in known {
            let oid = oid.map_or_else(String::new, |oid| format!(" (OID {oid})"));
            let what = format!("role {role}{oid} of postgres.{name}");
            let why = format!("Vault made it for a credential and could not drop it; {held}");
            let credential = Left { what, why, command: None, at: None, state: ThingState::Remains };
            here.push(with_removal(credential, &role, &login).await);
        }
        for made in of_cluster {
            match find(made, &session, same_timeline).await {
                Found::Ours(own) => {
                    here.extend(own.foreign(&made.what));
                    here.push(own.stays(&made.what, &why));
                }
                Found::Gone => {}
                Found::Another(why) => here.push(Left::strange(&made.what, why)),
                Found::Changed(why) => here.push(Left::changed(&made.what, why)),
                Found::Unknown(why) => here.push(Left::of(&made.what, why)),
            }
        }
        left.extend(here.into_iter().map(|left| left.at(&place)));
        session.close().await;
    }
    left
}

/// A role that Vault made.
struct Credential {
    oid: Option<u32>,
    /// What says so.
    place: String,
}

/// The roles that somebody made after the setup's own and that hold something in its databases, or are members of its
/// roles, or have these as members (the maker of a role is one, from PostgreSQL 16 on): Vault's credentials.
async fn credentials(all: &[&Made], session: &Session) -> BTreeMap<String, Credential> {
    let of = |is: fn(&MadeThere) -> bool| {
        let oids = all.iter().filter(|made| is(&made.what)).filter_map(|made| made.oid());
        oids.map(|oid| oid.to_string()).collect::<Vec<_>>()
    };
    let databases = of(|what| matches!(what, MadeThere::Database { .. }));
    let roles = of(|what| matches!(what, MadeThere::Role { .. }));
    let Some(first) = all.iter().filter_map(|made| made.oid()).min() else {
        return BTreeMap::new();
    };
    let none = || vec!["0".to_owned()];
    let (databases, ours) = ([databases, none()].concat().join(","), [roles, none()].concat().join(","));
    let list = format!(
        "WITH held AS (\
           SELECT s.refobjid AS oid, 'in the database ' || d.datname AS place FROM pg_catalog.pg_shdepend s \
           JOIN pg_catalog.pg_database d ON d.oid IN ({databases}) AND (s.dbid = d.oid \
             OR (s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND s.objid = d.oid)) \
           WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass \
           UNION SELECT m.member, 'member of ' || o.rolname FROM pg_catalog.pg_auth_members m \
           JOIN pg_catalog.pg_roles o ON o.oid = m.roleid AND o.oid IN ({ours}) \
           UNION SELECT m.roleid, 'made by ' || o.rolname FROM pg_catalog.pg_auth_members m \
           JOIN pg_catalog.pg_roles o ON o.oid = m.member AND o.oid IN ({ours})), \
         named AS (\
           SELECT r.oid || E'\\t' || r.rolname || E'\\t' || string_agg(held.place, ', ' ORDER BY held.place) AS name \
           FROM held JOIN pg_catalog.pg_roles r USING (oid) WHERE r.oid > {first} AND r.oid NOT IN ({ours}) \
           GROUP BY r.oid, r.rolname) \
         SELECT string_agg(name, E'\\n' ORDER BY name) FROM named"
    );
    let found = session.value(&list).await.ok().flatten().unwrap_or_default();
    let credential = |line: &str| {
        let (oid, line) = line.split_once('\t')?;
        let (role, place) = line.split_once('\t')?;
        Some((role.to_owned(), Credential { oid: oid.parse().ok(), place: place.to_owned() }))
    };
    found.lines().filter_map(credential).collect()
}

/// A thing that could not be removed. A role that something refers to needs more than DROP ROLE.
async fn stays(own: &Own, made: &MadeThere, why: &str, login: &Login) -> Left {
    let left = own.stays(made, why);
    if let MadeThere::Role { name, .. } = &own.now { with_removal(left, name, login).await } else { left }
}

/// The same with the statements that remove the role.
async fn with_removal(mut left: Left, role: &str, login: &Login) -> Left {
    match Removal::of(login, role).await {
        Ok(Some(removal)) => {
            for obstacle in &removal.obstacles {
                left.why.push_str(&format!("; {obstacle}"));
            }
            left.command = Some(removal.to_string());
        }
        Ok(None) => {}
        Err(why) => left.why.push_str(&format!("; what removes it cannot be read: {why}")),
    }
    left
}

fn clusters_of<'a>(all: &[&'a Made]) -> Vec<&'a str> {
    let mut names: Vec<&str> = all.iter().map(|made| cluster_of(&made.what)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn cluster_of(made: &MadeThere) -> &str {
    match made {
        MadeThere::Role { cluster, .. } | MadeThere::Database { cluster, .. } => cluster,
        MadeThere::Mount { .. } | MadeThere::Policy { .. } => "",
    }
}

/// The very cluster that the run worked on.
struct Opened {
    /// How the operator logs in.
    login: Login,
    /// Its session there.
    session: Session,
    /// Whether the cluster has been neither restored nor promoted since.
    same_timeline: bool,
    /// Its host and port.
    place: String,
}

/// Why nothing is done in a cluster.
enum Unopened {
    /// It is not the one that answers, or nobody can say.
    NotReached(String),
    /// It is, at that place, and the operator cannot log in.
    Account { place: String, why: String },
}

impl Unopened {
    fn of(&self, made: &Made) -> Left {
        match self {
            Self::NotReached(why) => Left::not_reached(&made.what, why.clone()),
            Self::Account { place, why } => Left::of(&made.what, why.clone()).at(place),
        }
    }
}

async fn open(name: &str, servers: &Servers<'_>) -> Result<Opened, Unopened> {
    let not_reached = |why: String| Unopened::NotReached(servers.expected.not_reached(name, &why));
    let cluster = servers.clusters.get(name);
    let same_timeline = servers.expected.same_timeline(name, cluster).await.map_err(not_reached)?;
    let cluster: &Cluster = cluster.ok_or_else(|| not_reached(nowhere(name)))?;
    let place = cluster.place();
    let login = cluster.operator(&cluster.observer.database);
    let session = Session::open(&login).await;
    let session = session.map_err(|why| Unopened::Account {
        place: place.clone(),
        why: format!("the operator's account cannot be used: {why}"),
    })?;
    Ok(Opened { login, session, same_timeline, place })
}

/// The thing by its OID. A role without one was never committed: its OID is in the ledger before that. A database has
/// another name until it is. Where the cluster was restored or promoted since (`same_timeline` is false), an OID may
/// belong to somebody else's thing: then the name has to be the same too.
async fn find(made: &Made, session: &Session, same_timeline: bool) -> Found {
    let (catalog, column, name) = match &made.what {
        MadeThere::Database { name, .. } => ("pg_database", "datname", name),
        MadeThere::Role { name, .. } => ("pg_roles", "rolname", name),
        MadeThere::Mount { .. } | MadeThere::Policy { .. } => return Found::Gone,
    };
    let first = made.proofs.iter().find_map(|proof| match proof {
        Proof::MadeAs { name } => Some(name),
        _ => None,
    });
    if let (None, Some(first)) = (made.oid(), first)
        && let Err(why) = until_settled(first, session).await
    {
        return Found::Unknown(why);
    }
    let by = match (made.oid(), first) {
        (Some(oid), _) => format!("oid = {oid}"),
        (None, Some(first)) => format!("{column} = {}", literal(first)),
        (None, None) => "false".to_owned(),
    };
    let ask = async {
        let ours = session.value(&format!("SELECT {column} FROM pg_catalog.{catalog} WHERE {by}")).await?;
        let named = format!("SELECT oid FROM pg_catalog.{catalog} WHERE {column} = {}", literal(name));
        Ok::<_, Error>((ours, session.value(&named).await?))
    };
    match (ask.await, made.oid()) {
        (Err(why), _) => Found::Unknown(format!("PostgreSQL does not say whether it is the run's: {why}")),
        (Ok((Some(ours), _)), Some(oid)) if ours != *name && !same_timeline => Found::Another(format!(
            "the thing with OID {oid} is called {ours} now, and the cluster was restored from a backup or promoted since: it \
             is left alone"
        )),
        (Ok((Some(ours), named)), _) => {
            let foreign = || named.map(|got| format!("its OID is {got}; the run's own was renamed to {ours}"));
            Found::Ours(Own::of(&made.what, &ours, foreign))
        }
        (Ok((None, None)), _) => Found::Gone,
        (Ok((None, Some(got))), Some(expected)) => Found::Another(format!(
            "it was made later by somebody else, and is left alone: expected OID {expected}, got {got}"
        )),
        (Ok((None, Some(_))), None) => {
            Found::Another("it is somebody else's, and is left alone: the run had not made it yet".to_owned())
        }
    }
}

/// Waits until nobody makes a database of that name any more: PostgreSQL goes on with CREATE DATABASE when its client
/// was killed.
async fn until_settled(name: &str, session: &Session) -> Result<(), String> {
    let making = format!(
        "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE state = 'active' AND pid <> pg_catalog.pg_backend_pid() \
         AND query LIKE 'CREATE DATABASE%' AND strpos(query, {}) > 0",
        literal(name)
    );
    let tries = Tries::new(SETTLED, AGAIN);
    loop {
        match session.value(&making).await {
            Ok(None) => return Ok(()),
            Ok(Some(_)) if tries.again().await => {}
            Ok(Some(_)) => return Err(format!("it is still being made after {} s", SETTLED.as_secs())),
            Err(why) => return Err(format!("PostgreSQL does not say whether it is being made: {why}")),
        }
    }
}

async fn remove(made: &MadeThere, all: &[&Made], session: &Session) -> Result<(), Error> {
    let drop = command(made);
    let MadeThere::Database { name, .. } = made else { return session.script(&drop).await };
    match session.script(&drop).await {
        Err(why) if why.sqlstate() == Some("42501") => {
            // It may belong to a role of the setup's own, which its maker may become.
            let owner = format!(
                "SELECT r.rolname FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba \
                 WHERE d.datname = {} AND r.oid IN ({})",
                literal(name),
                all.iter().filter_map(|made| made.oid()).map(|oid| oid.to_string()).collect::<Vec<_>>().join(",")
            );
            let Some(owner) = session.value(&owner).await? else { return Err(why) };
            // From 16 on a membership says itself whether it inherits (release notes of PostgreSQL 16).
            let version =
                session.value("SHOW server_version_num").await?.and_then(|version| version.parse::<u32>().ok());
            let options = if version.is_some_and(|version| version >= 160_000) { " WITH INHERIT TRUE" } else { "" };
            session.script(&format!("GRANT {} TO CURRENT_USER{options}", escape_identifier(&owner))).await?;
            session.script(&drop).await
        }
        done => done,
    }
}
