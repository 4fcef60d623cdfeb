//! A clock that stands still, for `wasm32-unknown-unknown` with `--cfg reattempt_no_js`.
//!
//! The host has no clock that this crate could read. Time limits of sync calls count
//! only the waits, and nothing refills. Callers set a timer or a clock of their own.

use std::time::Duration;
#[cfg(feature = "http")]
use std::time::SystemTime;

use super::HEAD_START;

/// Always returns the same time.
#[expect(
    clippy::missing_const_for_fn,
    reason = "its callers could then be const on this platform alone"
)]
pub(crate) fn now() -> Duration {
    HEAD_START
}

/// Returns the start of 1970. A date in `Retry-After` is then decades away, so the call
/// stops instead of retrying too early.
#[cfg(feature = "http")]
pub(crate) const fn wall_clock() -> SystemTime {
    SystemTime::UNIX_EPOCH
}
