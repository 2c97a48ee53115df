//! Which request or response is changed, and how.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use leaseproof_domain::{Redactor, Secret, Username};
use leaseproof_scenario::{Plan, TamperKind, TamperPlan};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::asked::{Asked, Silence};
use super::upstream::{Upstream, bytes_of, own};
use crate::launch::context::password;

type Answer = Response<Full<Bytes>>;

/// What a disguised lease id ends with.
const DISGUISE: &str = "-elsewhere";

pub(super) struct AnswerRewriter {
    upstream: Upstream,
    tampering: Vec<TamperPlan>,
    seed: u64,
    /// How many requests of each kind there were: issues, renewals, revocations, others.
    asked: [AtomicU64; 4],
    /// The first credential of each role, for `repeat-usernames`.
    first: Mutex<BTreeMap<Option<String>, Bytes>>,
    redactor: Arc<Redactor>,
    /// What is done behind the client's back; it ends with the tampering.
    late: Mutex<JoinSet<()>>,
}

impl AnswerRewriter {
    pub(super) fn new(plan: &Plan, vault: u16, redactor: Arc<Redactor>) -> Self {
        Self {
            upstream: Upstream { port: vault },
            tampering: plan.tampering.clone(),
            seed: plan.seed,
            asked: Default::default(),
            first: Mutex::default(),
            redactor,
            late: Mutex::default(),
        }
    }

    /// Answers one request of the client, or closes its connection.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Silence> {
        let mut asked = Asked::read(request).await?;
        if let Some(lease) = asked.lease().strip_suffix(DISGUISE) {
            asked.set_lease(lease);
        }
        match self.lie_for(&asked) {
            None => self.upstream.pass_on(&asked).await,
            Some(tamper) => self.change(tamper, &asked).await,
        }
    }

    /// The first `[[tamper]]` that matches. Each request draws once for each of them, evenly, by its number among those of its kind.
    fn lie_for(&self, asked: &Asked) -> Option<&TamperPlan> {
        let number = self.asked[asked.to as usize].fetch_add(1, Ordering::Relaxed);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8] = asked.to as u8;
        let mut numbers = ChaCha8Rng::from_seed(seed);
        numbers.set_stream(number);
        self.tampering.iter().find(|tamper| {
            let drawn = (numbers.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            let role = tamper.role.is_none() || tamper.role == asked.role;
            role && tamper.to.contains(&asked.to) && drawn < tamper.share
        })
    }

    async fn change(&self, tamper: &TamperPlan, asked: &Asked) -> Result<Answer, Silence> {
        let delay = tamper.delay.duration();
        match tamper.kind {
            TamperKind::DropBefore => Err(Silence::Meant),
            TamperKind::SwallowRevokes => Ok(own(StatusCode::NO_CONTENT, &Value::Null)),
            TamperKind::AsyncRevokes => {
                self.later(delay, asked.clone());
                Ok(own(StatusCode::NO_CONTENT, &Value::Null))
            }
            TamperKind::DenyRenewals => {
                Ok(own(StatusCode::BAD_REQUEST, &json!({ "errors": ["lease is not renewable"] })))
            }
            TamperKind::SwallowRenewals => {
                let seconds = asked.increment().unwrap_or(3600);
                Ok(own(
                    StatusCode::OK,
                    &json!({ "lease_id": asked.lease(), "lease_duration": seconds, "renewable": true }),
                ))
            }
            TamperKind::RepeatUsernames => self.repeat(asked).await,
            kind => {
                let answer = self.upstream.pass_on(asked).await?;
                self.learn(&answer).await;
                if kind == TamperKind::AllowAnything && answer.status() == StatusCode::FORBIDDEN {
                    return Ok(self.invented(asked));
                }
                if answer.status().is_success() { self.alter(kind, delay, asked, answer).await } else { Ok(answer) }
            }
        }
    }

    /// What becomes of an answer that says that something was done.
    async fn alter(&self, kind: TamperKind, delay: Duration, asked: &Asked, answer: Answer) -> Result<Answer, Silence> {
        Ok(match kind {
            TamperKind::DropAfter => return Err(Silence::Meant),
            TamperKind::Http500AfterSuccess => {
                own(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "errors": ["internal error"] }))
            }
            TamperKind::AnswerLate => {
                tokio::time::sleep(delay).await;
                answer
            }
            TamperKind::CutBody => {
                let body = bytes_of(&answer).await;
                answer.map(|_| Full::new(body.slice(..body.len() / 2)))
            }
            TamperKind::RevokeEarly => {
                let issued: Value = serde_json::from_slice(&bytes_of(&answer).await).unwrap_or_default();
                self.later(delay, asked.revocation(issued["lease_id"].as_str().unwrap_or_default()));
                answer
            }
            kind => edited(answer, |body| edit(kind, body)).await,
        })
    }

    async fn repeat(&self, asked: &Asked) -> Result<Answer, Silence> {
        let known = self.first.lock().unwrap_or_else(PoisonError::into_inner).get(&asked.role).cloned();
        if let Some(body) = known {
            let mut answer = own(StatusCode::OK, &json!({}));
            *answer.body_mut() = Full::new(body);
            return Ok(answer);
        }
        let answer = self.upstream.pass_on(asked).await?;
        if answer.status().is_success() {
            let body = bytes_of(&answer).await;
            self.first.lock().unwrap_or_else(PoisonError::into_inner).insert(asked.role.clone(), body);
        }
        Ok(answer)
    }

    /// A credential that Vault never made.
    fn invented(&self, asked: &Asked) -> Answer {
        let path = asked.head.uri.path().trim_start_matches("/v1/");
        let secret = password(&self.redactor);
        own(
            StatusCode::OK,
            &json!({
                "lease_id": format!("{path}/impostorimpostorimpostor"), "lease_duration": 3600, "renewable": true,
                "data": { "username": "v-tampering", "password": secret.expose() },
            }),
        )
    }

    /// Passes a request on after a while; nobody hears the answer.
    fn later(&self, delay: Duration, asked: Asked) {
        let upstream = self.upstream;
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        while late.try_join_next().is_some() {}
        late.spawn(async move {
            tokio::time::sleep(delay).await;
            let _unheard = upstream.pass_on(&asked).await;
        });
    }

    /// The client may never learn a password that the servers log all the same.
    async fn learn(&self, answer: &Answer) {
        let Ok(body) = serde_json::from_slice::<Value>(&bytes_of(answer).await) else { return };
        let (Some(name), Some(secret)) = (body["data"]["username"].as_str(), body["data"]["password"].as_str()) else {
            return;
        };
        let (redactor, name, secret) = (Arc::clone(&self.redactor), Username::new(name), Secret::new(secret));
        let _learnt = tokio::task::spawn_blocking(move || redactor.add_password(name, secret)).await;
    }
}

