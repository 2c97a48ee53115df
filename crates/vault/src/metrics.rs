use std::collections::BTreeMap;

use leaseproof_domain::LeaseId;

use crate::{Client, Error};

impl Client {
    /// The leases that Vault has given up to revoke, with its words of why: after six failures, or at once where an
    /// error says so (vault/expiration.go). Needs `read` and `sudo` on `sys/leases`.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn irrevocable_leases(&self) -> Result<Vec<(LeaseId, String)>, Error> {
        // Without a limit Vault refuses to list more than 10,000.
        let answer = self.read_with("sys/leases", &[("type", "irrevocable"), ("limit", "none")]).await?;
        let leases = answer.value("/data/leases")?;
        let unreadable = |what: &str| Error::unreadable(answer.status, what);
        let Some(leases) = leases.as_array() else {
            return if leases.is_null() { Ok(Vec::new()) } else { Err(unreadable("`/data/leases` is no list")) };
        };
        let read = |lease: &serde_json::Value| {
            let id = lease["lease_id"].as_str().ok_or_else(|| unreadable("a lease has no `lease_id`"))?;
            Ok((LeaseId::new(id), lease["error"].as_str().unwrap_or_default().to_owned()))
        };
        leases.iter().map(read).collect()
    }

    /// The gauges of Vault's telemetry by name (`vault.expire.num_leases`), summed over their labels. They are of the
    /// current or the last interval of ten seconds, and kept in memory whether a `telemetry` stanza is there or not.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn gauges(&self) -> Result<BTreeMap<String, f64>, Error> {
        let answer = self.read("sys/metrics").await?;
        let gauges = answer.value("/Gauges")?.as_array();
        let gauges = gauges.ok_or_else(|| Error::unreadable(answer.status, "`/Gauges` is no list"))?;
        let mut summed = BTreeMap::new();
        for gauge in gauges {
            if let (Some(name), Some(value)) = (gauge["Name"].as_str(), gauge["Value"].as_f64()) {
                *summed.entry(name.to_owned()).or_insert(0.0) += value;
            }
        }
        Ok(summed)
    }
}
