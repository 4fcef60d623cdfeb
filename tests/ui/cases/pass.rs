//! A program that compiles.

use reattempt::RetryPolicy;

fn main() {
    assert_eq!(RetryPolicy::default().retry_blocking(|_| Ok::<_, ()>(1)).call(), Ok(1));
}
