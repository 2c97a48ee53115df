//! An environment that already stands: its servers are not leaseproof's, and nothing of theirs is changed but by the
//! credentials that a run takes, and by its own setup where the scenario wants one.

mod away;
mod certificates;
mod compared;
mod credential;
mod credentials;
mod engine;
mod identity;
mod in_clear;
mod inputs;
mod issued;
mod lasts;
mod left;
mod login;
mod made;
mod needs;
mod others;
mod query;
mod script;
mod secrets;
mod setup;
mod statement;
mod token;
mod traces;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use leaseproof_domain::Redactor;
use leaseproof_history::{Ledger, Recorder};
use leaseproof_postgres::{Login, Observer};
use leaseproof_scenario::{AttachedPlan, Plan};
use leaseproof_vault::{Client, OwnToken, Reach, Renewal};
use tokio::sync::watch;

pub use away::ThingState;
pub(crate) use credentials::{Places, credentials_left, in_words, not_checked, role_in_words, roles_left};
pub use in_clear::{in_clear, sent_in_clear};
pub use inputs::{not_done_there, unusable_inputs};
pub(crate) use issued::Issued;
pub use left::{CleanedThing, CleanedThings, clean_attached, left_by_login};
pub(crate) use left::{made_there, vault_of, words as left_at};
pub use needs::{GRANTS, Need, client_rights, harness_needs};
pub use query::{RolledBack, rolled_back};

use self::away::{Left, Servers, take_away};
use self::credential::CredentialLeft;
use self::credentials::unchecked_in_words;
use self::identity::Identity;
use self::login::{Cluster, LoggedIn, log_in, log_out, reach};
use self::others::Others;
use self::setup::none_is_there;
use self::traces::Traces;
use crate::clocks::{postgres_clock, vault_clock};
use crate::launch::context::redact;
use crate::{AttachError, EnvironmentError};

/// How long one request of the harness's own may take.
const REQUEST: Duration = Duration::from_secs(30);
/// How long Vault may take with the last credentials after the run's own wait for them.
const REVOKING: Duration = Duration::from_secs(3);

/// An environment that already stands, with the harness logged in. Nothing of it ends with this value: [`Attached::tear_down`]
/// revokes what the run made.
pub struct Attached {
    plan: AttachedPlan,
    reach: Reach,
    vault: Client,
    /// The accessor of the harness's own login.
    accessor: Option<String>,
    renewal: Renewal,
    clusters: BTreeMap<String, Cluster>,
    redactor: Arc<Redactor>,
    traces: Traces,
    identity: Identity,
    issued: Issued,
    /// What others had before the setup.
    others: OnceLock<Others>,
}

impl Attached {
    /// Logs in everywhere and makes sure that the harness may do what a run needs. Nothing is made but the harness's own
    /// login.
    ///
    /// # Errors
    /// [`AttachError`]: a secret that cannot be read, a server that is not to be trusted or does not answer, rights
    /// that are missing.
    pub async fn attach(
        plan: &Plan,
        recorder: &Recorder,
        ledger: &Ledger,
        redactor: &Arc<Redactor>,
    ) -> Result<Self, AttachError> {
        let attached = plan.attached.as_ref().ok_or(AttachError::Nowhere)?;
        redact(plan, redactor);
        let clusters =
            attached.postgres.iter().map(|(name, said)| Ok((name.clone(), Cluster::of(name, said, redactor)?)));
        let clusters = clusters.collect::<Result<BTreeMap<_, _>, AttachError>>()?;
        let reach = reach(attached, REQUEST);
        let traces = Traces::of(ledger);
        let logged_in = log_in(attached, &reach, redactor, &traces).await?;
        let own = match needs::own_token(&logged_in.vault, plan).await {
            Ok(own) => own,
            Err(why) => {
                logged_in.log_out(attached, &traces).await;
                return Err(why);
            }
        };
        let LoggedIn { vault, cluster_id, accessor } = logged_in;
        let issued = Issued::default();
        issued.follow(recorder, plan);
        let mut attached = Self {
            plan: attached.clone(),
            renewal: Renewal::begin(vault.clone(), &own),
            reach,
            vault,
            accessor,
            clusters,
            redactor: Arc::clone(redactor),
            traces,
            identity: Identity::default(),
            issued,
            others: OnceLock::new(),
        };
        match attached.can_be_worked_in(plan, &own, cluster_id).await {
            Ok(identity) => {
                attached.identity = identity;
                Ok(attached)
            }
            Err(why) => {
                let _named_by_its_ledger = attached.leave().await;
                Err(why)
            }
        }
    }

