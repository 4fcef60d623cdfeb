//! Policies without delay for the peers that do not have one.

use std::time::{Duration, Instant};

use layered::{Execute, Service, Stack};

/// A policy for tower that retries any error this many times, after a sleep of zero.
#[derive(Clone)]
pub struct TowerRetries(pub u32);

impl<R: Clone, T, E> tower::retry::Policy<R, T, E> for TowerRetries {
    type Future = tokio::time::Sleep;

    fn retry(&mut self, _: &mut R, result: &mut Result<T, E>) -> Option<Self::Future> {
        self.0 = self.0.checked_sub(u32::from(result.is_err()))?;
        result.is_err().then(|| tokio::time::sleep(Duration::ZERO))
    }

    fn clone_request(&mut self, request: &R) -> Option<R> {
        Some(request.clone())
    }
}

/// A backoff for mettle that allows this many retries, each after a delay of zero.
pub struct MettleRetries(pub u32);

impl mettle::Backoff for MettleRetries {
    fn next_delay(&mut self) -> Option<Duration> {
        self.0 = self.0.checked_sub(1)?;
        Some(Duration::ZERO)
    }
}

/// A clock for mettle's blocking calls that does not sleep.
pub struct MettleClock;

impl mettle::blocking::Clock for MettleClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, _: Duration) {}
}

/// Returns a seatbelt service that calls `operation` and retries any error twice,
/// after a delay of zero.
///
/// Its clock does not move. seatbelt reads the clock only to wait, and a delay of zero ends
/// at once.
pub fn seatbelt<F, Fut, T, E>(operation: F) -> impl Service<u64, Out = Result<T, E>>
where
    F: Fn(u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let context = seatbelt::ResilienceContext::new(tick::Clock::new_frozen());
    let retries = seatbelt::retry::Retry::layer("retry", &context)
        .clone_input()
        .recovery_with(|result: &Result<T, E>, _| match result {
            Ok(_) => seatbelt::RecoveryInfo::never(),
            Err(_) => seatbelt::RecoveryInfo::retry(),
        })
        .max_retry_attempts(2)
        .backoff(seatbelt::retry::Backoff::Constant)
        .use_jitter(false)
        .base_delay(Duration::ZERO);
    (retries, Execute::new(operation)).into_service()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::{Duration, MettleRetries, Service, TowerRetries, seatbelt};
    use crate::operations::Failure;

    static MADE: AtomicU32 = AtomicU32::new(0);

    /// Returns the number of attempts that `call` makes with an operation that always fails.
    async fn attempts<T>(call: impl IntoFuture<Output = T>) -> u32 {
        MADE.store(0, Ordering::Relaxed);
        call.await;
        MADE.load(Ordering::Relaxed)
    }

    async fn fail(_: u64) -> Result<u64, Failure> {
        MADE.fetch_add(1, Ordering::Relaxed);
        Err(Failure)
    }

    #[tokio::test(start_paused = true)]
    async fn contestants_make_three_attempts_without_delay() {
        use tower::Service as _;
        let start = tokio::time::Instant::now();
        let policy = reattempt::RetryPolicy::new(reattempt::Backoff::none());
        assert_eq!(attempts(policy.retry(|_| fail(0))).await, 3, "reattempt");
        let made = attempts(mettle::retry(|| fail(0)).backoff(MettleRetries(2))).await;
        assert_eq!(made, 3, "mettle");
        let service = seatbelt(fail);
        assert_eq!(attempts(service.execute(0)).await, 3, "seatbelt");
        let mut tower = tower::retry::Retry::new(TowerRetries(2), tower::service_fn(fail));
        assert_eq!(attempts(tower.call(0)).await, 3, "tower");
        assert!(start.elapsed() < Duration::from_millis(10));
    }
}
