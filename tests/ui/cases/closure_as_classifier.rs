//! A closure instead of a classifier, without `classify_fn`.

use reattempt::RetryPolicy;

fn main() {
    let policy = RetryPolicy::default().classify(|_: &u8| true);
    let _ = policy.retry_blocking(|_| Err::<(), u8>(1)).call();
}
