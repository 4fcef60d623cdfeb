//! The queue of future events in virtual time.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

/// What happens at a time. `call` is a place in [`Calls`](crate::calls::Calls).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// A client's oldest waiting call asks its limiter again.
    AskLimiter { client: u32 },
    /// An attempt was served, or its client gives it up.
    AttemptEnds { call: usize, end: AttemptEnd },
    /// Leased tokens arrive at a client.
    Deposit { client: u32, tokens: u32 },
    /// The wait before a retry is over.
    Retry { call: usize },
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AttemptEnd {
    Failed,
    Served,
    TimedOut,
}

/// Events in the order of their times. Events of one time keep the order of their addition.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    heap: BinaryHeap<Reverse<Scheduled>>,
    /// Events that were added in the order of their times. They are half of all events, and
    /// cost less here than in the heap.
    ordered: VecDeque<Scheduled>,
    added: u64,
}

#[derive(Debug)]
struct Scheduled {
    at: Duration,
    number: u64,
    event: Event,
}

impl EventQueue {
    /// Adds an event at any time.
    pub(crate) fn add(&mut self, at: Duration, event: Event) {
        let scheduled = self.number(at, event);
        self.heap.push(Reverse(scheduled));
    }

    /// Adds an event that is not earlier than any event that this method has added.
    pub(crate) fn add_last(&mut self, at: Duration, event: Event) {
        let scheduled = self.number(at, event);
        debug_assert!(
            self.ordered.back() <= Some(&scheduled),
            "events out of order"
        );
        self.ordered.push_back(scheduled);
    }

    /// Removes and returns the next event before `until`, and its time.
    pub(crate) fn take_before(&mut self, until: Duration) -> Option<(Duration, Event)> {
        let ordered = self.ordered.front();
        let heap = self.heap.peek().map(|Reverse(scheduled)| scheduled);
        let is_ordered = match (ordered, heap) {
            (Some(ordered), Some(heap)) => ordered < heap,
            (ordered, None) => ordered.is_some(),
            (None, Some(_)) => false,
        };
        let next = if is_ordered { ordered } else { heap };
        next.filter(|scheduled| scheduled.at < until)?;
        let taken = if is_ordered {
            self.ordered.pop_front()
        } else {
            self.heap.pop().map(|Reverse(scheduled)| scheduled)
        };
        taken.map(|scheduled| (scheduled.at, scheduled.event))
    }

    const fn number(&mut self, at: Duration, event: Event) -> Scheduled {
        self.added += 1;
        let number = self.added;
        Scheduled { at, number, event }
    }
}

impl Scheduled {
    const fn key(&self) -> (Duration, u64) {
        (self.at, self.number)
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Scheduled {}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_by_time_and_then_by_addition() {
        let second = Duration::from_secs(1);
        let mut queue = EventQueue::default();
        for (seconds, call) in [(2, 0), (1, 1), (2, 2), (1, 3), (5, 4)] {
            queue.add(seconds * second, Event::Retry { call });
            queue.add_last(
                [1, 1, 2, 2, 3][call] * second,
                Event::Retry { call: call + 10 },
            );
        }
        let mut calls = Vec::new();
        while let Some((_, Event::Retry { call })) = queue.take_before(3 * second) {
            calls.push(call);
        }
        assert_eq!(calls, [10, 1, 11, 3, 0, 2, 12, 13]);
    }
}
