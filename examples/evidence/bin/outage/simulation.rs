//! One run of the model: the crate's sessions decide, and events carry the time.

use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use reattempt::{Decision, ErrorKind, Verdict};

use crate::arrivals::{Arrival, Arrivals};
use crate::calls::{Call, Calls};
use crate::events::{AttemptEnd, Event, EventQueue};
use crate::fleet::Fleet;
use crate::lease::{FleetBucket, ROUND_TRIP};
use crate::model::{PATIENCE, Scenario};
use crate::policies::Limit;
use crate::queues::ClientQueues;
use crate::record::Record;
use crate::rules::ClientRules;
use crate::server::Server;

/// Simulates the fleet for `seconds` and returns what happened.
pub(crate) fn run(fleet: &Fleet, scenario: Scenario, seed: u64, seconds: u32) -> Record {
    let end = Duration::from_secs(u64::from(seconds));
    let clients = u32::try_from(fleet.len()).unwrap_or(u32::MAX);
    let mut simulation = Simulation::new(fleet, scenario, seed, seconds);
    for arrival in Arrivals::new(seed, clients, end) {
        simulation.advance(arrival.at);
        simulation.start_call(arrival);
    }
    simulation.advance(end);
    simulation.record
}

struct Simulation<'f> {
    fleet: &'f Fleet,
    failure_chance: f64,
    failures: Xoshiro256PlusPlus,
    server: Server,
    events: EventQueue,
    calls: Calls<'f>,
    /// Calls that wait for their client's limiter.
    queues: ClientQueues,
    rules: ClientRules,
    /// The bucket that the fleet shares, if there is one.
    bucket: Option<FleetBucket>,
    record: Record,
}

impl<'f> Simulation<'f> {
    fn new(fleet: &'f Fleet, scenario: Scenario, seed: u64, seconds: u32) -> Self {
        let limit = fleet.policy().limit;
        Self {
            fleet,
            failure_chance: scenario.failure_chance(),
            // Not the numbers that the arrivals are drawn from.
            failures: Xoshiro256PlusPlus::seed_from_u64(!seed),
            server: Server::new(scenario.outage()),
            events: EventQueue::default(),
            calls: Calls::default(),
            queues: ClientQueues::default(),
            rules: ClientRules::new(limit, fleet.len()),
            bucket: (limit == Limit::Lease).then(|| FleetBucket::new(fleet.len())),
            record: Record::new(seconds),
        }
    }

    /// Handles all events before `until`.
    fn advance(&mut self, until: Duration) {
        while let Some((now, event)) = self.events.take_before(until) {
            match event {
                Event::AskLimiter { client } => self.ask_limiter(client, now),
                Event::AttemptEnds { call, end } => self.end_attempt(call, end, now),
                Event::Deposit { client, tokens } => self.deposit(client, tokens),
                Event::Retry { call } => self.ask_to_start(call, now),
            }
        }
    }

    fn start_call(&mut self, Arrival { at, client, draw }: Arrival) {
        self.record.call_arrived(at);
        if let Some(rule) = self.rules.of(client) {
            rule.call_starts(at);
        }
        self.lease(client, at);
        let session = self.fleet.client(client).policy(draw).start_at(at);
        let call = self.calls.add(Call {
            session,
            client,
            start: at,
        });
        self.ask_to_start(call, at);
    }

    /// Starts the next attempt, or waits for the limiter first. Calls that wait for one
    /// limiter keep their order.
    fn ask_to_start(&mut self, number: usize, now: Duration) {
        let Some(call) = self.calls.get(number) else {
            return;
        };
        let client = call.client;
        if self.queues.is_waiting(client) {
            self.queues.push(client, number);
            return;
        }
        match call.session.admit(now) {
            Ok(()) => self.start_attempt(number, now),
            Err(wait) => {
                self.queues.push(client, number);
                self.events.add(now + wait, Event::AskLimiter { client });
            }
        }
    }

    /// Starts the waiting calls of a client that its limiter admits.
    fn ask_limiter(&mut self, client: u32, now: Duration) {
        while let Some(number) = self.queues.oldest(client) {
            let Some(call) = self.calls.get(number) else {
                return;
            };
            if let Err(wait) = call.session.admit(now) {
                self.events.add(now + wait, Event::AskLimiter { client });
                return;
            }
            self.queues.pop(client);
            self.start_attempt(number, now);
        }
    }

    /// Sends an attempt. When it will be served is known at once, because the server
    /// serves in order.
    fn start_attempt(&mut self, number: usize, now: Duration) {
        self.record.attempt_started(now);
        if let Some(rule) = self
            .client_of(number)
            .and_then(|client| self.rules.of(client))
        {
            rule.attempt_starts();
        }
        let served_at = self.server.add(now);
        let given_up_at = now + PATIENCE;
        let (at, end) = if served_at > given_up_at {
            (given_up_at, AttemptEnd::TimedOut)
        } else if self.failure_chance > 0.0 && self.failures.random_bool(self.failure_chance) {
            (served_at, AttemptEnd::Failed)
        } else {
            (served_at, AttemptEnd::Served)
        };
        // Attempts end in the order of their starts: a later one is neither served nor given
        // up earlier.
        self.events
            .add_last(at, Event::AttemptEnds { call: number, end });
    }

    fn end_attempt(&mut self, number: usize, end: AttemptEnd, now: Duration) {
        let verdict = match end {
            AttemptEnd::Failed => Verdict::retry(ErrorKind::Server),
            AttemptEnd::Served => Verdict::Success,
            AttemptEnd::TimedOut => Verdict::retry(self.fleet.policy().timeout),
        };
        let Some(call) = self.calls.get(number) else {
            return;
        };
        let client = call.client;
        let is_retry = call.session.attempts() > 0;
        let decision = call.session.decide_as(verdict, now);
        let is_success = end == AttemptEnd::Served;
        let rule = self.rules.of(client);
        let retry_after = match (decision, rule) {
            (decision, Some(rule)) => {
                rule.attempt_ends(is_retry, is_success);
                delay(decision).filter(|_| rule.admits_retry(now))
            }
            (decision, None) => delay(decision),
        };
        if let Some(delay) = retry_after {
            self.events.add(now + delay, Event::Retry { call: number });
        } else if let Some(call) = self.calls.remove(number) {
            self.record.call_ended(call.start, is_success, now);
            // A rule may have refused what the session has decided.
            call.session.cancel();
        }
    }

    /// Asks for tokens from the fleet's bucket. The call does not wait for them.
    fn lease(&mut self, client: u32, now: Duration) {
        let budget = self.fleet.client(client).budget();
        if let (Some(bucket), Some(budget)) = (&mut self.bucket, budget) {
            let tokens = bucket.lease(client, budget.available(), now);
            if tokens > 0 {
                let arrival = Event::Deposit { client, tokens };
                self.events.add(now + ROUND_TRIP, arrival);
            }
        }
    }

    fn deposit(&self, client: u32, tokens: u32) {
        if let Some(budget) = self.fleet.client(client).budget() {
            budget.deposit(tokens);
        }
    }

    fn client_of(&mut self, number: usize) -> Option<u32> {
        self.calls.get(number).map(|call| call.client)
    }
}

const fn delay(decision: Decision) -> Option<Duration> {
    match decision {
        Decision::RetryAfter(delay) => Some(delay),
        Decision::Stop(_) => None,
    }
}
