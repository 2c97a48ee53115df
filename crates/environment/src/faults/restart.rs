//! A server is stopped in order, and started again.

use super::kill::Ended;
use super::{Done, Heal as _, done_to};
use crate::Environment;

pub(super) async fn inject(estate: &mut Environment, on: &str) -> Done {
    let server = estate.server_of(on).await?;
    for server in estate.each(&server) {
        estate.stop(&server).await;
    }
    let words = done_to(&server, "stopped");
    Ok(Ended { server }.done(words))
}
