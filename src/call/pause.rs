//! `Pause`: the wait of a loop between two polls.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

pin_project! {
    /// The wait for one attempt. It is dropped when the attempt starts; the loop itself
    /// remembers how long it has to wait.
    pub(crate) struct Pause<S> {
        #[pin]
        sleep: Option<S>,
        // How often the limiter has refused the attempt.
        refusals: u32,
    }
}

impl<S> Pause<S> {
    pub(crate) const fn new() -> Self {
        Self {
            sleep: None,
            refusals: 0,
        }
    }

    /// Begins a sleep.
    pub(super) fn begin(self: Pin<&mut Self>, sleep: S) {
        self.project().sleep.set(Some(sleep));
    }

    /// Counts a refusal of the limiter, and returns how many there were.
    pub(super) fn count_refusal(self: Pin<&mut Self>) -> u32 {
        let refusals = self.project().refusals;
        *refusals = refusals.wrapping_add(1);
        *refusals
    }
}

impl<S: Future<Output = ()>> Pause<S> {
    /// Waits for the end of the sleep. Returns false if there is none.
    pub(super) fn poll_end(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let mut slot = self.project().sleep;
        let Some(sleep) = slot.as_mut().as_pin_mut() else {
            return Poll::Ready(false);
        };
        ready!(sleep.poll(cx));
        slot.set(None);
        Poll::Ready(true)
    }
}
