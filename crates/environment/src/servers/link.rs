//! A TCP link that stands between two members of an environment and can misbehave.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// What a link does with what passes.
#[derive(Clone, Debug, Default, PartialEq)]
enum Behaviour {
    /// Hands on.
    #[default]
    Pass,
    /// Hands each piece on that much later, both ways.
    Delay(Duration),
    /// Loses that share of the pieces and of the new connections' first packets, drawn by a seed; TCP sends them again.
    Lose(f64, u64),
    /// Closes every connection, and each new one at once.
    Cut,
    /// Keeps connections open, and hands nothing on.
    Stall,
    /// Hands on until an answer holds this; keeps that answer and all that follows on its connection back.
    Hold(Vec<u8>),
}

/// A link from a free port of loopback to a server. It lasts as long as this value, and its connections with it.
#[derive(Debug)]
pub struct Link {
    port: u16,
    behaviour: watch::Sender<Behaviour>,
    held: watch::Sender<u64>,
    _listening: Ended,
}

/// A task that ends with this value.
#[derive(Debug)]
struct Ended(AbortHandle);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Link {
    /// A link to the server on that port of loopback.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let own = listener.local_addr()?.port();
        let (behaviour, held) = (watch::Sender::default(), watch::Sender::default());
        let way = Way { to: (Ipv4Addr::LOCALHOST, port).into(), behaviour: behaviour.clone(), held: held.clone() };
        let task = tokio::spawn(listen(listener, way));
        Ok(Self { port: own, behaviour, held, _listening: Ended(task.abort_handle()) })
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Hands everything on, from now on, what was held back too.
    pub fn pass(&self) {
        self.behaviour.send_replace(Behaviour::Pass);
    }

    /// Hands each piece on that much later, both ways.
    pub fn delay(&self, by: Duration) {
        self.behaviour.send_replace(Behaviour::Delay(by));
    }

    /// Loses that share of what passes, 0 to 1, both ways: each lost piece comes when TCP would have sent it again, and what
    /// follows waits for it. The same seed loses the same pieces of the same connections, counted in the order in which
    /// they are made.
    pub fn lose(&self, share: f64, seed: u64) {
        self.behaviour.send_replace(Behaviour::Lose(share, seed));
    }

    /// Closes every connection, and each new one at once.
    pub fn cut(&self) {
        self.behaviour.send_replace(Behaviour::Cut);
    }

    /// Keeps connections open, and hands nothing on.
    pub fn stall(&self) {
        self.behaviour.send_replace(Behaviour::Stall);
    }

    /// Keeps the first answer of each connection that holds `text` back, and all that follows on it: the server has
    /// done what it answers to, and the client does not know it. PostgreSQL's answer to a commit holds `COMMIT\0`.
    pub fn hold_answers_with(&self, text: &[u8]) {
        self.behaviour.send_replace(Behaviour::Hold(text.to_vec()));
    }

    /// Waits until an answer is held back. True when it is, false where `timeout` ran out.
    pub async fn held(&self, timeout: Duration) -> bool {
        let mut held = self.held.subscribe();
        let waited = tokio::time::timeout(timeout, held.wait_for(|count| *count > 0)).await;
        matches!(waited, Ok(Ok(_)))
    }
}

#[derive(Clone)]
struct Way {
    to: SocketAddr,
    behaviour: watch::Sender<Behaviour>,
    held: watch::Sender<u64>,
}

