use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::EnvironmentError;
use crate::launch::context::LaunchContext;
use crate::launch::tls::{CertificateFiles, vault_client};
use crate::launch::wait::Tries;
use crate::servers::haproxy::{Haproxy, PREAMBLE};

/// How long HAProxy may take until it routes.
const START: Duration = Duration::from_secs(15);
/// How often that is tried.
const TRY: Duration = Duration::from_millis(20);

/// HAProxy before the nodes of a Vault: one port that leads to the active one.
pub(crate) struct Front {
    pub(crate) haproxy: Haproxy,
}

impl Front {
    /// Starts HAProxy before the nodes on those ports, and waits until it leads to the active one.
    pub(crate) async fn start(
        fixed: Option<u16>,
        nodes: &[u16],
        certificate_files: Option<&CertificateFiles>,
        context: &LaunchContext,
    ) -> Result<Self, EnvironmentError> {
        let text = |ports: &[u16]| {
            configuration(ports[0], nodes, certificate_files.map(|certificate_files| certificate_files.ca.as_path()))
        };
        let front = Self { haproxy: Haproxy::start("haproxy.vault", fixed, 1, text, context).await? };
        front.routes(certificate_files, context).await?;
        Ok(front)
    }

    /// Where clients of Vault go.
    pub(crate) fn port(&self) -> u16 {
        self.haproxy.ports[0]
    }

    /// HAProxy takes every node for a good one until it has asked it: several right answers in a row leave none out.
    async fn routes(
        &self,
        certificate_files: Option<&CertificateFiles>,
        context: &LaunchContext,
    ) -> Result<(), EnvironmentError> {
        let tries = Tries::new(START, TRY);
        let mut in_a_row = 0;
        while in_a_row < 6 {
            // A new client has no connection that was kept alive.
            let client = vault_client(self.port(), certificate_files, Duration::from_secs(2))?;
            match client.health().await {
                Ok(health) if !health.sealed && !health.standby => in_a_row += 1,
                _ if tries.again().await => in_a_row = 0,
                _ => {
                    let why = format!("port {} does not lead to the active node", self.port());
                    return Err(context.not_started(&self.haproxy.name, why, &self.haproxy.child));
                }
            }
        }
        Ok(())
    }
}

/// The configuration: each node is asked whether it is the active one (`sys/health` answers 200 there only; Vault, HTTP
/// API, /sys/health). What clients send is passed on as it is; only the question itself is HAProxy's own, and is put to
/// nobody but a node with a certificate of that authority.
fn configuration(port: u16, nodes: &[u16], ca: Option<&Path>) -> String {
    let mut text = String::from(PREAMBLE);
    let _ = write!(
        text,
        "listen vault\n  bind 127.0.0.1:{port}\n  balance roundrobin\n  option httpchk GET /v1/sys/health\n  \
         http-check expect status 200\n  \
         default-server inter 500ms fastinter 100ms fall 2 rise 1 on-marked-down shutdown-sessions\n",
    );
    let sure = ca.map_or_else(String::new, |ca| {
        let ca = ca.display();
        format!(" check-ssl verify required ca-file {ca} check-sni localhost verifyhost localhost")
    });
    for (number, node) in nodes.iter().enumerate() {
        let _ = writeln!(text, "  server vault{} 127.0.0.1:{node} check{sure}", number + 1);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_active_node_answers_200() {
        insta::assert_snapshot!(super::configuration(15000, &[15001, 15002], None));
    }
}
