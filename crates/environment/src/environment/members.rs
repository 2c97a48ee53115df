//! The members of a standing environment one by one: Vault's nodes past what stands before them, a cluster's servers past its
//! proxy.

use leaseproof_vault::Client;

use crate::{Environment, EnvironmentError};

impl Environment {
    /// Vault's nodes by name (`vault`, or `vault.<number>` where there are several), each asked itself, with the root
    /// token. A request may take 90 s; one to a frozen node does.
    pub fn vault_nodes(&self) -> Vec<(String, Client)> {
        let with_token = |client: &Client| client.with_token(self.vault.token.clone());
        self.vault.nodes.iter().map(|node| (node.name.clone(), with_token(&node.client))).collect()
    }

    /// Puts that `api_addr` into the configuration of a node of Vault for its next start, or takes it out; gives what was
    /// there.
    ///
    /// # Errors
    /// [`EnvironmentError::Folder`] where the file cannot be read or written.
    pub fn set_api_addr(&self, node: &str, address: Option<String>) -> Result<Option<String>, EnvironmentError> {
        self.vault.set_api_addr(node, address)
    }

    /// The name of the node that is active; where none is, it is waited for.
    ///
    /// # Errors
    /// [`EnvironmentError::NotStarted`] where none is within a minute.
    pub async fn active_vault(&self) -> Result<String, EnvironmentError> {
        self.vault.active_node().await
    }

    /// The ports of a cluster's servers, the first primary first.
    ///
    /// # Panics
    /// Where the environment has no such cluster.
    pub fn member_ports(&self, cluster: &str) -> Vec<u16> {
        self.cluster(cluster).members.iter().map(|member| member.port).collect()
    }

    /// Makes a standby lose its primary, counted from 0: it receives nothing more until it is promoted.
    ///
    /// # Errors
    /// [`EnvironmentError::Postgres`] where it does not take the setting.
    ///
    /// # Panics
    /// Where the environment has no such cluster or member.
    pub async fn cut_off(&self, cluster: &str, member: usize) -> Result<(), EnvironmentError> {
        self.cluster(cluster).cut_off(member).await
    }

    /// Makes a member that has ended, counted from 0, a standby of the primary, and waits until it streams.
    ///
    /// # Errors
    /// [`EnvironmentError`] where it cannot be copied, or does not come up.
    pub async fn rejoin(&mut self, cluster: &str, member: usize) -> Result<(), EnvironmentError> {
        match self.clusters.get_mut(cluster) {
            Some(cluster) => cluster.take_back(member, &self.context).await,
            None => Ok(()),
        }
    }
}
