//! The log of a call that is dropped during its wait.

use std::future::{Pending, pending, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reattempt::{Backoff, Observer, RetryPolicy, Timer};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::poll_once;

/// Records the level of each event.
#[derive(Clone, Default)]
struct Levels(Arc<Mutex<Vec<String>>>);

impl Subscriber for Levels {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level().to_string();
        let mut levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        levels.push(level);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A timer whose sleeps never end.
struct Endless;

impl Timer for Endless {
    type Sleep = Pending<()>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Pending<()> {
        pending()
    }
}

struct Silent;

impl Observer for Silent {}

#[test]
fn a_dropped_call_is_logged_in_the_same_way_with_and_without_an_observer() {
    let logged = |policy: RetryPolicy| {
        let levels = Levels::default();
        tracing::subscriber::with_default(levels.clone(), || {
            let call = policy.retry(|_| ready(Err::<(), _>("down"))).timer(Endless);
            assert!(poll_once(pin!(call)).is_pending());
        });
        levels.0.lock().unwrap().clone()
    };
    let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(1)));
    // One event for the retry, and none for the end.
    assert_eq!(logged(policy.clone()), ["DEBUG"]);
    assert_eq!(logged(policy.observer(Silent)), ["DEBUG"]);
}
