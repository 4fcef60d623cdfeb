//! The process's clock on platforms where the standard library has one.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{HEAD_START, nanos};

/// Returns the time of the default clock. With the feature `tokio` this is tokio's clock,
/// which tests may pause. Both clocks have the same epoch.
pub(crate) fn now() -> Duration {
    #[cfg(feature = "tokio")]
    #[expect(clippy::disallowed_methods, reason = "this module reads the clock")]
    let instant = tokio::time::Instant::now().into_std();
    #[cfg(not(feature = "tokio"))]
    #[expect(clippy::disallowed_methods, reason = "this module reads the clock")]
    let instant = Instant::now();
    since_anchor(instant)
}

/// Returns the real time that `act` takes. It does not depend on tokio's clock.
pub(crate) fn real_time(act: impl FnOnce()) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "this module reads the clock")]
    let begun = Instant::now();
    act();
    begun.elapsed()
}

/// Returns the wall clock's time in nanoseconds.
pub(crate) fn nanos_since_1970() -> u64 {
    let since_1970 = wall_clock().duration_since(UNIX_EPOCH);
    nanos(since_1970.unwrap_or_default())
}

/// Returns `instant` as the time since an epoch 34 years before the first call.
///
/// A paused tokio clock may be behind the first call. Without the 34 years, such a time
/// would saturate at zero.
fn since_anchor(instant: Instant) -> Duration {
    static ANCHOR: OnceLock<Instant> = OnceLock::new();
    let anchor = *ANCHOR.get_or_init(|| instant);
    match instant.checked_duration_since(anchor) {
        Some(later) => HEAD_START.saturating_add(later),
        None => HEAD_START.saturating_sub(anchor.saturating_duration_since(instant)),
    }
}

/// Returns the wall clock's time, for dates in headers and signatures.
pub(crate) fn wall_clock() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "this module reads the clock")]
    SystemTime::now()
}
