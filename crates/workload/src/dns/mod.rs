//! A live DNS server under questions, changes of its zone, and requests that its agent's policy has to refuse.

mod api;
mod policy;
mod question;
mod writes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use leaseproof_domain::{DnsAnswer, DnsEvent, DnsQuery, Event, HarnessFault, HarnessTrouble, Micros, Redactor, Secret};
use leaseproof_history::Recorder;
use leaseproof_scenario::{PdnsPlan, Schedule};
use leaseproof_vault as vault;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::question::Question;

/// From the beginning to the first question: time enough to be there when it is due.
const LEAD: Duration = Duration::from_millis(20);
/// Questions come as long as nobody stops them: longer than any run.
const FOR_EVER: Duration = Duration::from_secs(32 * 24 * 3600);

/// Where a live PowerDNS is reached.
#[derive(Clone, Debug)]
pub struct DnsTarget {
    /// Where it answers questions, over UDP.
    pub dns: SocketAddr,
    /// Where its HTTP interface is.
    pub api: SocketAddr,
    /// The key of that interface.
    pub api_key: Secret,
    /// Vault with the token of PowerDNS's agent.
    pub agent: vault::Client,
    /// The mount that the agent's credentials come from.
    pub mount: String,
}

/// Something that could not be asked, for what the harness itself lacked.
#[derive(Debug, PartialEq)]
struct Unasked {
    fault: HarnessFault,
    why: String,
}

impl Unasked {
    /// None where the error is about the server, or the way to it.
    fn of(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        HarnessFault::of(error).map(|fault| Self { fault, why: error.to_string() })
    }
}

/// What the parts share.
#[derive(Clone)]
struct Desk {
    recorder: Recorder,
    redactor: Arc<Redactor>,
    stop: CancellationToken,
}

impl Desk {
    fn now(&self) -> Micros {
        self.recorder.now()
    }

    fn tell(&self, event: DnsEvent) {
        self.recorder.record(Event::Dns(event));
    }

    fn scrub(&self, text: &str) -> String {
        self.redactor.scrub(text).text
    }

    fn tell_unasked(&self, from: Micros, Unasked { fault, why }: Unasked) {
        let (to, why) = (self.now(), self.scrub(&why));
        self.recorder.record(Event::Harness(HarnessTrouble { from, to, fault, why }));
    }

    /// Waits for a moment of the run. False where it was stopped before.
    async fn wait_until(&self, moment: Micros) -> bool {
        let instant = tokio::time::Instant::from_std(self.recorder.clock().instant(moment));
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep_until(instant) => true,
        }
    }
}

/// Asks the server at the plan's rate, changes its zone, and tries the agent's policy once, until `stop` is cancelled.
/// Everything is recorded. What is under way then is heard out, at most for its own time-out.
///
/// # Panics
/// Where a question panicked, with its panic.
pub async fn ask_dns(
    plan: &PdnsPlan,
    target: &DnsTarget,
    recorder: &Recorder,
    redactor: &Arc<Redactor>,
    stop: CancellationToken,
) {
    let desk = Desk { recorder: recorder.clone(), redactor: Arc::clone(redactor), stop };
    tokio::join!(
        policy::try_out(plan, target, &desk),
        questions(plan, target.dns, &desk),
        writes::go_on(plan, target, &desk),
    );
}

/// Every question at its moment, whatever became of those before it.
async fn questions(plan: &PdnsPlan, server: SocketAddr, desk: &Desk) {
    let Some(question) = Question::new(&plan.name, &plan.record_type) else { return };
    let question = Arc::new(question);
    let timeout = plan.timeout.duration();
    let begin = desk.now().after(LEAD);
    let mut asked = JoinSet::new();
    for due in Schedule::new(plan.rate, FOR_EVER).moments() {
        let intended = begin.after(due);
        if !desk.wait_until(intended).await {
            break;
        }
        let (desk, question) = (desk.clone(), Arc::clone(&question));
        asked.spawn(async move {
            let start = desk.now();
            match question.ask(server, timeout).await {
                Ok(answer) => desk.tell(DnsEvent::Query(DnsQuery { intended, start, end: desk.now(), answer })),
                Err(unasked) => desk.tell_unasked(start, unasked),
            }
        });
        while let Some(ended) = asked.try_join_next() {
            unless_panicked(ended);
        }
    }
    while let Some(ended) = asked.join_next().await {
        unless_panicked(ended);
    }
}

fn unless_panicked(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Whether an answer shows a record; none where there was no answer that says so or not.
fn shows(answer: &DnsAnswer) -> Option<bool> {
    match answer {
        DnsAnswer::Code { rcode, records } if rcode == "NOERROR" => Some(*records > 0),
        DnsAnswer::Code { rcode, .. } if rcode == "NXDOMAIN" => Some(false),
        _ => None,
    }
}
