//! An operation whose error is `anyhow::Error`, under a policy for responses.

async fn send() -> Result<http::Response<()>, anyhow::Error> {
    Ok(http::Response::new(()))
}

async fn call() -> Result<http::Response<()>, anyhow::Error> {
    reattempt::http::policy().retry(|_| send()).await
}

fn main() {
    let _ = call();
}
