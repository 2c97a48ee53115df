//! A server is stopped in order, and started again.

use super::kill::Ended;
use super::{Done, Heal as _, done_to};
use crate::Environment;

pub(super) async fn inject(environment: &mut Environment, on: &str) -> Done {
    let server = environment.server_of(on).await?;
    for server in environment.each(&server) {
        environment.stop(&server).await;
    }
    let words = done_to(&server, "stopped");
    Ok(Ended { server }.done(words))
}
