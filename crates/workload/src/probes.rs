//! Requests that are made once, beside the load: those that have to be refused, and the lifecycles that ask for more than
//! their role's maximum TTL.

use leaseproof_domain::{LeaseId, Micros, Operation, Outcome, RefusedRequest, Secret, Span, Username};
use leaseproof_scenario::{ClientPlan, RolePromise};
use leaseproof_vault as vault;

use crate::context::{Stopped, WorkloadContext};
use crate::gauges::Counted;
use crate::lifecycle::Lifecycle;
use crate::record::{Credential, Tag};

/// A token of the right form that no Vault made.
const INVENTED_TOKEN: &str = "hvs.leaseproofInventedThisTokenItself";
/// How much more than the promised maximum a TTL probe asks for.
const BEYOND_MAX_SECONDS: u64 = 3_600;

/// Makes the requests that Vault has to refuse, one after the other, on behalf of one role.
pub(crate) async fn ask_for_refusals(context: &WorkloadContext, client: &ClientPlan, role: &RolePromise, phase: &str) {
    let tag = Tag { lifecycle: 0, role: role.name.clone(), phase: phase.to_owned() };
    for request in RefusedRequest::ALL {
        if context.go_on().is_err() {
            return;
        }
        let start = context.now();
        let (outcome, granted) = ask(context.vault(), client, role, request).await;
        let end = context.now();
        if let Some((username, password)) = granted.as_ref().and_then(|granted| granted.secret.clone()) {
            context.learn(username, password);
        }
        let mut record = tag.record(Operation::Refused, Span { intended: start, start, end }, outcome);
        record.refused = Some(request);
        if let Some(granted) = granted {
            record.lease = granted.lease;
            record.username = granted.username;
        }
        context.record(record);
    }
}

/// What a request made that should have been refused.
#[derive(Default)]
struct Granted {
    lease: Option<LeaseId>,
    username: Option<Username>,
    secret: Option<(Username, Secret)>,
}

async fn ask(
    vault: &vault::Client,
    client: &ClientPlan,
    role: &RolePromise,
    request: RefusedRequest,
) -> (Outcome, Option<Granted>) {
    let issued = match request {
        RefusedRequest::NoToken => vault.without_token().issue(&role.mount, &role.name).await,
        RefusedRequest::BadToken => vault.with_token(Secret::new(INVENTED_TOKEN)).issue(&role.mount, &role.name).await,
        // A login asks PostgreSQL, and is a lifecycle's to try.
        RefusedRequest::WrongPassword => {
            return (Outcome::Indeterminate { why: "not a request to Vault".to_owned() }, None);
        }
        RefusedRequest::WrongPath => {
            return match vault.read(&client.forbidden).await {
                Ok(answer) => (Outcome::Ok, Some(read_grant(&answer))),
                Err(error) => (error.outcome(), None),
            };
        }
    };
    match issued {
        Ok(issued) => {
            let secret = Some((issued.username.clone(), issued.password));
            (Outcome::Ok, Some(Granted { lease: Some(issued.lease), username: Some(issued.username), secret }))
        }
        Err(error) => (error.outcome(), None),
    }
}

/// The forbidden path may be another role's: then its answer holds a credential.
fn read_grant(answer: &vault::Answer) -> Granted {
    let text = |value: &serde_json::Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let username = text(&answer.body["data"]["username"]).map(Username::new);
    let password = text(&answer.body["data"]["password"]).map(Secret::new);
    Granted {
        lease: text(&answer.body["lease_id"]).map(LeaseId::new),
        secret: username.clone().zip(password),
        username,
    }
}

impl Lifecycle {
    /// A TTL probe: like other lifecycles it is used first; then it asks for more than its role may have, sees what it
    /// gets, and is given back.
    pub(crate) async fn probe_ttl(self, arrival: Micros, waiting: Counted, max_seconds: u64) {
        if let Some(mut credential) = self.issue(arrival, waiting).await {
            let _stopped = self.ask_beyond(&mut credential, max_seconds).await;
        }
        self.context.gauges().count_finished();
    }

    async fn ask_beyond(&self, credential: &mut Credential, max_seconds: u64) -> Result<(), Stopped> {
        self.context.go_on()?;
        self.first_use(credential).await;
        self.context.go_on()?;
        self.renew(credential, credential.last, Some(max_seconds.saturating_add(BEYOND_MAX_SECONDS))).await;
        self.give_back(credential, credential.last).await
    }
}
