//! An operation that returns a decoded value, under a policy for responses.

async fn name() -> Result<String, std::io::Error> {
    Ok("reattempt".to_owned())
}

async fn call() -> Result<String, std::io::Error> {
    reattempt::http::policy().retry(|_| name()).await
}

fn main() {
    let _ = call();
}
