//! The calls that wait for the limiter of their client, in their order.

use std::collections::{HashMap, VecDeque};

/// A queue for each client with waiting calls. Only the oldest call of a client asks the
/// limiter, because all waiting calls would ask for the same token.
#[derive(Debug, Default)]
pub(crate) struct ClientQueues {
    queues: HashMap<u32, VecDeque<usize>>,
}

impl ClientQueues {
    pub(crate) fn is_waiting(&self, client: u32) -> bool {
        self.queues.contains_key(&client)
    }

    pub(crate) fn push(&mut self, client: u32, call: usize) {
        self.queues.entry(client).or_default().push_back(call);
    }

    pub(crate) fn oldest(&self, client: u32) -> Option<usize> {
        self.queues.get(&client)?.front().copied()
    }

    /// Removes the oldest call of a client.
    pub(crate) fn pop(&mut self, client: u32) {
        if let Some(queue) = self.queues.get_mut(&client) {
            queue.pop_front();
            if queue.is_empty() {
                self.queues.remove(&client);
            }
        }
    }
}
