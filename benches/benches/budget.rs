//! The cost of a retry budget with one thread and with two: reattempt, tower and a semaphore
//! of tokio.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use reattempt::{Backoff, Decision, RetryBudget, RetryPolicy};
use tower::retry::budget::{Budget, TpsBudget};

const ROUNDS: usize = 21;

/// Returns the nanoseconds that each of `threads` needs per `work`: the median of
/// all rounds.
fn time(calls: u32, threads: usize, work: impl Fn() + Sync) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| (0..calls).for_each(|_| work()));
                }
            });
            start.elapsed().as_nanos() as f64 / f64::from(calls)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let calls = if is_test { 10 } else { 200_000 };

    let budget = RetryBudget::new(u32::MAX);
    let policy = RetryPolicy::new(Backoff::none()).budget(&budget);
    // The failure takes tokens and the success returns them. The next row is the cost of the
    // session alone.
    let retried = |policy: &RetryPolicy| {
        let mut session = policy.start_at(Duration::ZERO);
        let taken = session.decide(black_box(Err::<&(), _>(&())), Duration::ZERO);
        debug_assert!(matches!(taken, Decision::RetryAfter(_)));
        let _ = black_box(session.decide(black_box(Ok::<_, &()>(&())), Duration::ZERO));
    };
    let bare = RetryPolicy::new(Backoff::none());
    let tower = TpsBudget::new(Duration::from_secs(10), 1_000_000, 1.0);
    let semaphore = tokio::sync::Semaphore::new(tokio::sync::Semaphore::MAX_PERMITS);
    let rows: [(&str, &(dyn Fn() + Sync)); 4] = [
        ("reattempt, a retry and its success", &|| retried(&policy)),
        ("the same without a budget", &|| retried(&bare)),
        ("tower TpsBudget, withdraw and deposit", &|| {
            black_box(tower.withdraw());
            tower.deposit();
        }),
        ("tokio Semaphore, acquire and release", &|| {
            drop(black_box(semaphore.try_acquire()));
        }),
    ];
    println!("| ns per take and return | one thread | each of two |");
    println!("| --- | ---: | ---: |");
    for (name, work) in rows {
        println!(
            "| {name} | {:.1} | {:.1} |",
            time(calls, 1, work),
            time(calls, 2, work)
        );
    }
}
