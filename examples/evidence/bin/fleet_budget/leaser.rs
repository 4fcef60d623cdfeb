//! The background thread of a process: it leases tokens and deposits them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use reattempt::RetryBudget;
use redis::RedisResult;

use crate::bucket::{Address, Bucket};
use crate::message::Message;

/// The capacity of a process's budget. Tokens in it are missing elsewhere in the fleet, so it
/// is small.
pub(crate) const CAPACITY: u32 = 10;
/// The tokens of one lease.
const BATCH: u32 = 5;
/// The time between two looks at the budget.
const PAUSE: Duration = Duration::from_millis(10);

/// Fills one process's budget from the fleet's bucket. Calls never wait for it.
pub(crate) struct Leaser {
    pub(crate) address: Address,
    pub(crate) budget: RetryBudget,
    pub(crate) process: u8,
    /// Waits to be killed after this lease was paid out and before it is deposited.
    pub(crate) last_lease: Option<u32>,
}

impl Leaser {
    /// Runs until `is_over` is true and returns the number of deposited tokens.
    pub(crate) fn run(&self, is_over: &AtomicBool) -> u32 {
        let (mut bucket, mut is_away) = (None, false);
        let (mut deposited, mut leases) = (0, 0);
        while !is_over.load(Ordering::SeqCst) {
            // Deposits above the capacity would be lost.
            if self.budget.available() + BATCH <= CAPACITY {
                match self.lease(&mut bucket) {
                    Ok(tokens) => {
                        if is_away {
                            println!("{}", Message::Back);
                            is_away = false;
                        }
                        leases += u32::from(tokens > 0);
                        self.wait_if_last(leases);
                        self.budget.deposit(tokens);
                        deposited += tokens;
                    }
                    Err(error) if !is_away => {
                        let held = self.budget.available();
                        let error = error.to_string();
                        println!("{}", Message::Away { held, error });
                        is_away = true;
                    }
                    Err(_) => {}
                }
            }
            thread::sleep(PAUSE);
        }
        deposited
    }

    /// Leases a batch. After an error the connection is closed, and the next lease opens
    /// another one. Tokens of a lease whose answer was lost are lost too.
    fn lease(&self, bucket: &mut Option<Bucket>) -> RedisResult<u32> {
        let mut connected = match bucket.take() {
            Some(bucket) => bucket,
            None => Bucket::connect(&self.address)?,
        };
        let tokens = connected.lease(BATCH, self.process)?;
        *bucket = Some(connected);
        Ok(tokens)
    }

    fn wait_if_last(&self, leases: u32) {
        if self.last_lease == Some(leases) {
            println!("{}", Message::Paid);
            loop {
                thread::park();
            }
        }
    }
}
