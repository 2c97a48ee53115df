use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "AUD-2",
    says: "If the only audit device fails, creds return 500: without a role if the request could not be written, and with a role and a lease that no client receives if only the response could not be written",
    shown: "A socket audit device whose listener stops: before an issue, and while an issue's creation statement sleeps. Roles and leases are counted after each, when the listener runs again.",
    source: "Vault, vault/audit_broker.go, LogRequest and LogResponse",
    ground: Ground::Own(|_| ()),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// What takes the audit entries, on a port that stays the same.
struct Listening {
    port: u16,
    task: JoinHandle<()>,
}

impl Listening {
    async fn on(port: u16) -> Result<Self, Obstacle> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let task = tokio::spawn(async move {
            // Dropped with the listener.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(swallow(stream));
            }
        });
        Ok(Self { port, task })
    }

    /// Goes away, and resets its connections, so that the next write to one of them fails.
    async fn end(&mut self) {
        self.task.abort();
        // The end of an aborted task is reported when it is gone.
        let _ = (&mut self.task).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    async fn again(&mut self) -> Result<(), Obstacle> {
        *self = Self::on(self.port).await?;
        Ok(())
    }
}

async fn swallow(mut stream: TcpStream) {
    // Closing resets the connection instead of saying goodbye.
    let _ = stream.set_zero_linger();
    let mut piece = [0; 16 * 1024];
    while let Ok(1..) = stream.read(&mut piece).await {}
}

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let mut listening = Listening::on(0).await?;
    let port = listening.port;
    context.config("pg", json!({ "username_template": "aud2-{{random 12}}" })).await?;
    context.role("reader", json!({})).await?;
    let slow = format!("SELECT pg_sleep(3); {CREATE} GRANT SELECT ON things TO \"{{{{name}}}}\";");
    context.role("slow", json!({ "creation_statements": slow })).await?;
    let device = json!({
        "type": "socket",
        "options": { "address": format!("127.0.0.1:{port}"), "socket_type": "tcp", "write_timeout": "2s" },
    });
    context.vault().write("sys/audit/socket", &device).await?;
    let granted = context.issue("reader").await;
    context.answers("creds while the device works", &granted, Expect::status(200));

    listening.end().await;
    let refused = context.issue("reader").await;
    context.answers("creds while the request cannot be written", &refused, Expect::status(500).says("internal error"));
    listening.again().await?;
    counted(context, 1, 1, "reader").await?;

    let (vault, mount) = (context.vault(), context.mount().to_owned());
    let asked = tokio::spawn(async move { vault.issue(&mount, "slow").await.map(|issued| issued.status) });
    tokio::time::sleep(Duration::from_millis(1500)).await;
    listening.end().await;
    let answer = asked.await.map_err(|why| Obstacle::of(why.to_string()))?;
    context.answers(
        "creds while only the response cannot be written",
        &answer,
        Expect::status(500).says("internal error"),
    );
    listening.again().await?;
    counted(context, 2, 1, "slow").await
}

async fn counted(context: &mut FactContext, roles: u64, leases: usize, of: &str) -> Result<(), Obstacle> {
    let made = context.roles_like("aud2-%").await?;
    context.equals("roles that there are then", roles, made);
    let listed = context.leases(of).await?.len();
    context.equals(format!("leases of `{of}` that there are then"), leases, listed);
    Ok(())
}
