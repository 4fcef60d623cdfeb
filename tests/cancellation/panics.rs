//! Calls in which a panic occurs.

use Place::{Classifier, Hook, Operation, OperationFuture, Sleep};

use super::*;

/// The place where a panic is injected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Classifier,
    Hook,
    Limiter,
    Observer,
    Sleep,
    Operation,
    OperationFuture,
}

impl Place {
    fn panic_at(self, place: Self) {
        assert!(self != place, "injected");
    }
}

/// A limiter that panics when the second attempt asks for permission.
#[derive(Debug)]
struct PanicsAtSecond {
    place: Place,
    asked: Mutex<u32>,
}

impl Limiter for PanicsAtSecond {
    fn acquire(&self, _: Duration) -> Result<(), Duration> {
        let second = {
            let mut asked = self.asked.lock().unwrap();
            *asked += 1;
            *asked == 2
        };
        if second {
            self.place.panic_at(Place::Limiter);
        }
        Ok(())
    }

    fn record(&self, _: Duration, _: bool) {}
}

struct PanicsOnRetry(Place);

impl Observer for PanicsOnRetry {
    fn on_retry(&self, _: &RetryEvent) {
        self.0.panic_at(Place::Observer);
    }
}

struct PanicsInSleep(Place);

impl Timer for PanicsInSleep {
    type Sleep = std::future::Ready<()>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Self::Sleep {
        self.0.panic_at(Sleep);
        std::future::ready(())
    }
}

/// Returns the tokens that are spent after a panic at this place, in a call whose first
/// attempt fails. They are those of one retry if the second attempt has started, otherwise
/// zero.
const fn spent(place: Place) -> u32 {
    match place {
        Operation | OperationFuture => 14,
        _ => 0,
    }
}

/// Returns a policy whose classifier, limiter and observer panic if they are at `place`.
fn panicking_policy(
    place: Place,
    budget: &RetryBudget,
) -> RetryPolicy<impl Classify<(), ()> + use<>> {
    RetryPolicy::new(Backoff::constant(s(1)))
        .max_attempts(2)
        .budget(budget)
        .limiter(PanicsAtSecond {
            place,
            asked: Mutex::new(0),
        })
        .observer(PanicsOnRetry(place))
        .classify_fn(move |_: Result<&(), &()>| {
            place.panic_at(Classifier);
            Verdict::retry(ErrorKind::Server)
        })
}

/// Makes an async call with a panic at `place`.
fn call_async<C: Classify<(), ()>>(policy: &RetryPolicy<C>, place: Place) {
    let call = policy
        .retry(|attempt| {
            if attempt.number() == 2 {
                place.panic_at(Operation);
            }
            async move {
                if attempt.number() == 2 {
                    place.panic_at(OperationFuture);
                }
                Err::<(), ()>(())
            }
        })
        .on_retry(|_| place.panic_at(Hook))
        .timer(PanicsInSleep(place));
    let mut call = pin!(call);
    let _ = poll(call.as_mut());
}

/// Makes a blocking call with a panic at `place`.
fn call_blocking<C: Classify<(), ()>>(policy: &RetryPolicy<C>, place: Place) {
    let _ = policy
        .retry_blocking(|attempt| {
            if attempt.number() == 2 {
                place.panic_at(Operation);
                place.panic_at(OperationFuture);
            }
            Err::<(), ()>(())
        })
        .on_retry(|_| place.panic_at(Hook))
        .sleep_with(|_| place.panic_at(Sleep))
        .call();
}

#[test]
fn a_panic_returns_the_tokens_of_a_retry_that_did_not_start() {
    let places = [
        Classifier,
        Hook,
        Place::Limiter,
        Place::Observer,
        Sleep,
        Operation,
        OperationFuture,
    ];
    for place in places {
        let calls: [(_, fn(&_, Place)); 2] = [("async", call_async), ("sync", call_blocking)];
        for (name, call) in calls {
            let budget = RetryBudget::new(100);
            let policy = panicking_policy(place, &budget);
            let panicking = || call(&policy, place);
            assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
            let left = 100 - spent(place);
            assert_eq!(budget.available(), left, "{name}, {place:?}");
            // The shared state is usable after the panic.
            budget.deposit(100);
            assert_eq!(budget.available(), 100);
        }
    }
}

