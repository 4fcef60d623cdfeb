//! One process of the fleet: it calls the failing service, and retries from its own budget.

use std::error::Error;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use reattempt::{Backoff, RetryBudget, RetryPolicy};

use crate::flags::ProcessFlags;
use crate::leaser::{CAPACITY, Leaser};
use crate::message::Message;
use crate::service::Connection;

/// The time between two calls.
const PAUSE: Duration = Duration::from_millis(2);

/// Calls the service until the standard input ends.
pub(crate) fn run(flags: &ProcessFlags) -> Result<(), Box<dyn Error>> {
    // Successes add nothing: all tokens come from the fleet's bucket.
    let budget = RetryBudget::ratio(0.0, CAPACITY).starting_at(0.0);
    let policy = RetryPolicy::new(Backoff::constant(Duration::from_millis(1))).budget(&budget);
    let mut service = Connection::open(flags.service, flags.number)?;
    let leaser = Leaser {
        address: flags.address(),
        budget: budget.clone(),
        process: flags.number,
        last_lease: flags.last_lease,
    };
    let is_over = AtomicBool::new(false);
    let deposited = thread::scope(|scope| {
        let leaser = scope.spawn(|| leaser.run(&is_over));
        scope.spawn(|| wait_for_end(&is_over));
        while !is_over.load(Ordering::SeqCst) {
            // The call reads the local budget. It does not depend on Redis.
            let result = policy
                .retry_blocking(|attempt| service.attempt(attempt.number()))
                .call();
            debug_assert!(result.is_err(), "the service never succeeds");
            thread::sleep(PAUSE);
        }
        leaser.join()
    });
    let deposited = deposited.map_err(|_| "the thread that leases tokens has panicked")?;
    let held = budget.available();
    println!("{}", Message::End { deposited, held });
    Ok(())
}

/// Waits until the parent closes the standard input, or ends.
fn wait_for_end(is_over: &AtomicBool) {
    // An error is the end as well.
    let _ = io::stdin().read_to_end(&mut Vec::new());
    is_over.store(true, Ordering::SeqCst);
}
