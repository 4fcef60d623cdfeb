//! Retry loops.

use super::*;

/// Makes a call with a retry loop that holds a buffer across its awaits. It succeeds at the
/// third attempt.
async fn by_hand<C>(policy: RetryPolicy<C>) -> Result<u32, String>
where
    C: Classify<u32, String>,
{
    let mut buffer = Vec::new();
    let mut session = policy.start();
    loop {
        buffer.push(session.next_attempt().await.number());
        let result = match buffer.len() {
            3 => Ok(buffer.iter().sum()),
            made => Err(made.to_string()),
        };
        if let ControlFlow::Break(done) = session.check(result) {
            return done;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_can_be_spawned_and_boxed() {
    let policy = RetryPolicy::default().limiter(AdaptiveLimiter::new());
    assert_eq!(tokio::spawn(by_hand(policy.clone())).await.unwrap(), Ok(6));
    let boxed: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(by_hand(policy));
    assert_eq!(boxed.await, Ok(6));
}

#[tokio::test(start_paused = true)]
async fn a_loop_borrows_mutably_and_waits() {
    let policy = RetryPolicy::new(Backoff::constant(s(2))).max_elapsed(s(9));
    let mut buffer: Vec<u32> = Vec::new();
    let start = Instant::now();
    let mut session = policy.start();
    let done = loop {
        let attempt = session.next_attempt().await;
        buffer.push(attempt.number());
        tokio::time::sleep(s(1)).await;
        let result = Err::<(), _>(buffer.len());
        if let ControlFlow::Break(done) = session.check(result) {
            break done;
        }
    };
    assert_eq!(
        (done, session.stop_reason()),
        (Err(3), Some(StopReason::OutOfAttempts))
    );
    assert_eq!(start.elapsed().as_secs(), 7);
    assert_eq!(session.waited(), s(4));
}

#[tokio::test]
async fn a_loop_follows_its_timer() {
    let policy = RetryPolicy::new(Backoff::constant(s(4)))
        .unlimited_attempts()
        .max_elapsed(s(10));
    for late in [false, true] {
        let timer = ManualTimer::new();
        timer.advance(s(77));
        let mut session = if late {
            policy.start_with(timer.clone())
        } else {
            policy.start().timer(timer.clone())
        };
        let mut runs = 0;
        let done = loop {
            runs += 1;
            assert!(runs < 50, "the loop does not end");
            session.next_attempt().await;
            if let ControlFlow::Break(done) = session.check(Err::<(), _>(runs)) {
                break done;
            }
        };
        assert_eq!(done, Err(3));
        assert_eq!(session.stop_reason(), Some(StopReason::OutOfTime));
        assert_eq!(timer.sleeps(), [s(4), s(4)]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_of_a_loop_includes_its_first_attempt() {
    let policy = RetryPolicy::new(Backoff::constant(s(4))).max_elapsed(s(10));
    let mut session = policy.start_with(TokioTimer::new());
    session.next_attempt().await;
    tokio::time::sleep(s(7)).await;
    let end = session.check(Err::<(), _>("slow"));
    assert_eq!(end, ControlFlow::Break(Err("slow")));
    assert_eq!(session.stop_reason(), Some(StopReason::OutOfTime));
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_is_late_at_its_first_check_is_out_of_time() {
    let policy = RetryPolicy::new(Backoff::none()).max_elapsed(s(1));
    let mut session = policy.start();
    session.next_attempt().await;
    tokio::time::advance(s(5)).await;
    let checked = session.check(Err::<(), _>("down"));
    assert_eq!(checked, ControlFlow::Break(Err("down")));
    assert_eq!(session.stop_reason(), Some(StopReason::OutOfTime));
}

#[tokio::test]
async fn a_loop_without_delay_lets_other_tasks_run() {
    let policy = RetryPolicy::new(Backoff::none()).unlimited_attempts();
    let endless = async {
        let mut session = policy.start();
        loop {
            session.next_attempt().await;
            if session.check(Err::<(), _>("down")).is_break() {
                break;
            }
        }
    };
    tokio::select! {
        biased;
        () = endless => {}
        () = tokio::task::yield_now() => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_blocking_loop_counts_waits_on_a_clock_that_stands_still() {
    let policy = RetryPolicy::new(Backoff::constant(Duration::from_millis(1)))
        .unlimited_attempts()
        .max_elapsed(Duration::from_millis(3));
    let mut session = policy.start_blocking().sleep_with(|_| ());
    loop {
        session.next_attempt();
        if session.check(Err::<(), _>("down")).is_break() {
            break;
        }
    }
    // The third wait would end at the limit.
    assert_eq!(session.attempts(), 3);
}
