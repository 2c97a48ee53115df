use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// Ports are taken from below 32768: above lies Linux's ephemeral range, where any outgoing connection may sit on one.
const RANGE: std::ops::RangeInclusive<u16> = 15_000..=32_767;
/// How many ports are tried before giving up.
pub(crate) const TRIES: u32 = 200;

/// Hands out ports of loopback that were free a moment ago, each once.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    given: Mutex<BTreeSet<u16>>,
}

impl Ports {
    /// A port at random that nothing listens on; none where [`TRIES`] were all taken.
    ///
    /// Somebody may take it before the server does: then the server says so, and another one is asked for.
    pub(crate) fn free(&self) -> Option<u16> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tried = (0..TRIES).map(|_| rand::random_range(RANGE));
        let port = tried.find(|port| !given.contains(port) && is_free(*port))?;
        given.insert(port);
        Some(port)
    }
}

/// Whether nothing listens on that port of loopback.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Whether a server's log says that its port was taken.
///
/// PostgreSQL: "could not bind IPv4 address …: Address already in use", or the lock file of its socket is another
/// postmaster's. Vault: "bind: address already in use".
pub(crate) fn says_taken(tail: &[String]) -> bool {
    tail.iter().any(|line| {
        let line = line.to_ascii_lowercase();
        line.contains("address already in use") || (line.contains("lock file") && line.contains(".s.pgsql."))
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::{Ports, RANGE, is_free, says_taken};

    #[test]
    fn ports_are_below_the_ephemeral_range_and_given_once() {
        let ports = Ports::default();
        let given: Vec<u16> = (0..50).filter_map(|_| ports.free()).collect();
        assert_eq!(given.len(), 50);
        assert!(given.iter().all(|port| RANGE.contains(port)));
        let mut once = given.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), 50);
    }

    #[test]
    fn a_port_with_a_listener_is_not_free() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!is_free(port));
        drop(listener);
        assert!(is_free(port));
    }

    #[test]
    fn both_servers_words_for_a_taken_port_are_known() {
        for line in [
            "LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use",
            "Error initializing listener of type tcp: listen tcp 127.0.0.1:8200: bind: address already in use",
            "FATAL:  lock file \"/tmp/.s.PGSQL.15432.lock\" already exists",
        ] {
            assert!(says_taken(&[line.to_owned()]), "{line}");
        }
        assert!(!says_taken(&["FATAL:  lock file \"postmaster.pid\" already exists".to_owned()]));
    }
}
