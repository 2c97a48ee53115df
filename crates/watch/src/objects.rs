use std::sync::Arc;

use leaseproof_domain::{ActionMark, Event, Observer};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::databases::Watched;
use crate::pace::Book;

/// Records the objects of a watched database.
pub(crate) async fn record(watched: &Watched, book: &Book) -> Result<(), Error> {
    let objects = watched.observer.objects().await.map_err(|source| watched.failed("the objects", source))?;
    book.record(Event::Objects {
        at: book.now(),
        cluster: watched.cluster.clone(),
        database: watched.database.clone(),
        objects,
    });
    Ok(())
}

/// Records the objects of every watched database again after each action of the scenario's operator, until it is asked to
/// stop.
pub(crate) fn after_actions(
    clusters: Vec<Watched>,
    book: Book,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let ended = Arc::new(Notify::new());
    let tell = Arc::clone(&ended);
    book.recorder.stream().subscribe(move |event| {
        if let Event::Action(ActionMark { end: Some(_), .. }) = **event {
            tell.notify_one();
        }
    });
    async move {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = ended.notified() => {}
            }
            for watched in &clusters {
                let from = book.now();
                if let Err(why) = record(watched, &book).await {
                    // Privileges read after this cannot be compared.
                    book.gap_in(&watched.cluster, Observer::Privileges, from, &why, why.own_fault());
                }
            }
        }
    }
}
