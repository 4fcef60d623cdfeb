//! The clients of a fleet: the crate's policies, budgets and limiters.

use std::cell::OnceCell;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};
use reattempt::{AdaptiveLimiter, Backoff, Jitter, RetryBudget, RetryPolicy};

use crate::policies::{BURST, Delays, FleetPolicy, Limit};

/// The number of policies that a small fleet has at least. A policy's seed repeats its
/// delays, so each client has several policies that share its budget and its limiter. Each
/// call uses a random one of them.
const LEAST_POLICIES: u32 = 16_384;

/// The capacity of AWS's retry quota.
const AWS_QUOTA: u32 = 500;

/// All clients of a fleet. A client is made when its first call arrives.
#[derive(Debug)]
pub(crate) struct Fleet {
    policy: FleetPolicy,
    seed: u64,
    policies_per_client: u32,
    clients: Vec<OnceCell<Box<Client>>>,
}

/// One client.
#[derive(Debug)]
pub(crate) struct Client {
    /// They differ in their seeds only.
    policies: Vec<RetryPolicy>,
    budget: Option<RetryBudget>,
}

impl Fleet {
    pub(crate) fn new(policy: FleetPolicy, clients: u32, seed: u64) -> Self {
        Self {
            policy,
            seed,
            policies_per_client: LEAST_POLICIES.div_ceil(clients),
            clients: (0..clients).map(|_| OnceCell::new()).collect(),
        }
    }

    pub(crate) const fn policy(&self) -> &FleetPolicy {
        &self.policy
    }

    pub(crate) fn len(&self) -> usize {
        self.clients.len()
    }

    /// Returns a client, which must be one of the fleet.
    pub(crate) fn client(&self, number: u32) -> &Client {
        self.clients[number as usize].get_or_init(|| Box::new(self.new_client(number)))
    }

    fn new_client(&self, number: u32) -> Client {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        random = Xoshiro256PlusPlus::seed_from_u64(random.next_u64() ^ u64::from(number));
        let budget = budget(self.policy.limit, &mut random);
        let mut shared =
            RetryPolicy::new(backoff(self.policy.delays)).max_attempts(self.policy.max_attempts);
        if let Some(budget) = &budget {
            shared = shared.budget(budget);
        }
        if self.policy.limit == Limit::AwsAdaptive {
            shared = shared.limiter(AdaptiveLimiter::new());
        }
        let policies = (0..self.policies_per_client)
            .map(|_| shared.clone().seed(random.next_u64()))
            .collect();
        Client { policies, budget }
    }
}

impl Client {
    /// Returns the policy for one call, which the random number `draw` selects.
    pub(crate) fn policy(&self, draw: u64) -> &RetryPolicy {
        let count = self.policies.len() as u64;
        let index = usize::try_from(draw % count).unwrap_or_default();
        &self.policies[index]
    }

    pub(crate) const fn budget(&self) -> Option<&RetryBudget> {
        self.budget.as_ref()
    }
}

fn backoff(delays: Delays) -> Backoff {
    let exponential = Backoff::exponential(Duration::from_secs(1));
    match delays {
        Delays::AtOnce => Backoff::none(),
        Delays::Exponential => exponential.jitter(Jitter::None),
        Delays::FullJitter => exponential,
    }
}

fn budget(limit: Limit, random: &mut Xoshiro256PlusPlus) -> Option<RetryBudget> {
    match limit {
        Limit::Aws | Limit::AwsAdaptive => Some(RetryBudget::new(AWS_QUOTA)),
        Limit::Ratio { start } => {
            let budget = RetryBudget::ratio(0.1, BURST);
            // `starting_at` draws the chance by itself, but not from this program's seed.
            let one_more = random.random_bool(start.fract());
            Some(budget.starting_at(start.floor() + f64::from(u8::from(one_more))))
        }
        // Only the lease adds tokens.
        Limit::Lease => Some(RetryBudget::ratio(0.0, BURST).starting_at(0.0)),
        Limit::Envoy | Limit::Finagle | Limit::Grpc | Limit::Nothing => None,
    }
}