async fn listen(listener: TcpListener, way: Way) {
    // Dropped with the listener, and every connection with it.
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    connections.spawn(connect(client, number, way.clone()));
                    number += 1;
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connect(client: TcpStream, number: u64, way: Way) {
    let now = way.behaviour.borrow().clone();
    match now {
        Behaviour::Cut => return,
        Behaviour::Lose(share, seed) => {
            let mut draw = Draw::of(seed, number, Part::Beginning);
            tokio::time::sleep(sent_again(share, FIRST_PACKET, || draw.chance())).await;
        }
        _ => {}
    }
    let Ok(server) = TcpStream::connect(way.to).await else { return };
    for stream in [&client, &server] {
        // A link must not make small pieces wait for each other.
        let _ = stream.set_nodelay(true);
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut cut = way.behaviour.subscribe();
    tokio::select! {
        // One side's goodbye is handed on; the connection ends when both have said it, or the link is cut.
        _ = async { tokio::join!(
            hand_on(from_client, to_server, &way, (number, Part::Requests)),
            hand_on(from_server, to_client, &way, (number, Part::Answers)),
        ) } => {}
        _ = cut.wait_for(|behaviour| *behaviour == Behaviour::Cut) => {}
    }
}

async fn hand_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: &Way, (number, part): (u64, Part)) {
    let mut behaviour = way.behaviour.subscribe();
    let mut piece = vec![0_u8; 64 * 1024];
    // A text may lie across two pieces.
    let tail: Mutex<Vec<u8>> = Mutex::default();
    let mut draw: Option<(u64, Draw)> = None;
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let now = behaviour.borrow_and_update().clone();
        let holds = |text: &[u8]| {
            let mut seen = tail.lock().unwrap_or_else(PoisonError::into_inner);
            seen.extend_from_slice(&piece[..length]);
            let found = seen.windows(text.len()).any(|window| window == text);
            let keep = seen.len().saturating_sub(text.len());
            seen.drain(..keep);
            found
        };
        let waited = match now {
            Behaviour::Pass | Behaviour::Cut => Ok(()),
            Behaviour::Delay(by) => {
                tokio::time::sleep(by).await;
                Ok(())
            }
            Behaviour::Lose(share, seed) => {
                let drawn = draw.take_if(|(of, _)| *of == seed).unwrap_or_else(|| (seed, Draw::of(seed, number, part)));
                let (_, drawn) = draw.insert(drawn);
                tokio::time::sleep(sent_again(share, PIECE, || drawn.chance())).await;
                Ok(())
            }
            Behaviour::Stall => behaviour.wait_for(|now| *now != Behaviour::Stall).await.map(drop),
            Behaviour::Hold(text) if part == Part::Answers && holds(&text) => {
                way.held.send_modify(|count| *count += 1);
                behaviour.wait_for(|now| !matches!(now, Behaviour::Hold(_))).await.map(drop)
            }
            Behaviour::Hold(_) => Ok(()),
        };
        if waited.is_err() || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

/// After how long TCP sends a piece again that nobody acknowledged (Linux, TCP_RTO_MIN), and the packet that begins a
/// connection (RFC 6298, 2.1); each time after that it waits twice as long.
const PIECE: Duration = Duration::from_millis(200);
const FIRST_PACKET: Duration = Duration::from_secs(1);
/// After so many losses in a row it comes through: longer than anybody's time-outs.
const IN_A_ROW: u32 = 8;

/// How much later something comes of which a share is lost each time that it is sent; `chance` gives from 0 to 1.
fn sent_again(share: f64, first: Duration, mut chance: impl FnMut() -> f64) -> Duration {
    let lost = (0..IN_A_ROW).take_while(|_| chance() < share).count();
    (0..lost).map(|time| first * 2_u32.pow(u32::try_from(time).unwrap_or(IN_A_ROW))).sum()
}

/// What of a connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Beginning,
    Requests,
    Answers,
}

/// The chances of one part of a connection, by the seed and the connection's number.
struct Draw(ChaCha8Rng);

impl Draw {
    fn of(seed: u64, connection: u64, part: Part) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&connection.to_le_bytes());
        key[16] = part as u8;
        Self(ChaCha8Rng::from_seed(key))
    }

    /// From 0 to 1.
    fn chance(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::{Draw, Link, Part, sent_again};

    #[test]
    fn what_is_lost_twice_waits_for_both() {
        let first = Duration::from_millis(200);
        let mut drawn = [0.05, 0.09, 0.1].into_iter();
        assert_eq!(sent_again(0.1, first, || drawn.next().unwrap()), Duration::from_millis(600));
        assert_eq!(sent_again(0.1, first, || 0.1), Duration::ZERO);
        assert_eq!(sent_again(1.0, first, || 0.9), Duration::from_millis(200 * 255));
    }

    #[test]
    fn the_same_seed_loses_the_same_pieces() {
        let lost = |seed, connection, part| {
            let mut draw = Draw::of(seed, connection, part);
            std::iter::repeat_with(|| draw.chance() < 0.3).take(64).collect::<Vec<_>>()
        };
        let first = lost(7, 0, Part::Requests);
        assert_eq!(first, lost(7, 0, Part::Requests));
        for other in [lost(8, 0, Part::Requests), lost(7, 1, Part::Requests), lost(7, 0, Part::Answers)] {
            assert_ne!(first, other);
        }
    }

    /// A server that answers each piece with itself.
    async fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut piece = [0; 64];
                    while let Ok(length @ 1..) = stream.read(&mut piece).await {
                        stream.write_all(&piece[..length]).await.unwrap();
                    }
                });
            }
        });
        port
    }

    async fn ask(stream: &mut TcpStream, text: &str) -> Option<String> {
        stream.write_all(text.as_bytes()).await.ok()?;
        let mut piece = [0; 64];
        let read = tokio::time::timeout(Duration::from_millis(300), stream.read(&mut piece)).await;
        match read {
            Ok(Ok(length @ 1..)) => Some(String::from_utf8_lossy(&piece[..length]).into_owned()),
            _ => None,
        }
    }

    #[tokio::test]
    async fn it_hands_on_delays_stalls_and_cuts() {
        let link = Link::to(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", link.port())).await.unwrap();
        assert_eq!(ask(&mut stream, "one").await.as_deref(), Some("one"));
        link.delay(Duration::from_millis(50));
        let begun = Instant::now();
        assert_eq!(ask(&mut stream, "two").await.as_deref(), Some("two"));
        assert!(begun.elapsed() >= Duration::from_millis(100), "both ways");
        link.stall();
        assert_eq!(ask(&mut stream, "three").await, None);
        link.pass();
        assert_eq!(ask(&mut stream, "").await.as_deref(), Some("three"));
        link.cut();
        assert_eq!(ask(&mut stream, "four").await, None);
        let mut again = TcpStream::connect(("127.0.0.1", link.port())).await.unwrap();
        assert_eq!(ask(&mut again, "five").await, None);
    }

    #[tokio::test]
    async fn an_answer_is_held_back_and_let_go() {
        let link = Link::to(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", link.port())).await.unwrap();
        link.hold_answers_with(b"COMMIT\0");
        assert_eq!(ask(&mut stream, "begin").await.as_deref(), Some("begin"));
        assert!(!link.held(Duration::from_millis(10)).await);
        assert_eq!(ask(&mut stream, "xxCOMMIT\0").await, None);
        assert!(link.held(Duration::from_secs(1)).await);
        link.pass();
        assert_eq!(ask(&mut stream, "").await.as_deref(), Some("xxCOMMIT\0"));
    }
}
