//! The clocks of a JavaScript host: `performance.now()` and `Date.now()`.
//!
//! This is `wasm32-unknown-unknown` without `--cfg reattempt_no_js`. Tokio's clock panics
//! there, so it is not used even with the feature `tokio`.

use std::sync::OnceLock;
use std::time::Duration;
#[cfg(feature = "http")]
use std::time::SystemTime;

use web_time::Instant;
#[cfg(feature = "http")]
use web_time::web::SystemTimeExt;

use super::HEAD_START;

/// Returns the time since an epoch 34 years before the first call.
pub(crate) fn now() -> Duration {
    static ANCHOR: OnceLock<Instant> = OnceLock::new();
    let instant = Instant::now();
    let anchor = *ANCHOR.get_or_init(|| instant);
    HEAD_START.saturating_add(instant.saturating_duration_since(anchor))
}

/// Returns the wall clock's time in nanoseconds.
pub(crate) fn nanos_since_1970() -> u64 {
    let since_1970 = web_time::SystemTime::now().duration_since(web_time::UNIX_EPOCH);
    super::nanos(since_1970.unwrap_or_default())
}

/// Returns the wall clock's time, for dates in headers and signatures.
#[cfg(feature = "http")]
pub(crate) fn wall_clock() -> SystemTime {
    web_time::SystemTime::now().to_std()
}
