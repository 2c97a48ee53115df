//! A connection URL: it is read or refused, and no error repeats its password.

#![no_main]

use std::time::Duration;

use leaseproof_postgres::Login;
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "Sq7-zx-secret-Vq";

fuzz_target!(|url: &str| {
    let planted = url.replacen("://", &format!("://u:{SECRET}@"), 1);
    for url in [url, &planted] {
        match Login::from_url(url, "fuzz", Duration::from_secs(1)) {
            Ok(login) => assert!(!format!("{login:?} {}", login.endpoint()).contains(SECRET), "{login:?}"),
            Err(error) => assert!(!error.to_string().contains(SECRET), "{error}"),
        }
    }
});
