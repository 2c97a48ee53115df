//! A connection on which no single message of the server may be larger than a limit: the driver keeps each message whole
//! in memory, however large the server says that it is.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// The largest message that is taken, in bytes: a row, a value in it, an error.
pub(crate) const MAX_MESSAGE: u32 = 64 << 20;

/// The size of the first message that was too large; 0 where none was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Oversize(Arc<AtomicU32>);

impl Oversize {
    /// What to say of it, where there was one.
    pub(crate) fn words(&self) -> Option<String> {
        match self.0.load(Ordering::Acquire) {
            0 => None,
            size => Some(format!(
                "it sent a message of {size} bytes (a row, or a value in it), and at most {MAX_MESSAGE} are taken"
            )),
        }
    }
}

/// A stream of the server's messages: a byte for the kind, four for the length (which counts itself), the content
/// (PostgreSQL, "Message Formats").
pub(crate) struct Capped<S> {
    stream: S,
    head: [u8; 5],
    /// How much of the head has come.
    came: usize,
    /// How much of the content is still to come.
    content: u32,
    oversize: Oversize,
}

impl<S> Capped<S> {
    pub(crate) fn new(stream: S, oversize: Oversize) -> Self {
        Self { stream, head: [0; 5], came: 0, content: 0, oversize }
    }

    fn see(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.content > 0 {
                let here = bytes.len().min(self.content as usize);
                bytes = &bytes[here..];
                self.content -= here as u32;
                continue;
            }
            let here = bytes.len().min(self.head.len() - self.came);
            self.head[self.came..self.came + here].copy_from_slice(&bytes[..here]);
            self.came += here;
            bytes = &bytes[here..];
            if self.came == self.head.len() {
                let [_, length @ ..] = self.head;
                let length = u32::from_be_bytes(length);
                if length > MAX_MESSAGE {
                    self.oversize.0.store(length, Ordering::Release);
                    return Err(io::Error::other("a message of the server is too large"));
                }
                self.content = length.saturating_sub(4);
                self.came = 0;
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Capped<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        Poll::Ready(self.see(&buf.filled()[before..]))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Capped<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Capped<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.stream.channel_binding()
    }
}

/// Encrypts by `T`, and limits the messages that come out of it.
pub(crate) struct CappedTls<T> {
    pub(crate) tls: T,
    pub(crate) oversize: Oversize,
}

impl<S, T> TlsConnect<S> for CappedTls<T>
where
    T: TlsConnect<S>,
    T::Future: Send + 'static,
{
    type Stream = Capped<T::Stream>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let Self { tls, oversize } = self;
        let connecting = tls.connect(stream);
        Box::pin(async move { Ok(Capped::new(connecting.await?, oversize)) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use tokio::io::AsyncReadExt as _;

    use super::{Capped, MAX_MESSAGE, Oversize};

    fn message(length: u32, content: usize) -> Vec<u8> {
        let mut bytes = vec![b'D'];
        bytes.extend(length.to_be_bytes());
        bytes.resize(bytes.len() + content, 0);
        bytes
    }

    /// The messages come in pieces of `piece` bytes.
    async fn read(bytes: &[u8], piece: usize) -> (std::io::Result<usize>, Option<String>) {
        let oversize = Oversize::default();
        let mut capped = Capped::new(bytes, oversize.clone());
        let mut came = vec![0; piece];
        let mut all = 0;
        loop {
            match capped.read(&mut came).await {
                Ok(0) => return (Ok(all), oversize.words()),
                Ok(read) => all += read,
                Err(error) => return (Err(error), oversize.words()),
            }
        }
    }

    #[tokio::test]
    async fn a_message_beyond_the_limit_ends_the_connection_before_it_is_read() {
        let small = [message(4, 0), message(10, 6), message(4, 0), message(2_000, 1_996)].concat();
        let large = [small.clone(), message(MAX_MESSAGE + 1, 3)].concat();
        for piece in [1, 3, 5, 7, 4_096] {
            assert_eq!(read(&small, piece).await.0.unwrap(), small.len(), "pieces of {piece}");
            let (end, words) = read(&large, piece).await;
            assert!(end.is_err(), "pieces of {piece}");
            assert!(words.unwrap().starts_with("it sent a message of 67108865 bytes"), "pieces of {piece}");
        }
        let limit = message(MAX_MESSAGE, 9);
        assert_eq!(read(&limit, 4_096).await.0.unwrap(), limit.len());
    }
}
