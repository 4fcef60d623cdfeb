//! The server: one attempt at a time, first come first served.

use std::ops::Range;
use std::time::Duration;

use crate::model::SERVICE;

/// A server with an unlimited queue. It serves attempts that their clients have given up,
/// because it cannot see that they have.
#[derive(Debug)]
pub(crate) struct Server {
    /// When the last attempt in the queue will be served.
    free_at: Duration,
    outage: Option<Range<Duration>>,
}

impl Server {
    pub(crate) const fn new(outage: Option<Range<Duration>>) -> Self {
        Self {
            free_at: Duration::ZERO,
            outage,
        }
    }

    /// Adds an attempt to the queue and returns when it will be served.
    ///
    /// Attempts must arrive in the order of their times.
    pub(crate) fn add(&mut self, now: Duration) -> Duration {
        let mut start = now.max(self.free_at);
        if let Some(outage) = &self.outage {
            if outage.contains(&start) {
                start = outage.end;
            }
        }
        self.free_at = start + SERVICE;
        self.free_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OUTAGE;

    #[test]
    fn attempts_are_served_in_order_and_after_the_outage() {
        let mut server = Server::new(Some(OUTAGE));
        let second = Duration::from_secs(1);
        assert_eq!(server.add(second), second + SERVICE);
        assert_eq!(server.add(second), second + 2 * SERVICE);
        assert_eq!(server.add(20 * second), OUTAGE.end + SERVICE);
        assert_eq!(server.add(30 * second), OUTAGE.end + 2 * SERVICE);
        assert_eq!(server.add(40 * second), 40 * second + SERVICE);
    }
}
