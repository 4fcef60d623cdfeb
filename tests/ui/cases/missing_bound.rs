//! A generic function without the bound on the classifier.

use reattempt::RetryPolicy;

async fn call<C>(policy: &RetryPolicy<C>) -> Result<u8, std::io::Error> {
    policy.retry(|_| async { Ok(1) }).await
}

fn main() {
    let _ = call(&RetryPolicy::default());
}
