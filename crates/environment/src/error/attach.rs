use std::time::Duration;

use leaseproof_domain::Origin;

/// Why a run in an environment that is already running cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The scenario has no `[attached]`.
    #[error("the scenario does not say where its environment is: write [attached]")]
    Nowhere,
    /// A secret of the harness's own cannot be had.
    #[error("cannot read {what} from {place}: {why}")]
    Secret {
        /// Which.
        what: &'static str,
        /// The file, or the environment variable.
        place: String,
        /// What was found there.
        why: String,
    },
    /// The harness's token would be sent to another machine without encryption.
    #[error(
        "Vault at {address} would get the harness's own token and every password without encryption: {why}. Use https, or \
         allow it with --insecure-http"
    )]
    InClear {
        /// Its address.
        address: String,
        /// Why it is not this machine.
        why: String,
    },
    /// Vault cannot be reached, or lets nobody in.
    #[error("Vault at {address} cannot {doing}: {source}")]
    Vault {
        /// Its address.
        address: String,
        /// What was asked of it.
        doing: &'static str,
        /// What came instead.
        source: leaseproof_vault::Error,
    },
    /// Another Vault answers than the one that the run worked on.
    #[error("{why}")]
    Differs {
        /// What differs.
        why: String,
    },
    /// The ledger cannot be written: the harness has logged out again.
    #[error(transparent)]
    Ledger(#[from] leaseproof_history::Error),
    /// Vault is sealed.
    #[error("Vault at {address} is sealed: its operators have to unseal it")]
    Sealed {
        /// Its address.
        address: String,
    },
    /// Vault ignores the scenario's namespace.
    #[error(
        "{origin}: Vault at {address} (version {version}) has no namespaces: expected one with the namespace `{namespace}`, got \
         one that ignores it and would use its root instead: nothing was created. Remove `namespace`, or name the address \
         of a Vault that has namespaces (Vault Enterprise, HCP Vault)"
    )]
    NoNamespaces {
        /// The line of `namespace`.
        origin: Origin,
        /// Vault's address.
        address: String,
        /// Its version.
        version: String,
        /// What the scenario says.
        namespace: String,
    },
    /// The harness may not do what a run needs.
    #[error(
        "leaseproof's own Vault token lacks rights that this run needs: nothing was started\n{}{}\n\
         `leaseproof policy --for attached SCENARIO` prints the whole policy",
        missing.join("\n"),
        block(rules)
    )]
    Lacking {
        /// What is missing, a line each.
        missing: Vec<String>,
        /// The rules that give it, to be pasted into a policy.
        rules: Vec<String>,
    },
    /// The observer's account cannot see other accounts' sessions.
    #[error(
        "postgres.{cluster}: the observer's account may not read what a run judges: nothing was started. A superuser can grant \
         it:\n{}\n`leaseproof policy --for attached SCENARIO --part postgres` prints all that it needs",
        missing.join("\n")
    )]
    Blind {
        /// The cluster.
        cluster: String,
        /// What is missing, a statement each.
        missing: Vec<String>,
    },
    /// The setup would make what is there already.
    #[error("the setup would create what exists already, so nothing was created: {}", there.join(", "))]
    There {
        /// What is there.
        there: Vec<String>,
    },
    /// Nobody could take away what a step of the setup creates.
    #[error("{origin}: {why}; leaseproof could not remove or undo that afterwards, so nothing was created")]
    NotOurs {
        /// The step's line.
        origin: Origin,
        /// What it does.
        why: String,
    },
    /// A step is about a cluster that is nowhere.
    #[error("[attached] does not say where cluster `{cluster}` is")]
    NoCluster {
        /// The cluster.
        cluster: String,
    },
    /// The operator's account cannot log in, or cannot observe.
    #[error("postgres.{cluster}: the operator's account cannot be used: {source}")]
    Operator {
        /// The cluster.
        cluster: String,
        /// What came instead.
        source: leaseproof_postgres::Error,
    },
    /// The files behind an encrypted login cannot be used.
    #[error("postgres.{cluster}: {source}")]
    Encryption {
        /// The cluster.
        cluster: String,
        /// What is wrong with them.
        source: leaseproof_postgres::BadEncryption,
    },
    /// The harness's own token or account ends before the run could.
    #[error(
        "{account} ends in {} s and this run takes up to {} s: nothing was started. Give it one that lasts longer, or shorten \
         the phases",
        left.as_secs(),
        needed.as_secs()
    )]
    EndsTooSoon {
        /// Which one.
        account: String,
        /// How long it lasts.
        left: Duration,
        /// How long the run takes: every phase with its drain, and the clean-up.
        needed: Duration,
    },
    /// The harness's own token cannot do what a run needs, whatever its policies are.
    #[error(
        "leaseproof's own Vault token {is}: nothing was started. Expected a service token without num_uses; for a token from a \
         login set token_type=service and token_num_uses=0 in its auth role"
    )]
    Unfit {
        /// What it is.
        is: String,
    },
    /// The observer cannot log in, or cannot read.
    #[error("postgres.{cluster}: the observer's account cannot read this cluster: {source}")]
    Postgres {
        /// The cluster.
        cluster: String,
        /// What came instead.
        source: leaseproof_postgres::Error,
    },
}

impl AttachError {
    /// Whether the scenario does not suit the environment: whoever runs it has to change one of them.
    pub fn is_unsuitable(&self) -> bool {
        use leaseproof_vault::Error::{BadAddress, BadEncryption, BadNamespace};
        matches!(
            self,
            Self::Nowhere
                | Self::Secret { .. }
                | Self::Encryption { .. }
                | Self::Vault { source: BadAddress { .. } | BadEncryption(_) | BadNamespace { .. }, .. }
                | Self::InClear { .. }
                | Self::NoNamespaces { .. }
                | Self::There { .. }
                | Self::NotOurs { .. }
                | Self::NoCluster { .. }
        )
    }
}

/// Rules of a policy, as they are pasted.
fn block(rules: &[String]) -> String {
    if rules.is_empty() {
        return String::new();
    }
    format!("\nadd this to a policy of that token:\n{}", rules.join("\n"))
}
