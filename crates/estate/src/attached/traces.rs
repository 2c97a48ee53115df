use std::sync::{Arc, Mutex, PoisonError};

use leaseproof_history::MadeThere;

/// What a run has made in an estate that is not its own, and not yet taken away. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Traces(Arc<Mutex<Made>>);

#[derive(Debug, Default)]
struct Made {
    /// The accessor of the run's token.
    token: Option<String>,
    made: Vec<MadeThere>,
}

impl Traces {
    /// The run's token is there, or there no more.
    pub(super) fn token(&self, accessor: Option<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).token = accessor;
    }

    /// That is about to be made.
    pub(super) fn add(&self, made: MadeThere) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).made.push(made);
    }

    /// That is all that is left.
    pub(super) fn only(&self, made: Vec<MadeThere>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).made = made;
    }

    /// The token's accessor, and the rest in the order in which it was made.
    pub(super) fn all(&self) -> (Option<String>, Vec<MadeThere>) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (all.token.clone(), all.made.clone())
    }
}
