//! A blocking operation in an async call.

fn parse(text: &str) -> Result<u8, std::num::ParseIntError> {
    text.parse()
}

fn main() {
    let policy = reattempt::RetryPolicy::default();
    let _ = policy.retry(|_| parse("1"));
}
