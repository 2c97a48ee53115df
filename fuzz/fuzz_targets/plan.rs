//! A plan.json: it is read or refused; one that is read is written and read back the same.

#![no_main]

use leaseproof_scenario::Plan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(plan) = Plan::from_json(text) else { return };
    let json = plan.to_json();
    assert_eq!(Plan::from_json(&json).expect("a plan that was written").to_json(), json);
});
