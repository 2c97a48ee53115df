//! A server is stopped in order, and started again.

use super::kill::Ended;
use super::{Done, Heal as _, done_to};
use crate::Estate;

pub(super) async fn inject(estate: &mut Estate, on: &str) -> Done {
    let server = estate.server_of(on).await?;
    for server in estate.each(&server) {
        estate.stop(&server).await;
    }
    let words = done_to(&server, "stopped");
    Ok(Ended { server }.done(words))
}
