use std::error::Error;
use std::fmt;
use std::io;

use nix::errno::Errno;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Micros;

/// The account of the client that takes all connections of a cluster, as the fault `flood`. It has no rights, and lasts as
/// long as the fault. It is the harness's own and is excluded from every judgment.
pub const FLOOD_ACCOUNT: &str = "leaseproof_flood";

/// How the standard library begins the error of a name that was not resolved (getaddrinfo(3)); it has no kind of its own.
const NOT_RESOLVED: &str = "failed to lookup address information";

/// A resource that leaseproof itself ran out of, or an access that it lost. Operations that fail for that reason say nothing
/// about the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HarnessFault {
    /// No file descriptor is left to it, or to the machine (EMFILE, ENFILE).
    FileDescriptors,
    /// No memory is left (ENOMEM).
    Memory,
    /// No local port is left to connect from (EADDRNOTAVAIL).
    Ports,
    /// The machine's network buffers are full (ENOBUFS).
    Buffers,
    /// A server's name could not be resolved here.
    NameResolution,
    /// Its own Vault token ended, was revoked, or lost rights.
    Token,
    /// PostgreSQL rejects leaseproof's own account, or the account lost rights.
    Observer,
}

impl HarnessFault {
    /// What an error, or one of its causes, says of the harness itself; none where it says nothing of it.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(fault) = error.downcast_ref::<io::Error>().and_then(Self::of_io) {
                return Some(fault);
            }
            next = error.source();
        }
        None
    }

    fn of_io(error: &io::Error) -> Option<Self> {
        if let Some(number) = error.raw_os_error() {
            return match Errno::from_raw(number) {
                Errno::EMFILE | Errno::ENFILE => Some(Self::FileDescriptors),
                Errno::ENOMEM => Some(Self::Memory),
                Errno::EADDRNOTAVAIL => Some(Self::Ports),
                Errno::ENOBUFS => Some(Self::Buffers),
                _ => None,
            };
        }
        if error.kind() == io::ErrorKind::OutOfMemory {
            return Some(Self::Memory);
        }
        match error.get_ref() {
            // An error that wraps another one hides it from `source`.
            Some(inner) if inner.is::<io::Error>() => Self::of(inner),
            _ => error.to_string().starts_with(NOT_RESOLVED).then_some(Self::NameResolution),
        }
    }

    /// What happened, the error that shows it, and what to do.
    pub fn explain(self, error: impl fmt::Display) -> String {
        format!("{self}: {error}\n{}", self.advice())
    }

    /// What happened, as a sentence without its end.
    pub const fn words(self) -> &'static str {
        match self {
            Self::FileDescriptors => "leaseproof ran out of file descriptors",
            Self::Memory => "leaseproof ran out of memory",
            Self::Ports => "leaseproof ran out of local ports",
            Self::Buffers => "this machine ran out of network buffers",
            Self::NameResolution => "this machine could not resolve a server's name",
            Self::Token => "leaseproof's own Vault token ended or lost rights",
            Self::Observer => "leaseproof's own PostgreSQL account can no longer log in or read",
        }
    }

    /// What to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::FileDescriptors => "raise the limit (ulimit -n) or lower `in_flight` and the rates, and run again",
            Self::Memory => "give it more memory or lower the rates, and run again",
            Self::Ports => {
                "wait until closed connections have left TIME_WAIT, widen net.ipv4.ip_local_port_range or lower the rates, and run again"
            }
            Self::Buffers => "lower the rates or raise net.core.wmem_max and net.ipv4.tcp_mem, and run again",
            Self::NameResolution => "check this machine's DNS, or name servers by address, and run again",
            Self::Token => "use a token that is valid for longer than the run and is not revoked, and run again",
            Self::Observer => "use an account that is valid for the whole run, and run again",
        }
    }
}

impl fmt::Display for HarnessFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Something other than an operation that failed on the harness's own side: an observation, a question to a DNS server,
/// a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HarnessTrouble {
    /// When it began.
    pub from: Micros,
    /// When it failed.
    pub to: Micros,
    /// What was missing.
    pub fault: HarnessFault,
    /// What was seen, scrubbed of secrets.
    pub why: String,
}

#[cfg(test)]
mod tests {
    use std::io;

    use nix::errno::Errno;

    use super::HarnessFault;

    #[derive(Debug, thiserror::Error)]
    #[error("error connecting")]
    struct Wrapped(#[source] io::Error);

    #[test]
    fn what_the_process_itself_lacks_is_distinguished_from_what_a_server_does() {
        let number = |errno: Errno| io::Error::from(errno);
        for (error, fault) in [
            (number(Errno::EMFILE), Some(HarnessFault::FileDescriptors)),
            (number(Errno::ENFILE), Some(HarnessFault::FileDescriptors)),
            (number(Errno::ENOMEM), Some(HarnessFault::Memory)),
            (number(Errno::EADDRNOTAVAIL), Some(HarnessFault::Ports)),
            (number(Errno::ENOBUFS), Some(HarnessFault::Buffers)),
            (io::Error::from(io::ErrorKind::OutOfMemory), Some(HarnessFault::Memory)),
            // Refused, reset, timed out, no route: what is at the other end, or on the way.
            (number(Errno::ECONNREFUSED), None),
            (number(Errno::ECONNRESET), None),
            (number(Errno::ETIMEDOUT), None),
            (number(Errno::EHOSTUNREACH), None),
            (io::Error::from(io::ErrorKind::UnexpectedEof), None),
        ] {
            let reported = error.to_string();
            assert_eq!(HarnessFault::of(&error), fault, "{reported}");
            assert_eq!(HarnessFault::of(&io::Error::other(error)), fault, "{reported}, in another");
        }
        assert_eq!(HarnessFault::of(&Wrapped(number(Errno::EMFILE))), Some(HarnessFault::FileDescriptors));
    }

    #[test]
    fn a_name_that_is_not_resolved_is_the_harness_own() {
        use std::net::ToSocketAddrs;
        let error = ("no-such-host.invalid", 1).to_socket_addrs().unwrap_err();
        assert_eq!(HarnessFault::of(&Wrapped(error)), Some(HarnessFault::NameResolution));
    }
}
