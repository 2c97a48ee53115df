//! One HTTP request to a server on loopback, on a connection of its own, over before the answer is given.

use std::net::Ipv4Addr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("it cannot be reached: {0}")]
    Unreached(#[from] std::io::Error),
    #[error("a side closed the connection: {0}")]
    Broken(#[from] hyper::Error),
}

/// Where nobody waits for the answer any more the connection closes, which a server may take as a cancellation.
pub(crate) async fn exchange(port: u16, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, NoAnswer> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answered = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    };
    tokio::pin!(answered);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        answer = &mut answered => answer,
        ended = &mut connection => {
            ended?;
            answered.await
        }
    }
}
