//! What would be sent to another machine without encryption.

use std::net::{IpAddr, ToSocketAddrs};

use leaseproof_scenario::AttachedPlan;
use url::Url;

use super::AttachError;

/// Makes sure that no token of the harness's own, and no password that Vault makes, is sent to another machine without
/// encryption, unless that was allowed.
///
/// # Errors
/// [`AttachError::InClear`].
pub fn in_clear(attached: &AttachedPlan) -> Result<(), AttachError> {
    let address = &attached.vault.address;
    let Some((host, port)) = plain(address).filter(|_| !attached.insecure_http) else { return Ok(()) };
    match elsewhere(&host, port) {
        Some(why) => Err(AttachError::InClear { address: address.clone(), why }),
        None => Ok(()),
    }
}

/// The clusters whose logins cross the network without encryption, as their scenario says with `sslmode = "disable"`.
pub fn sent_in_clear(attached: &AttachedPlan) -> Vec<String> {
    let plain = attached.postgres.iter().filter(|(_, cluster)| cluster.encryption.is_none());
    let elsewhere = plain.filter(|(_, cluster)| {
        let mut places = [&cluster.at].into_iter().chain(&cluster.endpoints);
        places.any(|(host, port)| elsewhere(host, *port).is_some())
    });
    elsewhere.map(|(name, _)| format!("postgres.{name}")).collect()
}

/// Host and port of an http address, read as the HTTP client reads it: the scheme may be in capitals.
fn plain(address: &str) -> Option<(String, u16)> {
    let url = Url::parse(address).ok().filter(|url| url.scheme() == "http")?;
    Some((url.host_str()?.trim_matches(['[', ']']).to_owned(), url.port_or_known_default()?))
}

/// Why a host is not this machine's loopback interface.
fn elsewhere(host: &str, port: u16) -> Option<String> {
    let all: Vec<IpAddr> = match (host, port).to_socket_addrs() {
        Ok(all) => all.map(|address| address.ip().to_canonical()).collect(),
        Err(why) => return Some(format!("{host} cannot be resolved: {why}")),
    };
    match all.iter().find(|address| !address.is_loopback()) {
        Some(address) if address.to_string() == host => Some(format!("{host} is not a loopback address")),
        Some(address) => Some(format!("{host} resolves to {address}, which is not a loopback address")),
        None if all.is_empty() => Some(format!("{host} resolves to no address")),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{elsewhere, plain};

    #[test]
    fn only_http_to_another_machine_is_in_clear() {
        let why = |address: &str| plain(address).and_then(|(host, port)| elsewhere(&host, port));
        for address in [
            "https://vault.example:8200",
            "http://127.0.0.1:8200",
            "http://127.8.9.10",
            "http://localhost:8200/",
            "http://[::1]:8200",
            "http://[::ffff:127.0.0.1]:8200",
        ] {
            assert_eq!(why(address), None, "{address}");
        }
        for address in [
            "http://10.1.2.3:8200",
            "HTTP://10.1.2.3:8200",
            "http:/10.1.2.3:8200/a://b",
            "http://192.0.2.1",
            "http://[2001:db8::1]:8200",
            "http://0.0.0.0:8200",
            "http://vault.invalid:8200",
            "http://127.0.0.1@192.0.2.1:8200",
            "http://127.0.0.1:x@192.0.2.1:8200",
            "http://localhost.invalid:8200",
        ] {
            assert!(why(address).is_some(), "{address}");
        }
    }
}
