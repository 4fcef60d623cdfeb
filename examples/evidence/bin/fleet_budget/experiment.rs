//! The course of the experiment: one process and Redis are killed while the fleet retries.

use std::error::Error;

use crate::accounts::{self, Account};
use crate::bucket::{Address, Bucket};
use crate::children::Process;
use crate::message::Message;
use crate::own_redis::OwnRedis;
use crate::service::{PROCESSES, Service};
use crate::wait::wait_until;

/// The process that is killed in the middle of its third lease.
const VICTIM: u8 = 0;
const LAST_LEASE: u32 = 3;
/// The retries, and the attempts without Redis, that each part of the experiment waits for.
const ENOUGH: u32 = 100;

/// Runs the experiment with this Redis, or with one of its own.
pub(crate) fn run(url: Option<String>) -> Result<(), Box<dyn Error>> {
    let (mut own, redis) = if let Some(url) = url {
        (None, url)
    } else {
        let own = OwnRedis::start()?;
        let url = own.url();
        (Some(own), url)
    };
    let key = format!("fleet_budget:{}", std::process::id());
    let address = Address { redis, key };
    // Another program with the same process number may have left its bucket behind.
    connect(&address)?.delete()?;
    let result = retry_and_kill(&mut own, &address);
    // The bucket is deleted after a failure too, if its Redis answers.
    let deleted = Bucket::connect(&address).and_then(|mut bucket| bucket.delete());
    result?;
    Ok(deleted?)
}

/// Lets the processes retry, kills one of them and Redis, and reports the accounts. The processes
/// have ended when this returns, so none of them makes a new bucket.
fn retry_and_kill(own: &mut Option<OwnRedis>, address: &Address) -> Result<(), Box<dyn Error>> {
    let service = Service::start()?;
    let mut processes = (0..PROCESSES)
        .map(|number| {
            let last_lease = (number == VICTIM).then_some(LAST_LEASE);
            Process::start(number, service.address(), address, last_lease)
        })
        .collect::<Result<Vec<_>, _>>()?;

    kill_in_mid_lease(&mut processes)?;
    wait_for_retries(&service)?;
    match own {
        Some(own) => restart_redis(own, &service, &processes)?,
        None => println!("This Redis is not the program's own, so it is not restarted."),
    }
    wait_for_retries(&service)?;
    end(&mut processes)?;
    report(&service, &processes, address)
}

fn connect(address: &Address) -> Result<Bucket, Box<dyn Error>> {
    Bucket::connect(address).map_err(|error| {
        let url = &address.redis;
        format!(
            "no Redis at {url} ({error}): start one, for example with `redis-server`, or leave \
             out --redis and REDIS_URL"
        )
        .into()
    })
}

fn kill_in_mid_lease(processes: &mut [Process]) -> Result<(), Box<dyn Error>> {
    for process in processes
        .iter_mut()
        .filter(|process| process.number() == VICTIM)
    {
        wait_until("a lease that was paid out", || {
            process.count(|message| *message == Message::Paid) > 0
        })?;
        process.kill()?;
        println!(
            "process {VICTIM}: killed. Its lease {LAST_LEASE} was paid out, but not deposited."
        );
    }
    Ok(())
}

fn wait_for_retries(service: &Service) -> Result<(), Box<dyn Error>> {
    let before = service.retries();
    wait_until("retries", || service.retries() >= before + ENOUGH)
}

/// Kills Redis and starts it again. The processes must go on without it, and say once that it
/// is away and once that it is back.
fn restart_redis(
    redis: &mut OwnRedis,
    service: &Service,
    processes: &[Process],
) -> Result<(), Box<dyn Error>> {
    let survivors = || {
        processes
            .iter()
            .filter(|process| process.number() != VICTIM)
    };
    let is_away = |message: &Message| matches!(message, Message::Away { .. });
    let is_back = |message: &Message| *message == Message::Back;
    println!("Redis: killed.");
    redis.kill()?;
    wait_until("the notice that Redis is away", || {
        survivors().all(|process| process.count(is_away) > 0)
    })?;
    let before = service.attempts();
    wait_until("attempts without Redis", || {
        service.attempts() >= before + ENOUGH
    })?;
    redis.restart()?;
    println!("Redis: started again.");
    wait_until("the notice that Redis is back", || {
        survivors().all(|process| process.count(is_back) > 0)
    })?;
    for process in survivors() {
        let (away, back) = (process.count(is_away), process.count(is_back));
        if (away, back) != (1, 1) {
            let number = process.number();
            return Err(format!(
                "process {number} has said {away} times that Redis is away and {back} times that \
                 it is back, expected once each"
            )
            .into());
        }
    }
    Ok(())
}

fn end(processes: &mut [Process]) -> Result<(), Box<dyn Error>> {
    for process in processes.iter_mut() {
        process.end();
    }
    wait_until("the end of the processes", || {
        processes
            .iter()
            .filter(|process| process.number() != VICTIM)
            .all(|process| process.end_message().is_some())
    })
}

fn report(
    service: &Service,
    processes: &[Process],
    address: &Address,
) -> Result<(), Box<dyn Error>> {
    let ledger = Bucket::connect(address)?.ledger()?;
    let account = |(process, received): (&Process, &crate::service::Received)| Account {
        process: process.number(),
        paid: ledger.paid.get(&process.number()).copied().unwrap_or(0),
        attempts: received.attempts(),
        retries: received.retries(),
        end: process.end_message(),
    };
    let accounts: Vec<Account> = processes
        .iter()
        .zip(service.received())
        .map(account)
        .collect();
    println!("\n{}", accounts::table(&accounts));
    let broken = accounts::broken_rules(&accounts, ledger.seconds);
    if broken.is_empty() {
        println!("\nThe processes have retried at most as often as the bucket has paid for.");
        Ok(())
    } else {
        Err(broken.join("\n").into())
    }
}
