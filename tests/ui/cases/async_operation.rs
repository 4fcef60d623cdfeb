//! An async operation in a sync call.

async fn read() -> Result<u8, std::io::Error> {
    Ok(1)
}

fn main() {
    let _ = reattempt::retry_blocking(|_| read()).call();
}
