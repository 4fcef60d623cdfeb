//! The fleet's bucket in Redis: leases of tokens, and how many were paid out to whom.

use std::collections::HashMap;
use std::time::Duration;

use redis::{Client, Commands, Connection, RedisResult, Script};

/// The script runs as a whole, so two processes cannot lease the same token.
const LEASE: &str = include_str!("bucket.lua");

/// The tokens per second that all processes together may spend.
pub(crate) const TOKENS_PER_SECOND: u32 = 200;
/// The most tokens that the bucket saves.
const CAPACITY: u32 = 100;
/// The limit on a connection and on each answer.
const TIME_LIMIT: Duration = Duration::from_secs(1);

/// The address of a bucket.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// The URL of a Redis.
    pub(crate) redis: String,
    /// The key of the bucket.
    pub(crate) key: String,
}

/// A connection to the bucket. Do not use it again after an error: a late answer would
/// be taken for the answer to the next request.
pub(crate) struct Bucket {
    connection: Connection,
    key: String,
    script: Script,
}

/// What the bucket has paid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ledger {
    /// By process.
    pub(crate) paid: HashMap<u8, u32>,
    /// Since the first request.
    pub(crate) seconds: f64,
}

impl Bucket {
    pub(crate) fn connect(address: &Address) -> RedisResult<Self> {
        let client = Client::open(address.redis.as_str())?;
        let connection = client.get_connection_with_timeout(TIME_LIMIT)?;
        connection.set_read_timeout(Some(TIME_LIMIT))?;
        connection.set_write_timeout(Some(TIME_LIMIT))?;
        Ok(Self {
            connection,
            key: address.key.clone(),
            script: Script::new(LEASE),
        })
    }

    /// Leases at most `wanted` tokens to a process and returns their number.
    pub(crate) fn lease(&mut self, wanted: u32, process: u8) -> RedisResult<u32> {
        self.script
            .key(&self.key)
            .arg(CAPACITY)
            .arg(TOKENS_PER_SECOND)
            .arg(wanted)
            .arg(process)
            .invoke(&mut self.connection)
    }

    /// Reads what was paid out.
    pub(crate) fn ledger(&mut self) -> RedisResult<Ledger> {
        let fields: HashMap<String, f64> = self.connection.hgetall(&self.key)?;
        let (seconds, micros): (f64, f64) = redis::cmd("TIME").query(&mut self.connection)?;
        let mut ledger = Ledger::default();
        for (field, value) in fields {
            if let Some(process) = field.strip_prefix("paid_to_") {
                if let Ok(process) = process.parse() {
                    ledger.paid.insert(process, whole(value));
                }
            } else if field == "since" {
                ledger.seconds = seconds + micros / 1e6 - value;
            }
        }
        Ok(ledger)
    }

    /// Deletes the bucket.
    pub(crate) fn delete(&mut self) -> RedisResult<()> {
        self.connection.del(&self.key)
    }
}

/// The fields are read as floating-point numbers, but the tokens are whole.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates"
)]
const fn whole(tokens: f64) -> u32 {
    tokens as u32
}
