//! Tower calls that end while they wait until their service is ready for a retry.

use std::rc::Rc;

use reattempt::TimedOut;
use reattempt::tower::RetryLayer;
use tower::{Layer, Service};

use super::*;

/// What a service returns when it is asked whether it is ready for a retry.
#[derive(Clone, Copy, Debug)]
enum Readiness {
    Never,
    Panic,
    Refused,
    Ready,
}

#[derive(Debug, PartialEq)]
struct Failure(&'static str);

impl From<TimedOut> for Failure {
    fn from(_: TimedOut) -> Self {
        Self("cut")
    }
}

/// A timer whose sleeps all end at the same time.
#[derive(Debug, Default)]
struct HandTimer {
    is_over: Rc<Cell<bool>>,
}

impl Timer for HandTimer {
    type Sleep = Pin<Box<dyn Future<Output = ()>>>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Self::Sleep {
        let is_over = Rc::clone(&self.is_over);
        Box::pin(std::future::poll_fn(move |_| {
            if is_over.get() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
    }
}

/// A service whose calls fail. It is ready for the first one.
#[derive(Clone)]
struct Busy {
    later: Rc<Cell<Readiness>>,
    sent: Rc<Cell<u32>>,
}

impl Busy {
    fn new(later: Readiness) -> Self {
        Self {
            later: Rc::new(Cell::new(later)),
            sent: Rc::default(),
        }
    }
}

impl Service<u32> for Busy {
    type Response = ();
    type Error = Failure;
    type Future = std::future::Ready<Result<(), Failure>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        match self.later.get() {
            Readiness::Never => Poll::Pending,
            Readiness::Panic => unreachable!("injected"),
            Readiness::Refused => Poll::Ready(Err(Failure("closed"))),
            Readiness::Ready => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, _: u32) -> Self::Future {
        self.sent.set(self.sent.get() + 1);
        std::future::ready(Err(Failure("down")))
    }
}

/// Makes a call of `busy` with two attempts at most, and passes it to `act`.
fn with_call(
    busy: &Busy,
    budget: &RetryBudget,
    act: impl FnOnce(Pin<&mut dyn Future<Output = Result<(), Failure>>>),
) {
    let policy = policy(budget, s(0)).max_attempts(2);
    let layer = RetryLayer::cloning(policy, |number: &u32| Some(*number));
    let mut service = layer.timer(ManualTimer::new()).layer(busy.clone());
    act(pin!(service.call(7)));
}

#[test]
fn a_call_dropped_before_its_service_is_ready_costs_nothing() {
    let (budget, busy) = (RetryBudget::new(100), Busy::new(Readiness::Never));
    with_call(&busy, &budget, |call| {
        assert!(poll(call).is_pending());
        assert_eq!((busy.sent.get(), budget.available()), (1, 86));
    });
    assert_eq!((busy.sent.get(), budget.available()), (1, 100));
}

#[test]
fn a_timeout_covers_the_wait_for_readiness() {
    let (budget, busy) = (RetryBudget::new(100), Busy::new(Readiness::Never));
    let policy = policy(&budget, s(0)).max_attempts(2);
    let timer = HandTimer::default();
    let layer = RetryLayer::cloning(policy, |number: &u32| Some(*number)).timer(&timer);
    let mut service = layer.attempt_timeout(s(5)).layer(busy.clone());
    let mut call = Box::pin(service.call(7));
    assert!(poll(call.as_mut()).is_pending());
    timer.is_over.set(true);
    assert_eq!(poll(call.as_mut()), Poll::Ready(Err(Failure("cut"))));
    drop(call);
    assert_eq!((busy.sent.get(), budget.available()), (1, 86));

    // A call that is dropped before the timeout costs nothing.
    timer.is_over.set(false);
    budget.deposit(14);
    let mut call = Box::pin(service.call(7));
    assert!(poll(call.as_mut()).is_pending());
    drop(call);
    assert_eq!((busy.sent.get(), budget.available()), (2, 100));
}

#[test]
fn a_panic_of_poll_ready_returns_the_cost() {
    let (budget, busy) = (RetryBudget::new(100), Busy::new(Readiness::Panic));
    with_call(&busy, &budget, |call| {
        assert!(catch_unwind(AssertUnwindSafe(|| poll(call))).is_err());
    });
    assert_eq!((busy.sent.get(), budget.available()), (1, 100));
}

#[test]
fn a_retry_whose_service_became_ready_is_paid() {
    let (budget, busy) = (RetryBudget::new(100), Busy::new(Readiness::Never));
    with_call(&busy, &budget, |mut call| {
        assert!(poll(call.as_mut()).is_pending());
        busy.later.set(Readiness::Ready);
        assert_eq!(poll(call), Poll::Ready(Err(Failure("down"))));
    });
    assert_eq!((busy.sent.get(), budget.available()), (2, 86));
}

#[test]
fn an_error_of_poll_ready_is_the_outcome_of_its_attempt() {
    let (budget, busy) = (RetryBudget::new(100), Busy::new(Readiness::Refused));
    with_call(&busy, &budget, |call| {
        assert_eq!(poll(call), Poll::Ready(Err(Failure("closed"))));
    });
    assert_eq!((busy.sent.get(), budget.available()), (1, 86));
}
