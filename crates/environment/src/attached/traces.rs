use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use leaseproof_history::{Entry, Error, Ledger, MadeThere, Proof};

use super::credential::{CredentialLeft, Unchecked};
use crate::open_run::OpenToken;

/// What a run has made in an environment that is not its own, and not yet taken away. What is added is in the ledger first.
/// Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Traces(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    ledger: Option<Ledger>,
    /// The run's token.
    token: Option<OpenToken>,
    /// The accessor of the token whose credentials have not been checked yet, revoked or not.
    unchecked: Option<String>,
    /// The harness's own logins.
    logins: Vec<OpenToken>,
    made: Vec<Made>,
    /// Credentials that Vault could not revoke.
    credentials: Vec<CredentialLeft>,
    /// New roles that are neither the run's nor credentials of its: cluster, name and OID.
    roles: Vec<(String, String, u32)>,
}

/// How many credentials are written to the ledger, which has to stay readable. The run's history names all of them.
const MOST: usize = 20_000;

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
    /// Nothing is made yet; what will be is written to that ledger.
    pub(super) fn of(ledger: &Ledger) -> Self {
        let traces = Self::default();
        traces.state().ledger = Some(ledger.clone());
        traces
    }

    /// Where everything is written from now on.
    pub(super) fn enter(&self, ledger: &Ledger, servers: Vec<Entry>) -> Result<(), Error> {
        servers.into_iter().try_for_each(|server| ledger.add(server))?;
        self.state().ledger = Some(ledger.clone());
        Ok(())
    }

    /// The harness has logged in to that Vault: the first that the run leaves there.
    pub(super) fn logged_in(&self, at: Entry, vault: &str, accessor: &str, ttl: u64) -> Result<(), Error> {
        let ends = from_now(ttl);
        let login = OpenToken { accessor: accessor.to_owned(), ends: Some(ends), is_login: true };
        self.state().logins.push(login);
        self.write(at)?;
        self.write(Entry::LoginAccessor { vault: vault.to_owned(), accessor: accessor.to_owned(), ends })
    }

    /// The login with that accessor is over.
    pub(super) fn logged_out(&self, accessor: &str) {
        let at = self.state().logins.iter().position(|login| login.accessor == accessor);
        let login = at.map(|at| self.state().logins.remove(at));
        self.revoked(login);
    }

    /// The run's token is there.
    pub(super) fn token(&self, vault: &str, accessor: &str, ttl: u64) -> Result<(), Error> {
        let (accessor, ends) = (accessor.to_owned(), Some(from_now(ttl)));
        let token = OpenToken { accessor: accessor.clone(), ends, is_login: false };
        let mut state = self.state();
        (state.token, state.unchecked) = (Some(token), Some(accessor.clone()));
        drop(state);
        self.write(Entry::TokenAccessor { vault: vault.to_owned(), accessor, ends })
    }

    /// The run's token is there no more.
    pub(super) fn token_revoked(&self) {
        let token = self.state().token.take();
        self.revoked(token);
    }

    fn revoked(&self, token: Option<OpenToken>) {
        if let Some(OpenToken { accessor, .. }) = token {
            // What is not written down is looked for once more, and not found.
            let _named_again = self.write(Entry::TokenRevoked { accessor });
        }
    }

    /// It could not be checked which of those credentials still exist. No other one of the run's does.
    pub(super) fn credentials_unchecked(&self, unchecked: &[Unchecked]) -> Result<(), Error> {
        let named = self.state().unchecked.clone().map(|accessor| Entry::CredentialsNamed { accessor });
        if unchecked.len() > MOST {
            return Ok(());
        }
        self.write_all(&unchecked.iter().map(Unchecked::entry).chain(named).collect::<Vec<_>>())
    }

    /// Those credentials could not be revoked, and all others of the run are gone. While its token is valid, that is not
    /// certain.
    pub(super) fn credentials_checked(&self, left: &[CredentialLeft]) -> Result<(), Error> {
        let mut state = self.state();
        state.credentials = left.to_vec();
        let is_over = state.token.is_none();
        let accessor = state.unchecked.clone().filter(|_| is_over);
        drop(state);
        if left.len() > MOST {
            return Ok(());
        }
        let checked = accessor.map(|accessor| Entry::CredentialsChecked { accessor });
        self.write_all(&left.iter().map(CredentialLeft::entry).chain(checked).collect::<Vec<_>>())?;
        self.state().unchecked.take_if(|_| is_over);
        Ok(())
    }

    /// What [`Traces::credentials_checked`] and [`Traces::role_left`] were given.
    pub(super) fn left(&self) -> (Vec<CredentialLeft>, Vec<(String, String, u32)>) {
        let all = self.state();
        (all.credentials.clone(), all.roles.clone())
    }

    /// Whether credentials were issued that have not been checked.
    pub(super) fn is_unchecked(&self) -> bool {
        self.state().unchecked.is_some()
    }

    /// That role is neither the run's nor a credential of its.
    pub(super) fn role_left(&self, cluster: &str, role: &str, oid: u32) -> Result<(), Error> {
        self.state().roles.push((cluster.to_owned(), role.to_owned(), oid));
        self.write(Entry::RoleLeft { cluster: cluster.to_owned(), role: role.to_owned(), oid })
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

    /// The run's token, the harness's own logins, and the rest in the order in which it was made.
    pub(super) fn all(&self) -> (Option<OpenToken>, Vec<OpenToken>, Vec<Made>) {
        let all = self.state();
        (all.token.clone(), all.logins.clone(), all.made.clone())
    }

    fn write(&self, entry: Entry) -> Result<(), Error> {
        self.write_all(&[entry])
    }

    fn write_all(&self, entries: &[Entry]) -> Result<(), Error> {
        let ledger = self.state().ledger.clone();
        ledger.map_or(Ok(()), |ledger| ledger.add_all(entries))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That many seconds from now, in seconds since 1970.
fn from_now(seconds: u64) -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs()).saturating_add(seconds)
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
