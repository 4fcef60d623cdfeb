//! Waits for a condition that another process or thread makes true.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

/// The longest wait. It is only reached if something is broken.
const LIMIT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until `condition` returns true.
///
/// # Errors
///
/// Returns an error that names `what` if the condition is still false after 30 s.
pub(crate) fn wait_until(
    what: &str,
    mut condition: impl FnMut() -> bool,
) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > LIMIT {
            return Err(format!("waited {LIMIT:?} for {what}").into());
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}
