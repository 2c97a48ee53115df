//! What a tampering proxy before Vault does to the answers of the credentials' client.

use std::str::FromStr;

use leaseproof_domain::{Origin, Ttl};
use serde::{Deserialize, Serialize};

/// A way in which the answers of a tampering proxy before Vault are not Vault's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TamperPlan {
    /// What it does.
    pub kind: TamperKind,
    /// Share of the requests that it is done to, 0 to 1. Which ones rests on the seed and the requests' order.
    pub share: f64,
    /// The requests that it is done to.
    pub to: Vec<TamperedRequest>,
    /// The Vault role that it concerns, where the request names one; any where none is said.
    pub role: Option<String>,
    /// How long it waits, where its kind waits.
    pub delay: Ttl,
    /// The `[[tamper]]` line.
    pub origin: Origin,
}

/// The requests of a credential's lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TamperedRequest {
    /// `GET <mount>/creds/<role>`.
    Issue,
    /// `PUT sys/leases/renew`.
    Renew,
    /// `PUT sys/leases/revoke`.
    Revoke,
    /// Anything else.
    Other,
}

/// What the tampering proxy does to a request or its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TamperKind {
    /// A revocation is answered with 204 and never passed on.
    SwallowRevokes,
    /// A revocation is answered with 204 at once and passed on after the delay.
    AsyncRevokes,
    /// An issue is answered with the first credential again, as a cache would.
    RepeatUsernames,
    /// `lease_duration` is twice what Vault said.
    DoubleLease,
    /// `lease_duration` is half of what Vault said.
    HalveLease,
    /// `renewable` is false.
    WrongRenewable,
    /// The lease's id has a form that Vault's never have.
    ForeignLeaseId,
    /// A renewal is answered with 400 and not passed on.
    DenyRenewals,
    /// A renewal is answered with 200 and the increment asked for, and not passed on.
    SwallowRenewals,
    /// The true answer comes after the delay.
    AnswerLate,
    /// The request is passed on, and its connection closed without an answer.
    DropAfter,
    /// The connection is closed; Vault never hears of the request.
    DropBefore,
    /// The password has another first character.
    WrongPassword,
    /// What Vault refuses with 403 is answered with 200.
    AllowAnything,
    /// The answer's body ends in its middle.
    CutBody,
    /// The credential is revoked behind its client's back, after the delay.
    RevokeEarly,
    /// What was done is answered with 500.
    #[serde(rename = "http-500-after-success")]
    Http500AfterSuccess,
}

use TamperKind::{
    AllowAnything, AnswerLate, AsyncRevokes, CutBody, DenyRenewals, DoubleLease, DropAfter, DropBefore, ForeignLeaseId,
    HalveLease, Http500AfterSuccess, RepeatUsernames, RevokeEarly, SwallowRenewals, SwallowRevokes, WrongPassword,
    WrongRenewable,
};

impl TamperKind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        SwallowRevokes,
        AsyncRevokes,
        RepeatUsernames,
        DoubleLease,
        HalveLease,
        WrongRenewable,
        ForeignLeaseId,
        DenyRenewals,
        SwallowRenewals,
        AnswerLate,
        DropAfter,
        DropBefore,
        WrongPassword,
        AllowAnything,
        CutBody,
        RevokeEarly,
        Http500AfterSuccess,
    ];

    /// The names of [`TamperKind::ALL`], in the same order.
    pub const NAMES: [&'static str; 17] = [
        "swallow-revokes",
        "async-revokes",
        "repeat-usernames",
        "double-lease",
        "halve-lease",
        "wrong-renewable",
        "foreign-lease-id",
        "deny-renewals",
        "swallow-renewals",
        "answer-late",
        "drop-after",
        "drop-before",
        "wrong-password",
        "allow-anything",
        "cut-body",
        "revoke-early",
        "http-500-after-success",
    ];

    /// Its name in a scenario.
    pub fn name(self) -> &'static str {
        let place = Self::ALL.iter().position(|kind| *kind == self);
        place.map_or("", |place| Self::NAMES[place])
    }

    /// The requests that it can be done to.
    pub const fn applies_to(self) -> &'static [TamperedRequest] {
        match self {
            SwallowRevokes | AsyncRevokes => &[TamperedRequest::Revoke],
            RepeatUsernames | WrongPassword | RevokeEarly | ForeignLeaseId => &[TamperedRequest::Issue],
            DoubleLease | HalveLease => &[TamperedRequest::Issue, TamperedRequest::Renew],
            WrongRenewable => &[TamperedRequest::Issue, TamperedRequest::Renew],
            DenyRenewals | SwallowRenewals => &[TamperedRequest::Renew],
            AllowAnything => &[TamperedRequest::Issue, TamperedRequest::Other],
            AnswerLate | DropAfter | DropBefore | CutBody | Http500AfterSuccess => {
                &[TamperedRequest::Issue, TamperedRequest::Renew, TamperedRequest::Revoke]
            }
        }
    }

    /// The delay where the scenario says none; none where the kind does not wait.
    pub const fn default_delay(self) -> Option<Ttl> {
        match self {
            AsyncRevokes | AnswerLate => Some(Ttl::from_secs(2)),
            RevokeEarly => Some(Ttl::from_secs(1)),
            _ => None,
        }
    }
}

impl FromStr for TamperKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::NAMES.iter().position(|known| *known == name).map(|place| Self::ALL[place]).ok_or(())
    }
}

impl TamperedRequest {
    /// Its name in a scenario.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Renew => "renew",
            Self::Revoke => "revoke",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TamperKind;

    #[test]
    fn each_kind_is_read_by_the_name_that_it_is_kept_under() {
        for kind in TamperKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
        }
    }
}