    /// Makes sure of that, and says which servers it is about.
    async fn can_be_worked_in(
        &self,
        plan: &Plan,
        own: &OwnToken,
        cluster_id: Option<String>,
    ) -> Result<Identity, AttachError> {
        let made = if self.plan.ours { made::all(plan, &self.placeholders())? } else { Vec::new() };
        lasts::token(plan, own)?;
        needs::lacking(&self.vault, plan, own).await?;
        for (name, cluster) in &self.clusters {
            let failed = |source| AttachError::Postgres { cluster: name.clone(), source };
            let observer = Observer::connect(cluster.observer.clone()).await.map_err(failed)?;
            observer.version().await.map_err(failed)?;
            needs::observer(name, &cluster.observer.user, &observer).await?;
            lasts::observer(plan, name, &cluster.observer.user, &observer).await?;
        }
        let vault = cluster_id.map(|id| (id, self.plan.vault.namespace.clone()));
        if !self.plan.ours {
            return Identity::ask_where_allowed(vault, &self.clusters).await;
        }
        none_is_there(&made, &self.vault, &self.clusters).await?;
        Identity::ask(vault, &self.clusters).await
    }

    /// Vault with the harness's own token.
    pub fn vault(&self) -> Client {
        self.vault.clone()
    }

    /// How the harness's own account logs in to a database of a cluster.
    ///
    /// # Panics
    /// Where the plan says nothing of that cluster.
    pub fn observer_login(&self, cluster: &str, database: &str) -> Login {
        Login { database: database.to_owned(), ..self.cluster(cluster).observer.clone() }
    }

    /// How a credential of a cluster logs in to a database, but for its name and password: where writes go first.
    ///
    /// # Panics
    /// Where the plan says nothing of that cluster.
    pub fn client_logins(&self, cluster: &str, database: &str) -> Vec<Login> {
        let Cluster { observer, endpoints, .. } = self.cluster(cluster);
        let login = |(host, port): &(String, u16)| Login {
            host: host.clone(),
            port: *port,
            database: database.to_owned(),
            user: String::new(),
            password: None,
            ..observer.clone()
        };
        endpoints.iter().map(login).collect()
    }

