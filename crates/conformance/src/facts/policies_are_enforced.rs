use std::time::Duration;

use leaseproof_domain::Secret;
use leaseproof_vault::TokenRequest;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "POL-1",
    says: "Requests for credentials without a token, with an invalid token, or with a token whose policy names another path are rejected with 403 and create no role",
    shown: "Four issues of a role whose users have their own prefix: without a token, with an invalid token, with a token for another role, and with one for this role, which works. Roles are counted before the fourth issue.",
    source: "Vault, vault/request_handling.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", serde_json::json!({ "username_template": "pol1-{{random 12}}" })).await?;
    context.role("reader", serde_json::json!({})).await?;
    let nobody = context.client(Duration::from_secs(10))?;
    let without = context.issue_with(&nobody, "reader").await;
    context.answers("creds without a token", &without, Expect::status(403).says("permission denied"));
    let invented = nobody.with_token(Secret::new("hvs.CAESIJnobody-ever-made-this-token"));
    let invented = context.issue_with(&invented, "reader").await;
    let expect = Expect::status(403).says("2 errors occurred").says("permission denied").says("invalid token");
    context.answers("creds with an invented token", &invented, expect);
    for (role, expect) in [("another", Expect::status(403).says("permission denied")), ("reader", Expect::status(200))]
    {
        let policy = format!("{}-{role}", context.mount());
        let rules = format!("path \"{}/creds/{role}\" {{ capabilities = [\"read\"] }}", context.mount());
        context.vault().write_policy(&policy, &rules).await?;
        let request =
            TokenRequest { policies: vec![policy], display_name: "fact".into(), ttl_seconds: 600, renewable: false };
        let token = context.vault().create_token(&request).await?;
        if role == "reader" {
            let made = context.roles_like("pol1-%").await?;
            context.equals("roles that the refused requests made", 0, made);
        }
        let answer = context.issue_with(&nobody.with_token(token.token), "reader").await;
        context.answers(format!("creds of `reader` by a token for `{role}`"), &answer, expect);
    }
    let made = context.roles_like("pol1-%").await?;
    context.equals("roles that the granted request made", 1, made);
    Ok(())
}
