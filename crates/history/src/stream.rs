//! The events of a run, from those who publish them to those who subscribe.

use std::sync::{Arc, PoisonError, RwLock};

use leaseproof_domain::Event;

/// Receives each event on the thread that publishes it.
type Subscriber = Box<dyn Fn(&Arc<Event>) + Send + Sync>;

/// The event stream of a run. Clones publish to the same subscribers.
///
/// Subscribers are the history file, live metrics, and whatever controls the run: the timeline, limits, the early end of a
/// load that only repeats a failure.
#[derive(Clone, Default)]
pub struct EventStream {
    subscribers: Arc<RwLock<Vec<Subscriber>>>,
}

impl EventStream {
    /// A stream without subscribers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hands an event to every subscriber, in the order in which they subscribed.
    pub fn publish(&self, event: Event) {
        let event = Arc::new(event);
        for subscriber in self.subscribers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            subscriber(&event);
        }
    }

    /// Calls `subscriber` for every event from now on, on the thread that publishes it: it has to be quick, and must not
    /// publish or subscribe itself.
    pub fn subscribe(&self, subscriber: impl Fn(&Arc<Event>) + Send + Sync + 'static) {
        self.subscribers.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(subscriber));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use leaseproof_domain::{End, EndReason, Event, Micros};

    use super::EventStream;

    #[test]
    fn every_subscriber_gets_each_event_since_it_subscribed_in_order() {
        let stream = EventStream::new();
        let seen: Arc<Mutex<Vec<(&str, u64)>>> = Arc::default();
        let subscribe = |name: &'static str| {
            let seen = Arc::clone(&seen);
            stream.subscribe(move |event| {
                if let Event::End(end) = &**event {
                    seen.lock().unwrap().push((name, end.at.0));
                }
            });
        };
        let publish = |at: u64| stream.clone().publish(Event::End(End::new(Micros(at), EndReason::Completed)));
        publish(1);
        subscribe("first");
        publish(2);
        subscribe("second");
        publish(3);
        assert_eq!(*seen.lock().unwrap(), [("first", 2), ("first", 3), ("second", 3)]);
    }
}
