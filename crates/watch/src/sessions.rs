use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Event, Observer, SessionObservation, SessionSeen, UnixMicros};

use crate::databases::Watched;
use crate::pace::{Book, Observe};

/// Observations of the sessions of one cluster's credentials.
pub(crate) struct SessionWatch {
    pub(crate) watched: Watched,
    /// OIDs that are no credentials; none where the cluster has none at all.
    pub(crate) baseline: Option<BTreeSet<u32>>,
    /// Accounts of Vault's own.
    pub(crate) vaults_own: BTreeSet<String>,
    pub(crate) known: KnownSessions,
    pub(crate) known_own: KnownSessions,
    pub(crate) book: Book,
}

/// The sessions that the last observation saw. A process id comes again; with its beginning it does not.
#[derive(Debug, Default)]
pub(crate) struct KnownSessions {
    seen: BTreeMap<(i32, UnixMicros), SessionSeen>,
}

impl KnownSessions {
    /// Takes a new observation's sessions, and answers those that are new or changed, and those that are gone.
    fn observation(
        &mut self,
        sessions: impl IntoIterator<Item = SessionSeen>,
    ) -> (Vec<SessionSeen>, Vec<(i32, UnixMicros)>) {
        let mut appeared = Vec::new();
        let mut now = BTreeMap::new();
        for session in sessions {
            let key = (session.pid, session.started);
            if self.seen.remove(&key).as_ref() != Some(&session) {
                appeared.push(session.clone());
            }
            now.insert(key, session);
        }
        let gone = std::mem::replace(&mut self.seen, now).into_keys().collect();
        (appeared, gone)
    }
}

impl Observe for SessionWatch {
    async fn observe(&mut self) {
        let from = self.book.now();
        match self.watched.observer.sessions().await {
            Ok(sessions) => {
                let to = self.book.now();
                let is_credential = |session: &SessionSeen| {
                    self.baseline.as_ref().is_some_and(|baseline| !baseline.contains(&session.oid))
                };
                let (credentials, others): (Vec<_>, Vec<_>) = sessions.into_iter().partition(is_credential);
                let (appeared, gone) = self.known.observation(credentials);
                let own = |session: &SessionSeen| {
                    session.name.as_ref().is_some_and(|name| self.vaults_own.contains(name.as_str()))
                };
                let (accounts, _) = self.known_own.observation(others.into_iter().filter(own));
                let total = self.known.seen.len() as u64;
                self.book.record(Event::Sessions(SessionObservation {
                    cluster: self.watched.cluster.clone(),
                    from,
                    to,
                    appeared,
                    gone,
                    total,
                    accounts,
                }));
            }
            Err(error) => self.book.gap_in(&self.watched.cluster, Observer::Sessions, from, &error, error.own_fault()),
        }
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{SessionSeen, UnixMicros, Username};

    use super::KnownSessions;

    fn session(pid: i32, started: i64, name: Option<&str>) -> SessionSeen {
        let name = name.map(Username::new);
        SessionSeen {
            pid,
            started: UnixMicros(started),
            oid: 20_000,
            name,
            application: "app".to_owned(),
            encrypted: None,
        }
    }

    #[test]
    fn a_session_that_loses_its_name_is_reported_again_and_a_pid_that_comes_again_is_another_one() {
        let mut known = KnownSessions::default();
        let open = session(7, 1, Some("v-1"));
        assert_eq!(known.observation([open.clone()]), (vec![open.clone()], vec![]));
        assert_eq!(known.observation([open]), (vec![], vec![]));
        let nameless = session(7, 1, None);
        assert_eq!(known.observation([nameless.clone()]), (vec![nameless], vec![]));
        let another = session(7, 2, Some("v-2"));
        assert_eq!(known.observation([another.clone()]), (vec![another], vec![(7, UnixMicros(1))]));
    }
}
