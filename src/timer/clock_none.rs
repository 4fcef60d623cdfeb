//! A clock that stands still, for `wasm32-unknown-unknown` with `--cfg reattempt_no_js`.
//!
//! The host has no clock that the standard library knows. Time limits and refills then have
//! no effect, and callers set a timer or a clock of their own.

use std::time::Duration;
#[cfg(feature = "http")]
use std::time::SystemTime;

use super::HEAD_START;

/// Returns always the same time.
pub(crate) const fn now() -> Duration {
    HEAD_START
}

/// Returns the start of 1970. A date in `Retry-After` is then decades away, so the call
/// stops instead of retrying too early.
#[cfg(feature = "http")]
pub(crate) const fn wall_clock() -> SystemTime {
    SystemTime::UNIX_EPOCH
}
