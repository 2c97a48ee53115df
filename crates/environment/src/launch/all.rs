use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Waits for all at once; the first error ends the others.
pub(crate) async fn all<T, E>(futures: Vec<impl Future<Output = Result<T, E>>>) -> Result<Vec<T>, E> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(move |context| {
        for (future, done) in running.iter_mut().filter(|(_, done)| done.is_none()) {
            match Pin::as_mut(future).poll(context) {
                Poll::Ready(Ok(value)) => *done = Some(value),
                Poll::Ready(Err(why)) => return Poll::Ready(Err(why)),
                Poll::Pending => {}
            }
        }
        if running.iter().any(|(_, done)| done.is_none()) {
            return Poll::Pending;
        }
        Poll::Ready(Ok(running.iter_mut().filter_map(|(_, done)| done.take()).collect()))
    })
    .await
}
