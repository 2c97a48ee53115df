use std::collections::BTreeMap;

use serde_json::Value;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "AUD-1",
    says: "Each issue, renewal and revocation is one request and one response in the audit log; usernames and passwords are hashed, the lease id is in plain text in the responses of issue and renewal and hashed in the requests of renewal and revocation",
    shown: "One credential is issued, renewed and revoked; the lines of the file audit device are read: entries by path and kind, the fields with username, password and lease, and a search of the whole file for the password.",
    source: "Vault, audit/ and vault/audit.go",
    ground: Ground::Own(|bare| bare.audit = true),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let issued = context.issue("reader").await?;
    let vault = context.vault();
    vault.renew(&issued.lease, Some(60)).await?;
    vault.revoke(&issued.lease).await?;
    let path = context.audit_log().ok_or_else(|| Obstacle::of("there is no audit log"))?;
    let text = tokio::fs::read_to_string(&path).await?;
    let entries: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let creds = format!("{}/creds/reader", context.mount());
    let lease = issued.lease.as_str();
    for (what, at, data, plain_in_response) in [
        ("issue", creds.as_str(), None, true),
        ("renewal", "sys/leases/renew", Some("lease_id"), true),
        ("revocation", "sys/leases/revoke", Some("lease_id"), false),
    ] {
        let of: Vec<&Value> = entries.iter().filter(|entry| entry["request"]["path"] == at).collect();
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        of.iter().for_each(|entry| *kinds.entry(entry["type"].as_str().unwrap_or_default()).or_default() += 1);
        let kinds = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ");
        context.equals(format!("entries of the {what}"), "1 request, 1 response".to_owned(), kinds);
        if let Some(key) = data {
            let hashed = of.iter().filter_map(|entry| entry["request"]["data"][key].as_str());
            let hashed: Vec<bool> = hashed.map(|text| text.starts_with("hmac-sha256:")).collect();
            let met = !hashed.is_empty() && hashed.iter().all(|hashed| *hashed);
            context.holds(
                format!("the lease in the request of the {what}"),
                "hmac-sha256:…",
                format!("{hashed:?}"),
                met,
            );
        }
        if plain_in_response {
            let plain =
                of.iter().any(|entry| entry["type"] == "response" && entry["response"]["secret"]["lease_id"] == lease);
            context.equals(format!("the lease is in plain text in the response of the {what}"), true, plain);
        }
    }
    let response =
        entries.iter().find(|entry| entry["type"] == "response" && entry["request"]["path"] == creds.as_str());
    for field in ["username", "password"] {
        let value = response.and_then(|entry| entry["response"]["data"][field].as_str()).unwrap_or("absent");
        let shown = value.get(..12).unwrap_or(value);
        context.holds(
            format!("the {field} in the response"),
            "hmac-sha256:…",
            shown,
            value.starts_with("hmac-sha256:"),
        );
    }
    context.equals("the password is somewhere in the file", false, text.contains(issued.password.expose()));
    Ok(())
}
