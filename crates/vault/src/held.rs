use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use leaseproof_domain::Secret;

/// A token that the clones of a client share, so that one exchange reaches all of them.
#[derive(Clone)]
pub(crate) struct Held(Arc<RwLock<Secret>>);

impl Held {
    pub(crate) fn new(token: Secret) -> Self {
        Self(Arc::new(RwLock::new(token)))
    }

    pub(crate) fn now(&self) -> Secret {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn exchange(&self, token: Secret) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.now().fmt(f)
    }
}
