//! An impostor between the credentials' client and Vault: it passes requests on and does not always tell the truth,
//! as the plan's lies say. The harness's own requests never pass it. It lives in the harness's own process and ends
//! with the estate; it writes nothing down.

mod asked;
mod liar;
mod upstream;

use std::net::Ipv4Addr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use leaseproof_scenario::Plan;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use self::liar::Liar;
use crate::EstateError;
use crate::ports::TRIES;
use crate::site::Site;

/// A listening impostor; it and all its connections end when it is dropped.
pub(crate) struct Impostor {
    port: u16,
    serving: JoinHandle<()>,
}

impl Impostor {
    /// Begins to listen on a free port of loopback, before the Vault on `vault`.
    pub(crate) async fn stand(plan: &Plan, vault: u16, site: &Site) -> Result<Self, EstateError> {
        let (listener, port) = listen(site).await?;
        let liar = Arc::new(Liar::new(plan, vault, Arc::clone(&site.redactor)));
        Ok(Self { port, serving: tokio::spawn(serve(listener, liar)) })
    }

    /// Where the client finds it.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn listen(site: &Site) -> Result<(TcpListener, u16), EstateError> {
    // Somebody may take the port first: then another one is asked for.
    for _ in 0..TRIES {
        let Some(port) = site.ports.free() else { break };
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            return Ok((listener, port));
        }
    }
    Err(EstateError::NoFreePort { server: "the tampering proxy in front of Vault".to_owned(), tried: TRIES })
}

async fn serve(listener: TcpListener, liar: Arc<Liar>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _quick = stream.set_nodelay(true);
        let liar = Arc::clone(&liar);
        connections.spawn(async move {
            let service = service_fn(|request| liar.answer(request));
            // A connection that ends with an error is one that the impostor closed, or its client: both are meant.
            let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
