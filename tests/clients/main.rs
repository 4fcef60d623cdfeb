//! The verdict on each failure of each HTTP client, over real sockets.
#![cfg(all(
    feature = "hyper",
    feature = "reqwest",
    feature = "tokio",
    feature = "ureq"
))]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod failures;
mod redirects;
mod servers;
