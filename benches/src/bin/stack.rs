//! Finds the stack that a spawned task needs to await a call with a large future.
//!
//! Run it as a debug build, in which futures are copied most often. Each check of a stack
//! runs in a process of its own, because an overflow ends the process.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use reattempt_benches::operations::Failure;

/// The default stack of tokio's worker threads.
const DEFAULT_KIB: usize = 2048;
/// The largest stack that is tried.
const MAX_KIB: usize = 64 * 1024;
/// The precision of the search.
const STEP_KIB: usize = 16;
const OPERATIONS_KIB: [usize; 3] = [48, 96, 192];
const CALLS: [&str; 8] = [
    "direct call",
    "direct call, nested",
    "reattempt",
    "reattempt, nested",
    "backon",
    "backon, nested",
    "tokio-retry",
    "tokio-retry, nested",
];

static POLICY: reattempt::RetryPolicy =
    reattempt::RetryPolicy::new(reattempt::Backoff::none()).max_attempts(3);

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [call, operation_kib, stack_kib] = arguments.as_slice() {
        let kib = |argument: &str| argument.parse().map_err(io::Error::other);
        return run(call, kib(operation_kib)?, kib(stack_kib)?);
    }
    println!("| call | kB of the operation | kB of stack | stack / operation | in 2 MiB |");
    println!("| --- | ---: | ---: | ---: | --- |");
    for operation_kib in OPERATIONS_KIB {
        for call in CALLS {
            let (needed, ratio) = least_stack(call, operation_kib)?.map_or_else(
                || (format!("over {MAX_KIB}"), "-".to_owned()),
                |needed| {
                    let ratio = needed as f64 / operation_kib as f64;
                    (needed.to_string(), format!("{ratio:.1}"))
                },
            );
            let verdict = if fits(call, operation_kib, DEFAULT_KIB)? {
                "fits"
            } else {
                "overflows"
            };
            println!("| {call} | {operation_kib} | {needed} | {ratio} | {verdict} |");
        }
    }
    Ok(())
}

/// Returns the least stack that a call needs, or `None` if that is more than `MAX_KIB`.
fn least_stack(call: &str, operation_kib: usize) -> io::Result<Option<usize>> {
    if !fits(call, operation_kib, MAX_KIB)? {
        return Ok(None);
    }
    let (mut low, mut high) = (0, MAX_KIB / STEP_KIB);
    while low + 1 < high {
        let middle = usize::midpoint(low, high);
        if fits(call, operation_kib, middle * STEP_KIB)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(Some(high * STEP_KIB))
}

/// Makes the call in a process of its own. Returns false if the stack overflowed.
///
/// # Errors
///
/// Returns an error if the process cannot be started or fails in any other way.
fn fits(call: &str, operation_kib: usize, stack_kib: usize) -> io::Result<bool> {
    let status = Command::new(std::env::current_exe()?)
        .args([call, &operation_kib.to_string(), &stack_kib.to_string()])
        .stderr(Stdio::null())
        .status()?;
    match status.code() {
        Some(0) => Ok(true),
        // A stack overflow ends the process with a signal, without an exit code.
        None => Ok(false),
        Some(code) => {
            let text = format!("{call} ended with exit code {code}, expected 0 or a signal");
            Err(io::Error::other(text))
        }
    }
}

/// Makes one call on a worker thread with this stack.
fn run(call: &str, operation_kib: usize, stack_kib: usize) -> io::Result<()> {
    match operation_kib {
        48 => run_sized::<{ 48 * 1024 }>(call, stack_kib),
        96 => run_sized::<{ 96 * 1024 }>(call, stack_kib),
        192 => run_sized::<{ 192 * 1024 }>(call, stack_kib),
        _ => Err(io::Error::other(format!(
            "size {operation_kib}, expected 48, 96 or 192"
        ))),
    }
}

fn run_sized<const N: usize>(call: &str, stack_kib: usize) -> io::Result<()> {
    match call {
        "direct call" => spawn(stack_kib, operation::<N>),
        "direct call, nested" => spawn(stack_kib, || async { operation::<N>().await }),
        "reattempt" => spawn(stack_kib, reattempt_once::<N>),
        "reattempt, nested" => spawn(stack_kib, || async {
            POLICY.retry(|_| reattempt_once::<N>()).await
        }),
        "backon" => spawn(stack_kib, backon_once::<N>),
        "backon, nested" => spawn(stack_kib, || async {
            use backon::Retryable;
            backon_once::<N>.retry(backon_builder()).await
        }),
        "tokio-retry" => spawn(stack_kib, tokio_retry_once::<N>),
        "tokio-retry, nested" => spawn(stack_kib, || async {
            tokio_retry::Retry::start(tokio_retry_delays(), tokio_retry_once::<N>).await
        }),
        _ => Err(io::Error::other(format!(
            "call {call:?}, expected one of {CALLS:?}"
        ))),
    }
}

/// An operation that keeps `N` bytes across an await.
async fn operation<const N: usize>() -> Result<usize, Failure> {
    let mut buffer = [1_u8; N];
    tokio::task::yield_now().await;
    buffer.fill(2);
    Ok(buffer.len())
}

async fn reattempt_once<const N: usize>() -> Result<usize, Failure> {
    POLICY.retry(|_| operation::<N>()).await
}

async fn backon_once<const N: usize>() -> Result<usize, Failure> {
    use backon::Retryable;
    operation::<N>.retry(backon_builder()).await
}

fn backon_builder() -> backon::ConstantBuilder {
    backon::ConstantBuilder::default()
        .with_delay(Duration::ZERO)
        .with_max_times(2)
}

async fn tokio_retry_once<const N: usize>() -> Result<usize, Failure> {
    tokio_retry::Retry::start(tokio_retry_delays(), operation::<N>).await
}

fn tokio_retry_delays() -> impl Iterator<Item = Duration> {
    tokio_retry::strategy::FixedInterval::new(Duration::ZERO).take(2)
}

/// Awaits a future in a spawned task on a worker thread with this stack.
///
/// The task is spawned from a thread with a large stack, because spawning copies the future
/// too. These copies are not caused by retries.
fn spawn<F>(stack_kib: usize, make: impl FnOnce() -> F + Send + 'static) -> io::Result<()>
where
    F: Future<Output = Result<usize, Failure>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_stack_size(stack_kib * 1024)
        .enable_time()
        .build()?;
    let spawner = std::thread::Builder::new()
        .stack_size(MAX_KIB * 1024)
        .spawn(move || runtime.block_on(runtime.spawn(make())))?;
    let result = spawner
        .join()
        .map_err(|_| io::Error::other("the spawner panicked"))?;
    result?.map_err(io::Error::other)?;
    Ok(())
}
