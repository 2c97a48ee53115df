use std::sync::{Arc, Mutex, PoisonError};

use leaseproof_vault::{Client, Token};

/// The token that the credentials' client uses. It may expire and be followed by another one: clones share what they
/// are.
#[derive(Clone, Debug)]
pub struct ClientToken {
    /// Vault with that token.
    pub client: Client,
    accessor: Arc<Mutex<String>>,
}

impl ClientToken {
    pub(crate) fn new(client: Client, accessor: String) -> Self {
        Self { client, accessor: Arc::new(Mutex::new(accessor)) }
    }

    /// By which the token of now is revoked, and every lease under it.
    pub fn accessor(&self) -> String {
        self.accessor.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn exchange(&self, token: Token) {
        *self.accessor.lock().unwrap_or_else(PoisonError::into_inner) = token.accessor;
        self.client.exchange_token(token.token);
    }
}
