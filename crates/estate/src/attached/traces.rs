use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leaseproof_history::{Entry, Error, Ledger, MadeThere, Proof};

/// What a run has made in an estate that is not its own, and not yet taken away. What is added is in the ledger first.
/// Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Traces(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    ledger: Option<Ledger>,
    /// The accessor of the run's token.
    token: Option<String>,
    made: Vec<Made>,
}

/// Something that was made, or was about to be, and how it is recognized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) what: MadeThere,
    pub(super) proofs: Vec<Proof>,
}

impl Made {
    /// What a ledger says was made, in order, and not taken away.
    pub(super) fn of(entries: &[Entry]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for entry in entries {
            match entry {
                Entry::MadeThere { what } => all.push(Self { what: what.clone(), proofs: Vec::new() }),
                Entry::Proof { what, proof } => {
                    let made = all.iter_mut().filter(|made| made.what == *what);
                    made.for_each(|made| made.proofs.push(proof.clone()));
                }
                Entry::TakenAway { what } => all.retain(|made| made.what != *what),
                _ => {}
            }
        }
        all
    }

    /// The OID of a role or a database.
    pub(super) fn oid(&self) -> Option<u32> {
        self.proofs.iter().rev().find_map(|proof| if let Proof::Oid { oid } = proof { Some(*oid) } else { None })
    }
}

impl Traces {
    /// Where everything is written from now on.
    pub(super) fn enter(&self, ledger: &Ledger, servers: Vec<Entry>) -> Result<(), Error> {
        servers.into_iter().try_for_each(|server| ledger.add(server))?;
        self.state().ledger = Some(ledger.clone());
        Ok(())
    }

    /// The run's token is there.
    pub(super) fn token(&self, vault: &str, accessor: &str) -> Result<(), Error> {
        self.state().token = Some(accessor.to_owned());
        self.write(Entry::TokenAccessor { vault: vault.to_owned(), accessor: accessor.to_owned() })
    }

    /// The run's token is there no more.
    pub(super) fn token_revoked(&self) {
        let accessor = self.state().token.take();
        if let Some(accessor) = accessor {
            // What is not written down is looked for once more, and not found.
            let _named_again = self.write(Entry::TokenRevoked { accessor });
        }
    }

    /// That is about to be made.
    pub(super) fn add(&self, what: MadeThere) -> Result<(), Error> {
        self.write(Entry::MadeThere { what: what.clone() })?;
        self.state().made.push(Made { what, proofs: Vec::new() });
        Ok(())
    }

    /// That is how it is recognized.
    pub(super) fn proof(&self, what: &MadeThere, proof: Proof) -> Result<(), Error> {
        self.write(Entry::Proof { what: what.clone(), proof: proof.clone() })?;
        self.state().made.iter_mut().filter(|made| made.what == *what).for_each(|made| made.proofs.push(proof.clone()));
        Ok(())
    }

    /// That is gone.
    pub(super) fn gone(&self, what: &MadeThere) {
        let _named_again = self.write(Entry::TakenAway { what: what.clone() });
        self.state().made.retain(|made| made.what != *what);
    }

    /// The token's accessor, and the rest in the order in which it was made.
    pub(super) fn all(&self) -> (Option<String>, Vec<Made>) {
        let all = self.state();
        (all.token.clone(), all.made.clone())
    }

    fn write(&self, entry: Entry) -> Result<(), Error> {
        let ledger = self.state().ledger.clone();
        ledger.map_or(Ok(()), |ledger| ledger.add(entry))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_history::{Entry, MadeThere, Proof};

    use super::Made;

    #[test]
    fn what_was_taken_away_is_not_left_and_proofs_belong_to_their_thing() {
        let role = |name: &str| MadeThere::Role { cluster: "target".to_owned(), name: name.to_owned() };
        let proof = |name: &str, oid| Entry::Proof { what: role(name), proof: Proof::Oid { oid } };
        let made = Made::of(&[
            Entry::MadeThere { what: role("a") },
            Entry::MadeThere { what: role("b") },
            proof("b", 17),
            proof("a", 16),
            proof("b", 18),
            Entry::TakenAway { what: role("a") },
        ]);
        assert_eq!(made.len(), 1);
        assert_eq!((&made[0].what, made[0].oid()), (&role("b"), Some(18)), "the last one was committed");
    }
}
