use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, Query};
use hickory_proto::rr::{Name, RecordType};
use leaseproof_domain::DnsAnswer;
use tokio::net::UdpSocket;

use super::Unasked;

/// The largest answer that UDP carries.
const LONGEST: usize = 65_535;
/// The response codes of RFC 1035, 4.1.1, as the field writes them.
const CODES: [&str; 6] = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/// What is asked for.
pub(super) struct Question(Query);

impl Question {
    /// None where the name or the type is none: a checked plan has neither.
    pub(super) fn new(name: &str, record_type: &str) -> Option<Self> {
        Some(Self(Query::query(Name::from_ascii(name).ok()?, record_type.parse::<RecordType>().ok()?)))
    }

    /// Asks once, on a socket of its own, and never again: a lost packet is a question without an answer.
    pub(super) async fn ask(&self, server: SocketAddr, timeout: Duration) -> Result<DnsAnswer, Unasked> {
        match tokio::time::timeout(timeout, self.exchange(server)).await {
            Ok(Ok(answer)) => Ok(code(&answer)),
            Ok(Err(why)) => match Unasked::of(&why) {
                Some(unasked) => Err(unasked),
                None => Ok(DnsAnswer::None { why: why.to_string() }),
            },
            Err(_) => Ok(DnsAnswer::None { why: format!("no answer within {} ms", timeout.as_millis()) }),
        }
    }

    async fn exchange(&self, server: SocketAddr) -> io::Result<Message> {
        let mut message = Message::query();
        message.add_query(self.0.clone());
        let packet = message.to_vec().map_err(io::Error::other)?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        socket.connect(server).await?;
        socket.send(&packet).await?;
        let mut buffer = vec![0; LONGEST];
        loop {
            let length = socket.recv(&mut buffer).await?;
            // What is no answer to this question is passed over, as a resolver does.
            if let Ok(answer) = Message::from_vec(&buffer[..length])
                && answer.metadata.id == message.metadata.id
                && answer.metadata.message_type == MessageType::Response
            {
                return Ok(answer);
            }
        }
    }
}

fn code(answer: &Message) -> DnsAnswer {
    let code = u16::from(answer.metadata.response_code);
    let known = CODES.get(usize::from(code));
    DnsAnswer::Code {
        rcode: known.map_or_else(|| format!("RCODE{code}"), |name| (*name).to_owned()),
        records: answer.answers.len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hickory_proto::op::{Message, ResponseCode};
    use leaseproof_domain::DnsAnswer;
    use tokio::net::UdpSocket;

    use super::Question;

    #[tokio::test]
    async fn a_strangers_packet_is_passed_over_and_the_code_is_reported() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let mut buffer = [0; 512];
            let (length, from) = server.recv_from(&mut buffer).await.unwrap();
            let asked = Message::from_vec(&buffer[..length]).unwrap();
            server.send_to(b"nonsense", from).await.unwrap();
            let mut stranger = asked.clone().into_response();
            stranger.metadata.id = asked.metadata.id.wrapping_add(1);
            server.send_to(&stranger.to_vec().unwrap(), from).await.unwrap();
            let mut answer = asked.into_response();
            answer.metadata.response_code = ResponseCode::ServFail;
            server.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        });
        let question = Question::new("www.example.test.", "A").unwrap();
        let answer = question.ask(address, Duration::from_secs(10)).await.unwrap();
        assert_eq!(answer, DnsAnswer::Code { rcode: "SERVFAIL".to_owned(), records: 0 });
        serving.await.unwrap();
        // Nobody listens any more.
        let answer = question.ask(address, Duration::from_millis(200)).await.unwrap();
        assert!(matches!(answer, DnsAnswer::None { .. }), "{answer:?}");
        assert!(Question::new("www.example.test.", "NO-TYPE").is_none());
    }
}
