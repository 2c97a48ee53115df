use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// There is no connection to the server.
    #[error("it cannot be reached: {0}")]
    Unreached(#[from] std::io::Error),
    /// The connection ended, or what came over it is not HTTP.
    #[error("a side closed the connection: {0}")]
    Broken(#[from] hyper::Error),
    /// The body is larger than the caller allows.
    #[error("its answer is larger than {limit} bytes, the limit for this answer")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

/// Sends `request` to `server` and returns the whole answer, whose body may have `limit` bytes at most. If the caller
/// stops waiting, the connection closes, which a server may take as a cancellation.
///
/// # Errors
/// [`NoAnswer`]. There is no time limit: that is the caller's.
pub async fn exchange(
    server: SocketAddr,
    request: Request<Full<Bytes>>,
    limit: usize,
) -> Result<Response<Bytes>, NoAnswer> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answered = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, whole(body, limit).await?))
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

/// The body to its end. What is announced as too large is not read at all.
async fn whole(mut body: Incoming, limit: usize) -> Result<Bytes, NoAnswer> {
    if body.size_hint().lower() > limit as u64 {
        return Err(NoAnswer::TooLarge { limit });
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        // Anything but data is a trailer, which nobody here asks for.
        let Ok(data) = frame?.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(NoAnswer::TooLarge { limit });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
}
