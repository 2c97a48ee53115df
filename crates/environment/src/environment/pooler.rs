use leaseproof_domain::Secret;

use crate::servers::pooler::Pooler;
use crate::{Environment, EnvironmentError};

impl Environment {
    /// Starts a pooler before a cluster, for one account, into every database.
    ///
    /// # Errors
    /// [`EnvironmentError`] where it is not on this machine, or does not start.
    ///
    /// # Panics
    /// Where the environment has no such cluster.
    pub async fn pooler(&self, cluster: &str, account: &str, password: &Secret) -> Result<Pooler, EnvironmentError> {
        Pooler::start(cluster, self.cluster(cluster).write_port(), (account, password), &self.context).await
    }
}