/// The same answer with another body.
async fn edited(answer: Answer, edit: impl FnOnce(&mut Value)) -> Answer {
    let Ok(mut body) = serde_json::from_slice::<Value>(&bytes_of(&answer).await) else { return answer };
    edit(&mut body);
    answer.map(|_| Full::new(body.to_string().into()))
}

fn edit(kind: TamperKind, body: &mut Value) {
    let seconds = body["lease_duration"].as_u64().unwrap_or_default();
    match kind {
        TamperKind::DoubleLease => body["lease_duration"] = (seconds * 2).into(),
        TamperKind::HalveLease => body["lease_duration"] = (seconds / 2).into(),
        TamperKind::WrongRenewable => body["renewable"] = false.into(),
        TamperKind::ForeignLeaseId => {
            let lease = body["lease_id"].as_str().unwrap_or_default();
            body["lease_id"] = format!("{lease}{DISGUISE}").into();
        }
        TamperKind::WrongPassword => {
            let rest: String = body["data"]["password"].as_str().unwrap_or_default().chars().skip(1).collect();
            // Vault's own passwords are of letters, digits and hyphens.
            body["data"]["password"] = format!("_{rest}").into();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_scenario::TamperKind;
    use serde_json::json;

    use super::edit;

    #[test]
    fn answers_are_altered_where_the_kind_says_so_and_nowhere_else() {
        let truth =
            json!({ "lease_id": "l", "lease_duration": 10, "renewable": true, "data": { "password": "A1a-secret" } });
        for (kind, pointer, tamper) in [
            (TamperKind::DoubleLease, "/lease_duration", json!(20)),
            (TamperKind::HalveLease, "/lease_duration", json!(5)),
            (TamperKind::WrongRenewable, "/renewable", json!(false)),
            (TamperKind::ForeignLeaseId, "/lease_id", json!("l-elsewhere")),
            (TamperKind::WrongPassword, "/data/password", json!("_1a-secret")),
        ] {
            let mut reported = truth.clone();
            edit(kind, &mut reported);
            assert_eq!(reported.pointer(pointer), Some(&tamper), "{kind:?}");
            let mut expected = truth.clone();
            *expected.pointer_mut(pointer).unwrap() = tamper;
            assert_eq!(reported, expected, "{kind:?}");
        }
    }
}
