use std::sync::Arc;
use std::time::{Duration, Instant};

use leaseproof_domain::Redactor;
use leaseproof_environment::{Bare, EnvironmentError, Layout};
use leaseproof_history::Ledger;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::context::On;
use crate::fact::{Fact, Ground};
use crate::proof::{Obstacle, Proof, Proofs};
use crate::servers::{Servers, Yard};
use crate::{CATALOGUE, FactContext};

/// How long a fact may take before it is given up, and one that takes minutes by nature.
const TIMEOUT: Duration = Duration::from_secs(180);
const LONG_TIMEOUT: Duration = Duration::from_secs(1200);
/// The part of the run's name that the shared servers have.
const SHARED: &str = "shared";

/// What is asked.
pub struct Asked {
    /// The facts.
    pub facts: Vec<&'static Fact>,
    /// PostgreSQL's major version, e.g. `15`.
    pub postgres: String,
    /// What PostgreSQL is where a fact does not ask for something else.
    pub layout: Layout,
    /// The name that marks every process and folder.
    pub run: String,
    /// Where whatever is made is written down first.
    pub ledger: Ledger,
    /// Learns every secret.
    pub redactor: Arc<Redactor>,
    /// How many facts may be proved at the same time.
    pub at_once: usize,
}

/// Proves facts on real servers of that version, several at the same time, and tells each as it is decided.
///
/// # Errors
/// [`EnvironmentError`] where the servers cannot be had at all, or not be removed.
pub async fn prove(asked: Asked, mut tell: impl FnMut(&Proof)) -> Result<Proofs, EnvironmentError> {
    let Asked { facts, postgres, layout, run, ledger, redactor, at_once } = asked;
    let yard = Yard { run, ledger, redactor };
    let bare = Bare { layout, ..Bare::new(&postgres) };
    let shared = Arc::new(yard.start(&bare, SHARED).await?);
    let (vault, version) = versions(&shared, &postgres).await;
    let turns = Arc::new(Semaphore::new(at_once.max(1)));
    let mut tasks = JoinSet::new();
    let mut ids = std::collections::HashMap::new();
    // What takes longest begins first.
    let mut order = facts.clone();
    order.sort_by_key(|fact| (!fact.slow, matches!(fact.ground, Ground::Shared)));
    for fact in order {
        let (shared, yard, turns, bare) = (Arc::clone(&shared), yard.clone(), Arc::clone(&turns), bare.clone());
        let task = tasks.spawn(async move {
            // A fact that mostly waits does not keep the others from their turn.
            let _turn = if fact.slow { None } else { turns.acquire().await.ok() };
            one(fact, shared, &yard, bare).await
        });
        ids.insert(task.id(), fact.id);
    }
    let mut proofs = Vec::new();
    while let Some(done) = tasks.join_next_with_id().await {
        let proof = match done {
            Ok((_, proof)) => proof,
            Err(why) => {
                let id = ids.get(&why.id()).copied().unwrap_or_default();
                Proof::undecided(id, format!("its proof crashed: {why}"))
            }
        };
        tell(&proof);
        proofs.push(proof);
    }
    if let Some(servers) = Arc::into_inner(shared) {
        servers.environment.tear_down().await?;
    }
    proofs.sort_by_key(|proof| CATALOGUE.iter().position(|fact| fact.id == proof.id));
    Ok(Proofs { vault, postgres: version, layout: word(layout).to_owned(), proofs })
}

/// The layout as a scenario names it.
fn word(layout: Layout) -> &'static str {
    match layout {
        Layout::Standalone => "standalone",
        Layout::HaproxyHa { .. } => "haproxy-ha",
        Layout::Patroni { .. } => "patroni",
    }
}

async fn versions(servers: &Servers, postgres: &str) -> (String, String) {
    let vault = servers.environment.vault().health().await.map(|health| health.version).unwrap_or_default();
    let login = servers.environment.observer_login(leaseproof_environment::TARGET, "postgres");
    let asked = async {
        let session = leaseproof_postgres::Session::open(&login).await?;
        session.value("SELECT split_part(current_setting('server_version'), ' ', 1)").await
    };
    let version = asked.await.ok().flatten().unwrap_or_else(|| postgres.to_owned());
    (vault, version)
}

async fn one(fact: &'static Fact, shared: Arc<Servers>, yard: &Yard, mut bare: Bare) -> Proof {
    let begun = Instant::now();
    let postgres: u32 = bare.postgres.parse().unwrap_or(0);
    let exception = fact.exception(postgres, bare.layout != Layout::Standalone);
    let servers = match fact.ground {
        Ground::Shared => On::Shared(shared),
        Ground::Own(change) => {
            change(&mut bare);
            match yard.start(&bare, &fact.id.to_ascii_lowercase()).await {
                Ok(servers) => On::Own(Box::new(servers)),
                Err(why) => return Proof::undecided(fact.id, why.to_string()),
            }
        }
    };
    let mut context = match FactContext::make(fact.id, postgres, servers, Arc::clone(&yard.redactor)).await {
        Ok(context) => context,
        Err(why) => return Proof::undecided(fact.id, why.to_string()),
    };
    let timeout = if fact.slow { LONG_TIMEOUT } else { TIMEOUT };
    let obstacle = match tokio::time::timeout(timeout, (fact.prove)(&mut context)).await {
        Ok(done) => done.err(),
        Err(_) => Some(Obstacle::of(format!("it was given up after {} s", timeout.as_secs()))),
    };
    let (steps, servers) = context.end();
    let obstacle = obstacle.map(|why| yard.redactor.scrub(&why.to_string()).text);
    let took = begun.elapsed();
    let proof = Proof::of(fact.id, exception, steps, obstacle, took);
    match servers {
        On::Shared(_) => proof,
        On::Own(servers) => match servers.environment.tear_down().await {
            Ok(()) => proof,
            Err(why) => Proof::undecided(fact.id, why.to_string()),
        },
    }
}
