//! An tampering between the credentials' client and Vault: it passes requests on and does not always tell the truth,
//! as the plan's `[[tamper]]` says. The harness's own requests never pass it. It runs in the harness's own process and ends
//! with the environment; it writes nothing down.

mod asked;
mod rewriter;
mod upstream;

use std::net::Ipv4Addr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use leaseproof_scenario::Plan;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use self::rewriter::AnswerRewriter;
use crate::EnvironmentError;
use crate::launch::context::LaunchContext;
use crate::launch::ports::TRIES;

/// A listening tampering; it and all its connections end when it is dropped.
pub(crate) struct TamperingProxy {
    port: u16,
    serving: JoinHandle<()>,
}

impl TamperingProxy {
    /// Begins to listen on a free port of loopback, before the Vault on `vault`.
    pub(crate) async fn start(plan: &Plan, vault: u16, context: &LaunchContext) -> Result<Self, EnvironmentError> {
        let (listener, port) = listen(context).await?;
        let rewriter = Arc::new(AnswerRewriter::new(plan, vault, Arc::clone(&context.redactor)));
        Ok(Self { port, serving: tokio::spawn(serve(listener, rewriter)) })
    }

    /// Where the client finds it.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for TamperingProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn listen(context: &LaunchContext) -> Result<(TcpListener, u16), EnvironmentError> {
    // Somebody may take the port first: then another one is asked for.
    for _ in 0..TRIES {
        let Some(port) = context.ports.free() else { break };
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            return Ok((listener, port));
        }
    }
    Err(EnvironmentError::NoFreePort { server: "the tampering proxy in front of Vault".to_owned(), tried: TRIES })
}

async fn serve(listener: TcpListener, rewriter: Arc<AnswerRewriter>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _quick = stream.set_nodelay(true);
        let rewriter = Arc::clone(&rewriter);
        connections.spawn(async move {
            let service = service_fn(|request| rewriter.answer(request));
            // A connection that ends with an error is one that the tampering closed, or its client: both are meant.
            let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
