//! Model tests: the budget in every interleaving of two threads, with `--cfg loom`.

use std::time::Duration;

use crate::budget::RetryBudget;
use crate::classify::ErrorKind;

const NOW: Duration = Duration::ZERO;

/// Runs `left` and `right` on two threads in every interleaving, and passes
/// the number of retries that were paid for to `then`.
fn every_interleaving(
    budget: impl Fn() -> RetryBudget + Send + Sync + 'static,
    left: fn(&RetryBudget) -> u32,
    right: fn(&RetryBudget) -> u32,
    then: fn(&RetryBudget, u32),
) {
    loom::model(move || {
        let budget = budget();
        let clone = budget.clone();
        let thread = loom::thread::spawn(move || right(&clone));
        let paid = left(&budget);
        let paid = paid + thread.join().unwrap();
        then(&budget, paid);
    });
}

fn spend_at(budget: &RetryBudget, now: Duration) -> u32 {
    u32::from(budget.spend(ErrorKind::Throttling, now))
}

fn spend(budget: &RetryBudget) -> u32 {
    spend_at(budget, NOW)
}

fn spend_twice(budget: &RetryBudget) -> u32 {
    spend(budget) + spend(budget)
}

#[test]
fn two_threads_never_spend_more_than_the_bucket_holds() {
    every_interleaving(
        || RetryBudget::new(3).costs(1, 1),
        spend_twice,
        spend_twice,
        |budget, paid| assert_eq!((paid, budget.available()), (3, 0)),
    );
}

#[test]
fn a_success_never_undoes_a_payment() {
    every_interleaving(
        || RetryBudget::new(4).costs(2, 2),
        spend_twice,
        |budget| {
            budget.succeeded(None, NOW);
            budget.succeeded(None, NOW);
            0
        },
        |budget, paid| {
            // A success adds nothing to a full bucket, and otherwise a token.
            assert_eq!(paid, 2);
            assert!(budget.available() <= 2);
        },
    );
}

#[test]
fn tokens_that_are_given_back_can_be_spent_again() {
    every_interleaving(
        || RetryBudget::new(2).costs(1, 1),
        |budget| {
            let paid = spend(budget);
            budget.give_back(ErrorKind::Throttling);
            paid
        },
        spend,
        |budget, paid| assert_eq!((paid, budget.available()), (2, 1)),
    );
}

#[test]
fn a_refilling_bucket_spends_its_tokens_and_the_refill() {
    let later = |budget: &RetryBudget| spend_at(budget, Duration::from_secs(1));
    every_interleaving(
        || RetryBudget::new(1).costs(1, 1).refill(1.0),
        spend_twice,
        later,
        |_, paid| assert!((1..=2).contains(&paid)),
    );
}

#[test]
fn a_deposit_is_never_lost() {
    every_interleaving(
        || RetryBudget::new(5).costs(1, 1).starting_at(1.0),
        spend_twice,
        |budget| {
            budget.deposit(2);
            0
        },
        |budget, paid| assert_eq!(paid + budget.available(), 3),
    );
}

#[test]
fn the_starting_level_holds_whichever_call_is_first() {
    let soon = |budget: &RetryBudget| spend_at(budget, Duration::from_millis(10));
    every_interleaving(
        || RetryBudget::new(3).costs(1, 1).refill(1.0).starting_at(1.0),
        spend,
        soon,
        |_, paid| assert_eq!(paid, 1),
    );
}

#[test]
fn available_reads_the_time_that_one_of_the_calls_recorded() {
    every_interleaving(
        || RetryBudget::new(4).costs(1, 1).refill(1.0),
        |budget| spend_at(budget, Duration::from_secs(1)),
        |budget| {
            let paid = spend_at(budget, Duration::from_secs(2));
            assert!((1..=3).contains(&budget.available()));
            paid
        },
        |budget, paid| {
            // At any other time the bucket would be full.
            assert!((1..=3).contains(&budget.available()));
            assert_eq!(paid, 2);
        },
    );
}

#[test]
fn a_clock_that_jumps_and_returns_blocks_no_other_thread() {
    const YEAR: Duration = Duration::from_secs(31_536_000);
    every_interleaving(
        || RetryBudget::new(1).costs(1, 1).refill(1.0),
        |budget| spend_at(budget, YEAR),
        |budget| spend_at(budget, NOW),
        |budget, paid| {
            assert!((1..=2).contains(&paid));
            let _ = spend(budget);
            assert_eq!(spend_at(budget, Duration::from_secs(1)), 1);
        },
    );
}
