//! Uses of the futures: spawned, boxed, generic, and polled after their end.

use super::*;

const fn is_send<T: Send>(value: T) -> T {
    value
}

/// Is ready at the last of `polls` polls, and never after that. `_held` counts the
/// futures that are not dropped yet.
struct Countdown {
    polls: u32,
    _held: Rc<()>,
}

impl Future for Countdown {
    type Output = Result<(), Failure>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls = self.polls.saturating_sub(1);
        if self.polls == 0 {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_can_be_spawned_and_boxed() {
    let spawned = tokio::spawn(async { POLICY.retry(|_| async { Err::<(), _>("down") }).await });
    assert_eq!(spawned.await.unwrap(), Err("down"));
    let boxed: Boxed = Box::pin(POLICY.retry(|_| async { Ok::<u32, ()>(1) }).into_future());
    assert_eq!(tokio::spawn(boxed).await.unwrap(), Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_send_even_if_its_outcome_is_not() {
    let call = POLICY.retry(|_| async { Err::<Rc<u32>, Rc<u32>>(Rc::new(1)) });
    let failed = is_send(async move { call.await.is_err() });
    assert!(tokio::spawn(failed).await.unwrap());
}

trait Fetch {
    fn fetch(&self, key: &str) -> impl Future<Output = Result<String, Failure>> + Send;
}

struct Store;

impl Fetch for Store {
    async fn fetch(&self, key: &str) -> Result<String, Failure> {
        tokio::task::yield_now().await;
        Ok(key.to_uppercase())
    }
}

#[expect(
    clippy::manual_async_fn,
    reason = "the signature is the shape under test"
)]
fn fetch_retried<S: Fetch + Sync>(
    store: &S,
    key: &str,
) -> impl Future<Output = Result<String, Failure>> + Send {
    async move { POLICY.retry(|_| store.fetch(key)).await }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_can_be_returned_from_a_generic_function() {
    let key = "k".to_owned();
    assert_eq!(
        is_send(fetch_retried(&Store, &key)).await,
        Ok("K".to_owned())
    );
    let task = tokio::spawn(async move { fetch_retried(&Store, &key).await });
    assert_eq!(task.await.unwrap(), Ok("K".to_owned()));
}

#[tokio::test]
async fn an_async_closure_can_borrow_local_variables() {
    let words = ["a".to_owned(), "b".to_owned()];
    let joined = POLICY
        .retry(async |_| Ok::<_, Failure>(words.concat()))
        .await;
    assert_eq!(joined, Ok("ab".to_owned()));
}

#[test]
fn a_call_that_has_ended_drops_its_attempt_and_stays_idle() {
    for polls in [1, 2, 5] {
        let budget = RetryBudget::new(20);
        let policy = RetryPolicy::new(Backoff::none())
            .max_attempts(2)
            .budget(&budget);
        // Take tokens, so that a success has an effect on the budget.
        let _ = policy.retry_blocking(|_| Err::<(), _>(())).call();
        let before = budget.available();
        let held = Rc::new(());
        let call = policy.retry(|_| Countdown {
            polls,
            _held: Rc::clone(&held),
        });
        let mut call = pin!(call.into_future());
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 1..polls {
            assert_eq!(call.as_mut().poll(&mut cx), Poll::Pending);
        }
        assert_eq!(call.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
        assert_eq!(Rc::strong_count(&held), 1, "{polls}");
        assert_eq!(call.as_mut().poll(&mut cx), Poll::Pending);
        assert_eq!(budget.available(), before + 1);
    }
}
