//! The contention model: one run as a simulation of events.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Normal, NormalError};

use crate::strategy::Strategy;

/// What one run results in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    /// The writes that the server received.
    pub(crate) calls: u32,
    /// When the last client received the answer to its successful write.
    pub(crate) time: Duration,
}

/// A message that arrives at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Message {
    /// A request for the current version.
    Read,
    /// A write with the version that the client read.
    Write { version: u32 },
}

/// When a message of a client arrives. Events are ordered by their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    at: Duration,
    client: usize,
    message: Message,
}

/// One run: the server, its clients and the network.
pub(crate) struct Model {
    /// The version of the server's only row.
    version: u32,
    /// The delays of each client.
    clients: Vec<Box<dyn Iterator<Item = Duration>>>,
    events: BinaryHeap<Reverse<Event>>,
    network: Normal<f64>,
    random: Xoshiro256PlusPlus,
}

impl Model {
    /// Creates a run in which each of `clients` clients sends its first read at time 0.
    pub(crate) fn new(clients: u32, strategy: Strategy, seed: u64) -> Result<Self, NormalError> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let clients = (0..clients)
            .map(|_| strategy.delays(random.next_u64()))
            .collect();
        let mut model = Self {
            version: 0,
            clients,
            events: BinaryHeap::new(),
            network: Normal::new(10.0, 2.0)?,
            random,
        };
        for client in 0..model.clients.len() {
            model.send_read(client, Duration::ZERO);
        }
        Ok(model)
    }

    /// Runs until all clients are done.
    pub(crate) fn run(mut self) -> Run {
        let mut run = Run {
            calls: 0,
            time: Duration::ZERO,
        };
        while let Some(Reverse(event)) = self.events.pop() {
            match event.message {
                Message::Read => {
                    let answered = event.at + self.latency();
                    let message = Message::Write {
                        version: self.version,
                    };
                    self.send(event.client, message, answered);
                }
                Message::Write { version } => {
                    run.calls += 1;
                    let answered = event.at + self.latency();
                    if version == self.version {
                        self.version += 1;
                        run.time = run.time.max(answered);
                    } else {
                        let delay = self.clients[event.client].next().unwrap_or_default();
                        self.send_read(event.client, answered + delay);
                    }
                }
            }
        }
        run
    }

    fn send_read(&mut self, client: usize, now: Duration) {
        self.send(client, Message::Read, now);
    }

    fn send(&mut self, client: usize, message: Message, now: Duration) {
        let at = now + self.latency();
        self.events.push(Reverse(Event {
            at,
            client,
            message,
        }));
    }

    /// Returns how long one message takes: the absolute value of a normal number with a mean of
    /// 10 ms and a standard deviation of 2 ms.
    fn latency(&mut self) -> Duration {
        let milliseconds: f64 = self.network.sample(&mut self.random);
        Duration::from_secs_f64(milliseconds.abs() / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(clients: u32, strategy: Strategy, seed: u64) -> Run {
        Model::new(clients, strategy, seed)
            .expect("a valid deviation")
            .run()
    }

    #[test]
    fn one_client_makes_one_call_in_the_time_of_four_messages() {
        for seed in 0..50 {
            let run = run(1, Strategy::FullJitter, seed);
            assert_eq!(run.calls, 1);
            // The sum of four messages has a mean of 40 ms and a standard deviation of 4 ms.
            let time = run.time.as_secs_f64() * 1e3;
            assert!((20.0..60.0).contains(&time), "{time} ms");
        }
    }

    #[test]
    fn contention_adds_calls() {
        for strategy in Strategy::ALL {
            // Ten clients that read one version all write, and one of them succeeds.
            let calls = run(10, strategy, 1).calls;
            assert!((20..=100).contains(&calls), "{strategy:?}: {calls} calls");
        }
    }

    #[test]
    fn a_seed_repeats_a_run() {
        let first = run(20, Strategy::Decorrelated, 3);
        assert_eq!(first, run(20, Strategy::Decorrelated, 3));
        assert_ne!(first, run(20, Strategy::Decorrelated, 4));
    }
}