/// A service whose calls fail. With `panics`, its second clone panics, which a layer makes
/// before a retry.
#[cfg(feature = "tower")]
struct Down {
    clones: std::rc::Rc<Cell<u32>>,
    sent: std::rc::Rc<Cell<u32>>,
    panics: bool,
}

#[cfg(feature = "tower")]
impl Clone for Down {
    fn clone(&self) -> Self {
        self.clones.set(self.clones.get() + 1);
        assert!(!self.panics || self.clones.get() < 2, "injected");
        Self {
            clones: self.clones.clone(),
            sent: self.sent.clone(),
            ..*self
        }
    }
}

#[cfg(feature = "tower")]
impl tower::Service<u32> for Down {
    type Response = ();
    type Error = &'static str;
    type Future = std::future::Ready<Result<(), &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: u32) -> Self::Future {
        self.sent.set(self.sent.get() + 1);
        std::future::ready(Err("down"))
    }
}

#[cfg(feature = "tower")]
#[test]
fn a_panic_of_a_clone_in_a_layer_returns_the_cost() {
    use tower::{Layer, Service};

    for panics_in_service in [true, false] {
        let budget = RetryBudget::new(100);
        let clones = Cell::new(0);
        let layer = reattempt::tower::RetryLayer::cloning(policy(&budget, s(0)), |number: &u32| {
            clones.set(clones.get() + 1);
            assert!(panics_in_service || clones.get() < 2, "injected");
            Some(*number)
        });
        let down = Down {
            clones: std::rc::Rc::default(),
            sent: std::rc::Rc::default(),
            panics: panics_in_service,
        };
        let sent = down.sent.clone();
        let mut service = layer.layer(down);
        {
            let mut call = pin!(service.call(7));
            assert!(catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()))).is_err());
        }
        assert_eq!((sent.get(), budget.available()), (1, 100));
    }
}

/// Panics when it is cloned for the second time.
struct PanicsAtSecondClone(Arc<Mutex<u32>>);

impl Clone for PanicsAtSecondClone {
    fn clone(&self) -> Self {
        let clones = {
            let mut clones = self.0.lock().unwrap();
            *clones += 1;
            *clones
        };
        assert!(clones < 2, "injected");
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn a_panic_of_the_timeouts_clone_returns_the_cost() {
    let budget = RetryBudget::new(20);
    let policy = policy(&budget, s(0));
    let panics = PanicsAtSecondClone(Arc::default());
    let into_error = move |_| {
        let _ = &panics;
        "slow"
    };
    let attempts = Cell::new(0);
    let mut call = Box::pin(
        policy
            .retry(|_| {
                attempts.set(attempts.get() + 1);
                async { Err::<(), _>("down") }
            })
            .timer(ManualTimer::new())
            .attempt_timeout_or(s(9), into_error),
    );
    assert!(catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()))).is_err());
    drop(call);
    assert_eq!((attempts.get(), budget.available()), (1, 20));
}

#[test]
fn a_session_counts_the_wait_that_its_observer_interrupts() {
    #[derive(Debug)]
    struct Panics;

    impl Observer for Panics {
        fn on_retry(&self, _: &RetryEvent) {
            unreachable!("injected")
        }
    }

    let policy = RetryPolicy::new(Backoff::constant(s(7))).observer(Panics);
    let mut session = policy.start_at(s(0));
    let decide = || session.decide(Err::<&(), _>(&"down"), s(0));
    assert!(catch_unwind(AssertUnwindSafe(decide)).is_err());
    assert_eq!((session.attempts(), session.waited()), (1, s(7)));
}
