//! Converts the types of one crate into those of another.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_environment::{LogStream, PowerDnsAccess};
use leaseproof_history::RunFolder;
use leaseproof_postgres::Observer;
use leaseproof_scenario::{EnvironmentKind, PdnsPlan, Plan};
use leaseproof_watch::{Config, LogSource, Watched};
use leaseproof_workload::{DnsTarget, RoleTarget, Targets};

use crate::environment::RunEnvironment;
use crate::pace::{ATTACHED_PACE, PACE};
use crate::stop::Stop;

/// What the watch observes: every database that a promised role's credentials log in to, every promised role and
/// account, every server's log.
pub(crate) async fn watch_config(
    plan: &Plan,
    environment: &mut RunEnvironment,
    folder: &RunFolder,
) -> Result<Config, Stop> {
    let databases: BTreeSet<_> = plan.roles.iter().map(|role| (&role.on, &role.database)).collect();
    let mut clusters = Vec::new();
    for (cluster, database) in databases {
        // The database may be the setup's to make, and the logs are read from now on.
        let observer = Observer::lazy(environment.observer_login(cluster, database));
        clusters.push(Watched { cluster: cluster.clone(), database: database.clone(), observer });
    }
    // Vault's storage has no credentials: nothing of it is observed but who is in it.
    let watched = |name: &String| clusters.iter().any(|watched| watched.cluster == *name);
    let others = plan.postgres.keys().filter(|name| plan.vault.postgresql.is_some() && !watched(name));
    let storage = others.map(|cluster| {
        let observer = Observer::lazy(environment.observer_login(cluster, "postgres"));
        Watched { cluster: cluster.clone(), database: "postgres".to_owned(), observer }
    });
    let storage: Vec<Watched> = storage.filter(|_| plan.promise.encrypted.is_some()).collect();
    Ok(Config {
        storage,
        vaults_own: if plan.promise.encrypted.is_some() { plan.vault_accounts() } else { BTreeSet::new() },
        clusters,
        vault: environment.observing_vault().await?,
        roles: plan.roles.iter().map(|role| (role.mount.clone(), role.name.clone())).collect(),
        usernames: plan.role_names().into_iter().map(|names| names.pattern).collect(),
        accounts: plan.accounts.iter().map(|account| account.name.clone()).collect(),
        pace: if plan.environment == EnvironmentKind::Attached { ATTACHED_PACE } else { PACE },
        logs: environment.take_logs().into_iter().map(log_source).collect(),
        audit: environment.audit_log(),
        logs_folder: folder.logs(),
    })
}

fn log_source(stream: LogStream) -> LogSource {
    LogSource { name: stream.name, lines: stream.lines }
}

/// What the workload acts on: Vault with the run's own token, and where each role's credentials log in and are observed.
pub(crate) async fn targets(
    plan: &Plan,
    environment: &RunEnvironment,
    vault: leaseproof_vault::Client,
) -> Result<Targets, Stop> {
    let timeout = plan.client.timeout.duration();
    let mut observers: BTreeMap<&str, Observer> = BTreeMap::new();
    let mut roles = BTreeMap::new();
    for role in &plan.roles {
        // Roles are the same in all databases of a cluster: one connection observes them.
        let observer = match observers.get(&*role.on) {
            Some(observer) => observer.clone(),
            None => Observer::connect(environment.observer_login(&role.on, &role.database)).await?,
        };
        observers.insert(&role.on, observer.clone());
        let endpoints = environment.client_logins(&role.on, &role.database, timeout);
        roles.insert(role.name.clone(), RoleTarget { cluster: role.on.clone(), endpoints, observer });
    }
    Ok(Targets { vault, roles })
}

/// The live PowerDNS that is asked while the load lasts; none where the scenario has none.
pub(crate) fn dns<'p>(plan: &'p Plan, environment: &RunEnvironment) -> Option<(&'p PdnsPlan, DnsTarget)> {
    let pdns = plan.pdns.as_ref()?;
    let PowerDnsAccess { dns, api, api_key, agent } = environment.powerdns()?;
    let mount = plan.roles.iter().find(|role| role.name == pdns.role).map(|role| role.mount.clone())?;
    Some((pdns, DnsTarget { dns, api, api_key, agent, mount }))
}

/// The servers' versions, for people.
pub(crate) async fn versions(plan: &Plan, environment: &RunEnvironment) -> Result<Vec<String>, Stop> {
    let mut versions = vec![format!("Vault {}", environment.vault().health().await?.version)];
    for cluster in plan.postgres.keys() {
        let observer = Observer::connect(environment.observer_login(cluster, "postgres")).await?;
        let number = observer.version().await?;
        versions.push(format!("PostgreSQL {}.{} ({cluster})", number / 10_000, number % 10_000));
    }
    Ok(versions)
}

/// That the harness's own account can log in to the database of every promised role, after the setup.
pub(crate) async fn databases(plan: &Plan, environment: &RunEnvironment) -> Result<(), Stop> {
    for role in &plan.roles {
        let login = environment.observer_login(&role.on, &role.database);
        let account = login.user.clone();
        let Err(error) = Observer::connect(login).await else { continue };
        let leaseproof_postgres::Error::Answer { sqlstate, .. } = &error else { return Err(error.into()) };
        let place = format!("{}: role {}: database {} of postgres.{}", role.origin, role.name, role.database, role.on);
        return Err(match sqlstate.as_str() {
            "3D000" => Stop::Refused(format!("{place} does not exist, and no setup step created it: {error}")),
            "42501" => Stop::Refused(format!(
                "{place}: the harness's account {account} may not log in there: {error}. Run `GRANT CONNECT ON DATABASE \
                 \"{}\" TO \"{account}\"`",
                role.database
            )),
            _ => error.into(),
        });
    }
    Ok(())
}
