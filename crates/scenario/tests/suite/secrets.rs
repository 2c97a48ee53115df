//! Secrets that stand in words: comments of policies, the words of expected failures, misspelled SQL, command lines.

use leaseproof_scenario::Plan;

const S: &str = "Hush-4711";

/// Steps of a scenario, each with the secret.
const STEPS: [&str; 21] = [
    "policy = 'p'\nrules = '''\n# password: Hush-4711 GONE\npath \"a\" { capabilities = [\"read\"] }\n'''",
    "policy = 'p'\nrules = '''\n# the old password was Hush-4711, GONE\npath \"a\" { capabilities = [\"read\"] }\n'''",
    "policy = 'p'\nrules = '''\n// secret = Hush-4711 GONE\npath \"a\" { capabilities = [\"read\"] }\n'''",
    "policy = 'p'\nrules = '''\n/* token Hush-4711 GONE */ path \"a\" { capabilities = [\"read\"] }\n'''",
    "sql = 'SELECT 1 -- GONE'\nexpect = { says = 'password: Hush-4711' }",
    "sql = 'SELECT 1 -- GONE'\nexpect = { says = \"the password is Hush-4711\" }",
    "sql = 'SELECT 1 -- GONE'\nexpect = { says = \"syntax error in ALTER ROLE x PASSWORD 'Hush-4711'\" }",
    "sql = \"ALTER ROLE x PASSWRD 'Hush-4711' -- GONE\"",
    "sql = \"ALTER ROLE x PASWORD E'Hush\\\\x2d4711' -- GONE\"",
    "sql = \"DO $$ BEGIN RAISE EXCEPTION 'password: Hush-4711'; END $$ -- GONE\"",
    "sql = \"DO $$ BEGIN RAISE EXCEPTION 'password: %', 'Hush-4711'; END $$ -- GONE\"",
    "sql = 'ALTER ROLE x PASSWORD \"Hush-4711\" -- GONE'",
    "sql = 'CREATE USER x LOGIN PASSWORD Hush-4711; -- GONE'",
    "sql = \"DO $$ BEGIN RAISE EXCEPTION 'pw=% for %', 'Hush-4711', 'x'; END $$ -- GONE\"",
    "sql = \"DO $$ DECLARE pw text := 'Hush-4711'; BEGIN RAISE EXCEPTION 'password %', pw; END $$ -- GONE\"",
    "sql = \"DO $$ BEGIN RAISE EXCEPTION 'a secret token Hush-4711'; END $$ -- GONE\"",
    "script = '''\nkeytool -list -storepass Hush-4711 # GONE\ntrue\n'''",
    "script = '''\nhtpasswd -cb users ada Hush-4711 # GONE\ntrue\n'''",
    "write = 'a/b'\ndata = { note = 'zip -P Hush-4711 x.zip GONE' }",
    "write = 'a/b'\ndata = { note = 'openssl enc -k Hush-4711 GONE' }",
    "write = 'a/b'\ndata = { note = 'mongo -u a -p Hush-4711 GONE' }",
];

/// The plan, or all that is said of it.
fn read(step: &str) -> Result<Plan, String> {
    let scenario = format!(
        r#"title = "t"
[postgres.target]
[[setup]]
{step}
[client]
policies = ["default"]
[role.app]
database = "postgres"
[lifecycle.app]
role = "app"
end = {{ revoke = 1.0 }}
[[phase]]
name = "steady"
rate = "1/s"
for = "1s"
mix = {{ app = 1 }}
"#
    );
    crate::checked(&scenario)
        .map(|(plan, _)| plan)
        .map_err(|problems| format!("{problems}\n{}", problems.render(false)))
}

#[test]
fn they_are_not_shown_with_a_problem() {
    for step in STEPS {
        let reported = read(&step.replace("GONE", "${postgres.gone.write}")).expect_err(step);
        assert!(reported.contains("the environment") && !reported.contains(S), "{step}\n{reported}");
    }
}

#[test]
fn they_are_not_kept_with_the_plan_and_not_repeated() {
    for step in STEPS {
        let plan = read(&step.replace("GONE", "")).expect(step);
        let stored = plan.to_json();
        assert!(!stored.contains(S) && !stored.contains("x2d4711"), "{step}\n{stored}");
        let repeated = plan.setup[0].scrub("the server repeats Hush-4711, it does");
        assert_eq!(repeated, "the server repeats ***, it does", "{step}");
    }
}
