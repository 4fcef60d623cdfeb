//! An async call without a timer.

use reattempt::RetryPolicy;

async fn call(policy: &RetryPolicy) -> Result<(), u8> {
    policy.retry(|_| async { Err(1) }).await
}

fn main() {
    let _ = call(&RetryPolicy::default());
}
