//! A time limit for attempts whose error type does not implement `From<TimedOut>`.

use std::time::Duration;

async fn read() -> Result<u8, std::fmt::Error> {
    Ok(1)
}

async fn call() -> Result<u8, std::fmt::Error> {
    reattempt::retry(|_| read()).attempt_timeout(Duration::from_secs(1)).await
}

fn main() {
    let _ = call();
}
