//! A server's answer is taken whole or, where it is too large, not at all.

#![allow(clippy::unwrap_used, reason = "a test says by its failure what was wrong")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use leaseproof_http::{NoAnswer, exchange};

/// A server that sends `head` to the first client, then `chunk` until `most` chunks were sent or the client leaves; how
/// many it sent.
fn serves(head: &'static str, chunk: &'static [u8], most: usize) -> (SocketAddr, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let sent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _request = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        (0..most).take_while(|_| stream.write_all(chunk).is_ok()).count()
    });
    (address, sent)
}

async fn ask(server: SocketAddr, limit: usize) -> Result<Bytes, NoAnswer> {
    let request = Request::get("/").body(Full::default()).unwrap();
    exchange(server, request, limit).await.map(hyper::Response::into_body)
}

#[tokio::test]
async fn an_answer_within_the_limit_is_taken_whole() {
    let (server, _) = serves("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n", b"abc", 2);
    assert_eq!(ask(server, 6).await.unwrap(), "abcabc");
}

#[tokio::test]
async fn an_endless_answer_ends_at_the_limit() {
    const MOST: usize = 100_000;
    let (server, sent) = serves("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &CHUNK, MOST);
    let error = ask(server, 1 << 20).await.unwrap_err();
    assert!(matches!(error, NoAnswer::TooLarge { limit: 1_048_576 }), "{error}");
    assert!(sent.join().unwrap() < MOST, "the server was heard to its end");
}

#[tokio::test]
async fn a_size_that_is_announced_as_too_large_is_not_waited_for() {
    let (server, sent) = serves("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", b"", 0);
    let error = ask(server, 6).await.unwrap_err().to_string();
    assert_eq!(error, "its answer is larger than 6 bytes, the limit for this answer");
    sent.join().unwrap();
}

/// 4 KiB as HTTP sends it in chunks.
static CHUNK: [u8; 4096 + 8] = {
    let mut chunk = [b'x'; 4096 + 8];
    (chunk[0], chunk[1], chunk[2], chunk[3]) = (b'1', b'0', b'0', b'0');
    (chunk[4], chunk[5]) = (b'\r', b'\n');
    (chunk[4096 + 6], chunk[4096 + 7]) = (b'\r', b'\n');
    chunk
};
