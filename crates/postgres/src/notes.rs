use std::sync::{Arc, Mutex, PoisonError};

use leaseproof_domain::{ServerNote, Severity};
use tokio_postgres::error::{DbError, Severity as Said};

use crate::error::details;

/// How many notes of one session are kept until they are taken.
const KEPT: usize = 1000;

/// What PostgreSQL says on a connection beside its answers. It says it before the answer that it belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<ServerNote>>>);

impl Notes {
    /// Keeps a warning or a notice; what is for debugging is dropped.
    pub(crate) fn add(&self, said: &DbError) {
        let severity = match said.parsed_severity() {
            Some(Said::Warning) => Severity::Warning,
            Some(Said::Notice | Said::Info) => Severity::Notice,
            _ => return,
        };
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < KEPT {
            let code = Some(said.code().code().to_owned());
            notes.push(ServerNote { code, details: details(said), ..ServerNote::postgres(severity, said.message()) });
        }
    }

    /// Those since the last call.
    pub(crate) fn take(&self) -> Vec<ServerNote> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
