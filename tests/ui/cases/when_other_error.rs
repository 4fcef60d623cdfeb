//! A predicate for an error type that is not that of the operation.

async fn read() -> Result<u8, std::io::Error> {
    Ok(1)
}

async fn call() -> Result<u8, std::io::Error> {
    reattempt::retry(|_| read()).when(|error: &std::fmt::Error| true).await
}

fn main() {
    let _ = call();
}