    /// Why the harness's own token could not be renewed, as soon as that is so.
    pub fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.renewal.trouble()
    }

    /// Measures how far each server's clock is from the harness's wall clock, and records it, as
    /// [`crate::Environment::measure_clocks`] does.
    ///
    /// # Errors
    /// [`EnvironmentError::Vault`] and [`EnvironmentError::Postgres`] where a server does not answer.
    pub async fn measure_clocks(&self, recorder: &Recorder) -> Result<(), EnvironmentError> {
        let clusters = async {
            for (name, cluster) in &self.clusters {
                postgres_clock(&format!("postgres.{name}"), cluster.observer.clone(), recorder).await?;
            }
            Ok(())
        };
        let (vault, clusters) = tokio::join!(vault_clock(&self.vault, recorder), clusters);
        vault.and(clusters)
    }

    /// What would be left if the harness ended now, in words and in the order in which it can be removed; nothing where it
    /// has been removed.
    pub fn left(&self) -> impl Fn() -> Vec<String> + use<> {
        let (traces, issued, places) = (self.traces.clone(), self.issued.clone(), self.places());
        move || left::now(&traces, &issued, &places)
    }

    fn places(&self) -> Places {
        Places::here(self.vault.address(), &self.clusters)
    }

    /// Takes away what is left of the run, and ends the harness's own login. The ledger may be closed after it.
    ///
    /// # Errors
    /// [`EnvironmentError::LeftBehind`] where something could not be taken away.
    pub async fn tear_down(self) -> Result<(), EnvironmentError> {
        let (token, _, made) = self.traces.all();
        let mut left = Vec::new();
        if let Some(token) = token
            && self.release(&token.accessor).await.is_err()
        {
            match self.revoke_anew(&token.accessor).await {
                Ok(()) => self.traces.token_revoked(),
                Err(why) => left.push(format!("{} ({why})", left::words(self.vault.address(), &token))),
            }
        }
        if !self.plan.ours && left.is_empty() {
            left.extend(self.credentials_left(&[], REVOKING).await);
        }
        let beside = self.beside(&made).await;
        let mut standing = Vec::new();
        if !made.is_empty() {
            let servers = Servers {
                vault: &self.vault,
                namespace: self.plan.vault.namespace.as_deref(),
                clusters: &self.clusters,
                expected: &self.identity,
                issued: &self.issued,
            };
            standing = take_away(&made, &servers, false, |what, _| self.traces.gone(what)).await;
            left.extend(standing.iter().map(ToString::to_string));
        }
        if self.plan.ours {
            left.extend(self.credentials_left(&standing, Duration::ZERO).await);
        }
        let changed = self.others_changed(&made, &beside).await;
        left.splice(0..0, beside.joined.into_iter().chain(changed));
        left.extend(self.leave().await);
        if left.is_empty() { Ok(()) } else { Err(EnvironmentError::LeftThere { left }) }
    }

    /// The credentials that Vault could not revoke, in words, but for those that are named with their mount; all that the
    /// run did not revoke, where that cannot be checked. The ledger has each of them first.
    async fn credentials_left(&self, named: &[Left], grace: Duration) -> Vec<String> {
        match self.credentials_there(grace).await {
            Ok(mut left) => {
                let unwritten = self.traces.credentials_checked(&left).err();
                left.retain(|left| !named.iter().any(|named| named.is_role(&left.role)));
                in_words(&left, &self.places()).into_iter().chain(unwritten.map(|why| why.to_string())).collect()
            }
            Err(why) => {
                let unchecked = self.issued.unchecked();
                let unwritten = self.traces.credentials_unchecked(&unchecked).err();
                let words = unchecked_in_words(&unchecked, &self.places());
                [why].into_iter().chain(words).chain(unwritten.map(|why| why.to_string())).collect()
            }
        }
    }

    /// Those that are still in PostgreSQL after `grace`.
    ///
    /// # Errors
    /// Why a cluster cannot say, or is another one than that which the run worked on.
    async fn credentials_there(&self, grace: Duration) -> Result<Vec<CredentialLeft>, String> {
        let clusters = self.clusters.iter().map(|(name, cluster)| (name.as_str(), cluster)).collect();
        let left = self.issued.still_there(&clusters, grace).await?;
        if !self.issued.unchecked().is_empty() {
            self.identity.all_same(&self.clusters).await?;
        }
        Ok(left)
    }

    /// Ends the harness's own login. Returns the logins that are not over, in words.
    async fn leave(self) -> Vec<String> {
        drop(self.renewal);
        log_out(&self.plan, &self.vault, self.accessor.as_deref(), &self.traces).await;
        self.traces.all().1.iter().map(|login| left::words(self.vault.address(), login)).collect()
    }

    /// From now on the run may leave something here.
    fn enter(&self, ledger: &Ledger) -> Result<(), EnvironmentError> {
        Ok(self.traces.enter(ledger, self.identity.entries(self.vault.address()))?)
    }

    fn cluster(&self, name: &str) -> &Cluster {
        self.clusters.get(name).unwrap_or_else(|| panic!("the plan does not say where cluster `{name}` is"))
    }
}

impl std::fmt::Debug for Attached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attached").field("vault", &self.vault).field("clusters", &self.clusters).finish_non_exhaustive()
    }
}
